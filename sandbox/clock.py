"""Time that a test can move, and waiting for something to change without asking again and again."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Changes:
    """Wakes those who wait for something to become true.

    Attributes:
        count: how often `tell` was called; a page that remembers it knows whether it is behind.
    """

    def __init__(self) -> None:
        self.count = 0
        self._waiting: set[asyncio.Event] = set()

    def tell(self) -> None:
        """Something has changed."""
        self.count += 1
        for event in self._waiting:
            event.set()

    async def wait_for(self, predicate: Callable[[], T], seconds: float) -> T:
        """The first true value of a predicate, looked at now and after each change.

        Raises:
            TimeoutError: if it is not true within so many seconds.
        """
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            async with asyncio.timeout(seconds):
                while not (found := predicate()):
                    event.clear()
                    await event.wait()
                return found
        finally:
            self._waiting.discard(event)


class Clock:
    """The real time plus a shift; those who sleep wake up when it is shifted past their moment."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._shifts = Changes()

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC) + self._offset

    def timestamp(self) -> int:
        """Whole seconds since 1970."""
        return int(self.now().timestamp())

    def shift(self, by: timedelta) -> None:
        """Moves the time on, all at once."""
        self._offset += by
        self._shifts.tell()

    async def until(self, moment: datetime) -> None:
        """Returns when that moment has come."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            with suppress(TimeoutError):
                await self._shifts.wait_for(lambda: self.now() >= moment, left)

    async def sleep(self, seconds: float) -> None:
        """Returns so many seconds later."""
        await self.until(self.now() + timedelta(seconds=seconds))
