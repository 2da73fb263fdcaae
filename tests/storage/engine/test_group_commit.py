"""Transactions that wait for the writer together share one commit, and each one still succeeds or fails by itself."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import pytest

from sandbox.timeouts import PATIENCE
from tests.storage.engine.test_database import mark, marks
from tests.storage.tables.test_intake import count_commits

if TYPE_CHECKING:
    from storage.engine.database import Database


NORMAL, FULL = 1, 2  # values of `PRAGMA synchronous`


class Change(Exception):
    """Raised to leave a transaction."""


async def write(database: Database, key: str, *, fails: bool = False, size: int = 1) -> None:
    """Runs a transaction of one row."""
    async with database.transaction() as tx:
        await mark(tx, key, "x" * size)
        await asyncio.sleep(0)
        if fails:
            raise Change


async def test_those_who_wait_together_share_one_commit(database: Database) -> None:
    """Any number of waiters share one commit; later ones get the next."""
    commits = await count_commits(database)
    await asyncio.gather(*(write(database, f"row {number}") for number in range(20)))
    assert len(commits) == 1
    await write(database, "later")
    assert len(commits) == 2
    assert len(await marks(database)) == 21


async def test_nobody_goes_on_before_it_is_on_the_disk(database: Database) -> None:
    """A reader sees a transaction's rows as soon as it has returned."""

    async def look(number: int) -> None:
        await write(database, f"row {number}")
        assert f"row {number}" in await marks(database)

    await asyncio.gather(*(look(number) for number in range(5)))


async def test_one_that_fails_takes_no_other_with_it(database: Database) -> None:
    """A failed transaction is undone; those before and after it are committed."""
    commits = await count_commits(database)
    found = await asyncio.gather(
        *(write(database, f"row {number}", fails=number % 2 == 1) for number in range(6)), return_exceptions=True
    )
    assert [type(each) for each in found] == [type(None), Change] * 3
    assert await marks(database) == ["row 0", "row 2", "row 4"]
    assert len(commits) == 1


async def test_one_that_is_cancelled_takes_no_other_with_it(database: Database) -> None:
    """The same holds if it is cancelled while others wait for the shared commit."""
    tasks = [asyncio.create_task(write(database, f"row {number}")) for number in range(3)]
    while not database._batch:  # noqa: ASYNC110 - turn by turn, so as not to miss it
        await asyncio.sleep(0)
    tasks[1].cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in found] == [type(None), asyncio.CancelledError, type(None)]
    assert await marks(database) == ["row 0", "row 2"]


async def test_a_commit_that_fails_is_told_to_all_who_share_it(database: Database) -> None:
    """If a commit fails, its rows are gone, no listener is called, every caller gets the error, and the next works."""
    async with database.transaction() as tx:
        pages = await tx.value("PRAGMA page_count")
    await database._writer.execute(f"PRAGMA max_page_count = {pages + 3}")
    found = await asyncio.gather(
        *(write(database, f"row {number}", size=9_000) for number in range(4)), return_exceptions=True
    )
    failed = [each for each in found if isinstance(each, sqlite3.OperationalError)]
    assert failed
    assert len(await marks(database)) == len(found) - len(failed)
    await database._writer.execute("PRAGMA max_page_count = 100000")
    await write(database, "next")
    assert "next" in await marks(database)


async def test_a_row_that_two_of_them_want_is_the_first_ones(database: Database) -> None:
    """Each transaction sees the rows of those before it, committed or not."""

    async def once(number: int) -> int:
        async with database.transaction() as tx:
            sql = "INSERT INTO watermarks (key, value) VALUES ('one', :value) ON CONFLICT (key) DO NOTHING"
            return await tx.run(sql, value=str(number))

    assert await asyncio.gather(*(once(number) for number in range(4))) == [1, 0, 0, 0]


async def test_a_statement_that_fails_leaves_the_ones_before_it(database: Database) -> None:
    """A failed statement affects only its own transaction."""

    async def twice() -> None:
        async with database.transaction() as tx:
            await mark(tx, "twice")
            await tx.run("INSERT INTO watermarks (key, value) VALUES ('twice', '')")

    with pytest.raises(sqlite3.IntegrityError):
        await twice()
    await write(database, "next")
    assert await marks(database) == ["next"]


async def test_what_need_not_be_synced_shares_no_commit_with_what_must(database: Database) -> None:
    """An unsynced transaction is committed at once; the next synced one writes it to disk, in order of request."""
    found: list[tuple[str, int]] = []

    async def look(key: str, *, synced: bool) -> None:
        async with database.transaction(synced=synced) as tx:
            await mark(tx, key)
            found.append((key, await tx.value("PRAGMA synchronous")))

    commits = await count_commits(database)
    asked = {"a": False, "b": False, "c": True, "d": False, "e": True}
    await asyncio.gather(*(look(key, synced=synced) for key, synced in asked.items()))
    assert found == [("a", NORMAL), ("b", NORMAL), ("c", FULL), ("d", FULL), ("e", FULL)]
    assert len(commits) == 3
    assert await marks(database) == list(asked)


@pytest.mark.parametrize("steps", range(30))
async def test_cancelled_while_it_commits_for_others_they_still_hear_of_it(database: Database, steps: int) -> None:
    """A caller that needs the file alone or synced commits the waiting rows, whose callers continue in any case."""

    async def unsynced() -> None:
        async with database.transaction(synced=False) as tx:
            await mark(tx, "theirs")

    theirs = asyncio.create_task(unsynced())
    await asyncio.sleep(0)
    ours = [asyncio.create_task(database.data_version()), asyncio.create_task(write(database, "ours"))]
    for _ in range(steps):
        await asyncio.sleep(0)
    for each in ours:
        each.cancel()
    async with asyncio.timeout(PATIENCE):
        await theirs
    await asyncio.gather(*ours, return_exceptions=True)
    assert "theirs" in await marks(database)
