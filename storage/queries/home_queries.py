"""Reads for the Home tab: waiting contacts, failures, ending leases, today's counts and the health of accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Connection


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a list, about one conversation."""

    conversation_id: int
    at: int  # since when it waits, when it failed, or when it ends (microseconds UTC)
    sentence: str | None = None  # why it failed
    number: str | None = None  # the leased number


@dataclass(frozen=True, slots=True)
class Numbers:
    """The counts of texts since a moment."""

    came: int  # received
    went: int  # sent
    delivered: int  # of those sent
    failed: int  # of those sent


@dataclass(frozen=True, slots=True)
class Health:
    """An account's health; times in microseconds UTC, None if it never happened."""

    accepted_at: int | None
    failed_at: int | None
    unknown: int  # texts whose outcome is unknown


async def waiting(connection: Connection, inbox: str, limit: int) -> list[Item]:
    """Returns the inbox's conversations in which the contact waits for an answer, longest wait first."""
    return await connection.all(
        Item,
        """
        SELECT id AS conversation_id, waiting_since AS at FROM conversations
        WHERE inbox = :inbox AND waiting_since IS NOT NULL ORDER BY waiting_since LIMIT :limit
        """,
        inbox=inbox,
        limit=limit,
    )


async def failed(connection: Connection, inbox: str, limit: int) -> list[Item]:
    """Returns the inbox's newest failed texts that nobody has decided about."""
    return await connection.all(
        Item,
        """
        SELECT conversation_id, messages.created_at AS at, messages.sentence AS sentence
        FROM messages JOIN conversations ON conversations.id = messages.conversation_id
        WHERE messages.status = 'failed' AND messages.state IS NULL AND conversations.inbox = :inbox
        ORDER BY messages.id DESC LIMIT :limit
        """,
        inbox=inbox,
        limit=limit,
    )


async def ending(connection: Connection, inbox: str, now: int, until: int, limit: int) -> list[Item]:
    """Returns the inbox's leases that end between the two times (microseconds UTC), the next to end first."""
    return await connection.all(
        Item,
        """
        SELECT conversation_id, expires_at AS at, number
        FROM leases JOIN conversations ON conversations.id = leases.conversation_id
        WHERE expires_at > :now AND expires_at <= :until AND conversations.inbox = :inbox
        ORDER BY expires_at LIMIT :limit
        """,
        inbox=inbox,
        now=now,
        until=until,
        limit=limit,
    )


async def numbers(connection: Connection, inbox: str, since: int) -> Numbers:
    """Counts the inbox's texts since then (microseconds UTC)."""
    found = await connection.one(
        Numbers,
        """
        SELECT
            coalesce(sum(CASE WHEN direction = 'in' THEN 1 ELSE 0 END), 0) AS came,
            coalesce(sum(CASE WHEN direction = 'out' AND status NOT IN ('queued', 'sending') THEN 1 ELSE 0 END), 0)
                AS went,
            coalesce(sum(CASE WHEN status = 'delivered' THEN 1 ELSE 0 END), 0) AS delivered,
            coalesce(sum(CASE WHEN status IN ('failed', 'expired') THEN 1 ELSE 0 END), 0) AS failed
        FROM messages JOIN conversations ON conversations.id = messages.conversation_id
        WHERE messages.created_at >= :since AND conversations.inbox = :inbox
        """,
        inbox=inbox,
        since=since,
    )
    return found or Numbers(0, 0, 0, 0)


async def health(connection: Connection, account: str) -> Health:
    """Returns the account's health."""
    refused = await _newest(connection, account, "refused")
    not_sent = await _newest(connection, account, "not sent")
    failures = [at for at in (refused, not_sent) if at is not None]
    unknown = await connection.value(
        """
        SELECT count(DISTINCT attempts.message_id) FROM attempts JOIN messages ON messages.id = attempts.message_id
        WHERE attempts.outcome = 'unknown' AND attempts.account = :account
            AND attempts.started_at >= messages.decided_at AND coalesce(messages.state, '') <> 'cancelled'
        """,
        account=account,
    )
    return Health(await _newest(connection, account, "accepted"), max(failures, default=None), int(unknown))


async def _newest(connection: Connection, account: str, outcome: str) -> int | None:
    found = await connection.value(
        "SELECT max(ended_at) FROM attempts WHERE account = :account AND outcome = :outcome",
        account=account,
        outcome=outcome,
    )
    return None if found is None else int(found)
