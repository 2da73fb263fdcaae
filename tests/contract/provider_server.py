"""A provider's server on loopback: it keeps every request unchanged and gives the answers of the test."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.contract.fixture_file import HttpMessage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HANG = HttpMessage("hang", (), b"")  # takes the request and never answers
DROP = HttpMessage("drop", (), b"")  # takes the request and closes the connection


class ProviderServer:
    """Answers in the order of `answers`; a request beyond them gets a 500 that no fixture expects."""

    def __init__(self) -> None:
        self.origin = ""
        self.answers: list[HttpMessage] = []
        self.requests: list[HttpMessage] = []
        self.connections = 0
        self.asked = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection, for as many requests as the client has."""
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await self._answer(reader, writer):
                await writer.drain()
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Reads one request; returns True if it was answered."""
        self.requests.append(await _read(reader))
        self.asked.set()
        answer = self.answers.pop(0) if self.answers else HttpMessage("500", (), b"no answer is left")
        if answer is HANG:
            await reader.read()  # until the other side gives up
        if answer in (HANG, DROP):
            return False
        writer.write(_wire(answer))
        return True


@asynccontextmanager
async def open_server() -> AsyncIterator[ProviderServer]:
    """Starts a provider's server on a free port, and stops it at the end."""
    server = ProviderServer()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.origin = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with listener:
        yield server


async def _read(reader: asyncio.StreamReader) -> HttpMessage:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = tuple((name, value) for name, _, value in (line.partition(": ") for line in lines))
    message = HttpMessage(f"{method} {target}", headers, b"")
    body = await reader.readexactly(int(message.header("Content-Length") or 0))
    return HttpMessage(message.first_line, headers, body)


def _wire(answer: HttpMessage) -> bytes:
    headers = (*answer.headers, ("Content-Length", str(len(answer.body))))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {answer.status} X\r\n{head}\r\n".encode("latin-1") + answer.body
