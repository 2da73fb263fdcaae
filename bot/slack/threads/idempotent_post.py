"""Posts to Slack exactly once.

`chat.postMessage` has no idempotency key, so each post has a row, and its key is in the metadata and the block id. If
no answer came, or the process died, we look for the key in Slack before we post again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

import structlog

from bot.conversations import recovery
from bot.conversations.enqueue import RetryLater
from bot.slack.client.api import SlackRefused, SlackUnreachable
from storage.engine.clock import SECOND
from storage.tables import jobs, posts

if TYPE_CHECKING:
    from bot.slack.client.rate_limit import RateLimits
    from bot.slack.client.workspace import Workspace
    from bot.slack.views.cards import Rendered
    from storage.engine.database import Transaction
    from storage.tables.jobs import Job
    from storage.tables.posts import Post

EVENT_TYPE = "threadline_post"  # of the metadata; its payload has only the key
_BEFORE = 5  # seconds; Slack's clock may be so much behind ours

log = structlog.get_logger("posts")


class ThreadLost(Exception):
    """The thread's card is gone, so that Slack would show the reply in the channel."""


class ChannelClosed(RetryLater):
    """The channel accepts no posts of ours now. The job is retried later."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A post to make.

    Attributes:
        key: finds the post again; Slack carries it in the metadata and the first block id.
        kind: card, text, rest, notice, status_line, opt_out_question, or alert.
        subject: the id of the conversation, message or alert that the post shows.
        channel, thread_ts: where to post it.
        broadcast: Slack shows it in the channel too.
    """

    key: str
    kind: str
    subject: int
    channel: str
    thread_ts: str | None = None
    broadcast: bool = False


Compose = Callable[["Transaction", "Post"], Awaitable["Rendered | None"]]
Follow = Callable[["Transaction", "Post"], Awaitable[None]]


class IdempotentPosts:
    """The posts of one workspace.

    Args:
        workspace: the workspace.
        rate_limits: give each post its turn.
    """

    def __init__(self, workspace: Workspace, rate_limits: RateLimits) -> None:
        self._database = workspace.database
        self._slack = workspace.slack
        self._settings = workspace.settings
        self._team = workspace.team
        self._rate_limits = rate_limits
        self._reconcile_after = int(workspace.settings.slack.reconcile_seconds * SECOND)

    async def put(self, draft: Draft, compose: Compose, job: Job | None = None, follow: Follow | None = None) -> None:
        """Makes the post if it is not in Slack yet, and finishes the job in the transaction that records the post.

        Args:
            draft: the post, and where it goes.
            compose: returns the content when the post's turn has come; None: there is nothing to show any more.
            job: the job to finish, if the post is all of it.
            follow: writes the consequences in the same transaction; the post it gets has its `ts`.

        Raises:
            RetryLater: an earlier try may still appear; the worker runs the job again later.
            ThreadLost: the thread is gone.
            ChannelClosed: the channel accepts no posts now.
            bot.slack.client.api.SlackError: the post failed, or nobody knows.
        """
        known = await posts.find(self._database.reader, draft.key)
        if known is not None and (there := await self._there(known)) is not None:
            async with self._database.transaction() as tx:
                await _finish(tx, there, job, follow)
            return
        async with self._rate_limits.turn("chat.postMessage", draft.channel, opens=draft.kind == "card") as leaves:
            async with self._database.transaction() as tx:
                post = await self._begin(tx, draft)
                shown = await compose(tx, post)
                if shown is None:
                    await posts.refuse(tx, post.id, "nothing to show")
                    await _finish(tx, post, job, follow)
                    return
            leaves()
            channel, ts = await self._post(post, shown, broadcast=draft.broadcast)
        async with self._database.transaction() as tx:
            await posts.sent(tx, post.id, channel, ts, digest(shown))
            await recovery.open_channel(tx, channel)
            await _finish(tx, replace(post, channel=channel, ts=ts, state="sent"), job, follow)
        log.info("posted", post=draft.kind, subject=draft.subject)

    def would_hold_up(self, post: Post, shown: Rendered) -> bool:
        """True if the edit would delay posts that people should see first."""
        return post.digest != digest(shown) and self._rate_limits.is_behind(post.channel)

    async def edit(self, post: Post, shown: Rendered) -> bool:
        """Edits a post, unless it shows this already. Returns False if somebody deleted it."""
        if post.digest == digest(shown):
            return True
        try:
            await self._slack.call(
                "chat.update", channel=post.channel, ts=post.ts, text=shown.text, blocks=shown.blocks
            )
        except SlackRefused as error:
            if error.code != "message_not_found":
                raise
            return False
        async with self._database.transaction() as tx:
            await posts.shows(tx, post.id, digest(shown))
        log.info("edited", post=post.kind, subject=post.subject)
        return True

    async def _there(self, known: Post) -> Post | None:
        """Returns the post if it is in Slack or Slack refused it; None: it is still to be made."""
        if known.state == "sending":
            known = await self._reconcile(known)
        return None if known.state in {"waiting", "sending"} else known

    async def _reconcile(self, post: Post) -> Post:
        """Looks for the post in Slack and returns it. RetryLater: it is not there, but may still appear."""
        is_lost = False
        try:
            found = await self._find(post, post.thread_ts)
        except SlackRefused as error:
            if not _is_lost(post, error):
                raise
            found, is_lost = None, True
        if found is None and post.thread_ts is not None and (stray := await self._find(post, None)) is not None:
            await self._remove_stray(post, post.channel, stray)
        if found is None and self._database.clock() - post.tried_at < self._reconcile_after:
            raise RetryLater(self._reconcile_after / SECOND / 4, "an earlier try may still appear")
        if is_lost:
            await self._lose(post)
        if found is None:
            return post
        async with self._database.transaction() as tx:
            await posts.sent(tx, post.id, post.channel, found)
            return await posts.get(tx, post.id)

    async def _begin(self, tx: Transaction, draft: Draft) -> Post:
        return await posts.begin(
            tx,
            draft.key,
            kind=draft.kind,
            subject=draft.subject,
            team=self._team,
            channel=draft.channel,
            thread_ts=draft.thread_ts,
        )

    async def _post(self, post: Post, shown: Rendered, *, broadcast: bool) -> tuple[str, str]:
        try:
            answer = await self._slack.call_now(
                "chat.postMessage",
                channel=post.channel,
                thread_ts=post.thread_ts,
                reply_broadcast=True if broadcast else None,
                text=shown.text,
                blocks=shown.blocks,
                metadata={"event_type": EVENT_TYPE, "event_payload": {"key": post.key}},
                unfurl_links=False,
                unfurl_media=False,
            )
        except SlackUnreachable:
            async with self._database.transaction() as tx:
                await posts.wait(tx, post.id)
            raise
        except SlackRefused as error:
            await self._refused(post, error)
        if post.thread_ts is not None and answer.get("message", {}).get("thread_ts") != post.thread_ts:
            await self._remove_stray(post, answer["channel"], answer["ts"])
        return answer["channel"], answer["ts"]

    async def _refused(self, post: Post, error: SlackRefused) -> None:
        """Raises ThreadLost for a lost thread, ChannelClosed for a closed channel; any other error is final."""
        is_closed, is_lost = error.code in recovery.CLOSED, _is_lost(post, error)
        async with self._database.transaction() as tx:
            if is_closed or is_lost:
                await posts.wait(tx, post.id)
            else:
                await posts.refuse(tx, post.id, error.code)
            if is_closed and self._settings.is_ours(post.channel):
                await recovery.close_channel(tx, post.channel, error.code, self._settings)
        if is_closed:
            raise ChannelClosed(self._settings.timeouts.channel, error.code)
        if is_lost:
            raise ThreadLost(post.key)
        raise error

    async def _remove_stray(self, post: Post, channel: str, ts: str) -> NoReturn:
        """Deletes a reply that Slack put into the channel because its thread is gone."""
        await self._slack.call("chat.delete", channel=channel, ts=ts)
        await self._lose(post)

    async def _lose(self, post: Post) -> NoReturn:
        async with self._database.transaction() as tx:
            await posts.wait(tx, post.id)
        raise ThreadLost(post.key)

    async def _find(self, post: Post, thread_ts: str | None) -> str | None:
        """Returns the `ts` of the message with the post's key in the thread, or in the channel, or None."""
        method = "conversations.history" if thread_ts is None else "conversations.replies"
        cursor: str | None = None
        while True:
            page = await self._slack.call(
                method,
                channel=post.channel,
                ts=thread_ts,
                oldest=f"{post.tried_at // SECOND - _BEFORE}.000000",
                include_all_metadata=True,
                limit=200,
                cursor=cursor,
            )
            for message in page["messages"]:
                if _key(message) == post.key:
                    return str(message["ts"])
            cursor = page.get("response_metadata", {}).get("next_cursor") or None
            if cursor is None:
                return None


async def _finish(tx: Transaction, post: Post, job: Job | None, follow: Follow | None) -> None:
    if follow is not None:
        await follow(tx, post)
    if job is not None:
        await jobs.finish(tx, job)


def _is_lost(post: Post, error: SlackRefused) -> bool:
    """True if the refusal means that the post's thread is gone."""
    return post.thread_ts is not None and error.code in {"thread_not_found", "message_not_found"}


def digest(shown: Rendered) -> str:
    """Returns a hash of the content of a post, by which we see a change without storing the content."""
    return hashlib.sha256(json.dumps([shown.text, shown.blocks], sort_keys=True).encode()).hexdigest()[:32]


def _key(message: dict[str, Any]) -> str | None:
    """Returns the key of a message. Slack may drop the metadata; then the block id has the key."""
    metadata = message.get("metadata", {})
    if metadata.get("event_type") == EVENT_TYPE:
        return str(metadata.get("event_payload", {}).get("key"))
    blocks = message.get("blocks", ())
    first = next((str(block.get("block_id", "")) for block in blocks), "")
    return first.removeprefix("k:") if first.startswith("k:") else None
