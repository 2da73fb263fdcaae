"""Numbers that a provider assigned to us, each for one contact and one conversation.

A lease lasts so long after the newest text that was given the number. A text that named the number itself was given
nothing, but no document says that it does not count: `held_until` is when the number is certainly free again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

_COLUMNS = """
    id, account, number, contact_id, conversation_id, stands_for, leased_at, last_used_at, heard_at, expires_at,
    held_until, told_end
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
    stands_for: str | None  # the name that it was put in the place of; None: it was asked for
    leased_at: int  # when the term began that runs, or ran last
    last_used_at: int
    heard_at: int | None  # when the contact last texted to it in this term
    expires_at: int
    held_until: int  # until then it may count as one of the contact's
    told_end: int | None  # the end that the thread was told of


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
    """A text was given this number: a new lease, a later end of a live one, or a new term of one that has ended.

    A lease stays with the conversation that it was made for until it ends.

    Args:
        tx: the open transaction.
        account: whose number it is.
        number: canonical.
        contact_id: for whom.
        conversation_id: whose text it was.
        at: when the provider gave it, at the latest (microseconds UTC).
        lifetime: microseconds from then.
        stands_for: the name that the text was to come from, if it was to come from one.
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
    """A text named it as its sender, or may have: that moves no end, but it may count for longer (microseconds)."""
    await tx.run(
        """
        UPDATE leases SET last_used_at = :now,
            held_until = CASE WHEN held_until > :until THEN held_until ELSE :until END
        WHERE id = :id
        """,
        now=tx.now,
        until=tx.now + lifetime,
        id=lease_id,
    )


async def hear(tx: Transaction, lease_id: int) -> None:
    """The contact texted to it. That does not make it last longer."""
    await tx.run("UPDATE leases SET last_used_at = :now, heard_at = :now WHERE id = :id", now=tx.now, id=lease_id)


async def tell(tx: Transaction, lease: Lease) -> None:
    """The thread is told of the end that it has now."""
    await tx.run("UPDATE leases SET told_end = :end WHERE id = :id", end=lease.expires_at, id=lease.id)


async def get(connection: Connection, lease_id: int) -> Lease | None:
    """The lease of this id, if it is still kept."""
    return await connection.one(Lease, f"SELECT {_COLUMNS} FROM leases WHERE id = :id", id=lease_id)


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


async def of_contact(connection: Connection, contact_id: int) -> list[Lease]:
    """Every lease that the contact has or had."""
    return await connection.all(
        Lease, f"SELECT {_COLUMNS} FROM leases WHERE contact_id = :contact_id ORDER BY id", contact_id=contact_id
    )


async def live(connection: Connection, account: str, contact_id: int, now: int) -> list[Lease]:
    """The contact's leases that have not ended, the one used last first."""
    return [lease for lease in await held(connection, account, contact_id, now) if lease.expires_at > now]


async def held(connection: Connection, account: str, contact_id: int, now: int) -> list[Lease]:
    """Those that may count as the contact's, also past their end; those that have not ended first, then by last use."""
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
