"""Reads for `threadline status`: queues, failures, and when each account last accepted a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Connection


@dataclass(frozen=True, slots=True)
class InboxCounts:
    """The counts of one inbox."""

    waiting: int  # contacts that wait for an answer
    waiting_since: int | None  # the longest wait's start (microseconds UTC)
    queued: int  # texts on their way to a provider, held or scheduled
    asked: int  # texts that wait for a person's decision
    failed: int  # failed texts that nobody has decided about
    unknown: int  # texts whose outcome is unknown


@dataclass(frozen=True, slots=True)
class SideCounts:
    """The jobs for one side."""

    side: str
    waiting: int
    due: int  # of these, how many are due now
    oldest: int | None  # when the oldest due job was to run (microseconds UTC)


async def of_inbox(connection: Connection, inbox: str) -> InboxCounts:
    """Counts the inbox's waiting conversations and its queued, asked, failed and unknown texts."""
    return InboxCounts(
        waiting=await connection.value(
            "SELECT count(*) FROM conversations WHERE inbox = :inbox AND waiting_since IS NOT NULL", inbox=inbox
        ),
        waiting_since=await connection.value(
            "SELECT min(waiting_since) FROM conversations WHERE inbox = :inbox AND waiting_since IS NOT NULL",
            inbox=inbox,
        ),
        queued=await _texts(connection, inbox, "queued"),
        asked=await _texts(connection, inbox, "asked"),
        failed=await _texts(connection, inbox, "failed"),
        unknown=await _unknown(connection, inbox),
    )


async def _texts(connection: Connection, inbox: str, what: str) -> int:
    """Counts the inbox's outbound texts that are *queued* (also held or scheduled), *asked* or *failed*."""
    return int(
        await connection.value(
            """
            SELECT count(*) FROM messages JOIN conversations ON conversations.id = messages.conversation_id
            WHERE conversations.inbox = :inbox AND messages.status IN ('queued', 'sending', 'failed') AND CASE
                WHEN messages.state = 'asked' THEN 'asked'
                WHEN messages.state = 'cancelled' THEN ''
                WHEN messages.state IS NOT NULL OR messages.status = 'sending' THEN 'queued'
                ELSE messages.status END = :what
            """,
            inbox=inbox,
            what=what,
        )
    )


async def _unknown(connection: Connection, inbox: str) -> int:
    """Counts unknown attempts, without those before a person's newest decision and those of cancelled texts."""
    return int(
        await connection.value(
            """
            SELECT count(DISTINCT attempts.message_id) FROM attempts
            JOIN messages ON messages.id = attempts.message_id
            JOIN conversations ON conversations.id = messages.conversation_id
            WHERE attempts.outcome = 'unknown' AND attempts.started_at >= messages.decided_at
                AND coalesce(messages.state, '') <> 'cancelled' AND conversations.inbox = :inbox
            """,
            inbox=inbox,
        )
    )


async def of_sides(connection: Connection, now: int) -> list[SideCounts]:
    """Counts the waiting jobs of each side that has any."""
    return await connection.all(
        SideCounts,
        """
        SELECT side, count(*) AS waiting, sum(CASE WHEN run_at <= :now THEN 1 ELSE 0 END) AS due,
            min(CASE WHEN run_at <= :now THEN run_at END) AS oldest
        FROM jobs GROUP BY side ORDER BY side
        """,
        now=now,
    )


async def last_accepted(connection: Connection, account: str, sender: str) -> int | None:
    """Returns when the account last accepted a text from this sender (microseconds UTC), or None."""
    found = await connection.value(
        """
        SELECT max(accepted_at) FROM attempts
        WHERE account = :account AND sender = :sender AND accepted_at IS NOT NULL
        """,
        account=account,
        sender=sender,
    )
    return None if found is None else int(found)


async def dead(connection: Connection) -> int:
    """Counts the intake rows that could not be read or handled."""
    return int(await connection.value("SELECT count(*) FROM intake WHERE state = 'dead'"))
