"""Numbers that a provider assigned to us, each for one contact and one conversation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.database import Connection, Transaction

_COLUMNS = "id, account, number, contact_id, conversation_id, leased_at, last_used_at, expires_at"


@dataclass(frozen=True, slots=True)
class Lease:
    """A row of the table; times in microseconds UTC."""

    id: int
    account: str
    number: str = field(repr=False)
    contact_id: int = field(repr=False)
    conversation_id: int
    leased_at: int
    last_used_at: int
    expires_at: int


async def record(
    tx: Transaction, account: str, number: str, contact_id: int, conversation_id: int, *, lifetime: int
) -> Lease:
    """A text went out from this leased number: a new lease, or the end of a known one moved.

    A lease stays with the conversation that it was first made for.

    Args:
        tx: the open transaction.
        account: whose number it is.
        number: canonical.
        contact_id: for whom.
        conversation_id: where a text to it belongs.
        lifetime: microseconds from the send that returned it.
    """
    found = await tx.one(
        Lease,
        f"""
        INSERT INTO leases (id, account, number, contact_id, conversation_id, leased_at, last_used_at, expires_at)
        VALUES (:id, :account, :number, :contact_id, :conversation_id, :now, :now, :until)
        ON CONFLICT (account, number, contact_id) DO UPDATE SET last_used_at = :now, expires_at = :until
        RETURNING {_COLUMNS}
        """,
        id=tx.new_id(),
        account=account,
        number=number,
        contact_id=contact_id,
        conversation_id=conversation_id,
        now=tx.now,
        until=tx.now + lifetime,
    )
    assert found is not None  # noqa: S101 - the statement returns what it wrote
    return found


async def use(tx: Transaction, lease_id: int) -> None:
    """A text was sent from it or came to it. That does not make it last longer."""
    await tx.run("UPDATE leases SET last_used_at = :now WHERE id = :id", now=tx.now, id=lease_id)


async def find(connection: Connection, account: str, number: str, contact_id: int) -> Lease | None:
    """The lease of this number for this contact, live or ended."""
    return await connection.one(
        Lease,
        f"""
        SELECT {_COLUMNS} FROM leases WHERE account = :account AND number = :number AND contact_id = :contact_id
        """,
        account=account,
        number=number,
        contact_id=contact_id,
    )


async def live(connection: Connection, account: str, contact_id: int, now: int) -> list[Lease]:
    """The contact's leases that have not ended, newest first."""
    return await connection.all(
        Lease,
        f"""
        SELECT {_COLUMNS} FROM leases WHERE account = :account AND contact_id = :contact_id AND expires_at > :now
        ORDER BY last_used_at DESC
        """,
        account=account,
        contact_id=contact_id,
        now=now,
    )


async def live_in(connection: Connection, inbox: str, now: int) -> list[Lease]:
    """Every lease of the inbox's conversations that has not ended, the one that ends next first."""
    return await connection.all(
        Lease,
        f"""
        SELECT {_COLUMNS} FROM leases
        WHERE expires_at > :now
            AND EXISTS (SELECT 1 FROM conversations WHERE id = leases.conversation_id AND inbox = :inbox)
        ORDER BY expires_at, id
        """,
        inbox=inbox,
        now=now,
    )


async def current(connection: Connection, conversation_id: int, now: int) -> Lease | None:
    """The lease that the conversation used last, if it has not ended."""
    return await connection.one(
        Lease,
        f"""
        SELECT {_COLUMNS} FROM leases WHERE conversation_id = :conversation_id AND expires_at > :now
        ORDER BY last_used_at DESC LIMIT 1
        """,
        conversation_id=conversation_id,
        now=now,
    )
