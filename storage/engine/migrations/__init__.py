"""The schema, one numbered file per change; run at start, each in a transaction of its own."""

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
    """The file was written by a newer version of this program."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"The database has schema {found}, this version of threadline knows up to {known}. "
            "Install the newer version again, or restore a backup made before the upgrade."
        )


@dataclass(frozen=True, slots=True)
class Migration:
    """One change of the schema."""

    version: int
    name: str
    sql: str


def known() -> list[Migration]:
    """Every migration in this package, oldest first."""
    found = (entry for entry in files(__package__).iterdir() if entry.name.endswith(".sql"))
    return sorted(
        (Migration(int(entry.name[:4]), entry.name[5:-4], entry.read_text("utf-8")) for entry in found),
        key=lambda migration: migration.version,
    )


async def migrate(connection: aiosqlite.Connection, clock: Clock) -> list[Migration]:
    """Applies what is missing and returns it, oldest first.

    Args:
        connection: in autocommit mode.
        clock: microseconds UTC, for the time that each is recorded with.

    Raises:
        TooNew: if the file has a version that this package does not know.
    """
    return [migration async for migration in _apply(connection, clock, known())]


def applying(connection: aiosqlite.Connection, clock: Clock) -> AsyncIterator[Migration]:
    """Applies what is missing, one after the other, and gives each once it is applied.

    Raises:
        TooNew: if the file has a version that this package does not know.
    """
    return _apply(connection, clock, known())


async def version(connection: aiosqlite.Connection) -> int:
    """The schema that the file has; 0 for an empty one."""
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
    """Applies the change whole or not at all; False if another process was faster."""
    try:
        await connection.executescript(_script(migration, now))
    except BaseException as error:
        await connection.rollback()
        if isinstance(error, sqlite3.IntegrityError) and await version(connection) >= migration.version:
            return False
        raise
    return True


def _script(migration: Migration, now: int) -> str:
    """The whole change as one script. What records it comes first, so that a second process stumbles at once."""
    record = f"INSERT INTO migrations VALUES ({migration.version}, '{migration.name}', {now});"
    return f"BEGIN IMMEDIATE;\n{record}\n{migration.sql}\nCOMMIT;"
