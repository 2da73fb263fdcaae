"""Migration 3 makes one contact of the two that a phone with two numbers had, and loses nothing of either."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from sms.spellings import canonical, others
from storage.engine import migrations
from storage.tables import contacts, conversations, suppressions
from tests.storage.engine.test_migrations import connected
from tests.storage.making import opened, rows, value

if TYPE_CHECKING:
    from pathlib import Path

    from tests.storage.making import Clock

MEXICAN, FORMER = "+525512345678", "+5215512345678"
CANONICAL = [MEXICAN, "+5491123456789", "+5493644123456", "+5511961234567", "+2250707123456", "+2250142012345"]
CANONICAL += ["+2250545012345", "+2290197123456", "+970599123456", "+970569123456"]
UNTOUCHED = ["+61412345678", "+541123", "+558001234567", "+22521123456", "+5521234567", "+97221234567", "12345", "Acme"]


async def lay(path: Path, clock: Clock, *statements: str) -> None:
    """Creates a database as version 0.2.0 with schema 2 had it, with these rows."""
    async with connected(path) as connection:
        async for _ in migrations._apply(connection, clock, migrations.known()[:2]):
            pass
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("PRAGMA foreign_keys = ON")
        for statement in statements:
            plain.execute(statement)
        plain.commit()


def contact(id: int, address: str, name: str = "NULL", notes: str = "NULL") -> str:  # noqa: A002 - the column
    """Returns the statement that adds a contact."""
    return f"INSERT INTO contacts VALUES ({id}, '{address}', {name}, {notes}, NULL, 1)"  # noqa: S608 - the words of this module


def conversation(id: int, contact_id: int, state: str, waiting: str = "NULL") -> str:  # noqa: A002 - the column
    """Returns the statement that adds a conversation in the inbox support."""
    closed = "NULL" if state == "open" else "50"
    return f"""
        INSERT INTO conversations (id, contact_id, inbox, team, channel, thread_ts, state, waiting_since, opened_at,
            closed_at)
        VALUES ({id}, {contact_id}, 'support', 'T1', 'C1', '{id}.0', '{state}', {waiting}, {id}, {closed})
    """  # noqa: S608 - the words of this module


def opt_out(id: int, contact_id: int, lifted: str = "NULL") -> str:  # noqa: A002 - the column
    """Returns the statement that adds an opt-out."""
    return f"""
        INSERT INTO suppressions (id, contact_id, since, lifted_at, source, evidence)
        VALUES ({id}, {contact_id}, {id}, {lifted}, 'keyword', 'STOP')
    """  # noqa: S608 - the words of this module


def lease(id: int, contact_id: int, conversation_id: int, number: str, until: int) -> str:  # noqa: A002 - the column
    """Returns the statement that adds a lease."""
    return f"""
        INSERT INTO leases (id, account, number, contact_id, conversation_id, leased_at, last_used_at, expires_at,
            held_until)
        VALUES ({id}, 'fone', '{number}', {contact_id}, {conversation_id}, 1, 1, {until}, {until})
    """  # noqa: S608 - the words of this module


async def test_each_number_gets_its_canonical_spelling(path: Path, clock: Clock) -> None:
    """The SQL has the rules of `sms/spellings.py`; other addresses stay."""
    spellings = [other for number in CANONICAL for other in others(number)]
    former = [each for each in spellings if len(each) < len("+54223154567890")] + UNTOUCHED  # nobody stored a 15
    await lay(path, clock, *(contact(n, each) for n, each in enumerate(former, 1)))
    async with opened(path, clock) as database:
        found = await rows(database, "SELECT address FROM contacts")
        assert {row["address"] for row in found} == {*CANONICAL, *UNTOUCHED}
        assert [each for each in UNTOUCHED if each.startswith("+") and canonical(each) != each] == []
        left = "SELECT count(*) FROM sqlite_master WHERE name IN ('respelt', 'merged', 'joined')"
        assert await value(database, left) == 0


async def test_two_contacts_of_one_phone_become_one(path: Path, clock: Clock) -> None:
    """Their notes are joined, their threads stay, and the newest conversation is the open one."""
    await lay(
        path,
        clock,
        contact(1, FORMER, "'Maria'", "'likes tea'"),
        contact(2, MEXICAN, "NULL", "'pays late'"),
        conversation(11, 1, "open", "7"),
        conversation(12, 2, "open", "9"),
        conversation(13, 1, "closed"),
    )
    async with opened(path, clock) as database, database.transaction() as tx:
        kept = await contacts.find(tx, MEXICAN)
        assert kept == contacts.Contact(2, MEXICAN, "Maria", "pays late / likes tea", None)
        assert await contacts.find(tx, FORMER) is None
        found = await conversations.of_contact(tx, 2)
        assert [(each.id, each.state, each.thread_ts) for each in found] == [
            (11, "closed", "11.0"),
            (12, "closed", "12.0"),
            (13, "open", "13.0"),
        ]
        assert [each.waiting_since for each in found] == [None, None, 7]
        assert (await conversations.open_one(tx, 2, "support", "T1", "C1")).id == 13
        cards = "SELECT subject AS id FROM jobs WHERE kind = 'card' ORDER BY subject"
        assert await tx.all(lambda id: id, cards) == [11, 12, 13]  # noqa: A006 - the column


@pytest.mark.parametrize("opted_out", [[1], [2], [1, 2]])
async def test_an_opt_out_of_either_holds_for_both(path: Path, clock: Clock, opted_out: list[int]) -> None:
    """One is live, and none is deleted."""
    known = [contact(1, FORMER), contact(2, MEXICAN)]
    await lay(path, clock, *known, opt_out(20, 2, "30"), *(opt_out(40 + each, each) for each in opted_out))
    async with opened(path, clock) as database, database.read() as reader:
        assert await suppressions.since(reader, 2) == 40 + max(opted_out)
        assert len(await suppressions.history(reader, 2, 10)) == 1 + len(opted_out)


async def test_leases_and_erasures_follow(path: Path, clock: Clock) -> None:
    """One lease for each number, with the later end; an erasure goes on for the contact that stays."""
    await lay(
        path,
        clock,
        contact(1, FORMER),
        contact(2, MEXICAN),
        conversation(11, 1, "open"),
        conversation(12, 2, "open"),
        lease(31, 1, 11, "+61400000001", 900),
        lease(32, 2, 12, "+61400000001", 500),
        lease(33, 1, 11, "+61400000002", 700),
        "INSERT INTO erasures (address_hash, key_id, contact_id, done, begun_at) VALUES ('h', 'k', 1, '{}', 1)",
    )
    async with opened(path, clock) as database:
        found = await rows(database, "SELECT id, contact_id, held_until FROM leases ORDER BY id")
        expected: list[dict[str, Any]] = [
            {"id": 32, "contact_id": 2, "held_until": 900},
            {"id": 33, "contact_id": 2, "held_until": 700},
        ]
        assert found == expected
        assert await value(database, "SELECT contact_id FROM erasures") == 2
        assert await value(database, "SELECT count(*) FROM pragma_foreign_key_check") == 0
