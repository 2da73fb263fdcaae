"""Who opted out. A suppression holds over every sender and provider until it is lifted; none is deleted but by erasure.

The evidence is kept on both ends: how we know that they wanted no texts, and how we know that they want them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

Source = Literal["keyword", "person", "provider", "erased"]
Lifting = Literal["keyword", "person"]


@dataclass(frozen=True, slots=True)
class Suppression:
    """A row of the table; times in microseconds UTC."""

    since: int
    source: Source
    evidence: str  # the word that was texted, a Slack user id, the provider's code
    message_id: int | None  # the contact's text that says it, or ours that was refused for it
    lifted_at: int | None
    lift_source: Lifting | None
    lift_evidence: str | None
    lift_message_id: int | None


async def add(tx: Transaction, contact_id: int, source: Source, evidence: str, message_id: int | None = None) -> bool:
    """The contact opted out. Returns whether that is news.

    Args:
        tx: the open transaction.
        contact_id: who.
        source: how we know.
        evidence: what proves it: the word that they texted, the person's Slack id, the provider's code.
        message_id: the text that it stands in, or that was refused for it.
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
    """The contact opted out before they were erased (microseconds UTC): that holds still."""
    await add(tx, contact_id, "erased", "")
    await tx.run(
        "UPDATE suppressions SET since = :since WHERE contact_id = :contact_id AND lifted_at IS NULL",
        since=since,
        contact_id=contact_id,
    )


async def confirm(tx: Transaction, contact_id: int, message_id: int) -> None:
    """This text confirms the opt-out: it alone may still go out."""
    await tx.run(
        "UPDATE suppressions SET confirmation_id = :message_id WHERE contact_id = :contact_id AND lifted_at IS NULL",
        message_id=message_id,
        contact_id=contact_id,
    )


async def confirmation(connection: Connection, contact_id: int) -> int | None:
    """The text of ours that confirms the opt-out that holds now; None if there is none."""
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
    """The contact opted in again. Returns whether that is news.

    Args:
        tx: the open transaction.
        contact_id: who.
        source: how we know.
        evidence: the word that they texted, or the person's Slack id.
        message_id: the text that it stands in.
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
    """Since when nothing may be sent to the contact (microseconds UTC); None if something may."""
    found = await connection.value(
        "SELECT since FROM suppressions WHERE contact_id = :contact_id AND lifted_at IS NULL", contact_id=contact_id
    )
    return None if found is None else int(found)


async def holds(connection: Connection, contact_id: int) -> bool:
    """Whether nothing may be sent to the contact."""
    return await since(connection, contact_id) is not None


async def history(connection: Connection, contact_id: int, limit: int) -> list[Suppression]:
    """How the contact opted out and in, newest first."""
    return await connection.all(
        Suppression,
        """
        SELECT since, source, evidence, message_id, lifted_at, lift_source, lift_evidence, lift_message_id
        FROM suppressions WHERE contact_id = :contact_id ORDER BY id DESC LIMIT :limit
        """,
        contact_id=contact_id,
        limit=limit,
    )
