"""A clock that a test can move, and waiting for a change without polling."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Changes:
    """Wakes waiters when something changes.

    Attributes:
        count: the number of calls to `announce`; a page that remembers it knows if it is behind.
    """

    def __init__(self) -> None:
        self.count = 0
        self._waiting: set[asyncio.Event] = set()

    def announce(self) -> None:
        """Announces a change."""
        self.count += 1
        for event in self._waiting:
            event.set()

    async def wait_for(self, predicate: Callable[[], T], seconds: float) -> T:
        """Returns the first truthy value of a predicate, which is called now and after each change.

        Raises:
            TimeoutError: it is not truthy within this many seconds.
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
    """The real time plus a shift. A shift past a sleeper's wake-up time wakes it."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._shifts = Changes()

    def now(self) -> datetime:
        """Returns the time, aware and in UTC."""
        return datetime.now(UTC) + self._offset

    def timestamp(self) -> int:
        """Returns the time in whole Unix seconds."""
        return int(self.now().timestamp())

    def shift(self, by: timedelta) -> None:
        """Moves the clock forward at once."""
        self._offset += by
        self._shifts.announce()

    async def until(self, moment: datetime) -> None:
        """Waits until that time."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            with suppress(TimeoutError):
                await self._shifts.wait_for(lambda: self.now() >= moment, left)

    async def sleep(self, seconds: float) -> None:
        """Waits this many seconds of the clock's time."""
        await self.until(self.now() + timedelta(seconds=seconds))
