"""Deletes expired data once a day, in small transactions (`storage/maintenance/retention.py`).

The retention of texts in Slack is a setting of Slack.
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
_PAUSE = 0.02  # seconds between two transactions, in which others can write
_EVERY = DAY // SECOND

log = structlog.get_logger("retention")


class Retention:
    """The daily task.

    Args:
        database: the database.
        file_store: the content of files.
        settings: the retention periods.
    """

    def __init__(self, database: Database, file_store: FileStore, settings: RetentionSettings) -> None:
        self._database = database
        self._file_store = file_store
        self._settings = settings
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Deletes expired data now, and then every day."""
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Stops. The next start deletes what is left."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        while True:
            try:
                await self.drop()
            except sqlite3.OperationalError as error:
                log.warning("could not delete expired data", error=str(error))
            except Exception:
                log.exception("could not delete expired data")
            await asyncio.sleep(_EVERY)

    async def drop(self) -> dict[str, int]:
        """Deletes all expired data. Returns the numbers of texts, payloads and dead rows."""
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
            log.info("deleted expired data", **dropped)
        return dropped

    async def _all(self, days: float, drop: Callable[[Transaction, int, int], Awaitable[int]]) -> int:
        """Deletes rows older than this, some at a time; 0 days keeps them forever. Returns how many."""
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
        """Deletes texts and their files, files before the commit, so that an interrupted run finds them again."""
        dropped = await retention.drop_texts(tx, before, limit)
        for message_id in dropped:
            for file in await files.of_message(tx, message_id):
                await self._file_store.drop(file.id)
        return len(dropped)
