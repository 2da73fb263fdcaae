"""A running page, with a client that reads its stream and runs actions, without a browser."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from sandbox.page.server import Server
from sandbox.timeouts import PATIENCE
from tests.page.company import Company

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


class Reader:
    """The page's pieces, as its stream reported them.

    Attributes:
        pieces: by name.
        events: the number of events so far.
        last: the names that the last event set, and those that it removed.
    """

    def __init__(self) -> None:
        self.pieces: dict[str, Any] = {}
        self.events = 0
        self.last: tuple[set[str], set[str]] = set(), set()
        self._news = asyncio.Event()

    def take(self, kind: str, data: str) -> None:
        """Applies one event."""
        told = json.loads(data)
        if kind == "all":
            self.pieces = {}
        for name in told["gone"]:
            del self.pieces[name]
        self.pieces |= told["set"]
        self.events += 1
        self.last = set(told["set"]), set(told["gone"])
        self._news.set()

    def like(self, prefix: str) -> list[Any]:
        """Returns the pieces whose names begin like this, in order of name."""
        return [self.pieces[name] for name in sorted(self.pieces) if name.startswith(prefix)]

    async def until(self, holds: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """Returns the first truthy value of a predicate, called after each event."""
        async with asyncio.timeout(seconds):
            while not (found := holds()):
                self._news.clear()
                await self._news.wait()
            return found


class Visitor:
    """Calls the page's server as the page does."""

    def __init__(self, url: str, http: aiohttp.ClientSession, user: str) -> None:
        self.url, self.http, self.user = url, http, user
        self.origin = {"Origin": url.rstrip("/")}

    async def do(self, action: str, /, **body: Any) -> tuple[int, dict[str, Any]]:
        """Runs an action; returns the status and the answer."""
        wanted = {"user": self.user} | body
        async with self.http.post(f"{self.url}do/{action}", json=wanted, headers=self.origin) as answer:
            return answer.status, await answer.json()

    @asynccontextmanager
    async def watching(self, who: str = "anna") -> AsyncIterator[Reader]:
        """Reads the stream inside the block."""
        reader = Reader()
        task = asyncio.create_task(self._read(reader, who))
        try:
            await reader.until(lambda: reader.events)
            yield reader
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _read(self, reader: Reader, who: str) -> None:
        async with self.http.get(f"{self.url}live", params={"as": who}) as stream:
            kind = ""
            while line := (await stream.content.readline()).decode().rstrip("\n"):
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                if name == "data":
                    reader.take(kind, value)
                    await stream.content.readline()


@pytest.fixture
async def company() -> AsyncIterator[Company]:
    """The small environment."""
    async with Company() as running:
        yield running


@pytest.fixture
async def server(company: Company) -> AsyncIterator[Server]:
    """Its page."""
    async with Server(company) as running:
        yield running


@pytest.fixture
async def visitor(server: Server, company: Company) -> AsyncIterator[Visitor]:
    """Anna, without a browser."""
    async with aiohttp.ClientSession(read_bufsize=2**22) as http:
        yield Visitor(server.url, http, company.anna)
