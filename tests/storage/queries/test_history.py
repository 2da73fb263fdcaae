"""Which text of ours answered the contact: the newest that a person wrote, and that went out or is about to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from storage.queries import history
from storage.tables import messages, schedule, users
from storage.tables.users import Person
from tests.storage.making import a_conversation, a_reply, an_attempt

if TYPE_CHECKING:
    from storage.engine.database import Database, Transaction

NO_ANSWERS = ["failed", "expired", "cancelled", "asked", "scheduled"]


async def put(tx: Transaction, message_id: int, state: str) -> None:
    """Gives a text this state or status."""
    if state in {"failed", "expired"}:
        await messages.set_status(tx, message_id, state)
    elif state == "cancelled":
        await messages.give_up(tx, message_id, "Given up.")
    elif state == "asked":
        await messages.ask(tx, message_id, "near_miss", "Should it go out?")
    elif state == "scheduled":
        await schedule.schedule(tx, message_id, tx.now + 1)


@pytest.mark.parametrize("state", NO_ANSWERS)
async def test_a_text_that_did_not_go_out_is_no_answer(database: Database, state: str) -> None:
    """The one before it is."""
    async with database.transaction() as tx:
        place = (await a_conversation(tx)).id
        first = await a_reply(tx, place, "1765535460.000100")
        second = await a_reply(tx, place, "1765535460.000200") or 0
        await put(tx, second, state)
        found = await history.newest_reply(tx, place)
    assert found is not None
    assert found.id == first


@pytest.mark.parametrize("state", ["cancelled", "asked"])
async def test_a_text_that_may_have_gone_out_is_an_answer(database: Database, state: str) -> None:
    """A person was asked about it or gave it up, and it may have arrived."""
    async with database.transaction() as tx:
        place = (await a_conversation(tx)).id
        message_id = await a_reply(tx, place) or 0
        await an_attempt(tx, message_id)
        await put(tx, message_id, state)
        found = await history.newest_reply(tx, place)
    assert found is not None
    assert found.id == message_id


@pytest.mark.parametrize("flag", ["bot", "guest", "stranger", "removed"])
async def test_a_text_of_somebody_who_may_not_text_is_no_answer(database: Database, flag: str) -> None:
    """The gate has not refused it yet."""
    async with database.transaction() as tx:
        place = (await a_conversation(tx)).id
        message_id = await a_reply(tx, place)
        before = await history.newest_reply(tx, place)
        assert before is not None
        author, team = before.author or "", await tx.value("SELECT team FROM messages WHERE id = :id", id=message_id)
        bot, guest, stranger, removed = (int(flag == each) for each in ("bot", "guest", "stranger", "removed"))
        await users.remember(tx, Person(str(team), author, "Gus", bot, guest, stranger, removed, tx.now))
        assert await history.newest_reply(tx, place) is None
