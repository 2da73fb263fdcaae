"""Contacts and their opt-outs."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from storage.tables import contacts, suppressions
from tests.storage.making import PHONE, START, a_contact, rows

if TYPE_CHECKING:
    from storage.engine.database import Database
    from tests.storage.making import Clock


async def test_an_address_is_one_contact(database: Database) -> None:
    """An address is one contact, however often it texts; another address is another contact."""
    async with database.transaction() as tx:
        first = await contacts.remember(tx, PHONE)
        assert await contacts.remember(tx, PHONE) == first
        assert (await contacts.remember(tx, "client:alice")).id != first.id
        assert await contacts.find(tx, PHONE) == first
        assert await contacts.get(tx, first.id) == first
    assert PHONE not in repr(first)


async def test_one_that_is_not_there(database: Database) -> None:
    """`find` returns None, `get` raises an error without the number."""
    async with database.read() as reader:
        assert await contacts.find(reader, PHONE) is None
        with pytest.raises(LookupError, match="no contact 1"):
            await contacts.get(reader, 1)


async def test_an_opt_out_holds_until_it_is_lifted(database: Database, clock: Clock) -> None:
    """An opt-out is recorded once, and so is its lifting. None is deleted."""
    async with database.transaction() as tx:
        contact = (await a_contact(tx)).id
        assert not await suppressions.holds(tx, contact)
        assert not await suppressions.lift(tx, contact)
        assert await suppressions.add(tx, contact, "keyword", "message 1")
        assert not await suppressions.add(tx, contact, "provider", "21610")
        assert await suppressions.holds(tx, contact)
    clock.wait(60)
    async with database.transaction() as tx:
        assert await suppressions.lift(tx, contact)
        assert not await suppressions.lift(tx, contact)
        assert not await suppressions.holds(tx, contact)
        assert await suppressions.add(tx, contact, "person", "U1ANNA")
        assert await suppressions.holds(tx, contact)
    found = await rows(database, "SELECT since, lifted_at, source, evidence FROM suppressions ORDER BY id")
    minute = START + 60_000_000
    assert found == [
        {"since": START, "lifted_at": minute, "source": "keyword", "evidence": "message 1"},
        {"since": minute, "lifted_at": None, "source": "person", "evidence": "U1ANNA"},
    ]


async def test_an_opt_out_is_of_one_contact(database: Database) -> None:
    """An opt-out affects no other contact."""
    async with database.transaction() as tx:
        contact, other = (await a_contact(tx)).id, (await a_contact(tx, "+61400000002")).id
        await suppressions.add(tx, contact, "keyword", "message 1")
        assert not await suppressions.holds(tx, other)


async def test_two_live_ones_of_a_contact_are_impossible(database: Database) -> None:
    """The database rejects a second current opt-out of a contact."""
    async with database.transaction() as tx:
        contact = (await a_contact(tx)).id
        await suppressions.add(tx, contact, "keyword", "message 1")
        with pytest.raises(sqlite3.IntegrityError):
            await tx.run(
                "INSERT INTO suppressions (id, contact_id, since, source, evidence) VALUES (1, :contact, 0, '', '')",
                contact=contact,
            )
