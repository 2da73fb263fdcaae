"""Looking on while the bot works: what happens, as it is written into the database."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from bot.operator.session import opened
from bot.telemetry.status_report import moment
from storage.engine.clock import DAY, SECOND, to_datetime
from storage.queries import activity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from bot.settings.model import Settings
    from storage.engine.database import Database
    from storage.queries.activity import Happening

LOOK_EVERY = 0.25  # seconds between two looks whether another process has written
OVERLAP = 10 * SECOND  # what was begun so long ago may be committed only now
CONTENT = ("contact", "text")  # what is left out unless it is asked for
GOOD, BAD = {"accepted", "text in"}, {"failed", "refused", "not sent", "unknown", "alert", "dead"}


async def follow(settings: Settings, since: float, *, forever: bool = True) -> AsyncIterator[Happening]:
    """Gives what happened in the last `since` seconds, then, if it is to be followed, what happens from now on.

    Raises:
        bot.operator.session.CannotDo: there is no database yet.
    """
    async with opened(settings) as terminal:
        looking = Looking(terminal.database, settings.accounts, since)
        seen = await terminal.database.data_version()
        while True:
            for happening in await looking.news():
                yield happening
            if not forever:
                return
            while (now := await terminal.database.data_version()) == seen:  # noqa: ASYNC110 - another process writes
                await asyncio.sleep(LOOK_EVERY)
            seen = now


class Looking:
    """Remembers what has been told, so that each thing is told once.

    Args:
        database: is read.
        accounts: by their names in the settings.
        since: seconds before now from which on things are told.
    """

    def __init__(self, database: Database, accounts: Iterable[str], since: float) -> None:
        self._database = database
        self._accounts = list(accounts)
        self._from = database.clock() - int(since * SECOND)
        self._told: set[tuple[int, int, str]] = set()
        self._failed: set[int] | None = None

    async def news(self) -> list[Happening]:
        """What has not been told yet, oldest first."""
        now = self._database.clock()
        async with self._database.read() as reader:
            found = await activity.since(reader, self._from, self._accounts)
            found += await self._newly_failed(await activity.failed(reader, now - DAY), now)
        fresh = [each for each in found if _key(each) not in self._told]
        self._from = max(self._from, now - OVERLAP)
        self._told = {key for key in (*self._told, *map(_key, fresh)) if key[0] >= self._from - OVERLAP}
        return sorted(fresh, key=_key)

    async def _newly_failed(self, failed: list[Happening], now: int) -> list[Happening]:
        """Texts that failed since the last look. When one did is not kept, so it is said to be now."""
        before, self._failed = self._failed, {each.id for each in failed}
        return [] if before is None else [replace(each, at=now) for each in failed if each.id not in before]


def as_json(happening: Happening, *, content: bool) -> dict[str, Any]:
    """In JSON types, without what it does not have; numbers and texts of contacts only if they are asked for."""
    left_out = () if content else CONTENT
    found = {name: value for name, value in asdict(happening).items() if value is not None and name not in left_out}
    return {**found, "at": moment(happening.at)}


def line(happening: Happening, *, content: bool) -> str:
    """For a person: the local time, what, where, and what there is to say of it."""
    said = as_json(happening, content=content)
    words = [str(said[name]) for name in ("inbox", "account", "sender", "status", "word", "code") if name in said]
    about = f"message {happening.message}" if happening.message else f"row {happening.id}"
    size = f"{happening.segments} segments" if happening.segments else ""
    more = [about, size, *(said.get(name, "") for name in ("sentence", *CONTENT))]
    time = f"{to_datetime(happening.at).astimezone():%H:%M:%S}"
    return "  ".join(filter(None, [time, f"{happening.what:9}", " ".join(words), *more]))


def _key(happening: Happening) -> tuple[int, int, str]:
    """What makes two of them one; a text may fail again later."""
    return (happening.at, happening.id, happening.what)
