"""Waiting for something to become true, woken by every change."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

LOOK_EVERY = 0.1  # seconds


class Changes:
    """Everything that happens in the workspace is announced here."""

    def __init__(self) -> None:
        self.count = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def announce(self) -> None:
        """Something happened: whoever waits looks again."""
        self.count += 1
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def next(self, seconds: float | None = None) -> None:
        """Returns after the next change, or after so many seconds without one."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait([future], timeout=seconds)
        finally:
            self._waiting.discard(future)

    async def until(self, predicate: Callable[[], T], seconds: float) -> T:
        """The first truthy value of the predicate, asked now, after every change, and from time to time.

        What it is about may be known to somebody else only, as what an app does after it has acknowledged something.

        Raises:
            TimeoutError: it was not true within these seconds.
        """
        async with asyncio.timeout(seconds):
            while not (value := predicate()):
                await self.next(LOOK_EVERY)
        return value
