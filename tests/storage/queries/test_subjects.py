"""The conversation that an id, a thread or an address belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.engine.clock import DAY
from storage.queries import subjects
from storage.tables import conversations, files, identity, leases, posts
from storage.tables.identity import Identity
from tests.storage.making import PHONE, START, a_conversation, a_text, an_attempt

if TYPE_CHECKING:
    from storage.engine.database import Database


async def test_every_id_leads_to_its_conversation(database: Database) -> None:
    """A conversation's own, and those of a message, an attempt, a file, a lease and a contact; no other."""
    async with database.transaction() as tx:
        conversation = await a_conversation(tx)
        message = await a_text(tx)
        attempt = await an_attempt(tx, message)
        file = await files.expect(tx, message, "out", source="F1")
        owner, number = conversation.contact_id, "+61400000098"
        lease = await leases.grant(tx, "fone", number, owner, conversation.id, at=START, lifetime=DAY)
        for subject in (conversation.id, message, attempt.id, file, lease.id, owner):
            assert await subjects.conversation_of(tx, subject) == conversation.id
        assert await subjects.conversation_of(tx, tx.new_id()) is None


async def test_a_contact_leads_to_its_newest_conversation(database: Database) -> None:
    """By id and by address; somebody without one leads nowhere."""
    async with database.transaction() as tx:
        await a_conversation(tx)
        newest = await a_conversation(tx, inbox="sales")
        assert await subjects.conversation_of(tx, newest.contact_id) == newest.id
        assert await subjects.conversation_with(tx, PHONE) == newest.id
        assert await subjects.conversation_with(tx, "+61400000002") is None


async def test_a_thread_leads_to_its_conversation(database: Database) -> None:
    """Also one whose card somebody deleted since, and none in another channel."""
    async with database.transaction() as tx:
        await identity.save(tx, Identity("T1", "B1", "U0BOT", "https://acme.slack.com/"))
        conversation = await a_conversation(tx)
        place = {"team": "T1", "channel": "C0SUPPORT", "thread_ts": None}
        card = await posts.begin(tx, "card:1", kind="card", subject=conversation.id, **place)  # type: ignore[arg-type]  # of the dict
        await posts.sent(tx, card.id, "C0SUPPORT", "1.1")
        assert await subjects.conversation_of_thread(tx, "C0SUPPORT", "1.1") == conversation.id
        await conversations.set_thread(tx, conversation.id, "2.2")
        assert await subjects.conversation_of_thread(tx, "C0SUPPORT", "2.2") == conversation.id
        assert await subjects.conversation_of_thread(tx, "C0SUPPORT", "1.1") == conversation.id
        assert await subjects.conversation_of_thread(tx, "C0SALES", "2.2") is None
