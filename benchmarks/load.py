"""The load generator: prepared HTTP requests on kept-alive connections, with minimal overhead.

A client library would cost more than the server that is measured.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOST = "127.0.0.1"
_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(slots=True)
class Answered:
    """The result of a load.

    Attributes:
        seconds: its duration.
        latencies: of each answer, in seconds.
        refused: the number of answers other than 2xx.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0


class _Connection(asyncio.Protocol):
    """One connection, with at most one request under way."""

    def __init__(self, answered: Callable[[_Connection, bool], None]) -> None:
        self._answered = answered
        self._held = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - it is TCP
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, end, rest = self._held.partition(_END)
        if not end or len(rest) < _length(head):
            return
        self._held = b""
        self._answered(self, head[9:10] == b"2")

    def ask(self, request: bytes) -> None:
        """Sends the next request."""
        assert self._transport is not None  # noqa: S101 - it is connected
        self._transport.write(request)

    def close(self) -> None:
        """Closes the connection."""
        if self._transport is not None:
            self._transport.close()


def _length(head: bytes) -> int:
    _, found, after = head.lower().partition(_LENGTH)
    return int(after.split(b"\r\n", 1)[0]) if found else 0


class _Closed:
    """A closed load: each answer triggers the next request."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self.until = 0.0
        self.found = Answered()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._began: dict[_Connection, float] = {}

    def next(self, connection: _Connection) -> None:
        """Sends the next request, unless the time is over or none is left."""
        request = next(self._requests, None) if time.perf_counter() < self.until else None
        if request is not None:
            self._began[connection] = time.perf_counter()
            connection.ask(request)
        elif not self._began and not self.ended.done():
            self.ended.set_result(None)

    def answered(self, connection: _Connection, good: bool) -> None:  # noqa: FBT001 - a callback
        """Records one answer."""
        self.found.latencies.append(time.perf_counter() - self._began.pop(connection))
        self.found.refused += not good
        self.next(connection)


async def closed(port: int, requests: Iterator[bytes], concurrency: int, seconds: float) -> Answered:
    """Keeps this many requests under way for this time, or until none is left."""
    load = _Closed(requests)
    connections = await _connect(port, concurrency, load.answered)
    began = time.perf_counter()
    load.until = began + seconds
    for connection in connections:
        load.next(connection)
    await load.ended
    load.found.seconds = time.perf_counter() - began
    for connection in connections:
        connection.close()
    return load.found


class _Open:
    """An open load: requests at a fixed rate; a free connection takes the next one."""

    def __init__(self) -> None:
        self.found = Answered()
        self.free: asyncio.Queue[_Connection] = asyncio.Queue()
        self.began: dict[_Connection, float] = {}

    def answered(self, connection: _Connection, good: bool) -> None:  # noqa: FBT001 - a callback
        """Records one answer."""
        self.found.latencies.append(time.perf_counter() - self.began.pop(connection))
        self.found.refused += not good
        self.free.put_nowait(connection)


async def paced(port: int, requests: list[bytes], rate: float, connections: int = 50) -> tuple[list[float], Answered]:
    """Sends the requests at a rate (0: as fast as they are answered).

    Returns:
        When each was sent (monotonic seconds), and the result.
    """
    load = _Open()
    opened = await _connect(port, connections, load.answered)
    for each in opened:
        load.free.put_nowait(each)
    began = time.monotonic()
    sent: list[float] = []
    try:
        for number, request in enumerate(requests):
            if rate and (wait := began + number / rate - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            connection = await load.free.get()
            load.began[connection] = time.perf_counter()
            sent.append(time.monotonic())
            connection.ask(request)
        for _ in opened:
            await load.free.get()
        load.found.seconds = time.monotonic() - began
    finally:
        for each in opened:
            each.close()
    return sent, load.found


async def _connect(port: int, count: int, answered: Callable[[_Connection, bool], None]) -> list[_Connection]:
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(lambda: _Connection(answered), HOST, port))[1] for _ in range(count)]
