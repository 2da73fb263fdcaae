"""`threadline tail`: follows the bot's events as it writes them into the database."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from bot.conversations import alert_sentences
from bot.operator.session import connect
from bot.telemetry.status_report import moment
from storage.engine.clock import DAY, SECOND, to_datetime
from storage.queries import activity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from bot.settings.model import Settings
    from storage.engine.database import Database
    from storage.queries.activity import Happening

LOOK_EVERY = 0.25  # seconds between two checks for writes of another process
OVERLAP = 10 * SECOND  # a transaction that began this long ago may commit only now
CONTENT = ("contact", "text")  # fields to leave out unless --content is given
GOOD, BAD = {"accepted", "text in"}, {"failed", "refused", "not sent", "unknown", "alert", "dead"}


async def follow(settings: Settings, since: float, *, forever: bool = True) -> AsyncIterator[Happening]:
    """Yields the events of the last `since` seconds, then, if `forever`, new ones as they happen.

    Raises:
        bot.operator.session.CannotDo: there is no database yet.
    """
    async with connect(settings) as session:
        log = EventLog(session.database, settings.accounts, since)
        seen = await session.database.data_version()
        while True:
            for happening in await log.news():
                yield happening
            if not forever:
                return
            while (now := await session.database.data_version()) == seen:  # noqa: ASYNC110 - another process writes
                await asyncio.sleep(LOOK_EVERY)
            seen = now


class EventLog:
    """Reads events from the database, and returns each once.

    Args:
        database: the database to read.
        accounts: the names of the accounts in the settings.
        since: start this many seconds before now.
    """

    def __init__(self, database: Database, accounts: Iterable[str], since: float) -> None:
        self._database = database
        self._accounts = list(accounts)
        self._from = database.clock() - int(since * SECOND)
        self._returned: set[tuple[int, int, str]] = set()
        self._failed: set[int] | None = None

    async def news(self) -> list[Happening]:
        """Returns the events since the last call, oldest first."""
        now = self._database.clock()
        async with self._database.read() as reader:
            found = await activity.since(reader, self._from, self._accounts)
            found += await self._newly_failed(await activity.failed(reader, now - DAY), now)
        fresh = [each for each in found if _key(each) not in self._returned]
        self._from = max(self._from, now - OVERLAP)
        self._returned = {key for key in (*self._returned, *map(_key, fresh)) if key[0] >= self._from - OVERLAP}
        return sorted(fresh, key=_key)

    async def _newly_failed(self, failed: list[Happening], now: int) -> list[Happening]:
        """Returns the texts that failed since the last look, dated now, because we don't store when they failed."""
        before, self._failed = self._failed, {each.id for each in failed}
        return [] if before is None else [replace(each, at=now) for each in failed if each.id not in before]


def as_json(happening: Happening, *, content: bool) -> dict[str, Any]:
    """Returns an event in JSON types, without empty fields; contacts' numbers and texts only if `content`."""
    left_out = () if content else CONTENT
    found = {name: value for name, value in asdict(happening).items() if value is not None and name not in left_out}
    if happening.sentence is not None:
        found["sentence"] = alert_sentences.plain(happening.sentence)
    return {**found, "at": moment(happening.at)}


def line(happening: Happening, *, content: bool) -> str:
    """Formats an event for a person: the local time, what happened, where, and details."""
    fields = as_json(happening, content=content)
    words = [str(fields[name]) for name in ("inbox", "account", "sender", "status", "word", "code") if name in fields]
    about = f"message {happening.message}" if happening.message else f"row {happening.id}"
    size = f"{happening.segments} segments" if happening.segments else ""
    more = [about, size, *(fields.get(name, "") for name in ("sentence", *CONTENT))]
    time = f"{to_datetime(happening.at).astimezone():%H:%M:%S}"
    return "  ".join(filter(None, [time, f"{happening.what:9}", " ".join(words), *more]))


def _key(happening: Happening) -> tuple[int, int, str]:
    """Returns the identity of an event. It has the time, because a text may fail again later."""
    return (happening.at, happening.id, happening.what)
