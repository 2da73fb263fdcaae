"""A leased number is of one contact and one conversation, and lasts so long after the send that returned it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from storage import leases
from storage.clock import DAY, SECOND
from tests.storage.making import START, a_conversation

if TYPE_CHECKING:
    from storage.conversations import Conversation
    from storage.database import Database, Transaction
    from storage.leases import Lease
    from tests.storage.making import Clock

NUMBER = "+61400000055"
NEXT = "+61400000056"


async def record(
    tx: Transaction, conversation: Conversation, number: str = NUMBER, account: str = "fone", days: int = 30
) -> Lease:
    """A text of the conversation went out from this number."""
    return await leases.record(tx, account, number, conversation.contact_id, conversation.id, lifetime=days * DAY)


async def test_a_lease_stays_with_its_conversation(database: Database, clock: Clock) -> None:
    """Used again it lasts longer, also from another inbox; a text to it still finds the first one."""
    async with database.transaction() as tx:
        support, sales = await a_conversation(tx), await a_conversation(tx, inbox="sales")
        first = await record(tx, support)
    clock.wait(60)
    async with database.transaction() as tx:
        again = await record(tx, sales)
        assert await leases.find(tx, "fone", NUMBER, support.contact_id) == again
    assert (again.id, again.conversation_id, again.leased_at) == (first.id, support.id, START)
    assert again.last_used_at == START + 60 * SECOND
    assert again.expires_at == START + 60 * SECOND + 30 * DAY
    assert NUMBER not in repr(again)


async def test_one_number_may_serve_two_contacts(database: Database) -> None:
    """And two accounts may lease the same; each is a lease of its own."""
    async with database.transaction() as tx:
        one, other = await a_conversation(tx), await a_conversation(tx, "+61400000002")
        made = [await record(tx, one), await record(tx, other), await record(tx, one, account="other")]
        assert len({lease.id for lease in made}) == 3
        found = await leases.find(tx, "fone", NUMBER, other.contact_id)
    assert found == made[1]


async def test_an_ended_lease_still_finds_its_conversation(database: Database, clock: Clock) -> None:
    """But it counts no longer, and is not offered for sending."""
    async with database.transaction() as tx:
        conversation = await a_conversation(tx)
        lease = await record(tx, conversation, days=1)
        for now, live in ((lease.expires_at - 1, [lease]), (lease.expires_at, []), (lease.expires_at + 1, [])):
            assert await leases.live(tx, "fone", conversation.contact_id, now) == live
            assert await leases.current(tx, conversation.id, now) == (live[0] if live else None)
        clock.wait(5 * 86_400)
        assert await leases.find(tx, "fone", NUMBER, conversation.contact_id) == lease


async def test_a_text_to_it_does_not_make_it_last_longer(database: Database, clock: Clock) -> None:
    """Only a send that returns it does."""
    async with database.transaction() as tx:
        conversation = await a_conversation(tx)
        lease = await record(tx, conversation)
    clock.wait(60)
    async with database.transaction() as tx:
        await leases.use(tx, lease.id)
        found = await leases.find(tx, "fone", NUMBER, conversation.contact_id)
    assert found is not None
    assert (found.last_used_at, found.expires_at) == (START + 60 * SECOND, lease.expires_at)


async def test_the_one_used_last_comes_first(database: Database, clock: Clock) -> None:
    """Of the contact at the account, and of the conversation."""
    async with database.transaction() as tx:
        conversation = await a_conversation(tx)
        await record(tx, conversation)
    clock.wait(1)
    async with database.transaction() as tx:
        await record(tx, conversation, NEXT)
        await record(tx, await a_conversation(tx, inbox="sales"), "+61400000057", account="other")
        now = clock()
        assert [lease.number for lease in await leases.live(tx, "fone", conversation.contact_id, now)] == [NEXT, NUMBER]
        current = await leases.current(tx, conversation.id, now)
    assert current is not None
    assert current.number == NEXT


@pytest.mark.parametrize("account", ["other", "fone"])
async def test_a_number_that_was_never_leased(database: Database, account: str) -> None:
    """Nobody's."""
    async with database.transaction() as tx:
        conversation = await a_conversation(tx)
        assert await leases.find(tx, account, NUMBER, conversation.contact_id) is None
        assert await leases.current(tx, conversation.id, START) is None
