"""Our own ids: BIGINTs that rise in the order they are made, even when the clock is set back."""

from __future__ import annotations

import random

_WRITERS = 256  # processes that can make ids in the same microsecond without a collision


def made_at(an_id: int) -> int:
    """Returns the time at which an id was made, in microseconds UTC."""
    return an_id // _WRITERS


class Ids:
    """Makes ids from the microsecond and a number for this process, so that the bot and the commands never collide."""

    def __init__(self) -> None:
        self._newest = 0  # microseconds
        self._writer = random.randrange(_WRITERS)  # noqa: S311 - not a secret

    def new(self, now: int) -> int:
        """Returns an id greater than every earlier one."""
        self._newest = max(self._newest + 1, now)
        return self._newest * _WRITERS + self._writer

    def rise_above(self, stored: int) -> None:
        """Makes every later id greater than `stored`."""
        self._newest = max(self._newest, stored // _WRITERS + 1)


def smallest(at: int) -> int:
    """Returns the smallest id that can have been made at this time (microseconds UTC)."""
    return at * _WRITERS
