"""Numbers that a provider leased to us, each for one contact and one conversation.

A lease lasts a fixed time from the newest text that was assigned the number. A text that named the number as its sender
was not assigned it. No document says that such a text does not count, so `held_until` is when the number is surely
free.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

_COLUMNS = """
    id, account, number, contact_id, conversation_id, stands_for, leased_at, last_used_at, heard_at, expires_at,
    held_until, told_end, named_at, refused_at
"""

_GRANT = f"""
    INSERT INTO leases (id, account, number, contact_id, conversation_id, stands_for, leased_at, last_used_at,
        expires_at, held_until)
    VALUES (:id, :account, :number, :contact_id, :conversation_id, :stands_for, :at, :at, :until, :until)
    ON CONFLICT (account, number, contact_id) DO UPDATE SET
        conversation_id = CASE WHEN leases.expires_at <= :at THEN excluded.conversation_id
            ELSE leases.conversation_id END,
        leased_at = CASE WHEN leases.expires_at <= :at THEN :at ELSE leases.leased_at END,
        heard_at = CASE WHEN leases.expires_at <= :at THEN NULL ELSE leases.heard_at END,
        stands_for = excluded.stands_for,
        named_at = NULL,
        refused_at = NULL,
        last_used_at = CASE WHEN leases.last_used_at > :at THEN leases.last_used_at ELSE :at END,
        expires_at = CASE WHEN leases.expires_at > :until THEN leases.expires_at ELSE :until END,
        held_until = CASE WHEN leases.held_until > :until THEN leases.held_until ELSE :until END
    RETURNING {_COLUMNS}
"""


@dataclass(frozen=True, slots=True)
class Lease:
    """A row of the table; times in microseconds UTC."""

    id: int
    account: str
    number: str = field(repr=False)
    contact_id: int = field(repr=False)
    conversation_id: int
    stands_for: str | None  # the sender name that it replaced; None: we asked for a leased number
    leased_at: int  # start of the current or last term
    last_used_at: int
    heard_at: int | None  # when the contact last texted to it in this term
    expires_at: int
    held_until: int  # it may count against the contact's limit until then
    told_end: int | None  # the end that the thread shows
    named_at: int | None = None  # when a text last named it as its sender, since it was assigned
    refused_at: int | None = None  # when the provider refused it as a sender, since it was assigned


async def grant(
    tx: Transaction,
    account: str,
    number: str,
    contact_id: int,
    conversation_id: int,
    *,
    at: int,
    lifetime: int,
    stands_for: str | None = None,
) -> Lease:
    """Records that a text was assigned this number: a new lease, an extended one, or a new term of an ended one.

    Until it ends, a lease stays with the conversation that it was made for.

    Args:
        tx: the open transaction.
        account: the number's account.
        number: canonical.
        contact_id: the contact.
        conversation_id: the text's conversation.
        at: the latest time at which the provider assigned it (microseconds UTC).
        lifetime: microseconds from then.
        stands_for: the sender name that the text was to be sent from, if any.
    """
    found = await tx.one(
        Lease,
        _GRANT,
        id=tx.new_id(),
        account=account,
        number=number,
        contact_id=contact_id,
        conversation_id=conversation_id,
        stands_for=stands_for,
        at=at,
        until=at + lifetime,
    )
    assert found is not None  # noqa: S101 - the statement returns what it wrote
    return found


async def name(tx: Transaction, lease_id: int, lifetime: int) -> None:
    """Records that a text named the number as its sender: the end stays, but it may count longer (microseconds)."""
    await tx.run(
        """
        UPDATE leases SET last_used_at = :now, named_at = :now,
            held_until = CASE WHEN held_until > :until THEN held_until ELSE :until END
        WHERE id = :id
        """,
        now=tx.now,
        until=tx.now + lifetime,
        id=lease_id,
    )


async def refuse(tx: Transaction, lease_id: int) -> None:
    """Records that the provider refused the number as a sender."""
    await tx.run("UPDATE leases SET refused_at = :now WHERE id = :id", now=tx.now, id=lease_id)


async def hear(tx: Transaction, lease_id: int) -> None:
    """Records that the contact texted to the number. That does not extend the lease."""
    await tx.run("UPDATE leases SET last_used_at = :now, heard_at = :now WHERE id = :id", now=tx.now, id=lease_id)


async def tell(tx: Transaction, lease: Lease) -> None:
    """Records that the thread shows the lease's current end."""
    await tx.run("UPDATE leases SET told_end = :end WHERE id = :id", end=lease.expires_at, id=lease.id)


async def get(connection: Connection, lease_id: int) -> Lease | None:
    """Returns the lease with this id, or None."""
    return await connection.one(Lease, f"SELECT {_COLUMNS} FROM leases WHERE id = :id", id=lease_id)


async def find(connection: Connection, account: str, number: str, contact_id: int) -> Lease | None:
    """Returns the lease of this number for this contact, live or ended."""
    return await connection.one(
        Lease,
        f"""
        SELECT {_COLUMNS} FROM leases WHERE account = :account AND number = :number AND contact_id = :contact_id
        """,
        account=account,
        number=number,
        contact_id=contact_id,
    )


async def of_contact(connection: Connection, contact_id: int) -> list[Lease]:
    """Returns all leases of the contact, live or ended."""
    return await connection.all(
        Lease, f"SELECT {_COLUMNS} FROM leases WHERE contact_id = :contact_id ORDER BY id", contact_id=contact_id
    )


async def live(connection: Connection, account: str, contact_id: int, now: int) -> list[Lease]:
    """Returns the contact's live leases, last used first."""
    return [lease for lease in await held(connection, account, contact_id, now) if lease.expires_at > now]


async def held(connection: Connection, account: str, contact_id: int, now: int) -> list[Lease]:
    """Returns the leases that may count against the contact's limit: live ones first, then by last use."""
    found = await connection.all(
        Lease,
        f"""
        SELECT {_COLUMNS} FROM leases WHERE account = :account AND contact_id = :contact_id AND held_until > :now
        ORDER BY last_used_at DESC, id DESC
        """,
        account=account,
        contact_id=contact_id,
        now=now,
    )
    return sorted(found, key=lambda lease: lease.expires_at <= now)


async def live_in(connection: Connection, inbox: str, now: int) -> list[Lease]:
    """Returns the inbox's live leases, the next to end first."""
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
