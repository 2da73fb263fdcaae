"""The schema is created once and whole, and never by an older program over a newer one."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import AsyncExitStack, asynccontextmanager, closing
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from storage.engine import migrations
from storage.engine.connection import connect
from storage.engine.database import open_database
from storage.engine.migrations import Migration, TooNew
from tests.storage.making import START, opened, rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import aiosqlite

    from storage.engine.database import Database
    from tests.storage.making import Clock

BROKEN = [
    Migration(1, "first", "CREATE TABLE a (x BIGINT);"),
    Migration(2, "second", "CREATE TABLE b (x BIGINT); INSERT INTO a VALUES (1); INSERT INTO nowhere VALUES (1);"),
    Migration(3, "third", "CREATE TABLE c (x BIGINT);"),
]


async def recorded(database: Database) -> list[tuple[int, str, int]]:
    """Returns the file's record of its schema."""
    found = await rows(database, "SELECT version, name, applied_at FROM migrations ORDER BY version")
    return [(row["version"], row["name"], row["applied_at"]) for row in found]


async def schema(database: Database) -> list[str]:
    """Returns all objects of the schema."""
    return [row["sql"] for row in await rows(database, "SELECT sql FROM sqlite_master ORDER BY type, name")]


async def test_a_fresh_file_has_every_migration_recorded(database: Database) -> None:
    """Each migration is recorded with its number, name and time."""
    assert await recorded(database) == [(known.version, known.name, START) for known in migrations.known()]


async def test_opening_again_changes_nothing(path: Path, clock: Clock) -> None:
    """Each migration is applied once, however often the file is opened."""
    async with opened(path, clock) as first:
        before = (await recorded(first), await schema(first))
    clock.wait(60)
    async with opened(path, clock) as second:
        assert (await recorded(second), await schema(second)) == before


def test_the_files_are_numbered_without_gaps() -> None:
    """The files are numbered from 0001, each with a name, and there are no other files."""
    names = sorted(entry.name for entry in files(migrations).iterdir() if entry.name.endswith(".sql"))
    assert all(re.fullmatch(r"\d{4}_[a-z][a-z0-9_]*\.sql", name) for name in names)
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert [migration.version for migration in migrations.known()] == list(range(1, len(names) + 1))


async def test_a_newer_file_is_refused_and_left_alone(path: Path, clock: Clock) -> None:
    """A newer file is rejected with a sentence that says what to do."""
    async with opened(path, clock) as database:
        async with database.transaction() as tx:
            await tx.run("INSERT INTO migrations VALUES (9999, 'of_the_future', 0)")
        before = await schema(database)
    with pytest.raises(TooNew, match=r"schema 9999, .* knows only up to \d+\. Install the newer version again"):
        await open_database(path, clock)
    with closing(sqlite3.connect(path)) as plain:
        assert [row[0] for row in plain.execute("SELECT sql FROM sqlite_master ORDER BY type, name")] == before


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    """Returns a plain connection to the file, set up like the writer."""
    connection = await connect(path)
    try:
        yield connection
    finally:
        await connection.close()


async def tables(connection: aiosqlite.Connection) -> list[str]:
    """Returns the tables."""
    found = await connection.execute_fetchall("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [row[0] for row in found]


async def apply(connection: aiosqlite.Connection, clock: Clock, known: list[Migration]) -> list[int]:
    """Applies migrations and returns the versions that were missing."""
    return [migration.version async for migration in migrations._apply(connection, clock, known)]


async def test_one_that_fails_half_way_leaves_the_file_as_it_was(path: Path, clock: Clock) -> None:
    """A failed migration leaves nothing and stops later ones; once fixed, the run continues from there."""
    async with connected(path) as connection:
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            await apply(connection, clock, BROKEN)
        assert not connection.in_transaction
        assert await migrations.version(connection) == 1
        assert await tables(connection) == ["a", "migrations"]
        assert not list(await connection.execute_fetchall("SELECT x FROM a"))
        mended = [BROKEN[0], Migration(2, "second", "CREATE TABLE b (x BIGINT);"), BROKEN[2]]
        assert await apply(connection, clock, mended) == [2, 3]
        assert await tables(connection) == ["a", "b", "c", "migrations"]


async def test_a_rule_that_a_migration_itself_breaks_is_an_error(path: Path, clock: Clock) -> None:
    """A migration's own constraint error is not taken for another process that was faster."""
    async with connected(path) as connection:
        twice = [Migration(1, "first", "CREATE TABLE a (x BIGINT PRIMARY KEY); INSERT INTO a VALUES (1), (1);")]
        with pytest.raises(sqlite3.IntegrityError):
            await apply(connection, clock, twice)
        assert await tables(connection) == ["migrations"]


async def test_several_that_open_a_file_at_once_bring_it_up_to_date_once(path: Path, clock: Clock) -> None:
    """The bot and a command may start at the same time after an upgrade."""
    async with connected(path), AsyncExitStack() as stack:
        databases = [opened(path, clock) for _ in range(4)]
        await asyncio.gather(*(stack.enter_async_context(database) for database in databases))
    async with opened(path, clock) as database:
        assert len(await recorded(database)) == len(migrations.known())


async def test_one_that_stands_behind_another_goes_on_with_the_next(path: Path, clock: Clock) -> None:
    """A migration that another process applied in the meantime is not applied again."""
    async with connected(path) as ours, connected(path) as theirs:
        known = [Migration(number, f"number_{number}", f"CREATE TABLE t{number} (x BIGINT);") for number in (1, 2)]
        applying = migrations._apply(ours, clock, known)
        assert (await anext(applying)).version == 1
        assert await apply(theirs, clock, known) == [2]
        assert [migration.version async for migration in applying] == []
        assert await tables(ours) == ["migrations", "t1", "t2"]
