"""Writes that must not be lost: what happened outside has happened, whether the database is free or not."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, TypeVar

import structlog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from storage.engine.database import Database, Transaction

T = TypeVar("T")

PAUSE = 1.0  # seconds between two tries

log = structlog.get_logger("database")


async def until_written(database: Database, write: Callable[[Transaction], Awaitable[T]]) -> T:
    """Runs `write` in a transaction of its own, and again while the disk is full or another process holds the file.

    Args:
        database: open.
        write: reads and writes rows only, because it may run several times.

    Returns:
        The result of `write`, once it is committed.
    """
    while True:
        try:
            async with database.transaction() as tx:
                return await write(tx)
        except sqlite3.OperationalError as error:
            log.warning("a result waits for the database", error=str(error))
            await asyncio.sleep(PAUSE)
