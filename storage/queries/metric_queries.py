"""What is measured each time somebody asks: how much waits, and how old it is. Only reads, each by an index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Connection


@dataclass(frozen=True, slots=True)
class Queue:
    """The jobs of one kind towards one side."""

    side: str
    kind: str
    due: int  # that should be done by now, those under way included
    later: int  # whose time has not come
    oldest: int | None  # when the oldest of the due ones was to be done (microseconds UTC)


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are of something."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """The texts of an inbox that do not go on by themselves."""

    inbox: str
    why: str  # asked, held, scheduled or unknown
    count: int


async def queues(connection: Connection, now: int) -> list[Queue]:
    """The jobs that there are, by side and kind."""
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
    """The rows that the bridge has not seen: how many, when the oldest came (microseconds UTC); and the dead ones."""
    waiting = await connection.value("SELECT count(*) FROM intake WHERE state = 'new'")
    oldest = await connection.value("SELECT received_at FROM intake WHERE state = 'new' ORDER BY id LIMIT 1")
    dead = await connection.value("SELECT count(*) FROM intake WHERE state = 'dead'")
    return int(waiting), oldest, int(dead)


async def set_aside(connection: Connection) -> list[Waiting]:
    """Texts that a person is asked about, that are held, or that are for later, by inbox."""
    return await connection.all(
        Waiting,
        """
        SELECT conversations.inbox AS inbox, messages.state AS why, count(*) AS count
        FROM messages JOIN conversations ON conversations.id = messages.conversation_id
        WHERE messages.state IN ('asked', 'held', 'scheduled') GROUP BY conversations.inbox, messages.state
        """,
    )


async def unknown(connection: Connection) -> list[Waiting]:
    """Texts of which nobody knows whether they went out, by inbox; those that somebody decided about do not count."""
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
    """The numbers that are leased now, by account."""
    return await connection.all(
        Count,
        "SELECT account AS name, count(*) AS count FROM leases WHERE expires_at > :now GROUP BY account",
        now=now,
    )


async def opted_out(connection: Connection) -> int:
    """How many contacts want no texts."""
    return int(await connection.value("SELECT count(*) FROM suppressions WHERE lifted_at IS NULL"))


async def alerts(connection: Connection) -> list[Count]:
    """The alerts that last, by the first word of their cause."""
    causes = await connection.all(_cause, "SELECT cause FROM alerts WHERE resolved_at IS NULL")
    kinds = sorted(cause.partition(":")[0] for cause in causes)
    return [Count(kind, kinds.count(kind)) for kind in dict.fromkeys(kinds)]


def _cause(cause: str) -> str:
    return cause
