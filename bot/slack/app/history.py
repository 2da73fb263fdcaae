"""Reads Slack's history page by page, and finds edits and deletions of replies that we have stored."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import structlog

from bot.slack.client.api import SlackRefused
from storage.engine.clock import HOUR, MINUTE, SECOND
from storage.tables import intake, replies, watermarks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from bot.slack.app.events import SlackEvents
    from bot.slack.client.api import SlackApi
    from bot.slack.client.workspace import Workspace
    from storage.tables.intake import Arrival
    from storage.tables.replies import Typed

PAGE = 200  # messages
BEFORE = 10 * MINUTE  # overlap with the last look, because an event may still be under way
BEFORE_A_GAP = HOUR  # overlap if Slack could not reach us meanwhile

log = structlog.get_logger("history")


async def pages(slack: SlackApi, method: str, **arguments: Any) -> AsyncIterator[dict[str, Any]]:
    """Yields every message of `conversations.history` or `conversations.replies`.

    Raises:
        bot.slack.client.api.SlackError: a page could not be read.
    """
    cursor: str | None = None
    while True:
        page = await slack.call(method, limit=PAGE, cursor=cursor, **arguments)
        for message in page["messages"]:
            yield message
        cursor = page.get("response_metadata", {}).get("next_cursor") or None
        if cursor is None:
            return


class SecondLook:
    """Finds edits and deletions of replies for which no event came.

    Args:
        workspace: the workspace.
        events: makes the entry that the event would have made.
    """

    def __init__(self, workspace: Workspace, events: SlackEvents) -> None:
        self._database = workspace.database
        self._slack = workspace.slack
        self._events = events
        self._missing = int(workspace.settings.sweep.missing * SECOND)

    async def look(self, channel: str, *, gap: bool) -> None:
        """Checks the recent replies in a channel.

        Args:
            channel: a Slack channel id.
            gap: Slack could not reach us for a while, so check also the replies that wait to go out.
        """
        key, now = f"second look:{channel}", self._database.clock()
        async with self._database.read() as reader:
            last = int(await watermarks.get(reader, key) or now)
            since = min(last, now) - (BEFORE_A_GAP if gap else BEFORE)
            typed = await replies.typed_lately(reader, channel, since, waiting=gap)
        for thread_ts, group in groupby(sorted(typed, key=attrgetter("thread_ts")), key=attrgetter("thread_ts")):
            await self._thread(channel, thread_ts, list(group), now)
        async with self._database.transaction() as tx:
            await watermarks.move(tx, key, str(now))

    async def _thread(self, channel: str, thread_ts: str, typed: list[Typed], now: int) -> None:
        oldest = min((each.ts for each in typed), key=float)
        reading = pages(
            self._slack, "conversations.replies", channel=channel, ts=thread_ts, oldest=oldest, inclusive=True
        )
        try:
            present = {message["ts"]: message async for message in reading}
        except SlackRefused as error:
            log.info("a thread could not be read again", reason=error.code)  # the sweep looks for its card
            return
        async with self._database.read() as reader:
            every = self._found(channel, typed, present, now)
            found = [each for each in every if not await intake.is_known(reader, each.dedup_key)]
        if not found:
            return
        async with self._database.transaction() as tx:
            if new := await intake.append(tx, found):
                log.info("the sweep found edits and deletions", count=len(new))

    def _found(
        self, channel: str, typed: list[Typed], present: dict[str, dict[str, Any]], now: int
    ) -> Iterable[Arrival]:
        for each in typed:
            message = present.get(each.ts)
            if message is None and float(each.ts) * SECOND < now - self._missing:
                yield self._events.gone(channel, each)
            elif message is not None and (arrival := self._events.edited(channel, message)) is not None:
                yield arrival
