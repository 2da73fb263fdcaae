"""Rate limits: one message per second and channel, and the tiers of the methods.

https://docs.slack.dev/apis/web-api/rate-limits; the tier of each method is from Slack's method reference.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque

from sandbox.slack.errors import ApiError

TIERS = {1: 1, 2: 20, 3: 50, 4: 100}  # calls per minute and workspace; Slack says "at least"
POSTS_PER_MINUTE = 300  # "several hundred messages per minute" for the whole workspace
WINDOW = 60.0  # seconds


class Bucket:
    """A leaky bucket with a rate per second and a burst."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._at = time.monotonic()

    def wait(self) -> float:
        """Takes one unit and returns 0, or returns the seconds until there is one."""
        now = time.monotonic()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        if self._level < 1:
            return (1 - self._level) / self._rate
        self._level -= 1
        return 0.0


class Limits:
    """All limits of a workspace.

    Args:
        posts_per_second: for one channel; None for no limit.
        post_burst: posts allowed at once after a pause.
        tier_scale: factor for the tiers; None for no limit.
    """

    def __init__(self, posts_per_second: float | None, post_burst: int, tier_scale: float | None) -> None:
        self.posts_per_second = posts_per_second
        self.post_burst = post_burst
        self.tier_scale = tier_scale
        self._channels: dict[str, Bucket] = {}
        self._calls: dict[str, deque[float]] = defaultdict(deque)
        self._blocked: dict[str, float] = {}
        self._frozen: dict[str, float] = {}

    def is_early(self, method: str) -> bool:
        """Returns True if this method is called before the `Retry-After` of its last 429 is over."""
        return time.monotonic() < self._blocked.get(method, 0.0)

    def block(self, method: str, seconds: float, *, freeze: bool = True) -> None:
        """Records a 429 from any source.

        Args:
            method: that was called too fast.
            seconds: until it may be called again.
            freeze: reject the method until then; False for a full channel, which does not block the others.
        """
        until = time.monotonic() + seconds
        self._blocked[method] = max(self._blocked.get(method, 0.0), until)
        if freeze:
            self._frozen[method] = max(self._frozen.get(method, 0.0), until)

    def check(self, method: str, tier: int | None) -> None:
        """Counts one call of a method. Rejects it again if the last `Retry-After` is not over.

        Raises:
            ApiError: `ratelimited` (429) with `Retry-After`.
        """
        if (rest := self._frozen.get(method, 0.0) - time.monotonic()) > 0:
            self._refuse(method, rest)
        if self.tier_scale is None:
            return
        self._check_window(method, (TIERS[tier] if tier else POSTS_PER_MINUTE) * self.tier_scale)

    def check_post(self, channel: str) -> None:
        """Counts one message to a channel.

        Raises:
            ApiError: `ratelimited` (429) with `Retry-After`.
        """
        if self.posts_per_second is None:
            return
        bucket = self._channels.get(channel)
        if bucket is None:
            bucket = self._channels[channel] = Bucket(self.posts_per_second, self.post_burst)
        if seconds := bucket.wait():
            self._refuse("chat.postMessage", seconds, freeze=False)

    def _check_window(self, method: str, most: float) -> None:
        calls = self._calls[method]
        now = time.monotonic()
        while calls and calls[0] <= now - WINDOW:
            calls.popleft()
        if len(calls) >= most:
            self._refuse(method, calls[0] + WINDOW - now)
        calls.append(now)

    def _refuse(self, method: str, seconds: float, *, freeze: bool = True) -> None:
        whole = max(1, math.ceil(seconds))
        self.block(method, seconds, freeze=freeze)
        raise ApiError("ratelimited", status=429, retry_after=whole)
