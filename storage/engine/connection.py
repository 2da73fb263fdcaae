"""One SQLite connection whose statements run in its own thread or in the caller's."""

from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiosqlite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

BEGIN = "BEGIN IMMEDIATE"
_PREPARED = 512  # size of the statement cache: room for every statement there is
_BATCH = 64  # rows that aiosqlite fetches at a time
_WAIT = "PRAGMA busy_timeout = 1500"  # milliseconds: less than the three seconds in which Slack expects an answer
DO_NOT_WAIT = "PRAGMA busy_timeout = 0"
_PRAGMAS = (
    _WAIT,
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # data is on disk before we acknowledge it
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # overwrites deleted data with zeros
)


class SqliteConnection(aiosqlite.Connection):
    """An aiosqlite connection. Its own methods send each statement to a thread and back.

    That detour costs ten times as much as a statement that finds its rows by an index. `here` avoids it.

    Attributes:
        here: the same connection, for running a statement in the caller's thread. Only one caller may use it at a time.
    """

    here: sqlite3.Connection

    def __init__(self, path: Path) -> None:
        super().__init__(self._open, _BATCH)
        self._path = path

    def _open(self) -> sqlite3.Connection:
        self.here = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, cached_statements=_PREPARED
        )
        self.here.row_factory = sqlite3.Row
        return self.here

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """Lets the statements inside the block wait for another process that holds the file, for 1.5 seconds."""
        await self.execute_fetchall(_WAIT)
        try:
            yield
        finally:
            await self.execute_fetchall(DO_NOT_WAIT)

    async def begin(self) -> None:
        """Starts a write transaction once another process lets go of the file.

        Raises:
            sqlite3.OperationalError: the other process holds it for too long.
        """
        async with self.waiting():
            await self.execute(BEGIN)


async def connect(path: Path) -> SqliteConnection:
    """Opens the file.

    Raises:
        sqlite3.OperationalError: the file cannot be opened or is not a database.
    """
    connection = await SqliteConnection(path)
    assert isinstance(connection, SqliteConnection)  # noqa: S101 - aiosqlite returns the object that was awaited
    try:
        await connection.create_function("lower", 1, _lower, deterministic=True)
        for pragma in _PRAGMAS:
            await connection.execute(pragma)
    except BaseException:
        await connection.close()
        raise
    return connection


def _lower(text: str | None) -> str | None:
    """SQL's `lower` for every script, as in PostgreSQL. SQLite's own lowers ASCII only."""
    return None if text is None else text.lower()
