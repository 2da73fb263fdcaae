"""A contact in an inbox has one conversation, open or closed, in one thread."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from storage.engine.clock import SECOND
from storage.tables import conversations, messages
from tests.storage.making import START, a_contact, a_conversation, a_text, value

if TYPE_CHECKING:
    from storage.engine.database import Database
    from tests.storage.making import Clock

OTHER = "+61400000002"


async def test_the_first_text_begins_one(database: Database) -> None:
    """A new conversation has no thread until its card is posted, and is not waiting."""
    async with database.transaction() as tx:
        found = await a_conversation(tx)
        assert found == await conversations.get(tx, found.id)
    assert (found.inbox, found.team, found.channel, found.state) == ("support", "T1", "C0SUPPORT", "open")
    assert (found.thread_ts, found.sender, found.waiting_since, found.opened_at) == (None, None, None, START)


async def test_a_contact_has_one_in_each_inbox(database: Database) -> None:
    """Further texts find the conversation; another inbox or contact has its own."""
    async with database.transaction() as tx:
        first = await a_conversation(tx)
        assert await a_conversation(tx) == first
        sales = await a_conversation(tx, inbox="sales")
        other = await a_conversation(tx, OTHER)
        contact = await a_contact(tx)
        assert await conversations.newest(tx, contact.id, "support") == first
        assert await conversations.newest(tx, contact.id, "sales") == sales
        assert await conversations.newest(tx, contact.id, "nowhere") is None
    assert len({first.id, sales.id, other.id}) == 3


async def test_two_open_ones_are_impossible(database: Database) -> None:
    """The database rejects a second open conversation of a contact in an inbox."""
    async with database.transaction() as tx:
        first = await a_conversation(tx)
        again = """
            INSERT INTO conversations (id, contact_id, inbox, team, channel, state, opened_at)
            VALUES (:id, :contact, 'support', 'T1', 'C0SUPPORT', :state, 0)
        """
        with pytest.raises(sqlite3.IntegrityError):
            await tx.run(again, id=tx.new_id(), contact=first.contact_id, state="open")
        await tx.run(again, id=tx.new_id(), contact=first.contact_id, state="closed")


async def test_a_closed_one_is_opened_again_by_the_next_text(database: Database, clock: Clock) -> None:
    """The next text reopens a closed conversation in the same thread."""
    async with database.transaction() as tx:
        first = await a_conversation(tx)
        await conversations.set_thread(tx, first.id, "1765535460.000100")
        await conversations.contact_wrote(tx, first.id)
        clock.wait(5)
        assert await conversations.close(tx, first.id)
        assert not await conversations.close(tx, first.id)
        closed = await conversations.get(tx, first.id)
        assert (closed.state, closed.waiting_since) == ("closed", None)
        again = await a_conversation(tx)
    assert (again.id, again.state, again.thread_ts) == (first.id, "open", "1765535460.000100")
    assert await value(database, "SELECT closed_at FROM conversations") is None


async def test_a_thread_leads_to_its_conversation(database: Database) -> None:
    """A conversation is found by team, channel and `ts`, until its card is gone."""
    async with database.transaction() as tx:
        first = await a_conversation(tx)
        await conversations.set_thread(tx, first.id, "1765535460.000100")
        found = await conversations.by_thread(tx, "T1", "C0SUPPORT", "1765535460.000100")
        assert found is not None
        assert found.id == first.id
        for place in (
            ("T2", "C0SUPPORT", "1765535460.000100"),
            ("T1", "C0OTHER", "1765535460.000100"),
            ("T1", "C0SUPPORT", "1765535460.0001"),
        ):
            assert await conversations.by_thread(tx, *place) is None
        other = await a_conversation(tx, OTHER)
        with pytest.raises(sqlite3.IntegrityError):
            await conversations.set_thread(tx, other.id, "1765535460.000100")


async def test_who_waits_for_whom(database: Database, clock: Clock) -> None:
    """The contact waits from the first unanswered text on, until an answer."""
    async with database.transaction() as tx:
        first = await a_conversation(tx)
        await conversations.contact_wrote(tx, first.id)
    clock.wait(10)
    async with database.transaction() as tx:
        await conversations.contact_wrote(tx, first.id)
        found = await conversations.get(tx, first.id)
        assert (found.waiting_since, found.last_in_at) == (START, START + 10 * SECOND)
    clock.wait(10)
    async with database.transaction() as tx:
        await conversations.team_wrote(tx, first.id, await a_text(tx))
        found = await conversations.get(tx, first.id)
        assert (found.waiting_since, found.last_out_at) == (None, START + 20 * SECOND)


async def test_only_an_answer_ends_the_wait(database: Database, clock: Clock) -> None:
    """A text that was written before the contact's, and an automatic one, answer nothing."""
    async with database.transaction() as tx:
        first = await a_conversation(tx)
        before = await a_text(tx)
    clock.wait(10)
    async with database.transaction() as tx:
        await conversations.contact_wrote(tx, first.id)
        automatic = await messages.add_text(tx, first.id, origin="help", text="Ask us.", author=None)
        for message_id in (before, automatic):
            await conversations.team_wrote(tx, first.id, message_id)
        found = await conversations.get(tx, first.id)
        assert (found.waiting_since, found.last_out_at) == (START + 10 * SECOND, START + 10 * SECOND)


async def test_its_sender_and_its_assignee(database: Database) -> None:
    """Sender and assignee are stored, and can change."""
    async with database.transaction() as tx:
        first = await a_conversation(tx)
        await conversations.keep_sender(tx, first.id, "sydney")
        await conversations.assign(tx, first.id, "U1ANNA")
        found = await conversations.get(tx, first.id)
        assert (found.sender, found.assignee) == ("sydney", "U1ANNA")
        await conversations.assign(tx, first.id, None)
        assert (await conversations.get(tx, first.id)).assignee is None


async def test_one_that_is_not_there(database: Database) -> None:
    """A missing conversation is an error."""
    async with database.read() as reader:
        with pytest.raises(LookupError, match="no conversation 1"):
            await conversations.get(reader, 1)
