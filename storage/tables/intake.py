"""The intake table: every webhook and Slack event as it was received, stored before we answer it."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from storage.engine.commit_events import Handled, TakenIn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage.engine.database import Connection, Database, Transaction

BATCH = 200  # largest number of arrivals in one commit


@dataclass(frozen=True, slots=True)
class Arrival:
    """A webhook, event or command that was received and is not stored yet."""

    source: str  # an account's name, "slack" or "command line"
    kind: str  # one of the kinds of intake entries
    dedup_key: str
    body: bytes = field(repr=False)
    parsed: Any = field(repr=False)  # as JSON types; None if it could not be parsed
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    callback: str | None = field(default=None, repr=False)  # hash of the path token
    error: str | None = None  # why it could not be parsed: such a row is dead from the start


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that waits to be handled."""

    id: int
    source: str
    kind: str
    parsed: str = field(repr=False)
    callback: str | None = field(repr=False)
    received_at: int

    @property
    def content(self) -> Any:
        """The parsed form as JSON types."""
        return json.loads(self.parsed)


@dataclass(frozen=True, slots=True)
class Dead:
    """A row that could not be parsed or handled."""

    id: int
    source: str
    kind: str
    error: str
    received_at: int


@dataclass(frozen=True, slots=True)
class DeadContent:
    """A dead row with its content."""

    id: int
    source: str
    kind: str
    error: str
    received_at: int  # microseconds UTC
    headers: str = field(repr=False)  # JSON
    body: str | None = field(repr=False)  # None: deleted after the retention time
    body_encoding: str
    parsed: str | None = field(repr=False)  # JSON; None if it could not be parsed
    callback: str | None = field(repr=False)  # hash of the path token

    @property
    def raw(self) -> bytes | None:
        """The body as it was received."""
        if self.body is None:
            return None
        return base64.b64decode(self.body) if self.body_encoding == "base64" else self.body.encode()


_INSERT = """
    INSERT INTO intake (id, source, kind, dedup_key, headers, body, body_encoding, parsed, callback, state, error,
        received_at)
    VALUES (:id, :source, :kind, :dedup_key, :headers, :body, :body_encoding, :parsed, :callback, :state, :error,
        :received_at)
    ON CONFLICT (dedup_key) DO NOTHING
"""


async def append(tx: Transaction, arrivals: list[Arrival]) -> set[str]:
    """Stores the new ones among `arrivals` in order. Returns their dedup keys."""
    new = set()
    for arrival in arrivals:
        row = _columns(arrival, tx)
        if await tx.run(_INSERT, **row):
            new.add(arrival.dedup_key)
            tx.tell(TakenIn(row["id"], arrival.source, arrival.kind))
    tx.wake("intake")
    return new


async def waiting(connection: Connection, limit: int) -> list[Entry]:
    """Returns the oldest unhandled rows, in order of intake."""
    return await connection.all(
        Entry,
        """
        SELECT id, source, kind, parsed, callback, received_at FROM intake
        WHERE state = 'new' ORDER BY id LIMIT :limit
        """,
        limit=limit,
    )


async def is_known(connection: Connection, dedup_key: str) -> bool:
    """Returns True if the intake has had an entry with this key."""
    return await connection.value("SELECT 1 FROM intake WHERE dedup_key = :key", key=dedup_key) is not None


async def is_done(connection: Connection, dedup_key: str) -> bool:
    """Returns True if the intake has an entry with this key that was handled."""
    sql = "SELECT 1 FROM intake WHERE dedup_key = :key AND state = 'done'"
    return await connection.value(sql, key=dedup_key) is not None


async def finish(tx: Transaction, entry: Entry) -> None:
    """Marks the row as handled."""
    await tx.run("UPDATE intake SET state = 'done', done_at = :now WHERE id = :id", now=tx.now, id=entry.id)
    tx.tell(Handled(entry.id, entry.kind))


async def bury(tx: Transaction, entry_id: int, error: str) -> None:
    """Marks the row as dead: it cannot be handled as it is, and is kept for a replay after a fix."""
    await tx.run("UPDATE intake SET state = 'dead', error = :error WHERE id = :id", error=error, id=entry_id)


async def dead(connection: Connection) -> list[Dead]:
    """Returns every dead row, oldest first."""
    return await connection.all(
        Dead, "SELECT id, source, kind, error, received_at FROM intake WHERE state = 'dead' ORDER BY id"
    )


async def get_dead(connection: Connection, entry_id: int) -> DeadContent | None:
    """Returns the dead row with this id, or None."""
    return await connection.one(
        DeadContent,
        """
        SELECT id, source, kind, error, received_at, headers, body, body_encoding, parsed, callback FROM intake
        WHERE state = 'dead' AND id = :id
        """,
        id=entry_id,
    )


async def revive(tx: Transaction, entry_id: int) -> None:
    """Puts a dead row back to be handled again."""
    await tx.run("UPDATE intake SET state = 'new', error = NULL WHERE id = :id AND state = 'dead'", id=entry_id)
    tx.wake("intake")


async def settle(tx: Transaction, entry_id: int) -> None:
    """Marks a dead row as handled, because its content is stored in other rows now."""
    await tx.run("UPDATE intake SET state = 'done', done_at = :now WHERE id = :id", now=tx.now, id=entry_id)


class Appender:
    """Stores arrivals from webhooks and Slack: arrivals at the same time share one commit."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[Arrival, asyncio.Future[bool]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def append(self, arrival: Arrival) -> bool:
        """Returns once the arrival is on disk: True if it is new, False if it was stored before.

        Raises:
            sqlite3.OperationalError: it could not be stored; the caller must not acknowledge it.
        """
        outcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, outcome))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await outcome

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            try:
                async with self._database.transaction() as tx:
                    new = await append(tx, [arrival for arrival, _ in batch])
            except Exception as error:  # noqa: BLE001 - each caller gets it and answers for itself
                _fail(batch, error)
            else:
                for arrival, outcome in batch:
                    if not outcome.done():
                        outcome.set_result(arrival.dedup_key in new)
                    new.discard(arrival.dedup_key)
        self._writing = None


def _fail(batch: list[tuple[Arrival, asyncio.Future[bool]]], error: Exception) -> None:
    for _, outcome in batch:
        if not outcome.done():
            outcome.set_exception(error)


def _columns(arrival: Arrival, tx: Transaction) -> dict[str, Any]:
    body, encoding = _as_text(arrival.body)
    return {
        "id": tx.new_id(),
        "source": arrival.source,
        "kind": arrival.kind,
        "dedup_key": arrival.dedup_key,
        "headers": json.dumps(dict(arrival.headers)),
        "body": body,
        "body_encoding": encoding,
        "parsed": None if arrival.parsed is None else json.dumps(arrival.parsed),
        "callback": arrival.callback,
        "state": "new" if arrival.error is None else "dead",
        "error": arrival.error,
        "received_at": tx.now,
    }


def _as_text(body: bytes) -> tuple[str, Literal["utf-8", "base64"]]:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # PostgreSQL's TEXT cannot hold it
        return base64.b64encode(body).decode(), "base64"
    return text, "utf-8"
