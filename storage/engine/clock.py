"""Times in storage: integer microseconds UTC."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], int]  # microseconds UTC

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime.fromtimestamp(0, UTC)


def system_clock() -> int:
    """Returns the current time in microseconds UTC."""
    return time.time_ns() // 1_000


def from_datetime(moment: datetime) -> int:
    """Converts an aware datetime to microseconds UTC."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def to_datetime(microseconds: int) -> datetime:
    """Converts microseconds UTC to an aware UTC datetime."""
    return _EPOCH + timedelta(microseconds=microseconds)
