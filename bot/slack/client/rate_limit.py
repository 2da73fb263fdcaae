"""Limits the calls to Slack: a bucket per channel, per method and for the workspace, and each `Retry-After`.

Calls wait in the order of their requests, and each lane makes one call at a time, so that no conversation starves
another. Only posts that open a thread may go first, see `ChannelQueue`. All waiting uses the monotonic clock: a change
of the system clock delays nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from aiolimiter import AsyncLimiter

from storage.engine.clock import SECOND
from storage.tables import pauses

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from bot.settings.sections import SlackSettings
    from storage.engine.database import Database

MARGIN = 1.03  # our clock and Slack's do not agree on a second to the millisecond
GATHERED = 60  # posts: for as long as these take, posts that open a thread go first; later texts become one post

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
    "files.delete": 40.0,
    "usergroups.list": 16.0,
    "usergroups.users.list": 16.0,
    "views.open": 80.0,
    "views.update": 80.0,
    "views.publish": 80.0,
}
_Queue = deque[tuple[float, "asyncio.Future[bool]"]]  # since when each waits, on the loop's clock; its turn
_POST = "chat.postMessage"
_EDIT = "chat.update"


class ChannelQueue:
    """The calls that wait to post into one channel: one at a time, in the order of their requests.

    Posts that open a thread go first while no other post has waited for too long. So the texts that a new contact
    sends in a burst become one post, and each new contact of a burst has a thread before the first has two posts.

    Args:
        acquire: waits until the channel accepts a post.
        longest: seconds; once another post has waited for longer, it goes first.
    """

    def __init__(self, acquire: Callable[[], Awaitable[None]], longest: float) -> None:
        self._acquire = acquire
        self._longest = longest
        self._is_taken = False
        self._openers: _Queue = deque()
        self._others: _Queue = deque()

    @property
    def is_empty(self) -> bool:
        """True if no call waits or posts."""
        return not self._is_taken

    @asynccontextmanager
    async def place(self, *, opens: bool) -> AsyncIterator[None]:
        """Waits for its turn to post; the next call's turn begins at the end of the block."""
        queue = self._openers if opens else self._others
        since = asyncio.get_running_loop().time()
        may_post = False
        if self._is_taken:
            may_post = await self._wait(queue, since)
        self._is_taken = True
        while not may_post:
            await self._acquired()
            if may_post := queue is self._first(queue, since):
                break
            self._call_next(may_post=True)
            may_post = await self._wait(queue, since, again=True)
        try:
            yield
        finally:
            self._call_next()

    async def _acquired(self) -> None:
        try:
            await self._acquire()
        except BaseException:
            self._call_next()
            raise

    async def _wait(self, queue: _Queue, since: float, *, again: bool = False) -> bool:
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if again:
            queue.appendleft((since, turn))
        else:
            queue.append((since, turn))
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it got its turn, and was cancelled at the same moment
                self._call_next(may_post=turn.result())
            raise

    def _call_next(self, *, may_post: bool = False) -> None:
        self._is_taken = False
        if queue := self._first():
            self._is_taken = True
            queue.popleft()[1].set_result(may_post)

    def _first(self, own: _Queue | None = None, since: float | None = None) -> _Queue:
        """Returns the queue whose turn it is.

        Args:
            own: the queue of a call that has its turn already and counts as the queue's first.
            since: when that call came, on the loop's clock.
        """
        for queue in (self._openers, self._others):
            while queue and queue[0][1].done():  # it gave up
                queue.popleft()
        openers, others = bool(self._openers) or own is self._openers, bool(self._others) or own is self._others
        if not openers or not others:
            return self._openers if openers else self._others
        oldest = self._others[0][0] if own is not self._others or since is None else since
        waited = asyncio.get_running_loop().time() - oldest
        return self._others if waited > self._longest else self._openers


class Gap:
    """Keeps so many seconds between two posts, counted from the departure of the first.

    The work of a turn before its request takes more or less time. If the gap counted from the start of the turn, two
    requests could reach Slack closer to each other than it allows.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends = 0.0  # on the loop's clock

    async def acquire(self) -> None:
        """Waits for the end of the gap, and begins the next."""
        loop = asyncio.get_running_loop()
        while (left := self._ends - loop.time()) > 0:  # noqa: ASYNC110 - time is waited for
            await asyncio.sleep(left)
        self._ends = loop.time() + self._seconds

    def begin(self) -> None:
        """Begins the gap again: the request leaves only now."""
        self._ends = asyncio.get_running_loop().time() + self._seconds


class RateLimits:
    """The buckets of one workspace."""

    def __init__(self, database: Database, settings: SlackSettings) -> None:
        self._database = database
        self._per_post = MARGIN / settings.posts_per_second  # seconds
        self._workspace = _bucket(settings.posts_per_minute)
        self._methods = {method: _bucket(rate * settings.calls_scale) for method, rate in _TIERS.items()}
        self._lines: dict[str, tuple[ChannelQueue, Gap]] = {}
        self._pauses: dict[str, float] = {}  # method: until when, on the loop's clock
        self._editing = 0  # edits that wait or are in progress

    async def load(self) -> None:
        """Restores the pauses that Slack requested before this start."""
        wall, now = self._database.clock(), asyncio.get_running_loop().time()
        async with self._database.read() as reader:
            lasting = await pauses.lasting(reader, wall)
        self._pauses = {pause.key: now + (pause.until - wall) / SECOND for pause in lasting}

    @asynccontextmanager
    async def turn(
        self, method: str, channel: str | None = None, *, opens: bool = False
    ) -> AsyncIterator[Callable[[], None]]:
        """Waits until Slack accepts this call; the channel's next call waits until the end of the block.

        Yields a function. A caller that does other work first calls it when the request leaves.

        Args:
            method: "chat.postMessage" …
            channel: of a post.
            opens: the post opens a thread.
        """
        if method == _POST and channel is not None:
            line, gap = self._line(channel)
            async with line.place(opens=opens):
                yield gap.begin
            return
        tier = self._methods.get(method)
        self._editing += method == _EDIT
        try:
            await self._acquire(method, *([] if tier is None else [tier]))
            yield _at_once
        finally:
            self._editing -= method == _EDIT

    def is_behind(self, channel: str) -> bool:
        """True if posts to the channel or edits wait: a cosmetic edit has to let them go first."""
        return self._editing > 0 or not self._line(channel)[0].is_empty

    async def pause(self, method: str, seconds: float) -> None:
        """Pauses the method for so many seconds, as Slack requested; a restart keeps the pause."""
        until = asyncio.get_running_loop().time() + seconds
        self._pauses[method] = max(until, self._pauses.get(method, 0.0))
        async with self._database.transaction() as tx:
            await pauses.pause(tx, method, int(seconds * SECOND))

    async def _acquire(self, method: str, *buckets: AsyncLimiter | Gap) -> None:
        """Waits for a pause first: calls that had their buckets before it would all leave at once after it."""
        now = asyncio.get_running_loop().time
        while True:
            while (left := self._pauses.get(method, 0.0) - now()) > 0:  # noqa: ASYNC110 - time is waited for; it may grow
                await asyncio.sleep(left)
            for bucket in buckets:
                await bucket.acquire()
            if self._pauses.get(method, 0.0) <= now():
                return

    def _line(self, channel: str) -> tuple[ChannelQueue, Gap]:
        if channel not in self._lines:
            gap = Gap(self._per_post)
            acquire = partial(self._acquire, _POST, gap, self._workspace)
            self._lines[channel] = ChannelQueue(acquire, GATHERED * self._per_post), gap
        return self._lines[channel]


def _at_once() -> None:
    """Does nothing: a bucket has no gap to begin."""


def _bucket(per_minute: float) -> AsyncLimiter:
    """Returns a bucket that lets a tenth of a minute's calls through at once."""
    burst = max(1.0, per_minute / 10)
    return AsyncLimiter(burst, burst * 60 / per_minute)
