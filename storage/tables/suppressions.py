"""Opt-outs. A suppression covers every sender and provider until it is lifted; only erasure deletes one.

Both ends keep their evidence: how we know that the contact opted out, and how we know that they opted in again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

Source = Literal["keyword", "person", "provider", "erased"]
Lifting = Literal["keyword", "person", "merged"]  # merged: with another opt-out of the same phone, by migration 3


@dataclass(frozen=True, slots=True)
class Suppression:
    """A row of the table; times in microseconds UTC."""

    since: int
    source: Source
    evidence: str  # the texted keyword, a Slack user id, or the provider's code
    message_id: int | None  # the contact's opt-out text, or our text that was refused because of it
    lifted_at: int | None
    lift_source: Lifting | None
    lift_evidence: str | None
    lift_message_id: int | None


async def add(tx: Transaction, contact_id: int, source: Source, evidence: str, message_id: int | None = None) -> bool:
    """Records an opt-out. Returns False if the contact was opted out already.

    Args:
        tx: the open transaction.
        contact_id: the contact.
        source: how we know.
        evidence: the texted keyword, the user's Slack id, or the provider's code.
        message_id: the text that contains it, or that was refused because of it.
    """
    added = await tx.run(
        """
        INSERT INTO suppressions (id, contact_id, since, source, evidence, message_id)
        VALUES (:id, :contact_id, :now, :source, :evidence, :message_id)
        ON CONFLICT (contact_id) WHERE lifted_at IS NULL DO NOTHING
        """,
        id=tx.new_id(),
        contact_id=contact_id,
        now=tx.now,
        source=source,
        evidence=evidence,
        message_id=message_id,
    )
    return added == 1


async def restore(tx: Transaction, contact_id: int, since: int) -> None:
    """Restores the opt-out that the contact made before they were erased (microseconds UTC)."""
    await add(tx, contact_id, "erased", "")
    await tx.run(
        "UPDATE suppressions SET since = :since WHERE contact_id = :contact_id AND lifted_at IS NULL",
        since=since,
        contact_id=contact_id,
    )


async def confirm(tx: Transaction, contact_id: int, message_id: int) -> None:
    """Records the confirmation text of the opt-out: the only one that may still be sent."""
    await tx.run(
        "UPDATE suppressions SET confirmation_id = :message_id WHERE contact_id = :contact_id AND lifted_at IS NULL",
        message_id=message_id,
        contact_id=contact_id,
    )


async def confirmation(connection: Connection, contact_id: int) -> int | None:
    """Returns our text that confirms the current opt-out, or None."""
    found = await connection.value(
        "SELECT confirmation_id FROM suppressions WHERE contact_id = :contact_id AND lifted_at IS NULL",
        contact_id=contact_id,
    )
    return None if found is None else int(found)


async def lift(
    tx: Transaction,
    contact_id: int,
    source: Lifting = "person",
    evidence: str | None = None,
    message_id: int | None = None,
) -> bool:
    """Records an opt-in. Returns False if the contact was not opted out.

    Args:
        tx: the open transaction.
        contact_id: the contact.
        source: how we know.
        evidence: the texted keyword, or the user's Slack id.
        message_id: the text that contains it.
    """
    lifted = await tx.run(
        """
        UPDATE suppressions SET lifted_at = :now, lift_source = :source, lift_evidence = :evidence,
            lift_message_id = :message_id
        WHERE contact_id = :contact_id AND lifted_at IS NULL
        """,
        contact_id=contact_id,
        source=source,
        evidence=evidence,
        message_id=message_id,
        now=tx.now,
    )
    return lifted == 1


async def since(connection: Connection, contact_id: int) -> int | None:
    """Returns when the contact opted out (microseconds UTC), or None if texts are allowed."""
    found = await connection.value(
        "SELECT since FROM suppressions WHERE contact_id = :contact_id AND lifted_at IS NULL", contact_id=contact_id
    )
    return None if found is None else int(found)


async def holds(connection: Connection, contact_id: int) -> bool:
    """Returns True if the contact is opted out."""
    found = await connection.value(
        "SELECT 1 FROM suppressions WHERE contact_id = :contact_id AND lifted_at IS NULL", contact_id=contact_id
    )
    return found is not None


async def history(connection: Connection, contact_id: int, limit: int) -> list[Suppression]:
    """Returns the contact's opt-outs and opt-ins, newest first."""
    return await connection.all(
        Suppression,
        """
        SELECT since, source, evidence, message_id, lifted_at, lift_source, lift_evidence, lift_message_id
        FROM suppressions WHERE contact_id = :contact_id ORDER BY id DESC LIMIT :limit
        """,
        contact_id=contact_id,
        limit=limit,
    )
