"""Reads for the gauges at each scrape: lengths and ages of queues. Every query uses an index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Connection


@dataclass(frozen=True, slots=True)
class Queue:
    """The jobs of one kind for one side."""

    side: str
    kind: str
    due: int  # due now, including those under way
    later: int  # whose time has not come
    oldest: int | None  # when the oldest due job was to run (microseconds UTC)


@dataclass(frozen=True, slots=True)
class Count:
    """A name with a count."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """The texts of an inbox that wait for a person or for their time."""

    inbox: str
    why: str  # asked, held, scheduled or unknown
    count: int


async def queues(connection: Connection, now: int) -> list[Queue]:
    """Counts the jobs by side and kind."""
    return await connection.all(
        Queue,
        """
        SELECT side, kind, sum(CASE WHEN run_at <= :now THEN 1 ELSE 0 END) AS due,
            sum(CASE WHEN run_at <= :now THEN 0 ELSE 1 END) AS later,
            min(CASE WHEN run_at <= :now THEN run_at END) AS oldest
        FROM jobs GROUP BY side, kind
        """,
        now=now,
    )


async def intake(connection: Connection) -> tuple[int, int | None, int]:
    """Returns the number of new rows, when the oldest was received (microseconds UTC), and the number of dead rows."""
    waiting = await connection.value("SELECT count(*) FROM intake WHERE state = 'new'")
    oldest = await connection.value("SELECT received_at FROM intake WHERE state = 'new' ORDER BY id LIMIT 1")
    dead = await connection.value("SELECT count(*) FROM intake WHERE state = 'dead'")
    return int(waiting), oldest, int(dead)


async def set_aside(connection: Connection) -> list[Waiting]:
    """Counts texts that are held, scheduled or waiting for a decision, by inbox."""
    return await connection.all(
        Waiting,
        """
        SELECT conversations.inbox AS inbox, messages.state AS why, count(*) AS count
        FROM messages JOIN conversations ON conversations.id = messages.conversation_id
        WHERE messages.state IN ('asked', 'held', 'scheduled') GROUP BY conversations.inbox, messages.state
        """,
    )


async def unknown(connection: Connection) -> list[Waiting]:
    """Counts texts with unknown outcome by inbox, without those that somebody has decided about."""
    return await connection.all(
        Waiting,
        """
        SELECT conversations.inbox AS inbox, 'unknown' AS why, count(DISTINCT attempts.message_id) AS count
        FROM attempts JOIN messages ON messages.id = attempts.message_id
        JOIN conversations ON conversations.id = messages.conversation_id
        WHERE attempts.outcome = 'unknown' AND attempts.started_at >= messages.decided_at
            AND coalesce(messages.state, '') <> 'cancelled'
        GROUP BY conversations.inbox
        """,
    )


async def leases(connection: Connection, now: int) -> list[Count]:
    """Counts the live leases by account."""
    return await connection.all(
        Count,
        "SELECT account AS name, count(*) AS count FROM leases WHERE expires_at > :now GROUP BY account",
        now=now,
    )


async def opted_out(connection: Connection) -> int:
    """Counts the contacts that are opted out."""
    return int(await connection.value("SELECT count(*) FROM suppressions WHERE lifted_at IS NULL"))


async def alerts(connection: Connection) -> list[Count]:
    """Counts the unresolved alerts by the first word of their cause."""
    causes = await connection.all(_cause, "SELECT cause FROM alerts WHERE resolved_at IS NULL")
    kinds = sorted(cause.partition(":")[0] for cause in causes)
    return [Count(kind, kinds.count(kind)) for kind in dict.fromkeys(kinds)]


def _cause(cause: str) -> str:
    return cause
