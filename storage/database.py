"""The one SQLite file: opened with aiosqlite, brought up to date, read and written.

One writer connection behind a FIFO, because several lock each other out; readers on connections of their own that
cannot write. A transaction that was begun ends whole or not at all, whoever is cancelled meanwhile.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import aiosqlite

from storage.clock import Clock, system_clock
from storage.ids import Ids
from storage.migrations import migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
    from pathlib import Path

Row = TypeVar("Row")

READERS = 2
_WITH_IDS = (
    "alerts",
    "attempts",
    "contacts",
    "conversations",
    "files",
    "intake",
    "jobs",
    "leases",
    "messages",
    "posts",
    "quotas",
    "receipts",
    "suppressions",
    "templates",
)
_PRAGMAS = (
    "PRAGMA busy_timeout = 1500",  # milliseconds: below the three seconds that Slack waits for an answer
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # what is acknowledged has reached the disk
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten
)


class Connection:
    """What may be asked of the database while it is held: the rows as they are now."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def all(self, row: Callable[..., Row], sql: str, **values: Any) -> list[Row]:
        """Every row that the statement gives, each as `row(**columns)`."""
        found = await self._connection.execute_fetchall(sql, values)
        return [row(**dict(columns)) for columns in found]

    async def one(self, row: Callable[..., Row], sql: str, **values: Any) -> Row | None:
        """The first row that the statement gives, or None."""
        found = await self.all(row, sql, **values)
        return found[0] if found else None

    async def value(self, sql: str, **values: Any) -> Any:
        """The first column of the first row, or None."""
        found: Iterable[sqlite3.Row] = await self._connection.execute_fetchall(sql, values)
        return next((columns[0] for columns in found), None)


class Transaction(Connection):
    """An open write transaction.

    Attributes:
        now: when it began, in microseconds UTC; every row that it writes carries this one time.
    """

    def __init__(self, connection: aiosqlite.Connection, now: int, ids: Ids) -> None:
        super().__init__(connection)
        self.now = now
        self.woken: set[str] = set()
        self._ids = ids

    def new_id(self) -> int:
        """An id greater than every one before it."""
        return self._ids.new()

    async def run(self, sql: str, **values: Any) -> int:
        """Runs a statement that gives no rows; returns how many rows it changed."""
        cursor = await self._connection.execute(sql, values)
        return cursor.rowcount

    def wake(self, whom: str) -> None:
        """Tells those who wait for `whom` ("jobs", "intake") that there is something new, once this is committed."""
        self.woken.add(whom)


class Database:
    """The open file. Make one with `open_database`."""

    def __init__(self, writer: aiosqlite.Connection, readers: list[aiosqlite.Connection], clock: Clock) -> None:
        self.clock = clock
        self._writer = writer
        self._readers = readers
        self._free: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        for reader in readers:
            self._free.put_nowait(reader)
        self._turn = asyncio.Lock()  # wakes its waiters in the order they came
        self._listeners: dict[str, list[Callable[[], None]]] = {}
        self._ids = Ids(clock)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Holds the writer. Left normally it commits, left by any exception it rolls back.

        Raises:
            sqlite3.OperationalError: the disk is full, or another process holds the file for too long.
        """
        async with self._turn:
            try:
                await _unbroken(self._writer.execute("BEGIN IMMEDIATE"))
                transaction = Transaction(self._writer, self.clock(), self._ids)
                yield transaction
                await _unbroken(self._commit(transaction))
            except BaseException:
                await _unbroken(self._writer.rollback())  # does nothing where nothing is open
                raise

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """Holds a reader, which sees what is committed and cannot write."""
        reader = await self._free.get()
        try:
            yield Connection(reader)
        finally:
            self._free.put_nowait(reader)

    def listen(self, whom: str, listener: Callable[[], None]) -> None:
        """Calls `listener` after each commit in which `Transaction.wake(whom)` was said."""
        self._listeners.setdefault(whom, []).append(listener)

    async def data_version(self) -> int:
        """A number that changes when another process has written to the file: the writer sees all but its own."""
        return int(await Connection(self._writer).value("PRAGMA data_version"))

    async def start_ids(self) -> None:
        """Makes ids rise from the greatest one stored, even if the clock was set back meanwhile."""
        async with self.read() as reader:
            newest = [await reader.value(f"SELECT max(id) FROM {table}") for table in _WITH_IDS]
        self._ids.rise_above(max((found for found in newest if found is not None), default=0))

    async def flush(self) -> bool:
        """Brings everything from the log into the file and empties the log; returns whether nobody was in the way."""
        async with self._turn:
            (found,) = await self._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        return not found[0]

    async def scrub(self, largest: int) -> bool:
        """Writes the file anew, so that no remains of what was deleted are left in it; nobody can write meanwhile.

        SQLite overwrites what it deletes, but not the copies that it left behind when it moved rows between pages.

        Args:
            largest: bytes; a larger file would be locked for too long.

        Returns:
            Whether it was done.
        """
        async with self._turn:
            (pages,) = await self._writer.execute_fetchall("PRAGMA page_count")
            (size,) = await self._writer.execute_fetchall("PRAGMA page_size")
            if pages[0] * size[0] > largest:
                return False
            await _unbroken(self._writer.execute("VACUUM"))
        return await self.flush()

    async def close(self) -> None:
        """Waits for the transaction under way, then closes every connection."""
        async with self._turn:
            for connection in (*self._readers, self._writer):
                await connection.close()

    async def _commit(self, transaction: Transaction) -> None:
        await self._writer.execute("COMMIT")
        for whom in transaction.woken:
            for listener in self._listeners.get(whom, ()):
                listener()


async def open_database(path: Path, clock: Clock = system_clock) -> Database:
    """Opens the file, makes it if it is not there, and brings its schema up to date.

    Raises:
        storage.migrations.TooNew: it was written by a newer version of this program.
        sqlite3.OperationalError: it cannot be opened or is no database.
    """
    async with AsyncExitStack() as opened:
        writer = await _connect(path)
        opened.push_async_callback(writer.close)
        await migrate(writer, clock)
        readers = []
        for _ in range(READERS):
            readers.append(await _connect(path))
            opened.push_async_callback(readers[-1].close)
            await readers[-1].execute("PRAGMA query_only = ON")
        database = Database(writer, readers, clock)
        await database.start_ids()
        opened.pop_all()
    return database


async def _connect(path: Path) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
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


async def _unbroken(work: Awaitable[object]) -> None:
    """Waits until the work is done, however often the one who waits is cancelled: then that is said afterwards."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled from (None if task.cancelled() else task.exception())
    task.result()
