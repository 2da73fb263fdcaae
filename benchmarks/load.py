"""The load: HTTP requests that were made before, on connections that are kept, with as little of ours as can be.

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
    """What came of a load.

    Attributes:
        seconds: how long it took.
        latencies: of each answer, in seconds.
        refused: answers that were no 2xx.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0


class _Line(asyncio.Protocol):
    """One connection, with one request under way at most."""

    def __init__(self, answered: Callable[[_Line, bool], None]) -> None:
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
        """Sends the next one."""
        assert self._transport is not None  # noqa: S101 - it is connected
        self._transport.write(request)

    def close(self) -> None:
        """Ends it."""
        if self._transport is not None:
            self._transport.close()


def _length(head: bytes) -> int:
    _, found, after = head.lower().partition(_LENGTH)
    return int(after.split(b"\r\n", 1)[0]) if found else 0


class _Closed:
    """So many at once: whoever is answered asks the next one."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self.until = 0.0
        self.found = Answered()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._began: dict[_Line, float] = {}

    def next(self, line: _Line) -> None:
        """Asks, unless the time is over or there is nothing left to ask."""
        request = next(self._requests, None) if time.perf_counter() < self.until else None
        if request is not None:
            self._began[line] = time.perf_counter()
            line.ask(request)
        elif not self._began and not self.ended.done():
            self.ended.set_result(None)

    def answered(self, line: _Line, good: bool) -> None:  # noqa: FBT001 - a callback
        """One answer came."""
        self.found.latencies.append(time.perf_counter() - self._began.pop(line))
        self.found.refused += not good
        self.next(line)


async def closed(port: int, requests: Iterator[bytes], concurrency: int, seconds: float) -> Answered:
    """Keeps so many requests under way for so long, or until there are no more."""
    load = _Closed(requests)
    lines = await _connect(port, concurrency, load.answered)
    began = time.perf_counter()
    load.until = began + seconds
    for line in lines:
        load.next(line)
    await load.ended
    load.found.seconds = time.perf_counter() - began
    for line in lines:
        line.close()
    return load.found


class _Open:
    """One after another at a rate, whatever comes of them: a connection that is free takes the next."""

    def __init__(self) -> None:
        self.found = Answered()
        self.free: asyncio.Queue[_Line] = asyncio.Queue()
        self.began: dict[_Line, float] = {}

    def answered(self, line: _Line, good: bool) -> None:  # noqa: FBT001 - a callback
        """One answer came."""
        self.found.latencies.append(time.perf_counter() - self.began.pop(line))
        self.found.refused += not good
        self.free.put_nowait(line)


async def paced(port: int, requests: list[bytes], rate: float, connections: int = 50) -> tuple[list[float], Answered]:
    """Sends them at a rate (0: as fast as they are answered).

    Returns:
        When each was sent (monotonic seconds), and what was answered.
    """
    load = _Open()
    lines = await _connect(port, connections, load.answered)
    for each in lines:
        load.free.put_nowait(each)
    began = time.monotonic()
    sent: list[float] = []
    try:
        for number, request in enumerate(requests):
            if rate and (wait := began + number / rate - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            line = await load.free.get()
            load.began[line] = time.perf_counter()
            sent.append(time.monotonic())
            line.ask(request)
        for _ in lines:
            await load.free.get()
        load.found.seconds = time.monotonic() - began
    finally:
        for each in lines:
            each.close()
    return sent, load.found


async def _connect(port: int, count: int, answered: Callable[[_Line, bool], None]) -> list[_Line]:
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(lambda: _Line(answered), HOST, port))[1] for _ in range(count)]
