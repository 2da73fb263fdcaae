"""Alerts about conditions of our own: told once when one begins, resolved when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversations import enqueue
from storage.tables import alerts

if TYPE_CHECKING:
    from storage.engine.database import Database


class ConditionAlerts:
    """Raises and resolves them.

    Args:
        database: where alerts are kept, over a restart too.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ring(self, cause: str, sentence: str) -> None:
        """The condition is there; while its alert is unresolved it is not told again."""
        async with self._database.transaction() as tx:
            if not await alerts.lasts(tx, cause):
                await enqueue.alert(tx, await alerts.raise_one(tx, cause, sentence))

    async def calm(self, cause: str) -> None:
        """It is over, if it was there."""
        reader = self._database.reader
        if not await alerts.lasts(reader, cause):
            return
        async with self._database.transaction() as tx:
            if (alert_id := await alerts.resolve(tx, cause)) is not None:
                await enqueue.alert(tx, alert_id)
