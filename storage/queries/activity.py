"""Reads what happened since a time from every table that records it, for `threadline tail`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from storage.engine.ids import smallest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storage.engine.database import Connection


@dataclass(frozen=True, slots=True)
class Happening:
    """One event; fields that it does not have are None."""

    at: int  # microseconds UTC
    what: str  # text in, text out, failed, receipt, alert, dead, or the outcome of an attempt
    id: int  # of the row that records it
    inbox: str | None = None
    conversation: int | None = None
    message: int | None = None
    account: str | None = None
    sender: str | None = None  # by its name in the settings
    status: str | None = None
    code: str | None = None
    word: str | None = None  # the provider's own status word
    segments: int | None = None
    sentence: str | None = None  # of an alert: it contains no number and no body
    contact: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)


async def since(connection: Connection, moment: int, accounts: Iterable[str]) -> list[Happening]:
    """Returns everything after the moment (microseconds UTC), oldest first."""
    found = [
        *await _texts(connection, moment),
        *await _receipts(connection, moment),
        *await _alerts(connection, moment),
        *await _dead(connection, moment),
    ]
    for account in accounts:
        found += await _send_results(connection, account, moment)
    return sorted(found, key=lambda happening: (happening.at, happening.id))


async def failed(connection: Connection, written_after: int) -> list[Happening]:
    """Returns failed texts written after the moment (microseconds UTC) that nobody has decided about."""
    return await connection.all(
        Happening,
        """
        SELECT messages.created_at AS at, 'failed' AS what, messages.id, conversations.inbox,
            conversations.id AS conversation, messages.id AS message, messages.status, messages.code,
            messages.segments, contacts.address AS contact, messages.text
        FROM messages
        JOIN conversations ON conversations.id = messages.conversation_id
        JOIN contacts ON contacts.id = conversations.contact_id
        WHERE messages.status = 'failed' AND messages.state IS NULL AND messages.id >= :first
        ORDER BY messages.id
        """,
        first=smallest(written_after),
    )


async def _texts(connection: Connection, moment: int) -> list[Happening]:
    return await connection.all(
        Happening,
        """
        SELECT messages.created_at AS at, CASE direction WHEN 'in' THEN 'text in' ELSE 'text out' END AS what,
            messages.id, conversations.inbox, conversations.id AS conversation, messages.id AS message,
            messages.account, messages.segments, contacts.address AS contact, messages.text
        FROM messages
        JOIN conversations ON conversations.id = messages.conversation_id
        JOIN contacts ON contacts.id = conversations.contact_id
        WHERE messages.id >= :first ORDER BY messages.id
        """,
        first=smallest(moment),
    )


async def _send_results(connection: Connection, account: str, moment: int) -> list[Happening]:
    return await connection.all(
        Happening,
        """
        SELECT ended_at AS at, outcome AS what, attempts.id, conversations.inbox, conversations.id AS conversation,
            message_id AS message, attempts.account, attempts.sender, attempts.status, attempts.code,
            attempts.segments, recipient AS contact
        FROM attempts
        JOIN messages ON messages.id = attempts.message_id
        JOIN conversations ON conversations.id = messages.conversation_id
        WHERE attempts.account = :account AND outcome IN ('accepted', 'not sent', 'refused', 'unknown')
            AND ended_at >= :moment
        ORDER BY attempts.id
        """,
        account=account,
        moment=moment,
    )


async def _receipts(connection: Connection, moment: int) -> list[Happening]:
    return await connection.all(
        Happening,
        """
        SELECT receipts.received_at AS at, 'receipt' AS what, receipts.id, conversations.inbox,
            conversations.id AS conversation, attempts.message_id AS message, receipts.account, attempts.sender,
            receipts.status, receipts.code, receipts.word, attempts.recipient AS contact
        FROM receipts
        LEFT JOIN attempts ON attempts.id = receipts.attempt_id
        LEFT JOIN messages ON messages.id = attempts.message_id
        LEFT JOIN conversations ON conversations.id = messages.conversation_id
        WHERE receipts.id >= :first ORDER BY receipts.id
        """,
        first=smallest(moment),
    )


async def _alerts(connection: Connection, moment: int) -> list[Happening]:
    """Returns alerts that were first raised after the moment."""
    return await connection.all(
        Happening,
        """
        SELECT first_at AS at, 'alert' AS what, id, cause AS code, sentence FROM alerts
        WHERE id >= :first ORDER BY id
        """,
        first=smallest(moment),
    )


async def _dead(connection: Connection, moment: int) -> list[Happening]:
    """Returns rows received after the moment that could not be read or handled."""
    return await connection.all(
        Happening,
        """
        SELECT received_at AS at, 'dead' AS what, id, source AS account, kind AS word FROM intake
        WHERE state = 'dead' AND id >= :first ORDER BY id
        """,
        first=smallest(moment),
    )
