"""The SQLite database: opening, migrating, reading and writing one file through aiosqlite.

One write connection serves callers in order, because several would lock each other out. Readers have their own
connections, which cannot write. A transaction is committed whole or not at all, even when its caller is cancelled.
Transactions that wait for the writer at the same time share one commit, and each caller continues once it is on disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from storage.engine.causation import REASON
from storage.engine.clock import Clock, system_clock
from storage.engine.connection import BEGIN, DO_NOT_WAIT, SqliteConnection, connect
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
        committed: a future, done once the transaction is durable.
    """

    def __init__(self, connection: SqliteConnection, now: int, ids: Ids) -> None:
        self._execute = connection.here.execute
        self.now = now
        self.new_id = partial(ids.new, now)
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
        reader: sees what is committed, can't write. It runs in the event loop, so read only rows that an index finds.
    """

    def __init__(self, writer: SqliteConnection, readers: list[SqliteConnection], clock: Clock) -> None:
        self.clock = clock
        self.reader = InlineConnection(readers[0])
        self._writer = writer
        self._execute = writer.here.execute
        self._readers = readers
        self._idle: asyncio.LifoQueue[SqliteConnection] = asyncio.LifoQueue()
        for reader in readers[1:]:
            self._idle.put_nowait(reader)
        self._turn = asyncio.Lock()  # asyncio wakes waiters in the order they came
        self._batch: list[Transaction] = []  # transactions that wait for the next commit
        self._is_synced = True  # True if the next commit waits for the disk
        self._committing: asyncio.Task[None] | None = None
        self._listeners: dict[str, list[Callable[[], None]]] = {}
        self._followers: list[Callable[[News, int | None], None]] = []
        self._ids = Ids()

    @asynccontextmanager
    async def transaction(self, *, synced: bool = True) -> AsyncIterator[Transaction]:
        """Opens a write transaction. A normal exit commits it, an exception rolls it back.

        Args:
            synced: wait until the commit is on disk. If False, a power cut may undo this transaction, but never a part
                of it and nothing that was committed before; the next synced commit also writes it to disk. Use False
                only for work that is repeated from stored data after a crash, before anyone gets an answer.

        Raises:
            sqlite3.OperationalError: the disk is full, or another process holds the file for too long.
        """
        async with self._turn:
            try:
                if not self._writer.in_transaction:
                    await self._begin(synced=synced)
                self._execute("SAVEPOINT one")
                transaction = Transaction(self._writer, self.clock(), self._ids)
                yield transaction
                self._execute("RELEASE one")
            except BaseException:
                await self._roll_back()
                raise
            self._batch.append(transaction)
            if not self._is_synced:
                await self._commit_batch()
            elif self._committing is None:  # queues behind all who wait now, and commits for all of them
                self._committing = asyncio.create_task(self._commit())
        try:
            if not transaction.committed.done():
                await _unbroken(transaction.committed)
            transaction.committed.result()
        finally:
            if transaction.told:
                self._notify_followers(transaction)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """Lends a reader: it sees committed rows, cannot write, and runs its statements in a thread."""
        reader = await self._idle.get()
        try:
            yield Connection(reader)
        finally:
            self._idle.put_nowait(reader)

    def listen(self, whom: str, listener: Callable[[], None]) -> None:
        """Calls `listener` after each commit of a transaction that called `wake(whom)`."""
        self._listeners.setdefault(whom, []).append(listener)

    def follow(self, follower: Callable[[News, int | None], None]) -> None:
        """Calls `follower` after each commit, once per event, with the id of the intake row that caused it or None."""
        self._followers.append(follower)

    async def data_version(self) -> int:
        """Returns a number that changes when another process writes to the file; our own writes do not change it."""
        async with self._exclusive():
            return int(await InlineConnection(self._writer).value("PRAGMA data_version"))

    async def start_ids(self) -> None:
        """Makes new ids greater than every stored one, even if the clock was set back since."""
        async with self.read() as reader:
            newest = [await reader.value(f"SELECT max(id) FROM {table}") for table in _WITH_IDS]
        self._ids.rise_above(max((found for found in newest if found is not None), default=0))

    async def flush(self) -> bool:
        """Moves everything from the write-ahead log into the file. Returns False if another connection prevented it."""
        async with self._exclusive(), self._writer.waiting():
            (found,) = await self._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        return not found[0]

    async def scrub(self, largest: int) -> bool:
        """Rewrites the whole file, so that no trace of deleted data is left in it. Blocks all writers meanwhile.

        SQLite overwrites the data that it deletes, but not the old copies of rows that it moved between pages.

        Args:
            largest: bytes; a larger file is left alone, because it would be locked for too long.

        Returns:
            True if the file was rewritten and the log emptied.
        """
        async with self._exclusive():
            (pages,) = await self._writer.execute_fetchall("PRAGMA page_count")
            (size,) = await self._writer.execute_fetchall("PRAGMA page_size")
            if pages[0] * size[0] > largest:
                return False
            async with self._writer.waiting():
                await _unbroken(self._writer.execute("VACUUM"))
        return await self.flush()

    async def close(self) -> None:
        """Waits for the transactions that are under way, then closes every connection."""
        async with self._exclusive():
            for connection in (*self._readers, self._writer):
                await connection.close()

    @asynccontextmanager
    async def _exclusive(self) -> AsyncIterator[None]:
        """Holds the writer after committing everything that waits for a commit."""
        async with self._turn:
            await _unbroken(self._commit_batch())
            yield

    # --- one commit for all that wait ---------------------------------------------------------------------------------

    async def _begin(self, *, synced: bool) -> None:
        if synced != self._is_synced:
            self._is_synced = synced
            for pragma in _SYNCED if synced else _NOT_SYNCED:
                self._execute(pragma)
        try:
            self._execute(BEGIN)
        except sqlite3.OperationalError:  # another process holds the file
            await _unbroken(self._writer.begin())

    async def _roll_back(self) -> None:
        """Undoes what this transaction wrote and keeps the others that wait for the same commit."""
        if not self._batch:
            await _unbroken(self._writer.rollback())  # does nothing if no transaction is open
        elif self._writer.in_transaction:
            self._execute("ROLLBACK TO one")
            self._execute("RELEASE one")
        else:
            self._fail(sqlite3.OperationalError("the transaction was rolled back together with another one"))

    async def _commit(self) -> None:
        try:
            async with self._turn:
                self._committing = None
                await self._commit_batch()
        except BaseException:
            self._fail(sqlite3.OperationalError("the program is shutting down"))
            raise

    async def _commit_batch(self) -> None:
        if not self._batch:
            return  # close() committed it, or SQLite rolled it back and the callers know
        try:
            if self._is_synced:
                await self._writer.execute("COMMIT")
            else:
                self._execute("COMMIT")  # this commit does not wait for the disk, so it needs no thread
        except sqlite3.Error as error:
            try:
                await _unbroken(self._writer.rollback())
            finally:
                self._fail(error)
            return
        batch, self._batch = self._batch, []
        for transaction in batch:
            transaction.committed.set_result(None)
        for whom in dict.fromkeys(whom for transaction in batch for whom in transaction.woken):
            for listener in self._listeners.get(whom, ()):
                listener()

    def _notify_followers(self, transaction: Transaction) -> None:
        """Calls the followers in the caller's task, because a follower's log line uses the caller's log context."""
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
    """Opens the file, creates it if it is missing, and applies missing migrations.

    Raises:
        storage.engine.migrations.TooNew: a newer version of this program wrote the file.
        sqlite3.OperationalError: the file cannot be opened or is not a database.
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
        await writer.execute_fetchall(DO_NOT_WAIT)  # `begin` waits where it has to
        database = Database(writer, readers, clock)
        await database.start_ids()
        opened.pop_all()
    return database


async def upgrade(path: Path, clock: Clock, report: Callable[[Migration], None]) -> list[Migration]:
    """Applies missing migrations to a file, reports each once it is applied, and returns them.

    Raises:
        storage.engine.migrations.TooNew: a newer version of this program wrote the file.
        sqlite3.OperationalError: the file cannot be opened or is not a database.
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
    """Waits until the work is done, even if the caller is cancelled; raises CancelledError afterwards if it was."""
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
