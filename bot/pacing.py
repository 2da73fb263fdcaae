"""When Slack may be asked next: one bucket per channel, per method and for the workspace, and every `Retry-After` kept.

Waiting is in the order of asking, and a lane asks for one thing at a time, so that no conversation starves another.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiolimiter import AsyncLimiter

from storage import pauses
from storage.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.sections import SlackSettings
    from storage.database import Database

MARGIN = 1.03  # our clock and Slack's do not agree on a second to the millisecond

# Calls per minute of Slack's tiers, with a fifth left to spare (reference: docs.slack.dev, rate limits).
_TIERS = {
    "chat.update": 40.0,
    "chat.delete": 40.0,
    "chat.postEphemeral": 80.0,
    "conversations.history": 40.0,
    "conversations.replies": 40.0,
    "conversations.info": 40.0,
    "users.info": 80.0,
    "files.getUploadURLExternal": 80.0,
    "files.completeUploadExternal": 80.0,
    "files.info": 80.0,
    "usergroups.list": 16.0,
    "usergroups.users.list": 16.0,
    "views.open": 80.0,
    "views.update": 80.0,
    "views.publish": 80.0,
}
_POST = "chat.postMessage"


class Pacing:
    """The buckets of one workspace."""

    def __init__(self, database: Database, settings: SlackSettings) -> None:
        self._database = database
        self._per_post = MARGIN / settings.posts_per_second  # seconds
        self._workspace = _bucket(settings.posts_per_minute)
        self._methods = {method: _bucket(rate) for method, rate in _TIERS.items()}
        self._channels: dict[str, tuple[asyncio.Lock, AsyncLimiter]] = {}
        self._pauses: dict[str, int] = {}  # method: microseconds UTC

    async def load(self) -> None:
        """Remembers what Slack had asked for before this start."""
        async with self._database.read() as reader:
            lasting = await pauses.lasting(reader, self._database.clock())
        self._pauses = {pause.key: pause.until for pause in lasting}

    @asynccontextmanager
    async def turn(self, method: str, channel: str | None = None) -> AsyncIterator[None]:
        """Waits until this call may be made; the next one into the channel waits until the block is left."""
        if method == _POST and channel is not None:
            in_line, bucket = self._channel(channel)
            async with in_line:
                await self._acquire(method, bucket, self._workspace)
                yield
            return
        tier = self._methods.get(method)
        await self._acquire(method, *([] if tier is None else [tier]))
        yield

    async def pause(self, method: str, seconds: float) -> None:
        """Slack wants no more of this method for so long; kept over a restart."""
        until = self._database.clock() + int(seconds * SECOND)
        self._pauses[method] = max(until, self._pauses.get(method, 0))
        async with self._database.transaction() as tx:
            await pauses.pause(tx, method, until)

    async def _acquire(self, method: str, *buckets: AsyncLimiter) -> None:
        """A pause is waited for first: what was acquired before it would all go out at once after it."""
        while True:
            while (left := self._left(method)) > 0:  # noqa: ASYNC110 - time is waited for, and it may grow
                await asyncio.sleep(left / SECOND)
            for bucket in buckets:
                await bucket.acquire()
            if self._left(method) <= 0:
                return

    def _left(self, method: str) -> int:
        return self._pauses.get(method, 0) - self._database.clock()

    def _channel(self, channel: str) -> tuple[asyncio.Lock, AsyncLimiter]:
        if channel not in self._channels:
            self._channels[channel] = (asyncio.Lock(), AsyncLimiter(1, self._per_post))
        return self._channels[channel]


def _bucket(per_minute: float) -> AsyncLimiter:
    """A bucket that lets a tenth of a minute's calls through at once."""
    burst = max(1.0, per_minute / 10)
    return AsyncLimiter(burst, burst * 60 / per_minute)
