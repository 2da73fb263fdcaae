"""Waiting for a condition, which every change wakes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

LOOK_EVERY = 0.1  # seconds


class Changes:
    """Notifies waiters of every change in the workspace."""

    def __init__(self) -> None:
        self.count = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def announce(self) -> None:
        """Announces a change, so that waiters check again."""
        self.count += 1
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def next(self, seconds: float | None = None) -> None:
        """Returns after the next change, or after this many seconds."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait([future], timeout=seconds)
        finally:
            self._waiting.discard(future)

    async def until(self, predicate: Callable[[], T], seconds: float) -> T:
        """Returns the first truthy value of the predicate, called now, after every change, and from time to time.

        The polling is for conditions that the workspace does not know of, such as what an app does after an
        acknowledgement.

        Raises:
            TimeoutError: it is not truthy within these seconds.
        """
        async with asyncio.timeout(seconds):
            while not (value := predicate()):
                await self.next(LOOK_EVERY)
        return value
