"""A leased number belongs to one contact and conversation, for a fixed time after the send that returned it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from storage.engine.clock import DAY, SECOND
from storage.tables import leases
from tests.storage.making import START, a_conversation

if TYPE_CHECKING:
    from storage.engine.database import Database, Transaction
    from storage.tables.conversations import Conversation
    from storage.tables.leases import Lease
    from tests.storage.making import Clock

NUMBER = "+61400000055"
NEXT = "+61400000056"


async def grant(
    tx: Transaction, conversation: Conversation, number: str = NUMBER, account: str = "fone", days: float = 30
) -> Lease:
    """Records that a text of the conversation was assigned this number."""
    return await leases.grant(
        tx, account, number, conversation.contact_id, conversation.id, at=tx.now, lifetime=int(days * DAY)
    )


async def test_a_live_lease_stays_with_its_conversation(database: Database, clock: Clock) -> None:
    """A number that is assigned again lasts longer, also for another inbox; texts to it find the first conversation."""
    async with database.transaction() as tx:
        support, sales = await a_conversation(tx), await a_conversation(tx, inbox="sales")
        first = await grant(tx, support)
        assert (first.heard_at, first.told_end, first.stands_for) == (None, None, None)
        await leases.hear(tx, first.id)
    clock.wait(60)
    async with database.transaction() as tx:
        again = await grant(tx, sales)
        assert await leases.find(tx, "fone", NUMBER, support.contact_id) == again == await leases.get(tx, first.id)
    assert (again.id, again.conversation_id, again.leased_at, again.heard_at) == (first.id, support.id, START, START)
    assert again.last_used_at == START + 60 * SECOND
    assert again.expires_at == again.held_until == START + 60 * SECOND + 30 * DAY
    assert NUMBER not in repr(again)


async def test_given_again_after_its_end_it_is_a_new_one(database: Database, clock: Clock) -> None:
    """After its end a number belongs to the new conversation, and nobody has texted to it yet."""
    async with database.transaction() as tx:
        first = await grant(tx, await a_conversation(tx), days=1)
        await leases.hear(tx, first.id)
    clock.wait(86_400)
    async with database.transaction() as tx:
        sales = await a_conversation(tx, inbox="sales")
        again = await grant(tx, sales)
    assert (again.id, again.conversation_id, again.leased_at, again.heard_at) == (first.id, sales.id, clock(), None)


async def test_what_turns_out_late_shortens_nothing(database: Database, clock: Clock) -> None:
    """A late report about an earlier text does not shorten a lease."""
    async with database.transaction() as tx:
        conversation = await a_conversation(tx)
        clock.wait(60)
    async with database.transaction() as tx:
        newer = await grant(tx, conversation)
        late = await leases.grant(
            tx, "fone", NUMBER, conversation.contact_id, conversation.id, at=START, lifetime=30 * DAY
        )
    assert late == newer


async def test_one_number_may_serve_two_contacts(database: Database) -> None:
    """Two contacts may share a number, and two accounts may lease it; each has its own lease."""
    async with database.transaction() as tx:
        one, other = await a_conversation(tx), await a_conversation(tx, "+61400000002")
        made = [await grant(tx, one), await grant(tx, other), await grant(tx, one, account="other")]
        assert len({lease.id for lease in made}) == 3
        found = await leases.find(tx, "fone", NUMBER, other.contact_id)
    assert found == made[1]


async def test_an_ended_lease_still_finds_its_conversation(database: Database, clock: Clock) -> None:
    """An ended lease still finds its conversation, but does not count and is not used to send."""
    async with database.transaction() as tx:
        conversation = await a_conversation(tx)
        lease = await grant(tx, conversation, days=1)
        for now, live in ((lease.expires_at - 1, [lease]), (lease.expires_at, []), (lease.expires_at + 1, [])):
            assert await leases.live(tx, "fone", conversation.contact_id, now) == live
            assert await leases.held(tx, "fone", conversation.contact_id, now) == live
        clock.wait(5 * 86_400)
        assert await leases.find(tx, "fone", NUMBER, conversation.contact_id) == lease


async def test_a_text_that_names_it_moves_no_end(database: Database, clock: Clock) -> None:
    """A text that names a number does not extend its lease, but the number may count that much longer."""
    async with database.transaction() as tx:
        conversation = await a_conversation(tx)
        lease = await grant(tx, conversation, days=1)
    clock.wait(60)
    async with database.transaction() as tx:
        await leases.name(tx, lease.id, DAY)
        other = await grant(tx, conversation, NEXT, days=2)
        named = await leases.get(tx, lease.id)
        assert named is not None
        assert (named.expires_at, named.held_until) == (START + DAY, START + 60 * SECOND + DAY)
        assert named.last_used_at == START + 60 * SECOND
        for now in (named.expires_at, named.held_until - 1):
            assert await leases.live(tx, "fone", conversation.contact_id, now) == [other]
            assert await leases.held(tx, "fone", conversation.contact_id, now) == [other, named]
        assert await leases.held(tx, "fone", conversation.contact_id, named.held_until) == [other]


async def test_a_text_to_it_does_not_make_it_last_longer(database: Database, clock: Clock) -> None:
    """Only a text that was assigned the number extends its lease."""
    async with database.transaction() as tx:
        conversation = await a_conversation(tx)
        lease = await grant(tx, conversation)
    clock.wait(60)
    async with database.transaction() as tx:
        await leases.hear(tx, lease.id)
        found = await leases.find(tx, "fone", NUMBER, conversation.contact_id)
    assert found is not None
    assert found.last_used_at == found.heard_at == START + 60 * SECOND
    assert (found.expires_at, found.held_until) == (lease.expires_at, lease.held_until)


async def test_an_end_that_was_told(database: Database) -> None:
    """A reported end is stored; a later end is reported again."""
    async with database.transaction() as tx:
        lease = await grant(tx, await a_conversation(tx))
        await leases.tell(tx, lease)
        found = await leases.get(tx, lease.id)
        assert found is not None
        assert found.told_end == lease.expires_at


async def test_the_one_used_last_comes_first(database: Database, clock: Clock) -> None:
    """The contact's leases at an account come last used first."""
    async with database.transaction() as tx:
        conversation = await a_conversation(tx)
        await grant(tx, conversation)
    clock.wait(1)
    async with database.transaction() as tx:
        await grant(tx, conversation, NEXT)
        await grant(tx, await a_conversation(tx, inbox="sales"), "+61400000057", account="other")
        now = clock()
        assert [lease.number for lease in await leases.live(tx, "fone", conversation.contact_id, now)] == [NEXT, NUMBER]


@pytest.mark.parametrize("account", ["other", "fone"])
async def test_a_number_that_was_never_leased(database: Database, account: str) -> None:
    """An unknown number has no lease."""
    async with database.transaction() as tx:
        conversation = await a_conversation(tx)
        assert await leases.find(tx, account, NUMBER, conversation.contact_id) is None
        assert await leases.get(tx, 1) is None
