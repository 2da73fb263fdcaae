"""Ids of our own: BIGINTs that rise in the order they were made, whatever the clock does."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.clock import Clock

_WRITERS = 256  # how many processes may make ids in the same microsecond without meeting


def made_at(an_id: int) -> int:
    """When an id was made (microseconds UTC)."""
    return an_id // _WRITERS


class Ids:
    """Makes ids: the microsecond, then a number of this process, so that the command line and the bot never collide."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._newest = 0  # microseconds
        self._writer = random.randrange(_WRITERS)  # noqa: S311 - not a secret

    def new(self) -> int:
        """An id greater than every one before it."""
        self._newest = max(self._newest + 1, self._clock())
        return self._newest * _WRITERS + self._writer

    def rise_above(self, stored: int) -> None:
        """Makes every id to come greater than `stored`."""
        self._newest = max(self._newest, stored // _WRITERS + 1)


def smallest(at: int) -> int:
    """The smallest id that can have been made at this time (microseconds UTC)."""
    return at * _WRITERS
