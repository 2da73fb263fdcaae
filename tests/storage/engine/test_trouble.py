"""A full disk, a file held by another process, a file that is not ours."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from sandbox.timeouts import PATIENCE
from storage.engine.database import Database, open_database
from storage.tables.intake import Appender, Arrival
from tests.storage.engine.test_database import mark, marks
from tests.storage.making import opened, value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.storage.making import Clock

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
connection.execute("INSERT INTO watermarks (key, value) VALUES ('theirs', '')")
print("held", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
connection.close()
"""


@contextmanager
def another_process_writes(path: Path) -> Iterator[None]:
    """Lets another process hold an open transaction and commit it at the end."""
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own script
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield
        finally:
            process.stdin.write("\n")
            process.stdin.close()
    assert process.returncode == 0


async def test_a_file_that_another_process_holds_is_an_error_in_time_for_slack(database: Database, path: Path) -> None:
    """A wait ends after 1.5 seconds without blocking the loop or the readers; later it works again."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    with another_process_writes(path):
        began = time.monotonic()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            async with database.transaction() as tx:
                await mark(tx, "ours")
        assert time.monotonic() - began > 1.2
        async with database._writer.waiting():
            (waits,) = await database._writer.execute_fetchall("PRAGMA busy_timeout")
        assert waits[0] == 1500  # milliseconds of Slack's 3,000
        assert await marks(database) == []
    ticking.cancel()
    assert ticks > 20
    async with database.transaction() as tx:
        await mark(tx, "ours")
    assert await marks(database) == ["ours", "theirs"]


async def test_what_another_process_wrote_is_noticed(database: Database, path: Path) -> None:
    """`data_version` changes once another process has committed, also if we wrote in between."""
    before = await database.data_version()
    with another_process_writes(path):
        assert await database.data_version() == before
    async with database.transaction() as tx:
        await mark(tx, "ours")
    after = await database.data_version()
    assert after != before
    assert await database.data_version() == after


async def fill(database: Database) -> None:
    """Shrinks the file to its content, so that writing needs new pages, like a full disk."""
    async with database.transaction() as tx:
        pages = await tx.value("PRAGMA page_count")
    await database._writer.execute(f"PRAGMA max_page_count = {pages}")


async def write_much(database: Database) -> None:
    """Runs a transaction that needs some hundred more pages."""
    async with database.transaction() as tx:
        for number in range(200):
            await mark(tx, f"row {number}", "x" * 4000)


async def test_a_full_disk_is_an_error_and_not_the_end(database: Database) -> None:
    """On a full disk a write fails, old rows stay, and with room again everything works."""
    async with database.transaction() as tx:
        await mark(tx, "before")
    await fill(database)
    for _ in range(3):
        with pytest.raises(sqlite3.OperationalError, match="full"):
            await write_much(database)
        assert await marks(database) == ["before"]
    await database._writer.execute("PRAGMA max_page_count = 100000")
    async with database.transaction() as tx:
        await mark(tx, "later", "x" * 4000)
    assert await marks(database) == ["before", "later"]


async def test_on_a_full_disk_nothing_is_taken_in(database: Database) -> None:
    """Waiting appends get the error; with room again the next arrival is stored."""
    appender = Appender(database)
    await fill(database)
    large = [Arrival("fone", "inbound", f"large {number}", b"x" * 100_000, {}) for number in range(3)]
    send_results = await asyncio.gather(*(appender.append(arrival) for arrival in large), return_exceptions=True)
    assert [type(outcome) for outcome in send_results] == [sqlite3.OperationalError] * 3
    await database._writer.execute("PRAGMA max_page_count = 100000")
    assert await appender.append(large[0])
    assert await value(database, "SELECT count(*) FROM intake") == 1


async def threads(count: int) -> None:
    """Waits until at most this many threads are alive: each connection has one, and would keep the process alive."""
    async with asyncio.timeout(PATIENCE):
        while threading.active_count() > count:  # noqa: ASYNC110 - a thread sets no event
            await asyncio.sleep(0.005)


@pytest.fixture
def diary(path: Path) -> Iterator[Path]:
    """A file that is not a database, and must not change."""
    path.write_text("Dear diary, " * 400, encoding="utf-8")
    yield path
    assert path.read_text(encoding="utf-8") == "Dear diary, " * 400


async def test_a_file_that_is_no_database_is_an_error(diary: Path, clock: Clock) -> None:
    """The file does not change, and no connection stays open."""
    before = threading.active_count()
    with pytest.raises(sqlite3.DatabaseError):
        await open_database(diary, clock)
    await threads(before)


async def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path, clock: Clock) -> None:
    """Opening creates a database in a folder, but never the folder."""
    before = threading.active_count()
    with pytest.raises(sqlite3.OperationalError):
        await open_database(tmp_path / "nowhere" / "threadline.db", clock)
    await threads(before)


async def test_closing_waits_for_what_is_under_way(path: Path, clock: Clock) -> None:
    """A transaction under way is committed before the file is closed."""
    database = await open_database(path, clock)
    begun = asyncio.Event()

    async def write() -> None:
        async with database.transaction() as tx:
            begun.set()
            await mark(tx, "a")
            await asyncio.sleep(0.02)
            await mark(tx, "b")

    writing = asyncio.create_task(write())
    await begun.wait()
    await database.close()
    await writing
    async with opened(path, clock) as again:
        assert await marks(again) == ["a", "b"]
