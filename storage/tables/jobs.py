"""Things to be done on the other side, each written in the same transaction as its reason.

A lane is one conversation towards one side, Slack or the providers. A job waits for the earlier jobs of its lane only,
so that order holds within a conversation and a slow Slack never holds a text back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from storage.engine.causation import REASON
from storage.engine.commit_events import Postponed

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.engine.database import Connection, Database, Transaction

Side = Literal["slack", "sms"]


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed row."""

    id: int
    kind: str
    subject: int
    side: Side
    lane: str
    payload: str | None = field(repr=False)  # JSON
    tries: int  # this one included
    created_at: int  # microseconds UTC
    reason: int | None = None  # the row of the intake that it follows from

    @property
    def details(self) -> dict[str, Any]:
        """The payload, of JSON types."""
        return json.loads(self.payload) if self.payload else {}


async def add(
    tx: Transaction,
    kind: str,
    subject: int,
    *,
    side: Side,
    lane: str,
    key: str | None = None,
    payload: dict[str, Any] | None = None,
    run_at: int | None = None,
) -> None:
    """Something is to be done.

    Args:
        tx: the open transaction.
        kind: what; the worker knows the kinds.
        subject: the id of what it is about.
        side: where it is done.
        lane: what it must not overtake.
        key: two jobs of one key that both wait are one, done at the earlier of their times; one that is to be tried
            again keeps its pause. One that is under way is not waited for: what it does was decided before.
        payload: of JSON types.
        run_at: not before (microseconds UTC); at once if not given.
    """
    await tx.run(
        """
        INSERT INTO jobs (id, kind, subject, side, lane, key, payload, run_at, created_at, reason)
        VALUES (:id, :kind, :subject, :side, :lane, :key, :payload, :run_at, :now, :reason)
        ON CONFLICT (key) WHERE claimed_by IS NULL
            DO UPDATE SET run_at = excluded.run_at WHERE excluded.run_at < jobs.run_at AND jobs.tries = 0
        """,
        id=tx.new_id(),
        kind=kind,
        subject=subject,
        side=side,
        lane=lane,
        key=key,
        payload=None if payload is None else json.dumps(payload),
        run_at=tx.now if run_at is None else run_at,
        now=tx.now,
        reason=REASON.get(),
    )
    tx.wake(f"jobs {side}")


async def claim(tx: Transaction, worker: str, side: Side, limit: int) -> list[Job]:
    """Takes what is due on this side and first in its lane, oldest first."""
    claimed = await tx.all(
        Job,
        """
        UPDATE jobs SET claimed_by = :worker, tries = tries + 1
        WHERE id IN (
            SELECT id FROM jobs AS waiting
            WHERE side = :side AND run_at <= :now AND claimed_by IS NULL
                AND NOT EXISTS (SELECT 1 FROM jobs AS ahead WHERE ahead.lane = waiting.lane AND ahead.id < waiting.id)
            ORDER BY run_at, id LIMIT :limit
        )
        RETURNING id, kind, subject, side, lane, payload, tries, created_at, reason
        """,
        worker=worker,
        side=side,
        now=tx.now,
        limit=limit,
    )
    return sorted(claimed, key=lambda job: job.id)


async def finish(tx: Transaction, job: Job) -> None:
    """It is done; the next of its lane may go."""
    await tx.run("DELETE FROM jobs WHERE id = :id", id=job.id)
    tx.wake(f"jobs {job.side}")


async def retry(tx: Transaction, job: Job, run_at: int, error: str, waits_for: str | None = None) -> None:
    """It is to be tried again, not before `run_at` (microseconds UTC). Its lane waits for it.

    A job of its key that was added meanwhile becomes one with it: what it does is decided when it is done.

    Args:
        tx: the open transaction.
        job: a claimed one.
        run_at: microseconds UTC.
        error: why, for whoever looks at the table.
        waits_for: the limit that has no room for it, by a name; others that want the same can tell.
    """
    tx.tell(Postponed(job.id, job.kind, job.tries, max(0, run_at - tx.now), error))
    await tx.run(
        "DELETE FROM jobs WHERE claimed_by IS NULL AND key = (SELECT key FROM jobs WHERE id = :id)",
        id=job.id,
    )
    await tx.run(
        """
        UPDATE jobs SET claimed_by = NULL, run_at = :run_at, last_error = :error, waits_for = :waits_for WHERE id = :id
        """,
        id=job.id,
        run_at=run_at,
        error=error,
        waits_for=waits_for,
    )
    tx.wake(f"jobs {job.side}")


async def ahead(connection: Connection, waits_for: str, job_id: int) -> int:
    """How many jobs that are older than this one wait for room within the same limit."""
    return int(
        await connection.value(
            "SELECT count(*) FROM jobs WHERE waits_for = :waits_for AND id < :id", waits_for=waits_for, id=job_id
        )
    )


async def first_waiting(connection: Connection, waits_for: str) -> int | None:
    """When the first of those that wait for room within the limit has its turn (microseconds UTC); None: none waits."""
    found = await connection.value("SELECT min(run_at) FROM jobs WHERE waits_for = :waits_for", waits_for=waits_for)
    return None if found is None else int(found)


async def release(tx: Transaction) -> int:
    """At a start: what an ended process had claimed is free again, one of each key. Returns how many."""
    await tx.run(
        """
        DELETE FROM jobs WHERE claimed_by IS NULL AND key IN (SELECT key FROM jobs WHERE claimed_by IS NOT NULL)
        """
    )
    return await tx.run("UPDATE jobs SET claimed_by = NULL WHERE claimed_by IS NOT NULL")


async def clock_set_back(tx: Transaction, jump: int = 0) -> int:
    """Brings what was planned by a clock that was ahead back to the time that it is now; returns by how much.

    Args:
        tx: the open transaction.
        jump: by how much it was set back (microseconds), where that was seen; 0: at least by the youngest job's future.

    Returns:
        Microseconds; 0 where no job is younger than now.
    """
    newest = await tx.value("SELECT max(created_at) FROM jobs")
    ahead = max(jump, 0 if newest is None else int(newest) - tx.now)
    if ahead:
        await tx.run("UPDATE jobs SET run_at = run_at - :ahead, created_at = created_at - :ahead", ahead=ahead)
        for side in get_args(Side):
            tx.wake(f"jobs {side}")
    return ahead


async def of_kind(connection: Connection, kind: str) -> list[Job]:
    """Every job of the kind, claimed or not, in the order they were made."""
    return await connection.all(
        Job,
        """
        SELECT id, kind, subject, side, lane, payload, tries, created_at FROM jobs WHERE kind = :kind ORDER BY id
        """,
        kind=kind,
    )


async def next_due(connection: Connection, side: Side) -> int | None:
    """When the earliest job of this side that is first in its lane is to be done (microseconds UTC), or None."""
    found = await connection.value(
        """
        SELECT run_at FROM jobs AS waiting WHERE side = :side AND claimed_by IS NULL
            AND NOT EXISTS (SELECT 1 FROM jobs AS ahead WHERE ahead.lane = waiting.lane AND ahead.id < waiting.id)
        ORDER BY run_at LIMIT 1
        """,
        side=side,
    )
    return None if found is None else int(found)


def listen(database: Database, side: Side, listener: Callable[[], None]) -> None:
    """Calls `listener` after each commit that may have left something to be done on this side."""
    database.listen(f"jobs {side}", listener)


async def waiting(connection: Connection) -> int:
    """How many there are."""
    return int(await connection.value("SELECT count(*) FROM jobs"))
