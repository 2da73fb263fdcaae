"""Jobs: calls to Slack and to providers, each written in the transaction that makes it necessary.

A lane is one conversation on one side, Slack or the providers. A job waits for earlier jobs in its lane only. So calls
stay in order within a conversation, and a slow Slack never delays a text.
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
    tries: int  # including this one
    created_at: int  # microseconds UTC
    reason: int | None = None  # id of the intake row that caused it

    @property
    def details(self) -> dict[str, Any]:
        """The payload as JSON types."""
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
    """Adds a job.

    Args:
        tx: the open transaction.
        kind: the job type; the worker knows them all.
        subject: the id of the row that it is about.
        side: where the call goes.
        lane: the job runs after all earlier jobs of this lane.
        key: two waiting jobs with one key become one, at the earlier of their times. A job that waits for a retry keeps
            its pause. A job under way is not merged, because it has read its rows already.
        payload: JSON types.
        run_at: the earliest time (microseconds UTC); now if not given.
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
    """Claims due jobs of this side that are first in their lanes, oldest first."""
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
    """Finishes a job and frees its lane."""
    await tx.run("DELETE FROM jobs WHERE id = :id", id=job.id)
    tx.wake(f"jobs {job.side}")


async def is_claimed(connection: Connection, job: Job) -> bool:
    """Returns True if the job was neither finished nor scheduled for another try since it was claimed."""
    found = await connection.value(
        "SELECT 1 FROM jobs WHERE id = :id AND claimed_by IS NOT NULL AND tries = :tries", id=job.id, tries=job.tries
    )
    return found is not None


async def retry(tx: Transaction, job: Job, run_at: int, error: str, waits_for: str | None = None) -> None:
    """Schedules a claimed job for another try, not before `run_at` (microseconds UTC). Its lane waits for it.

    It absorbs a job with the same key that was added meanwhile: a job's content is decided when it runs.

    Args:
        tx: the open transaction.
        job: a claimed one.
        run_at: microseconds UTC.
        error: the reason, for people who look at the table.
        waits_for: the name of the limit that is used up, so that jobs with the same limit know.
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
    """Counts the older jobs that wait for the same limit."""
    return int(
        await connection.value(
            "SELECT count(*) FROM jobs WHERE waits_for = :waits_for AND id < :id", waits_for=waits_for, id=job_id
        )
    )


async def first_waiting(connection: Connection, waits_for: str) -> int | None:
    """Returns when the next job that waits for this limit runs (microseconds UTC), or None if none waits."""
    found = await connection.value("SELECT min(run_at) FROM jobs WHERE waits_for = :waits_for", waits_for=waits_for)
    return None if found is None else int(found)


async def release(tx: Transaction) -> int:
    """Frees all claimed jobs at start, one per key, because the process that claimed them ended. Returns how many."""
    await tx.run(
        """
        DELETE FROM jobs WHERE claimed_by IS NULL AND key IN (SELECT key FROM jobs WHERE claimed_by IS NOT NULL)
        """
    )
    return await tx.run("UPDATE jobs SET claimed_by = NULL WHERE claimed_by IS NOT NULL")


async def clock_set_back(tx: Transaction, jump: int = 0) -> int:
    """Moves jobs back to the present after the clock was set back.

    Args:
        tx: the open transaction.
        jump: by how much the clock was set back (microseconds), if known; else it is taken from the newest job's time.

    Returns:
        By how much the jobs were moved (microseconds); 0 if no job is newer than now.
    """
    newest = await tx.value("SELECT max(created_at) FROM jobs")
    ahead = max(jump, 0 if newest is None else int(newest) - tx.now)
    if ahead:
        await tx.run("UPDATE jobs SET run_at = run_at - :ahead, created_at = created_at - :ahead", ahead=ahead)
        for side in get_args(Side):
            tx.wake(f"jobs {side}")
    return ahead


async def of_kind(connection: Connection, kind: str) -> list[Job]:
    """Returns every job of the kind, claimed or not, in order of creation."""
    return await connection.all(
        Job,
        """
        SELECT id, kind, subject, side, lane, payload, tries, created_at FROM jobs WHERE kind = :kind ORDER BY id
        """,
        kind=kind,
    )


async def next_due(connection: Connection, side: Side) -> int | None:
    """Returns when the side's next job that is first in its lane is due (microseconds UTC), or None."""
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
    """Calls `listener` after each commit that may have added or freed a job on this side."""
    database.listen(f"jobs {side}", listener)


async def waiting(connection: Connection) -> int:
    """Counts all jobs."""
    return int(await connection.value("SELECT count(*) FROM jobs"))
