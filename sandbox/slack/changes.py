"""Waiting for something to become true, woken by every change."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Changes:
    """Everything that happens in the workspace is announced here; nobody polls."""

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

    async def next(self) -> None:
        """Returns after the next change."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)

    async def until(self, predicate: Callable[[], T], seconds: float) -> T:
        """The first truthy value of the predicate, asked now and after every change.

        Raises:
            TimeoutError: it was not true within these seconds.
        """
        async with asyncio.timeout(seconds):
            while not (value := predicate()):
                await self.next()
        return value
