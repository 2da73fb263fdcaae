"""Alerts about lasting conditions: raised once when a condition begins, resolved when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversations import enqueue
from storage.tables import alerts

if TYPE_CHECKING:
    from storage.engine.database import Database


class ConditionAlerts:
    """Raises and resolves alerts about conditions.

    Args:
        database: stores the alerts, so they survive a restart.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ring(self, cause: str, sentence: str) -> None:
        """Raises an alert about the condition, unless one is unresolved."""
        async with self._database.transaction() as tx:
            if not await alerts.lasts(tx, cause):
                await enqueue.alert(tx, await alerts.raise_one(tx, cause, sentence))

    async def calm(self, cause: str) -> None:
        """Resolves the alert about the condition, if there is one."""
        reader = self._database.reader
        if not await alerts.lasts(reader, cause):
            return
        async with self._database.transaction() as tx:
            if (alert_id := await alerts.resolve(tx, cause)) is not None:
                await enqueue.alert(tx, alert_id)
