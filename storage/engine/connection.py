"""One connection to the file, whose statements run in a thread of its own, or where the caller is."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import aiosqlite

if TYPE_CHECKING:
    from pathlib import Path

BEGIN = "BEGIN IMMEDIATE"
_PREPARED = 512  # statements that stay prepared: all that there are
_BATCH = 64  # rows, of which aiosqlite fetches so many at a time
_WAIT = "PRAGMA busy_timeout = 1500"  # milliseconds: below the three seconds that Slack waits for an answer
_DO_NOT_WAIT = "PRAGMA busy_timeout = 0"
_PRAGMAS = (
    _WAIT,
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # what is acknowledged has reached the disk
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten
)


class SqliteConnection(aiosqlite.Connection):
    """aiosqlite's connection, whose own methods take a statement to its thread and back.

    That way costs ten times what a statement does that finds its rows by an index; hence `here`.

    Attributes:
        here: the same connection for whoever runs a statement where they are. Nobody else uses it at the time.
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

    def begin_at_once(self) -> bool:
        """Takes the file for writing; False: another process holds it just now, and has to be waited for."""
        self.here.execute(_DO_NOT_WAIT)
        try:
            self.here.execute(BEGIN)
        except sqlite3.OperationalError:
            return False
        finally:
            self.here.execute(_WAIT)
        return True


async def connect(path: Path) -> SqliteConnection:
    """Opens the file.

    Raises:
        sqlite3.OperationalError: it cannot be opened or is no database.
    """
    connection = await SqliteConnection(path)
    assert isinstance(connection, SqliteConnection)  # noqa: S101 - aiosqlite gives back what was awaited
    try:
        await connection.create_function("lower", 1, _lower, deterministic=True)
        for pragma in _PRAGMAS:
            await connection.execute(pragma)
    except BaseException:
        await connection.close()
        raise
    return connection


def _lower(text: str | None) -> str | None:
    """SQL's `lower` for every script, as PostgreSQL has it: SQLite's own knows ASCII only."""
    return None if text is None else text.lower()
