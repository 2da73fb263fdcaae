"""Decisions of people while the provider is still asked: what is older loses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from providers.errors import Unknown
from sms.message import Status
from storage.tables import conversations, messages
from tests.bot.sending.gating import BUSY, Gating, accepted

if TYPE_CHECKING:
    from storage.engine.database import Database
    from tests.storage.making import Clock

SILENT = Unknown("timeout", "No answer came.")


@pytest.fixture
def gating(database: Database, clock: Clock) -> Gating:
    """A gate whose provider keeps a list of the texts that it took."""
    gating = Gating(database, clock)
    gating.can(gating.fone, find_sent=True)
    return gating


async def unknown(gating: Gating, *, parts: int = 1) -> int:
    """Returns a text whose first attempt has an unknown result, and about which the provider is asked."""
    gating.answers.append(SILENT)
    message_id = await gating.text_now(parts=parts)
    await gating.step()
    return message_id


async def test_a_person_is_asked_about_a_text_that_nobody_knows(gating: Gating) -> None:
    """The provider's list never had it."""
    message_id = await unknown(gating)
    await gating.run(3600)
    assert (await gating.message(message_id)).state == "asked"
    assert await gating.causes() == ["unknown:fone"]


async def test_a_text_that_was_sent_again_and_arrived_is_not_asked_about(gating: Gating) -> None:
    """The provider never says if the first try went out; that is over."""
    message_id = await unknown(gating)
    await gating.send_again(message_id)
    await gating.step()
    await gating.reported((await gating.tries(message_id))[-1], Status.DELIVERED)
    await gating.run(3600)
    message = await gating.message(message_id)
    assert (message.state, message.status, await gating.causes()) == (None, "delivered", [])


async def test_a_text_that_waits_to_be_sent_again_is_not_asked_about(gating: Gating) -> None:
    """The second try waits for longer than the provider is asked about the first."""
    message_id = await unknown(gating)
    gating.answers.extend([BUSY] * 20)
    await gating.send_again(message_id)
    await gating.run(60)
    message = await gating.message(message_id)
    assert (message.state, message.status) == (None, "queued")
    assert await gating.sends_left() == 1


async def test_the_rest_of_a_text_goes_on_after_its_part_was_sent_again(gating: Gating) -> None:
    """The second part waits while the provider is asked about the first try of the first."""
    gating.can(gating.fone, concatenates=False)
    message_id = await unknown(gating, parts=3)
    gating.answers.extend([None, *[BUSY] * 5])
    await gating.send_again(message_id)
    await gating.run(3600)
    assert [each.part for each in await gating.tries(message_id) if each.outcome == "accepted"] == [1, 2, 3]
    assert (await gating.message(message_id)).state is None


async def test_a_text_that_was_given_up_is_not_asked_about(gating: Gating) -> None:
    """*Give up* is the end."""
    message_id = await unknown(gating)
    await gating.commit(lambda tx: messages.give_up(tx, message_id, "Given up."))
    await gating.run(3600)
    assert ((await gating.message(message_id)).state, await gating.causes()) == ("cancelled", [])


async def test_each_unknown_try_is_asked_about_for_itself(gating: Gating) -> None:
    """The second try is unknown as well: the question is about the second."""
    message_id = await unknown(gating)
    gating.answers.append(SILENT)
    await gating.send_again(message_id)
    await gating.run(3600)
    assert (await gating.message(message_id)).state == "asked"
    assert await gating.causes() == ["unknown:fone"]


async def test_a_late_result_does_not_undo_the_choice_of_a_sender(gating: Gating) -> None:
    """A person chose another sender while the provider was asked."""
    message_id = await unknown(gating)
    async with gating.database.transaction() as tx:
        await conversations.pin_sender(tx, (await messages.get(tx, message_id)).conversation_id, "perth")
    gating.found.append(accepted("P1"))
    await gating.run(3600)
    message = await gating.message(message_id)
    async with gating.database.read() as reader:
        kept = (await conversations.get(reader, message.conversation_id)).pinned_sender
    assert (message.status, kept) == ("accepted", "perth")


@pytest.mark.parametrize("end", [Status.FAILED, Status.EXPIRED])
async def test_a_text_that_the_list_knows_as_lost_fails_with_an_alert(gating: Gating, end: Status) -> None:
    """Its line no longer says that the provider did not answer."""
    message_id = await unknown(gating)
    gating.found.append(accepted("P1", end))
    await gating.run(3600)
    message = await gating.message(message_id)
    assert (message.state, message.status) == (None, end.value)
    assert message.sentence == "Fone Dynamics doesn't say why."
    assert await gating.causes() == [f"failed:fone:{end.value}"]
