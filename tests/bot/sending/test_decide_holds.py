"""Reasons that keep a text from going out now: consent, quiet hours, limits, and providers that can't be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations import consent
from bot.conversations.decisions import Ask, Hold, Send, Stop
from bot.sending.decide import CONFIRMED, OPTED_OUT
from providers.provider import Limit
from sms.message import Status
from storage.engine.clock import HOUR, MINUTE, SECOND
from storage.tables import attempts, contacts, conversations, jobs, messages, quotas, schedule, suppressions
from tests.bot.sending.deciding import PERTH, Deciding
from tests.storage.making import START, Clock, a_contact, an_inbound

if TYPE_CHECKING:
    from storage.engine.database import Database


@pytest.fixture
def deciding(database: Database) -> Deciding:
    """A decider with the usual settings."""
    return Deciding(database)


# --- the contact's consent --------------------------------------------------------------------------------------------


async def opt_out(deciding: Deciding, confirmation: int | None = None) -> None:
    """Opts the contact out; this text, if one is given, confirms it."""
    async with deciding.database.transaction() as tx:
        contact = await a_contact(tx)
        await suppressions.add(tx, contact.id, "keyword", "STOP")
        if confirmation is not None:
            await suppressions.confirm(tx, contact.id, confirmation)


async def test_a_contact_who_opted_out_gets_only_the_confirmation(deciding: Deciding) -> None:
    """Every other text is stopped, however late it is; the confirmation of this opt-out goes out."""
    other = await deciding.text()
    confirmation = await deciding.text(consent.GOODBYE, origin="confirmation", author=None)
    await opt_out(deciding, confirmation)
    assert await deciding.keeps(other) == Stop("opted_out", OPTED_OUT)
    assert (await deciding.sends(confirmation)).sms.text == consent.GOODBYE


@pytest.mark.parametrize(
    ("outcome", "goes"), [("not sent", True), ("refused", True), ("unknown", False), ("accepted", False)]
)
async def test_nobody_gets_two_confirmations(
    deciding: Deciding, clock: Clock, outcome: attempts.Outcome, *, goes: bool
) -> None:
    """A confirmation that went out, or may have, is not sent again even by a person's decision."""
    message_id = await deciding.text(consent.GOODBYE, origin="confirmation", author=None)
    await opt_out(deciding, message_id)
    decision = await deciding.sends(message_id)
    await deciding.ended(decision, outcome)
    if outcome == "accepted":  # the carrier failed it later
        async with deciding.database.transaction() as tx:
            await attempts.advance(tx, decision.attempt.id, Status.FAILED)
    clock.wait(1)
    async with deciding.database.transaction() as tx:
        await messages.decide(tx, message_id)
    if goes:
        await deciding.sends(message_id)
    else:
        assert await deciding.keeps(message_id) == Stop("confirmed", CONFIRMED)


# --- quiet hours ------------------------------------------------------------------------------------------------------

NIGHT = {"after": "21:00", "before": "08:00"}  # it is 21:31 in Sydney
MORNING = START + 10 * HOUR + 29 * MINUTE


async def at_night(database: Database, **changes: Any) -> Deciding:
    """Returns a decider whose inbox has quiet hours now, where the contact is."""
    async with database.transaction() as tx:
        contact = await a_contact(tx)
        await contacts.describe(tx, contact.id, name=None, notes=None, time_zone="Australia/Sydney")
    return Deciding(database, inboxes__support__quiet_hours=NIGHT | changes)


async def test_quiet_hours_hold_a_text_until_they_are_over(database: Database, clock: Clock) -> None:
    """By the contact's own clock; at eight sharp it goes out."""
    deciding = await at_night(database)
    message_id = await deciding.text()
    hold = await deciding.keeps(message_id)
    assert isinstance(hold, Hold)
    assert (hold.until, hold.reason, hold.waits_for) == (MORNING, "quiet", None)
    assert "21:00 to 08:00" in hold.sentence
    async with database.transaction() as tx:
        await schedule.hold(tx, message_id, hold.until, hold.reason, hold.sentence, MORNING + HOUR)
    clock.now = MORNING
    await deciding.sends(message_id)


@pytest.mark.parametrize(
    ("answer_minutes", "seconds_ago", "goes"), [(30, 1_799, True), (30, 1_800, False), (0, 0, False), (30, None, False)]
)
async def test_an_answer_is_not_held(
    database: Database, clock: Clock, answer_minutes: float, seconds_ago: float | None, *, goes: bool
) -> None:
    """A contact who wrote within the window is awake; after it, or with a window of 0, quiet hours hold the text."""
    deciding = await at_night(database, answer_minutes=answer_minutes)
    conversation = await deciding.conversation()
    if seconds_ago is not None:
        clock.wait(-seconds_ago)
        async with database.transaction() as tx:
            await an_inbound(tx, conversation.id)
            await conversations.contact_wrote(tx, conversation.id)
        clock.now = START
    assert isinstance(await deciding.decide(await deciding.text()), Send if goes else Hold)


@pytest.mark.parametrize("origin", ["confirmation", "help"])
async def test_answers_of_the_bot_are_not_held(database: Database, origin: str) -> None:
    """A confirmation and an answer to HELP go out at once."""
    deciding = await at_night(database)
    await deciding.sends(await deciding.text(origin=origin, author=None))
    assert isinstance(await deciding.keeps(await deciding.text(origin="command line", author=None)), Hold)


async def test_send_now_passes_quiet_hours(database: Database) -> None:
    """A person decided that it goes out all the same."""
    deciding = await at_night(database)
    message_id = await deciding.text()
    async with database.transaction() as tx:
        await messages.decide(tx, message_id, at_once=True)
    await deciding.sends(message_id)


async def test_hours_that_never_end_for_a_number_stop_the_text(database: Database) -> None:
    """A toll-free number may be in so many zones that it is always quiet in one: a person has to name the zone."""
    deciding = Deciding(database, inboxes__support__quiet_hours={"after": "20:00", "before": "10:00"})
    async with database.transaction() as tx:
        contact = await contacts.remember(tx, "+18005550142")
        conversation = await conversations.open_one(tx, contact.id, "support", "T1", "C0SUPPORT")
        message_id = await messages.add_text(tx, conversation.id, origin="command", text="Hello", author="U1ANNA")
    stop = await deciding.keeps(message_id)
    assert isinstance(stop, Stop)
    assert stop.code == "always_quiet"


async def test_the_order_of_the_reasons(database: Database, clock: Clock) -> None:
    """An opt-out beats the age of a text, and its age beats quiet hours: nobody waits for what will not go out."""
    deciding = await at_night(database)
    message_id = await deciding.text()
    clock.wait(3 * 3_600)
    assert isinstance(await deciding.keeps(message_id), Ask)
    await opt_out(deciding)
    assert isinstance(await deciding.keeps(message_id), Stop)


# --- limits -----------------------------------------------------------------------------------------------------------


async def test_a_limit_holds_the_text(database: Database, clock: Clock) -> None:
    """Until the sender has room again, with the limit's name and window for those that wait behind."""
    deciding = Deciding(database, senders__sydney__texts_per_minute=1)
    await deciding.sends(await deciding.text())
    clock.wait(20)
    message_id = await deciding.text()
    hold = await deciding.keeps(message_id)
    assert isinstance(hold, Hold)
    assert (hold.until, hold.reason, hold.waits_for) == (START + MINUTE, "limit", "fone/sydney")
    assert hold.window == quotas.Window("texts", 1, MINUTE)
    clock.now = START + MINUTE
    await deciding.sends(message_id)


async def test_the_reserve_of_an_account_is_for_people(deciding: Deciding, clock: Clock) -> None:
    """Once the hourly limit is used up, a person's text still goes out, and an automatic one waits."""
    deciding.can(deciding.fone, limits=(Limit(1, 3_600, after=Limit(1, 300)),))
    await deciding.sends(await deciding.text())
    clock.wait(300)
    message_id = await deciding.text()
    assert isinstance(await deciding.keeps(message_id, automatic=True), Hold)
    await deciding.sends(message_id)


async def test_an_automatic_text_lets_a_waiting_person_go_first(database: Database) -> None:
    """A person's text that waits for the same limit has the right of way."""
    deciding = Deciding(database, senders__sydney__texts_per_minute=5)
    async with database.transaction() as tx:
        await jobs.add(tx, "send", 1, side="sms", lane="sms:1")
        (job,) = await jobs.claim(tx, "test", "sms", 1)
        await jobs.retry(tx, job, START + SECOND, "limit", "fone/sydney")
    message_id = await deciding.text()
    assert isinstance(await deciding.keeps(message_id, automatic=True), Hold)
    await deciding.sends(message_id)


# --- providers that can't be reached ----------------------------------------------------------------------------------


async def test_another_provider_takes_a_text_that_its_own_cannot(deciding: Deciding) -> None:
    """While the first account can't be reached, the inbox's next sender sends the text."""
    await deciding.lose("fone")
    decision = await deciding.sends(await deciding.text())
    assert (decision.attempt.account, decision.attempt.sender, str(decision.sms.sender)) == ("rental", "perth", PERTH)


async def test_a_text_waits_if_no_provider_can_be_reached(deciding: Deciding) -> None:
    """It is held until the first account is tried again, and the thread names that provider."""
    await deciding.lose("fone", "rental")
    hold = await deciding.keeps(await deciding.text())
    assert isinstance(hold, Hold)
    assert hold.reason == "unreachable"
    assert START < hold.until <= START + 15 * SECOND
    assert "Fone Dynamics" in hold.sentence


async def test_a_text_is_stopped_after_it_waited_for_a_provider(database: Database, clock: Clock) -> None:
    """So long after it was wanted the bot gives up, and says that nothing went out."""
    deciding = Deciding(database, send_minutes=10.0)
    await deciding.lose("fone", "rental")
    message_id = await deciding.text()
    clock.now = START + 10 * MINUTE
    assert isinstance(await deciding.keeps(message_id), Hold)
    clock.now += 1
    stop = await deciding.keeps(message_id)
    assert isinstance(stop, Stop)
    assert stop.code == "unreachable"
    assert "10 minutes" in stop.sentence
    assert "Nothing went out" in stop.sentence


async def test_a_sender_that_a_person_chose_is_not_replaced(deciding: Deciding) -> None:
    """Their text goes through this sender even if it is not the first, and waits for its provider."""
    message_id = await deciding.text(via="perth")
    await deciding.lose("rental")
    assert isinstance(await deciding.keeps(message_id), Hold)
    await deciding.breaker.worked("rental")
    await deciding.lose("fone")
    assert (await deciding.sends(message_id)).attempt.sender == "perth"


async def test_one_text_probes_a_provider_that_could_not_be_reached(deciding: Deciding) -> None:
    """After the pause the first text goes there; while it is under way the next one takes another way."""
    await deciding.was_lost("fone")
    assert (await deciding.sends(await deciding.text())).attempt.account == "fone"
    assert (await deciding.sends(await deciding.text())).attempt.account == "rental"


async def test_a_text_that_no_sender_can_send_is_stopped(deciding: Deciding) -> None:
    """The thread reads the reason of the first sender."""
    deciding.fone.refuses["Hello"], deciding.rental.refuses["Hello"] = "first", "second"
    stop = await deciding.keeps(await deciding.text("Hello"))
    assert isinstance(stop, Stop)
    assert stop.code == "first"
