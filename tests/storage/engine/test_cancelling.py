"""A transaction is committed whole or not at all, wherever its caller is cancelled."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.timeouts import PATIENCE
from tests.storage.engine.test_database import mark, marks
from tests.storage.making import value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from storage.engine.database import Database

ROWS = 4  # in the cancelled transaction
STEPS = 40  # more loop turns than the transaction takes


async def write(database: Database, done: list[str]) -> None:
    """Runs a transaction of several statements and records its progress."""
    async with database.transaction() as tx:
        for number in range(ROWS):
            await mark(tx, f"row {number}")
            done.append(f"row {number}")
            await asyncio.sleep(0)  # statements run in place, so only here can the task be interrupted
        tx.wake("jobs")
    done.append("committed")


async def works(database: Database) -> None:
    """Checks that the next transaction succeeds."""
    async with asyncio.timeout(PATIENCE), database.transaction() as tx:
        await mark(tx, "next")
    assert "next" in await marks(database)


async def wait_for_thread(database: Database, number: int) -> None:
    """Waits until the writer's thread got this many more statements and runs the last of them."""
    given = 0
    execute: Any = database._writer._execute

    async def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal given
        given += 1
        return await execute(*arguments, **named)

    database._writer._execute = counted  # type: ignore[method-assign]  # a counter before the real thing
    try:
        while given < number:  # noqa: ASYNC110 - turn by turn, so as not to miss it
            await asyncio.sleep(0)
    finally:
        database._writer._execute = execute  # type: ignore[method-assign]  # as it was


async def wait_for_row(done: list[str], number: int) -> None:
    """Waits until this many rows are written."""
    while len(done) < number:  # noqa: ASYNC110 - turn by turn, so as not to miss it
        await asyncio.sleep(0)


@contextmanager
def held(path: Path) -> Iterator[Callable[[], None]]:
    """Lets another process hold the file, so that the writer's thread waits with its BEGIN."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other.rollback


@pytest.mark.parametrize("number", range(1, ROWS))
async def test_cancelled_at_any_statement_nothing_is_left(database: Database, number: int) -> None:
    """After a cancellation at any row nothing half-written or locked is left, and the cancellation is not swallowed."""
    told: list[str] = []
    database.listen("jobs", lambda: told.append("jobs"))
    done: list[str] = []
    writing = asyncio.create_task(write(database, done))
    await wait_for_row(done, number)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert len(done) == number
    assert await marks(database) == []
    await works(database)
    assert told == []


async def test_cancelled_while_another_process_holds_the_file_nothing_is_left(database: Database, path: Path) -> None:
    """A BEGIN that waits is finished and rolled back."""
    done: list[str] = []
    with held(path) as let_go:
        writing = asyncio.create_task(write(database, done))
        await wait_for_thread(database, 1)
        writing.cancel()
        let_go()
        with pytest.raises(asyncio.CancelledError):
            await writing
    assert done == []
    await works(database)
    assert await marks(database) == ["next"]


async def test_cancelled_at_the_commit_it_is_committed_and_told(database: Database) -> None:
    """A commit under way is finished, its listeners are called, and the cancellation is raised afterwards."""
    told: list[str] = []
    database.listen("jobs", lambda: told.append("jobs"))
    done: list[str] = []
    writing = asyncio.create_task(write(database, done))
    await wait_for_thread(database, 1)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert "committed" not in done
    assert len(await marks(database)) == ROWS
    assert told == ["jobs"]
    await works(database)


@pytest.mark.parametrize("is_held", [True, False], ids=["at the BEGIN", "at the COMMIT"])
async def test_cancelled_again_and_again_it_still_ends(database: Database, path: Path, *, is_held: bool) -> None:
    """Further cancellations during the first one change nothing."""
    with held(path) as let_go:
        if not is_held:
            let_go()
        writing = asyncio.create_task(write(database, []))
        await wait_for_thread(database, 1)
        while not writing.done():
            writing.cancel()
            await asyncio.sleep(0)
            let_go()
    assert writing.cancelled()
    assert len(await marks(database)) == (0 if is_held else ROWS)
    await works(database)


@pytest.mark.parametrize("steps", range(STEPS))
async def test_cancelled_after_any_turn_of_the_loop_it_is_whole_or_not_there(database: Database, steps: int) -> None:
    """After a cancellation at any loop turn all rows are there or none, and the next transaction works."""
    writing = asyncio.create_task(write(database, []))
    for _ in range(steps):
        await asyncio.sleep(0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert await value(database, "SELECT count(*) FROM watermarks") in {0, ROWS}
    await works(database)


async def test_cancelled_while_it_waits_for_its_turn_it_does_not_hold_others_up(database: Database) -> None:
    """A cancelled waiter holds up neither those behind it nor those before it."""
    async with database.transaction() as tx:
        await mark(tx, "first")
        waiting = [asyncio.create_task(write(database, [])), asyncio.create_task(works(database))]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
    await asyncio.gather(*waiting, return_exceptions=True)
    assert waiting[0].cancelled()
    assert await marks(database) == ["first", "next"]


async def test_a_time_limit_ends_as_a_time_limit(database: Database) -> None:
    """`asyncio.timeout` around a transaction raises TimeoutError and leaves nothing."""

    async def dawdle() -> None:
        async with asyncio.timeout(0.01), database.transaction() as tx:
            await mark(tx, "a")
            await asyncio.sleep(1)

    with pytest.raises(TimeoutError):
        await dawdle()
    await works(database)
    assert await marks(database) == ["next"]
