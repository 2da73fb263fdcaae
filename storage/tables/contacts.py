"""Contacts: the people we exchange texts with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

_COLUMNS = "id, address, name, notes, time_zone"


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact: a phone number, a short code or a `client:` name."""

    id: int
    address: str = field(repr=False)  # canonical, as `str` of a `sms.address.Address`
    name: str | None = field(repr=False)
    notes: str | None = field(repr=False)
    time_zone: str | None  # IANA name, if a user set it

    @classmethod
    def unknown(cls, address: str) -> Contact:
        """Returns a contact that has no row yet."""
        return cls(id=0, address=address, name=None, notes=None, time_zone=None)


async def remember(tx: Transaction, address: str) -> Contact:
    """Returns the contact with this address; adds one if there is none."""
    await tx.run(
        """
        INSERT INTO contacts (id, address, created_at) VALUES (:id, :address, :now)
        ON CONFLICT (address) DO NOTHING
        """,
        id=tx.new_id(),
        address=address,
        now=tx.now,
    )
    found = await find(tx, address)
    assert found is not None  # noqa: S101 - inserted above, in this transaction
    return found


async def find(connection: Connection, address: str) -> Contact | None:
    """Returns the contact with this address, or None."""
    return await connection.one(
        Contact,
        f"SELECT {_COLUMNS} FROM contacts WHERE address = :address",
        address=address,
    )


async def describe(
    tx: Transaction, contact_id: int, *, name: str | None, notes: str | None, time_zone: str | None
) -> None:
    """Replaces what users recorded about the contact."""
    await tx.run(
        "UPDATE contacts SET name = :name, notes = :notes, time_zone = :time_zone WHERE id = :id",
        name=name,
        notes=notes,
        time_zone=time_zone,
        id=contact_id,
    )


async def get_if_there(connection: Connection, contact_id: int) -> Contact | None:
    """Returns the contact with this id, or None if the contact was erased."""
    return await connection.one(Contact, f"SELECT {_COLUMNS} FROM contacts WHERE id = :id", id=contact_id)


async def get(connection: Connection, contact_id: int) -> Contact:
    """Returns the contact with this id; raises LookupError if there is none."""
    found = await get_if_there(connection, contact_id)
    if found is None:
        raise LookupError(f"no contact {contact_id}")
    return found
