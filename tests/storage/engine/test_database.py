"""One writer in order of request, readers that cannot write, and listeners after a commit."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import pytest

from storage.engine.database import READERS, Transaction
from tests.storage.making import START, rows, value

if TYPE_CHECKING:
    from storage.engine.database import Connection, Database
    from tests.storage.making import Clock

MARK = "INSERT INTO watermarks (key, value) VALUES (:key, :value)"


async def mark(tx: Transaction, key: str, text: str = "") -> None:
    """Writes a row."""
    await tx.run(MARK, key=key, value=text)


async def marks(database: Database) -> list[str]:
    """Returns the rows that `mark` wrote and a reader sees."""
    return [row["key"] for row in await rows(database, "SELECT key FROM watermarks ORDER BY key")]


# --- transactions -----------------------------------------------------------------------------------------------------


async def test_transactions_come_one_after_the_other_in_the_order_of_asking(database: Database) -> None:
    """None of fifty tasks sees another's unfinished work, and they write in order of request."""
    inside = 0
    order: list[int] = []

    async def write(number: int) -> None:
        nonlocal inside
        async with database.transaction() as tx:
            inside += 1
            assert inside == 1
            count = await tx.value("SELECT count(*) FROM watermarks")
            await mark(tx, f"{number:02}", str(count))
            inside -= 1
            order.append(number)

    await asyncio.gather(*(write(number) for number in range(50)))
    assert order == list(range(50))
    found = await rows(database, "SELECT key, value FROM watermarks ORDER BY key")
    assert [int(row["value"]) for row in found] == list(range(50))


async def test_a_commit_is_seen_by_readers_and_only_then(database: Database) -> None:
    """A reader sees nothing of an open transaction, and all of it once committed."""
    async with database.transaction() as tx:
        await mark(tx, "a")
        assert await marks(database) == []
    assert await marks(database) == ["a"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, asyncio.CancelledError, SystemExit, GeneratorExit])
async def test_any_exception_rolls_back(database: Database, error: type[BaseException]) -> None:
    """Any exception rolls back the whole transaction, and the next one works."""
    with pytest.raises(error):
        await _write_and_raise(database, error)
    async with database.transaction() as tx:
        await mark(tx, "b")
    assert await marks(database) == ["b"]


async def _write_and_raise(database: Database, error: type[BaseException]) -> None:
    async with database.transaction() as tx:
        tx.wake("jobs")
        await mark(tx, "a")
        raise error


async def test_a_statement_that_fails_rolls_back_what_was_before_it(database: Database) -> None:
    """A row that breaks a constraint rolls back the transaction."""

    async def write_twice() -> None:
        async with database.transaction() as tx:
            await mark(tx, "a")
            await mark(tx, "a")

    with pytest.raises(sqlite3.IntegrityError):
        await write_twice()
    assert await marks(database) == []


async def test_every_row_of_a_transaction_has_one_time(database: Database, clock: Clock) -> None:
    """`now` is the start of the transaction, however long it takes."""
    async with database.transaction() as tx:
        clock.wait(5)
        assert tx.now == START


async def test_run_counts_the_rows_that_it_changed(database: Database) -> None:
    """A statement returns how many rows it wrote, changed or deleted."""
    async with database.transaction() as tx:
        assert await tx.run("INSERT INTO watermarks (key, value) VALUES ('a', ''), ('b', '')") == 2
        assert await tx.run("UPDATE watermarks SET value = 'x' WHERE key = 'a'") == 1
        assert await tx.run("DELETE FROM watermarks WHERE key = 'c'") == 0


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO watermarks (key, value) VALUES ('a', '')",
        "UPDATE watermarks SET value = 'x'",
        "DELETE FROM watermarks",
        "DROP TABLE watermarks",
    ],
)
async def test_a_reader_cannot_write(database: Database, sql: str) -> None:
    """SQLite rejects a write."""
    async with database.read() as reader:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await reader.value(sql)


async def test_as_many_read_at_once_as_there_are_readers(database: Database) -> None:
    """One more reader waits until another is free, also after a cancellation."""
    held = [database.read() for _ in range(READERS)]
    for each in held:
        await each.__aenter__()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await marks(database)
    waiting = asyncio.create_task(marks(database))
    await held[0].__aexit__(None, None, None)
    assert await waiting == []
    await held[1].__aexit__(None, None, None)


async def test_a_cancelled_reader_is_free_again(database: Database) -> None:
    """Cancelled readers become free again."""
    for _ in range(READERS * 2):
        reading = asyncio.create_task(marks(database))
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    assert await marks(database) == []


async def test_one_and_value_and_all(database: Database) -> None:
    """The first row or None, the first column or None, every row; each built by the given callable."""
    async with database.transaction() as tx:
        assert await tx.one(dict, "SELECT key FROM watermarks") is None
        assert await tx.value("SELECT key FROM watermarks") is None
        assert await tx.all(dict, "SELECT key FROM watermarks") == []
        await mark(tx, "a", "1")
        await mark(tx, "b", "2")
        assert await tx.one(dict, "SELECT key, value FROM watermarks ORDER BY key") == {"key": "a", "value": "1"}
        assert await tx.value("SELECT value FROM watermarks ORDER BY key DESC") == "2"
        assert len(await tx.all(dict, "SELECT key FROM watermarks")) == 2


# --- opening the file -------------------------------------------------------------------------------------------------


async def _pragmas(connection: Connection) -> dict[str, object]:
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "query_only")
    return {name: await connection.value(f"PRAGMA {name}") for name in names}


async def test_what_is_acknowledged_is_on_the_disk(database: Database) -> None:
    """The writer has a write-ahead log, syncs it at every commit and keeps foreign keys; only `begin` waits."""
    async with database.transaction() as tx:
        found = await _pragmas(tx)
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 0, "query_only": 0}


async def test_every_reader_is_set_up_like_the_writer(database: Database) -> None:
    """Readers cannot write, and wait less long than Slack does."""
    async with database.read() as first, database.read() as second:
        for reader in (first, second):
            found = await _pragmas(reader)
            assert found["journal_mode"] == "wal"
            assert found["busy_timeout"] == 1500
            assert found["query_only"] == 1


async def test_a_row_cannot_name_another_that_is_not_there(database: Database) -> None:
    """Foreign keys are enforced."""
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        async with database.transaction() as tx:
            await tx.run("INSERT INTO suppressions (id, contact_id, since, source, evidence) VALUES (1, 2, 3, '', '')")


# --- listeners --------------------------------------------------------------------------------------------------------


async def test_listeners_are_told_after_the_commit_of_what_was_woken(database: Database) -> None:
    """Only listeners of the woken name are called, once per commit, after others can see it."""
    told: list[str] = []
    database.listen("jobs", lambda: told.append("jobs"))
    database.listen("jobs", lambda: told.append("jobs too"))
    database.listen("intake", lambda: told.append("intake"))
    async with database.transaction() as tx:
        tx.wake("jobs")
        tx.wake("jobs")
        assert told == []
    assert told == ["jobs", "jobs too"]
    async with database.transaction() as tx:
        await mark(tx, "a")
    assert told == ["jobs", "jobs too"]


async def test_nobody_is_told_of_what_was_rolled_back(database: Database) -> None:
    """A rolled-back transaction calls no listener, and leaves none to the next one."""
    told: list[str] = []
    database.listen("jobs", lambda: told.append("jobs"))
    with pytest.raises(ValueError):  # noqa: PT011 - our own
        await _write_and_raise(database, ValueError)
    async with database.transaction() as tx:
        await mark(tx, "a")
    assert told == []


async def test_our_own_writes_do_not_look_like_those_of_others(database: Database) -> None:
    """`data_version` stays the same over our own commits and reads."""
    before = await database.data_version()
    for number in range(5):
        async with database.transaction() as tx:
            await mark(tx, str(number))
    assert await value(database, "SELECT count(*) FROM watermarks") == 5
    assert await database.data_version() == before
