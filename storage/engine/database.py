"""The one SQLite file: opened with aiosqlite, brought up to date, read and written.

One writer connection behind a FIFO, because several lock each other out; readers on connections of their own that
cannot write. A transaction that was begun ends whole or not at all, whoever is cancelled meanwhile; those that wait for
the writer together share one commit, and each caller goes on once it is on the disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from storage.engine.causation import REASON
from storage.engine.clock import Clock, system_clock
from storage.engine.connection import BEGIN, SqliteConnection, connect
from storage.engine.ids import Ids
from storage.engine.migrations import applying, migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from storage.engine.commit_events import News
    from storage.engine.migrations import Migration

Row = TypeVar("Row")

READERS = 2
_SYNCED = ("PRAGMA synchronous = FULL", "PRAGMA wal_autocheckpoint = 1000")  # pages
_NOT_SYNCED = ("PRAGMA synchronous = NORMAL", "PRAGMA wal_autocheckpoint = 0")  # a checkpoint waits for the disk
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


class Connection:
    """Reads from the database while it is held. Its statements run in a thread."""

    def __init__(self, connection: SqliteConnection) -> None:
        self._connection = connection

    async def all(self, row: Callable[..., Row], sql: str, **values: Any) -> list[Row]:
        """Returns every row of the statement, each as `row(**columns)`."""
        return [row(**dict(columns)) for columns in await self._connection.execute_fetchall(sql, values)]

    async def one(self, row: Callable[..., Row], sql: str, **values: Any) -> Row | None:
        """Returns the first row of the statement, or None."""
        found = await self.all(row, sql, **values)
        return found[0] if found else None

    async def value(self, sql: str, **values: Any) -> Any:
        """Returns the first column of the first row, or None."""
        return next((columns[0] for columns in await self._connection.execute_fetchall(sql, values)), None)


class InlineConnection(Connection):
    """A connection whose statements run where the caller is: each has to find its few rows by an index."""

    def __init__(self, connection: SqliteConnection) -> None:
        super().__init__(connection)
        self._execute = connection.here.execute

    async def all(self, row: Callable[..., Row], sql: str, **values: Any) -> list[Row]:
        """Returns every row of the statement, each as `row(**columns)`."""
        return [row(**dict(columns)) for columns in self._execute(sql, values).fetchall()]

    async def one(self, row: Callable[..., Row], sql: str, **values: Any) -> Row | None:
        """Returns the first row of the statement, or None."""
        found = self._execute(sql, values).fetchall()
        return row(**dict(found[0])) if found else None

    async def value(self, sql: str, **values: Any) -> Any:
        """Returns the first column of the first row, or None."""
        found = self._execute(sql, values).fetchall()
        return found[0][0] if found else None


class Transaction(InlineConnection):
    """An open write transaction.

    Attributes:
        now: when it began, in microseconds UTC; every row that it writes carries this one time.
        new_id: returns an id greater than every one before it.
        committed: done when it is.
    """

    def __init__(self, connection: SqliteConnection, now: int, ids: Ids) -> None:
        super().__init__(connection)
        self.now = now
        self.new_id = ids.new
        self.woken: set[str] = set()
        self.committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.told: list[tuple[News, int | None]] = []

    async def run(self, sql: str, **values: Any) -> int:
        """Runs a statement that gives no rows; returns how many rows it changed."""
        return self._execute(sql, values).rowcount

    def wake(self, whom: str) -> None:
        """Wakes those who listen for `whom`, once this is committed."""
        self.woken.add(whom)

    def tell(self, news: News) -> None:
        """Has an event counted and logged, once this is committed; never if it is not."""
        self.told.append((news, REASON.get()))


class Database:
    """The open file. Make one with `open_database`.

    Attributes:
        clock: microseconds UTC.
        reader: sees what is committed, can't write, and makes nobody wait: for rows that an index finds.
    """

    def __init__(self, writer: SqliteConnection, readers: list[SqliteConnection], clock: Clock) -> None:
        self.clock = clock
        self.reader = InlineConnection(readers[0])
        self._writer = writer
        self._readers = readers
        self._free: asyncio.LifoQueue[SqliteConnection] = asyncio.LifoQueue()
        for reader in readers[1:]:
            self._free.put_nowait(reader)
        self._turn = asyncio.Lock()  # wakes its waiters in the order they came
        self._batch: list[Transaction] = []  # that wait for one commit
        self._is_synced = True  # whether the next commit waits for the disk
        self._committing: asyncio.Task[None] | None = None
        self._listeners: dict[str, list[Callable[[], None]]] = {}
        self._followers: list[Callable[[News, int | None], None]] = []
        self._ids = Ids(clock)

    @asynccontextmanager
    async def transaction(self, *, synced: bool = True) -> AsyncIterator[Transaction]:
        """Holds the writer. Left normally it is committed, left by any exception it is undone.

        Args:
            synced: it goes on once the disk has it. Else a power cut may undo it, never a part of it and nothing that
                was committed before; what is synced later brings it along. Only for what is done again by itself from
                what the disk has, before anybody is answered or asked.

        Raises:
            sqlite3.OperationalError: the disk is full, or another process holds the file for too long.
        """
        async with self._turn:
            try:
                transaction = await self._begin(synced=synced)
                yield transaction
                self._writer.here.execute("RELEASE one")
            except BaseException:
                await self._undo()
                raise
            self._batch.append(transaction)
            if not self._is_synced:
                await self._commit_batch()
            elif self._committing is None:  # it takes its turn after all who wait now, for all of them
                self._committing = asyncio.create_task(self._commit())
        try:
            await _unbroken(transaction.committed)
        finally:
            self._pass_on(transaction)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """Holds a reader, which sees what is committed and cannot write: its statements run in a thread."""
        reader = await self._free.get()
        try:
            yield Connection(reader)
        finally:
            self._free.put_nowait(reader)

    def listen(self, whom: str, listener: Callable[[], None]) -> None:
        """Calls `listener` after each commit in which `Transaction.wake(whom)` was said."""
        self._listeners.setdefault(whom, []).append(listener)

    def follow(self, follower: Callable[[News, int | None], None]) -> None:
        """Calls `follower` after a commit for each news, with the row of the intake that it follows from, if any."""
        self._followers.append(follower)

    async def data_version(self) -> int:
        """A number that changes when another process has written to the file: the writer sees all but its own."""
        async with self._alone():
            return int(await InlineConnection(self._writer).value("PRAGMA data_version"))

    async def start_ids(self) -> None:
        """Makes ids rise from the greatest one stored, even if the clock was set back meanwhile."""
        async with self.read() as reader:
            newest = [await reader.value(f"SELECT max(id) FROM {table}") for table in _WITH_IDS]
        self._ids.rise_above(max((found for found in newest if found is not None), default=0))

    async def flush(self) -> bool:
        """Brings everything from the log into the file and empties the log; returns whether nobody was in the way."""
        async with self._alone():
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
        async with self._alone():
            (pages,) = await self._writer.execute_fetchall("PRAGMA page_count")
            (size,) = await self._writer.execute_fetchall("PRAGMA page_size")
            if pages[0] * size[0] > largest:
                return False
            await _unbroken(self._writer.execute("VACUUM"))
        return await self.flush()

    async def close(self) -> None:
        """Waits for the transactions under way, then closes every connection."""
        async with self._alone():
            for connection in (*self._readers, self._writer):
                await connection.close()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Holds the writer, with nothing of anybody's that is not committed."""
        async with self._turn:
            await _unbroken(self._commit_batch())
            yield

    # --- one commit for all who wait ----------------------------------------------------------------------------------

    async def _begin(self, *, synced: bool) -> Transaction:
        if not self._writer.in_transaction:
            if synced != self._is_synced:
                self._is_synced = synced
                for pragma in _SYNCED if synced else _NOT_SYNCED:
                    self._writer.here.execute(pragma)
            if not self._writer.begin_at_once():
                await _unbroken(self._writer.execute(BEGIN))
        self._writer.here.execute("SAVEPOINT one")
        return Transaction(self._writer, self.clock(), self._ids)

    async def _undo(self) -> None:
        """Takes back what this transaction wrote, and leaves what waits for the same commit."""
        if not self._batch:
            await _unbroken(self._writer.rollback())  # does nothing where nothing is open
        elif self._writer.in_transaction:
            self._writer.here.execute("ROLLBACK TO one")
            self._writer.here.execute("RELEASE one")
        else:
            self._fail(sqlite3.OperationalError("the transaction was given up with another one"))

    async def _commit(self) -> None:
        try:
            async with self._turn:
                self._committing = None
                await self._commit_batch()
        except BaseException:
            self._fail(sqlite3.OperationalError("the program ends"))
            raise

    async def _commit_batch(self) -> None:
        if not self._batch:
            return  # it was committed at the close, or SQLite has given it up, and that is told
        try:
            if self._is_synced:
                await self._writer.execute("COMMIT")
            else:
                self._writer.here.execute("COMMIT")  # the disk is not waited for, so no thread needs to
        except sqlite3.Error as error:
            try:
                await _unbroken(self._writer.rollback())
            finally:
                self._fail(error)
        else:
            self._tell()

    def _tell(self) -> None:
        batch, self._batch = self._batch, []
        for transaction in batch:
            transaction.committed.set_result(None)
        for whom in dict.fromkeys(whom for transaction in batch for whom in transaction.woken):
            for listener in self._listeners.get(whom, ()):
                listener()

    def _pass_on(self, transaction: Transaction) -> None:
        """Where it was told, not where it was committed for others too: what a follower logs is bound to the work."""
        committed = transaction.committed
        if committed.done() and not committed.cancelled() and committed.exception() is None:
            for news, intake_id in transaction.told:
                for follower in self._followers:
                    follower(news, intake_id)

    def _fail(self, error: sqlite3.Error) -> None:
        batch, self._batch = self._batch, []
        for transaction in batch:
            transaction.committed.set_exception(type(error)(*error.args))


async def open_database(path: Path, clock: Clock = system_clock) -> Database:
    """Opens the file, makes it if it is not there, and brings its schema up to date.

    Raises:
        storage.engine.migrations.TooNew: it was written by a newer version of this program.
        sqlite3.OperationalError: it cannot be opened or is no database.
    """
    async with AsyncExitStack() as opened:
        writer = await connect(path)
        opened.push_async_callback(writer.close)
        await migrate(writer, clock)
        readers = []
        for _ in range(READERS + 1):  # one of them for `reader`
            readers.append(await connect(path))
            opened.push_async_callback(readers[-1].close)
            await readers[-1].execute("PRAGMA query_only = ON")
        database = Database(writer, readers, clock)
        await database.start_ids()
        opened.pop_all()
    return database


async def upgrade(path: Path, clock: Clock, report: Callable[[Migration], None]) -> list[Migration]:
    """Brings the schema of a file up to date; tells each change once it is made, and returns them.

    Raises:
        storage.engine.migrations.TooNew: it was written by a newer version of this program.
        sqlite3.OperationalError: it cannot be opened or is no database.
    """
    made = []
    writer = await connect(path)
    try:
        async for migration in applying(writer, clock):
            made.append(migration)
            report(migration)
    finally:
        await writer.close()
    return made


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
