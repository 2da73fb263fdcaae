"""The schema as numbered files, one per change. Each runs at start in its own transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiosqlite

    from storage.engine.clock import Clock

_TABLE = """
CREATE TABLE IF NOT EXISTS migrations (
    version    BIGINT PRIMARY KEY,
    name       TEXT NOT NULL,
    applied_at BIGINT NOT NULL
)
"""


class TooNew(Exception):
    """A newer version of this program wrote the file."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"The database has schema {found}, but this version of threadline knows only up to {known}. "
            "Install the newer version again, or restore a backup from before the upgrade."
        )


@dataclass(frozen=True, slots=True)
class Migration:
    """One change of the schema."""

    version: int
    name: str
    sql: str


def known() -> list[Migration]:
    """Returns every migration in this package, oldest first."""
    found = (entry for entry in files(__package__).iterdir() if entry.name.endswith(".sql"))
    return sorted(
        (Migration(int(entry.name[:4]), entry.name[5:-4], entry.read_text("utf-8")) for entry in found),
        key=lambda migration: migration.version,
    )


async def migrate(connection: aiosqlite.Connection, clock: Clock) -> list[Migration]:
    """Applies the missing migrations and returns them, oldest first.

    Args:
        connection: in autocommit mode.
        clock: microseconds UTC, for the time that is recorded with each.

    Raises:
        TooNew: the file has a version that this package does not know.
    """
    return [migration async for migration in _apply(connection, clock, known())]


def applying(connection: aiosqlite.Connection, clock: Clock) -> AsyncIterator[Migration]:
    """Applies the missing migrations one by one and yields each once it is applied.

    Raises:
        TooNew: the file has a version that this package does not know.
    """
    return _apply(connection, clock, known())


async def version(connection: aiosqlite.Connection) -> int:
    """Returns the file's schema version; 0 if it is empty."""
    await connection.execute(_TABLE)
    rows = await connection.execute_fetchall("SELECT coalesce(max(version), 0) FROM migrations")
    return int(next(iter(rows))[0])


async def _apply(
    connection: aiosqlite.Connection, clock: Clock, migrations: list[Migration]
) -> AsyncIterator[Migration]:
    at = await version(connection)
    if migrations and at > migrations[-1].version:
        raise TooNew(at, migrations[-1].version)
    for migration in migrations:
        if migration.version > at and await _is_applied_by_us(connection, migration, clock()):
            yield migration


async def _is_applied_by_us(connection: aiosqlite.Connection, migration: Migration, now: int) -> bool:
    """Applies the change whole or not at all. Returns False if another process applied it first."""
    try:
        await connection.executescript(_script(migration, now))
    except BaseException as error:
        await connection.rollback()
        if isinstance(error, sqlite3.IntegrityError) and await version(connection) >= migration.version:
            return False
        raise
    return True


def _script(migration: Migration, now: int) -> str:
    """Returns the whole change as one script. The record comes first, so that a second process fails at once."""
    record = f"INSERT INTO migrations VALUES ({migration.version}, '{migration.name}', {now});"
    return f"BEGIN IMMEDIATE;\n{record}\n{migration.sql}\nCOMMIT;"
