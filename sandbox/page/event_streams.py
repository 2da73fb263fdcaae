"""Pushes every change to all open pages by server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING

from aiohttp import web

from sandbox.page.access import HEADERS
from sandbox.page.snapshot import pieces

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from sandbox.page.page_state import PageState

BREATH = 0.02  # seconds to collect changes, because one event often causes several
HEARTBEAT = 20.0  # seconds without a change before a heartbeat is sent
HOURS = 3600.0  # seconds; the longest wait for a change of the phones, which needs a limit


class EventStreams:
    """The streams to the open pages.

    Attributes:
        open: how many there are.
    """

    def __init__(self, state: PageState) -> None:
        self._state = state
        self._pages: set[asyncio.Event] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    @property
    def open(self) -> int:
        """The number of open pages."""
        return len(self._pages)

    def start(self) -> None:
        """Starts to listen to the environment."""
        environment = self._state.environment
        self._tasks = [
            asyncio.create_task(self._listen(change)) for change in (environment.slack.changed, self._phones)
        ]

    async def stop(self) -> None:
        """Ends every stream."""
        self._closing = True
        self.wake()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def wake(self) -> None:
        """Signals that something may have changed."""
        self._state.faults.look()
        for page in self._pages:
            page.set()

    async def stream(self, request: web.Request, user: str) -> web.StreamResponse:
        """Serves one page from its first full state to its end."""
        headers = {**HEADERS, "Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        page = asyncio.Event()
        self._pages.add(page)
        try:
            with contextlib.suppress(ConnectionError):  # the page was closed
                await self._tell(response, page, user)
        finally:
            self._pages.discard(page)
        return response

    async def _tell(self, response: web.StreamResponse, page: asyncio.Event, user: str) -> None:
        seen = pieces(self._state, user)
        await response.write(event("all", seen))
        while not self._closing:
            if not await _is_set(page, HEARTBEAT):
                await response.write(b": still here\n\n")
                continue
            await asyncio.sleep(BREATH)
            page.clear()
            now = pieces(self._state, user)
            changed = {name: value for name, value in now.items() if seen.get(name) != value}
            gone = [name for name in seen if name not in now]
            seen = now
            if changed or gone:
                await response.write(event("some", changed, gone))

    async def _listen(self, change: Callable[[], Awaitable[None]]) -> None:
        while True:
            await change()
            self.wake()

    async def _phones(self) -> None:
        changes = self._state.environment.phones.changes
        before = changes.count
        with contextlib.suppress(TimeoutError):
            await changes.wait_for(lambda: changes.count != before, HOURS)


async def _is_set(page: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await page.wait()
    except TimeoutError:
        return False


def event(kind: str, changed: Mapping[str, str], gone: list[str] | None = None) -> bytes:
    """Returns one server-sent event: pieces as JSON by name, and the names of removed pieces."""
    body = ",".join(f"{json.dumps(name)}:{value}" for name, value in changed.items())
    data = f'{{"set":{{{body}}},"gone":{json.dumps(gone or [])}}}'
    return f"event: {kind}\nretry: 500\ndata: {data}\n\n".encode()
