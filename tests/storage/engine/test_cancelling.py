"""A transaction ends whole or not at all, wherever the one who holds it is cancelled."""

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

ROWS = 4  # in the transaction that is cancelled
STEPS = 40  # more turns of the loop than the transaction takes


async def write(database: Database, done: list[str]) -> None:
    """A transaction of several statements that notes how far it came."""
    async with database.transaction() as tx:
        for number in range(ROWS):
            await mark(tx, f"row {number}")
            done.append(f"row {number}")
            await asyncio.sleep(0)  # a statement runs where it is asked: only here can anybody interrupt
        tx.wake("jobs")
    done.append("committed")


async def works(database: Database) -> None:
    """The next transaction goes through."""
    async with asyncio.timeout(PATIENCE), database.transaction() as tx:
        await mark(tx, "next")
    assert "next" in await marks(database)


async def wait_for_thread(database: Database, number: int) -> None:
    """Until the writer's thread was given so many statements more, and is busy with the last of them."""
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
    """Until so many rows are written."""
    while len(done) < number:  # noqa: ASYNC110 - turn by turn, so as not to miss it
        await asyncio.sleep(0)


@contextmanager
def held(path: Path) -> Iterator[Callable[[], None]]:
    """Another process holds the file, until it lets go of it: so long the writer's thread waits with its BEGIN."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other.rollback


@pytest.mark.parametrize("number", range(1, ROWS))
async def test_cancelled_at_any_statement_nothing_is_left(database: Database, number: int) -> None:
    """At any row: nothing half-written is there, nothing is locked, and the cancellation is not swallowed."""
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
    """The BEGIN that waits is waited for, and undone."""
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
    """The commit that was begun is finished: its listeners are woken, and the cancellation is said afterwards."""
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
    """A second and third cancellation while the first is being dealt with change nothing."""
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
    """Also between statements, and while it waits for the writer: all rows or none, and the next one works."""
    writing = asyncio.create_task(write(database, []))
    for _ in range(steps):
        await asyncio.sleep(0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert await value(database, "SELECT count(*) FROM watermarks") in {0, ROWS}
    await works(database)


async def test_cancelled_while_it_waits_for_its_turn_it_does_not_hold_others_up(database: Database) -> None:
    """Those behind it in the line come to their turn, and those before it are not touched."""
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
