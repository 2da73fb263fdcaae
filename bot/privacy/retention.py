"""Drops once a day what the settings keep no longer, in small transactions (`storage/maintenance/retention.py`).

A text in Slack is Slack's: how long it stands there is set there.
"""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import structlog

from bot.conversations import limits
from storage.engine.clock import DAY, SECOND
from storage.maintenance import retention
from storage.tables import erasures, files, quotas

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.files.file_store import FileStore
    from bot.settings.sections import RetentionSettings
    from storage.engine.database import Database, Transaction

AT_ONCE = 50  # rows in one transaction
_PAUSE = 0.02  # seconds between two of them, in which others write
_EVERY = DAY // SECOND

log = structlog.get_logger("retention")


class Retention:
    """The daily task.

    Args:
        database: what is kept.
        shelf: the content of files.
        settings: for how long.
    """

    def __init__(self, database: Database, file_store: FileStore, settings: RetentionSettings) -> None:
        self._database = database
        self._file_store = file_store
        self._settings = settings
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Drops at once what is over, and from then on every day."""
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Ends; what is cut short is made up for by the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        while True:
            try:
                await self.drop()
            except sqlite3.OperationalError as error:
                log.warning("what is over could not be dropped", error=str(error))
            except Exception:
                log.exception("what is over could not be dropped")
            await asyncio.sleep(_EVERY)

    async def drop(self) -> dict[str, int]:
        """Drops everything that is over; returns how many texts, payloads and dead rows that were."""
        kept = self._settings
        async with self._database.transaction() as tx:
            await quotas.forget(tx, tx.now - limits.LONGEST)
        dropped = {
            "texts": await self._all(kept.text_days, self._texts),
            "payloads": await self._all(kept.raw_days, retention.drop_payloads),
            "dead": await self._all(kept.dead_days, retention.drop_dead),
        }
        async with self._database.transaction() as tx:
            await erasures.drop_leases(tx)
        if any(dropped.values()):
            await self._database.flush()
            log.info("what is over was dropped", **dropped)
        return dropped

    async def _all(self, days: float, drop: Callable[[Transaction, int, int], Awaitable[int]]) -> int:
        """Some rows at a time, until none is left; 0 days is for ever."""
        if not days:
            return 0
        before, total = self._database.clock() - int(days * DAY), 0
        while True:
            async with self._database.transaction() as tx:
                count = await drop(tx, before, AT_ONCE)
            total += count
            if count == 0:
                return total
            await asyncio.sleep(_PAUSE)

    async def _texts(self, tx: Transaction, before: int, limit: int) -> int:
        """Texts, and the files that came or went with them: the content first, since a row finds it again."""
        dropped = await retention.drop_texts(tx, before, limit)
        for message_id in dropped:
            for file in await files.of_message(tx, message_id):
                await self._file_store.drop(file.id)
        return len(dropped)
