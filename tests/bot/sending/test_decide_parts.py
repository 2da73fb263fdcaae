"""Decisions about a text that goes out in several parts: in their order, the same way, and never a part twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bot.conversations.decisions import Ask, Done, Hold, Send, Stop
from sms.message import Status
from storage.engine.clock import HOUR, MINUTE
from storage.tables import attempts, contacts, messages, suppressions
from tests.bot.sending.deciding import PERTH, Deciding
from tests.storage.making import START, Clock, a_contact

if TYPE_CHECKING:
    from storage.engine.database import Database

LONG = "one " * 60  # 240 characters: two texts at a provider that joins nothing
LEASE = "+61488000001"


@pytest.fixture
def deciding(database: Database) -> Deciding:
    """A decider whose first provider takes one segment in a text."""
    deciding = Deciding(database)
    deciding.can(deciding.fone, concatenates=False)
    return deciding


async def retried(deciding: Deciding, clock: Clock, message_id: int, via: str | None = None) -> None:
    """A person decides a little later that the text goes out, through this sender if one is given."""
    clock.wait(1)
    async with deciding.database.transaction() as tx:
        await messages.decide(tx, message_id, via)


async def test_a_long_text_goes_out_part_by_part(deciding: Deciding) -> None:
    """Its row keeps the parts and their cost; each part goes after the one before was accepted, and then it is done."""
    message_id = await deciding.text(LONG)
    first = await deciding.sends(message_id)
    message = await deciding.message(message_id)
    parts = json.loads(message.parts or "[]")
    assert (len(parts), message.segments) == (2, 2)
    assert (first.attempt.part, first.attempt.text, first.sms.text) == (1, parts[0], parts[0])
    assert await deciding.keeps(message_id) == Done()  # the first part is under way
    await deciding.accepted(first)
    second = await deciding.sends(message_id)
    assert (second.attempt.part, second.attempt.text, second.sms.text) == (2, parts[1], parts[1])
    assert second.attempt.account == "fone"
    await deciding.accepted(second)
    assert await deciding.keeps(message_id) == Done()


async def test_a_text_that_fits_is_not_cut(deciding: Deciding) -> None:
    """Its row keeps no parts."""
    message_id = await deciding.text("Hello")
    await deciding.sends(message_id)
    assert (await deciding.message(message_id)).parts is None


async def test_files_go_with_the_first_part_only(deciding: Deciding) -> None:
    """The second part has no media, even if its provider could send them."""
    deciding.can(deciding.fone, media_out=True)
    message_id = await deciding.text(LONG)
    await deciding.file(message_id)
    first = await deciding.sends(message_id)
    assert [each.name for each in first.sms.media] == ["cat.png"]
    await deciding.accepted(first)
    assert (await deciding.sends(message_id)).sms.media == ()


async def test_links_to_files_are_not_added_to_the_rest(database: Database) -> None:
    """The links were cut with the text: the second part is the stored one, without a link of its own."""
    deciding = Deciding(database, inboxes__support__links_for_files=True)
    deciding.can(deciding.fone, concatenates=False)
    message_id = await deciding.text(LONG)
    await deciding.file(message_id)
    first = await deciding.sends(message_id)
    parts = json.loads((await deciding.message(message_id)).parts or "[]")
    assert "https://sms.example.com/files/" in parts[-1]
    await deciding.accepted(first)
    assert (await deciding.sends(message_id)).sms.text == parts[1]


async def test_a_retry_cuts_again_if_no_part_is_out(deciding: Deciding, clock: Clock) -> None:
    """Parts that were cut before the provider's limit was known are cut at the limit, because nobody has one yet."""
    deciding.can(deciding.fone, max_text=160)
    message_id = await deciding.text("a" * 320)
    await deciding.ended(await deciding.sends(message_id), "refused")
    assert max(map(len, json.loads((await deciding.message(message_id)).parts or "[]"))) == 160
    deciding.can(deciding.fone, max_text=159)
    await retried(deciding, clock, message_id)
    assert len((await deciding.sends(message_id)).sms.text) == 159
    assert max(map(len, json.loads((await deciding.message(message_id)).parts or "[]"))) == 159


async def test_a_retry_cuts_a_text_that_was_whole(deciding: Deciding, clock: Clock) -> None:
    """A text of exactly 160 characters that was refused as a whole goes out in parts."""
    deciding.can(deciding.fone, max_text=160)
    message_id = await deciding.text("a" * 160)
    await deciding.ended(await deciding.sends(message_id), "refused")
    deciding.can(deciding.fone, max_text=159)
    await retried(deciding, clock, message_id)
    first = await deciding.sends(message_id)
    assert len(first.sms.text) < 160
    assert len(json.loads((await deciding.message(message_id)).parts or "[]")) == 2


# --- the same way -----------------------------------------------------------------------------------------------------


async def test_the_rest_goes_through_the_sender_of_the_parts_that_are_out(deciding: Deciding) -> None:
    """Even if the conversation keeps another sender by now."""
    message_id = await deciding.text(LONG)
    await deciding.accepted(await deciding.sends(message_id))
    await deciding.keep("perth")
    assert (await deciding.sends(message_id)).attempt.sender == "sydney"


async def test_the_rest_waits_for_the_provider_of_the_parts_that_are_out(deciding: Deciding, clock: Clock) -> None:
    """No other provider takes it, and the last word does not say that nothing went out."""
    message_id = await deciding.text(LONG)
    await deciding.accepted(await deciding.sends(message_id))
    await deciding.lose("fone")
    hold = await deciding.keeps(message_id)
    assert isinstance(hold, Hold)
    assert hold.reason == "unreachable"
    clock.now = START + 10 * MINUTE + 1
    stop = await deciding.keeps(message_id)
    assert isinstance(stop, Stop)
    assert stop.code == "unreachable"
    assert "Nothing went out" not in stop.sentence


async def test_a_person_may_send_the_rest_another_way(deciding: Deciding, clock: Clock) -> None:
    """The sender that they chose sends the second part, from its own number."""
    message_id = await deciding.text(LONG)
    await deciding.accepted(await deciding.sends(message_id))
    await deciding.ended(await deciding.sends(message_id), "refused")
    await retried(deciding, clock, message_id, "perth")
    decision = await deciding.sends(message_id)
    assert (decision.attempt.part, decision.attempt.sender, str(decision.sms.sender)) == (2, "perth", PERTH)


async def test_a_rest_that_is_too_long_for_another_provider_is_stopped(deciding: Deciding, clock: Clock) -> None:
    """Parts are not cut again: the customer would read them with wrong numbers."""
    deciding.can(deciding.rental, max_text=100)
    message_id = await deciding.text(LONG + LONG)
    await deciding.accepted(await deciding.sends(message_id))
    await deciding.ended(await deciding.sends(message_id), "refused")
    await retried(deciding, clock, message_id, "perth")
    stop = await deciding.keeps(message_id)
    assert isinstance(stop, Stop)
    assert stop.code == "too_long"
    assert "IO Phone" in stop.sentence


async def test_a_rest_that_its_provider_refuses_is_stopped(deciding: Deciding) -> None:
    """With the provider's reason; no other sender is tried."""
    message_id = await deciding.text(LONG)
    await deciding.accepted(await deciding.sends(message_id))
    deciding.fone.refuses[json.loads((await deciding.message(message_id)).parts or "[]")[1]] = "blocked"
    stop = await deciding.keeps(message_id)
    assert isinstance(stop, Stop)
    assert stop.code == "blocked"


async def test_the_rest_comes_from_the_number_that_was_leased_for_the_first_part(database: Database) -> None:
    """The phone shows both parts in one thread, though a lease could be requested for each."""
    deciding = Deciding(database, inboxes__support__senders=["leased"])
    deciding.can(deciding.fone, concatenates=False, leases=True)
    message_id = await deciding.text(LONG)
    first = await deciding.sends(message_id)
    assert (first.attempt.from_address, first.sms.sender) == (None, None)
    await deciding.accepted(first, from_address=LEASE)
    second = await deciding.sends(message_id)
    assert (second.attempt.from_address, str(second.sms.sender)) == (LEASE, LEASE)


async def test_a_text_that_is_not_cut_may_change_its_way(database: Database, clock: Clock) -> None:
    """The bot chooses again for a text in one part: the provider of its first sender can't be reached."""
    deciding = Deciding(database)
    message_id = await deciding.text("Hello")
    first = await deciding.sends(message_id)
    await deciding.accepted(first)
    async with database.transaction() as tx:
        await attempts.advance(tx, first.attempt.id, Status.FAILED)
    await retried(deciding, clock, message_id)
    await deciding.lose("fone")
    assert (await deciding.sends(message_id)).attempt.sender == "perth"


# --- cut again --------------------------------------------------------------------------------------------------------


async def test_a_text_of_which_nothing_is_out_is_cut_for_the_sender_that_takes_it(deciding: Deciding) -> None:
    """The second provider takes it whole, so the parts of the first are forgotten."""
    message_id = await deciding.text(LONG)
    await deciding.ended(await deciding.sends(message_id), "not sent")
    assert (await deciding.message(message_id)).parts is not None
    await deciding.lose("fone")
    decision = await deciding.sends(message_id)
    assert (decision.attempt.sender, decision.sms.text) == ("perth", LONG)
    message = await deciding.message(message_id)
    assert (message.parts, message.segments) == (None, 2)


# --- what the other rules say about the rest --------------------------------------------------------------------------


async def test_quiet_hours_do_not_hold_the_rest(database: Database, clock: Clock) -> None:
    """Half a text that comes in the evening and half in the morning is worse than both now."""
    async with database.transaction() as tx:
        await contacts.describe(tx, (await a_contact(tx)).id, name=None, notes=None, time_zone="Australia/Sydney")
    deciding = Deciding(database, inboxes__support__quiet_hours={"after": "22:00", "before": "08:00"})
    deciding.can(deciding.fone, concatenates=False)
    begun, whole = await deciding.text(LONG), await deciding.text(LONG)
    await deciding.accepted(await deciding.sends(begun))
    clock.now = START + HOUR
    assert isinstance(await deciding.keeps(whole), Hold)
    await deciding.sends(begun)


async def test_a_rest_that_waited_too_long_is_asked_about_as_a_rest(deciding: Deciding, clock: Clock) -> None:
    """The question says that a part is out."""
    message_id = await deciding.text(LONG)
    await deciding.accepted(await deciding.sends(message_id))
    clock.now = START + 2 * HOUR
    asked = await deciding.keeps(message_id)
    assert isinstance(asked, Ask)
    assert "rest" in asked.sentence


async def test_a_confirmation_in_parts_goes_on(deciding: Deciding) -> None:
    """Its first part is out, and its second is no second confirmation."""
    message_id = await deciding.text(LONG, origin="confirmation", author=None)
    async with deciding.database.transaction() as tx:
        contact = await a_contact(tx)
        await suppressions.add(tx, contact.id, "keyword", "STOP")
        await suppressions.confirm(tx, contact.id, message_id)
    await deciding.accepted(await deciding.sends(message_id))
    assert (await deciding.sends(message_id)).attempt.part == 2


@pytest.mark.parametrize("outcome", ["unknown", "refused"])
async def test_a_part_that_ends_badly_stops_the_rest(
    deciding: Deciding, clock: Clock, outcome: attempts.Outcome
) -> None:
    """Until a person decides; then only the parts that are not out go."""
    message_id = await deciding.text(LONG)
    await deciding.accepted(await deciding.sends(message_id))
    await deciding.ended(await deciding.sends(message_id), outcome)
    assert await deciding.keeps(message_id) == Done()
    await retried(deciding, clock, message_id)
    decision = await deciding.decide(message_id)
    assert isinstance(decision, Send)
    assert (decision.attempt.part, decision.attempt.number) == (2, 2)
