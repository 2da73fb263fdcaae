"""Who opted out. A suppression holds over every sender and provider until it is lifted; none is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from storage.database import Connection, Transaction

Source = Literal["keyword", "person", "provider"]


async def add(tx: Transaction, contact_id: int, source: Source, evidence: str) -> bool:
    """The contact opted out. Returns whether that is news.

    Args:
        tx: the open transaction.
        contact_id: who.
        source: how we know.
        evidence: what proves it: the message's id, the person's Slack id, the provider's code.
    """
    added = await tx.run(
        """
        INSERT INTO suppressions (id, contact_id, since, source, evidence)
        VALUES (:id, :contact_id, :now, :source, :evidence)
        ON CONFLICT (contact_id) WHERE lifted_at IS NULL DO NOTHING
        """,
        id=tx.new_id(),
        contact_id=contact_id,
        now=tx.now,
        source=source,
        evidence=evidence,
    )
    return added == 1


async def lift(tx: Transaction, contact_id: int) -> bool:
    """The contact opted in again. Returns whether that is news."""
    lifted = await tx.run(
        "UPDATE suppressions SET lifted_at = :now WHERE contact_id = :contact_id AND lifted_at IS NULL",
        contact_id=contact_id,
        now=tx.now,
    )
    return lifted == 1


async def since(connection: Connection, contact_id: int) -> int | None:
    """Since when nothing may be sent to the contact (microseconds UTC); None if something may."""
    found = await connection.value(
        "SELECT since FROM suppressions WHERE contact_id = :contact_id AND lifted_at IS NULL", contact_id=contact_id
    )
    return None if found is None else int(found)


async def holds(connection: Connection, contact_id: int) -> bool:
    """Whether nothing may be sent to the contact."""
    found = await connection.value(
        "SELECT 1 FROM suppressions WHERE contact_id = :contact_id AND lifted_at IS NULL", contact_id=contact_id
    )
    return found is not None
