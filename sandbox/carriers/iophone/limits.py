"""Limits for requests and texts in sliding windows."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.carriers.iophone.settings import IoPhoneSettings

_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


class Limits:
    """The account's use of its limits."""

    def __init__(self, settings: IoPhoneSettings) -> None:
        self._settings = settings
        self._requests: deque[datetime] = deque()
        self._texts: deque[datetime] = deque()

    def ask(self, now: datetime) -> bool:
        """Returns True if one more request is allowed, and counts it."""
        _forget(self._requests, now - timedelta(seconds=self._settings.requests_seconds))
        if len(self._requests) >= self._settings.requests:
            return False
        self._requests.append(now)
        return True

    def may_text(self, now: datetime) -> bool:
        """Returns True if one more text is allowed: under all limits, or some minutes after the last one."""
        _forget(self._texts, now - _WEEK)
        if not self._is_full(now):
            return True
        return now - self._texts[-1] >= timedelta(seconds=self._settings.then_every_seconds)

    def text(self, now: datetime) -> None:
        """Counts one text."""
        self._texts.append(now)

    def _is_full(self, now: datetime) -> bool:
        allowed = ((_HOUR, self._settings.per_hour), (_DAY, self._settings.per_day), (_WEEK, self._settings.per_week))
        return any(sum(at > now - span for at in self._texts) >= most for span, most in allowed)


def _forget(times: deque[datetime], before: datetime) -> None:
    while times and times[0] <= before:
        times.popleft()
