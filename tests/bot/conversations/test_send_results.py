"""The result of a request to a provider: accepted, not sent, refused or unknown, with the rows and jobs that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sms.address import E164
from sms.message import Status
from storage.engine.clock import DAY, MINUTE, SECOND
from storage.engine.commit_events import Ended
from storage.tables import alerts, conversations, leases
from tests.bot.conversations.tried_texts import NOT_DELIVERED, PARTS, TriedTexts
from tests.storage.making import OURS, START, Clock, rows, value

if TYPE_CHECKING:
    from storage.engine.database import Database

LINE, CARD, RECEIPT = START + 20 * SECOND, START + 3 * SECOND, START + 30 * MINUTE
LEASE = "+61488000001"


@pytest.fixture
def texts(database: Database) -> TriedTexts:
    """Texts with the usual settings."""
    return TriedTexts(database)


# --- accepted ---------------------------------------------------------------------------------------------------------


async def test_an_accepted_text_is_accepted(texts: TriedTexts) -> None:
    """Its attempt keeps the provider's id and the segments; the message is as far; nothing is left to send."""
    attempt = await texts.attempt()
    assert not await texts.accepted(attempt, "P1", segments=2)
    now = await texts.now(attempt)
    assert (now.outcome, now.status, now.provider_id, now.segments) == ("accepted", Status.ACCEPTED, "P1", 2)
    assert (now.accepted_at, now.reconciled_by) == (START, None)
    message = await texts.message(attempt)
    assert (message.status, message.state, message.sentence) == ("accepted", None, None)


async def test_the_jobs_after_an_accepted_text(texts: TriedTexts) -> None:
    """Its line and its card follow a little later, the receipt is waited for, and no text is sent again."""
    attempt = await texts.attempt()
    conversation = await texts.conversation(attempt)
    await texts.accepted(attempt)
    assert await texts.jobs() == [
        ("card", conversation.id, CARD),
        ("overdue", attempt.message_id, RECEIPT),
        ("show", attempt.message_id, LINE),
    ]
    assert await texts.alerts() == {}


async def test_no_receipt_is_waited_for_if_the_provider_sends_none(texts: TriedTexts) -> None:
    """Nothing is overdue then."""
    texts.can(receipts=False)
    await texts.accepted(await texts.attempt())
    assert await texts.jobs("overdue") == []


async def test_the_conversation_keeps_the_sender_and_is_answered(texts: TriedTexts) -> None:
    """The contact waits no longer, and the next text goes through the same sender."""
    attempt = await texts.attempt()
    conversation = await texts.conversation(attempt)
    async with texts.database.transaction() as tx:
        await conversations.contact_wrote(tx, conversation.id)
    await texts.accepted(attempt)
    conversation = await texts.conversation(attempt)
    assert (conversation.sender, conversation.waiting_since, conversation.last_out_at) == ("sydney", None, START)
    assert conversation.from_address == OURS


async def test_an_answer_that_says_more_counts(texts: TriedTexts) -> None:
    """A provider may say at once that the text is on its way."""
    attempt = await texts.attempt()
    await texts.accepted(attempt, status=Status.SENT)
    assert ((await texts.now(attempt)).status, (await texts.message(attempt)).status) == (Status.SENT, "sent")


async def test_receipts_that_came_before_the_answer_count(texts: TriedTexts) -> None:
    """They belong to the attempt from then on, in their order, and the line is shown at once."""
    attempt = await texts.attempt()
    await texts.reported("Submitted", Status.SENT, provider_id="P1")
    await texts.reported("Delivered", Status.DELIVERED, provider_id="P1")
    await texts.reported("Failed", Status.FAILED, provider_id="P2")
    await texts.accepted(attempt, "P1")
    now = await texts.now(attempt)
    assert (now.status, now.word, now.delivered_at) == (Status.DELIVERED, "Delivered", START)
    assert (await texts.message(attempt)).status == "delivered"
    found = await rows(texts.database, "SELECT attempt_id FROM receipts ORDER BY id")
    assert [each["attempt_id"] for each in found] == [attempt.id, attempt.id, None]
    assert await texts.jobs("show") == [("show", attempt.message_id, START)]


async def test_a_failure_that_came_before_the_answer_is_shown(texts: TriedTexts) -> None:
    """With the provider's reason, in the thread and by an alert; nothing more goes out by itself."""
    attempt = await texts.attempt()
    await texts.reported("Failed", Status.FAILED, provider_id="P1", code="36", sentence="The phone is off.")
    assert not await texts.accepted(attempt, "P1")
    message = await texts.message(attempt)
    assert (message.status, message.code, message.sentence) == ("failed", "36", "The phone is off.")
    conversation = await texts.conversation(attempt)
    assert await texts.alerts() == {
        "failed:fone:36": (NOT_DELIVERED, [conversation.id], False),
    }


async def test_an_id_that_another_attempt_has_is_not_stored_twice(texts: TriedTexts) -> None:
    """A provider that gives one id to two texts loses none of them."""
    first, second = await texts.attempt(), await texts.attempt()
    await texts.accepted(first, "P1")
    await texts.accepted(second, "P1")
    now = await texts.now(second)
    assert (now.outcome, now.provider_id) == ("accepted", None)
    await texts.accepted(first, "P1")  # the same one again
    assert (await texts.now(first)).provider_id == "P1"


async def test_an_answer_without_an_id(texts: TriedTexts) -> None:
    """The attempt then has none."""
    attempt = await texts.attempt()
    await texts.accepted(attempt, "")
    assert (await texts.now(attempt)).provider_id is None


async def test_the_next_part_is_still_to_go_out(texts: TriedTexts) -> None:
    """The message is *sending* until its last part is accepted; the gate itself sends the next part."""
    first = await texts.attempt(parts=PARTS)
    assert await texts.accepted(first, "P1")
    assert (await texts.message(first)).status == "sending"
    assert await texts.jobs("send") == []
    second = await texts.tried(first.message_id, 2)
    assert not await texts.accepted(second, "P2")
    assert (await texts.message(first)).status == "accepted"


async def test_a_part_that_turns_out_to_be_out_lets_the_rest_go(texts: TriedTexts) -> None:
    """The gate waits no longer for it, so a job sends the next part."""
    first = await texts.attempt(parts=PARTS)
    await texts.unknown(first)
    assert await texts.accepted(first, reconciled_by="the provider's list")
    assert (await texts.now(first)).reconciled_by == "the provider's list"
    assert await texts.jobs("send") == [("send", first.message_id, START)]


async def test_a_text_that_turns_out_to_be_out_is_not_sent_again(texts: TriedTexts) -> None:
    """The question about it is over, and its sentence with it."""
    attempt = await texts.attempt()
    await texts.unknown(attempt)
    await texts.never_reconciled(attempt)
    await texts.accepted(attempt, reconciled_by="the provider's list")
    message, now = await texts.message(attempt), await texts.now(attempt)
    assert (message.status, message.state, message.code, message.sentence) == ("accepted", None, None, None)
    assert (now.code, now.sentence) == (None, None)
    assert await texts.jobs("send") == []


async def test_an_account_that_accepts_again_ends_its_alert(texts: TriedTexts) -> None:
    """The alert that nothing could be sent is resolved and shown so; that of another account stays."""
    async with texts.database.transaction() as tx:
        mine = await alerts.raise_one(tx, "not sent:fone", "Busy.")
        await alerts.raise_one(tx, "not sent:rental", "Busy.")
    await texts.accepted(await texts.attempt())
    assert {cause: resolved for cause, (_, _, resolved) in (await texts.alerts()).items()} == {
        "not sent:fone": True,
        "not sent:rental": False,
    }
    assert await texts.jobs("alert") == [("alert", mine, START)]


async def test_a_number_that_was_leased_is_the_conversations(texts: TriedTexts, clock: Clock) -> None:
    """The attempt and the conversation keep it; a notice in the thread shows another number later."""
    texts.can(leases=True)
    first = await texts.attempt(from_address=None)
    await texts.accepted(first, "P1", sender=E164(LEASE))
    conversation = await texts.conversation(first)
    assert ((await texts.now(first)).from_address, conversation.from_address) == (LEASE, LEASE)
    lease = await rows(texts.database, "SELECT number, conversation_id, expires_at FROM leases")
    assert lease == [{"number": LEASE, "conversation_id": conversation.id, "expires_at": START + 30 * DAY}]
    assert await texts.jobs("number") == []
    clock.wait(60)
    await texts.accepted(await texts.attempt(from_address=None), "P2", sender=E164("+61488000002"))
    assert await texts.jobs("number") == [("number", conversation.id, START + 63 * SECOND)]


@pytest.mark.parametrize(("reconciled_by", "waited"), [(None, 2 * SECOND), ("receipt", None)])
async def test_only_an_answer_is_measured(
    texts: TriedTexts, clock: Clock, reconciled_by: str | None, waited: int | None
) -> None:
    """The metrics count how long the provider's answer took, not how long a receipt did."""
    told: list[object] = []
    attempt = await texts.attempt()
    texts.database.follow(lambda news, _: told.append(news))
    clock.wait(2)
    await texts.accepted(attempt, reconciled_by=reconciled_by)
    assert told == [Ended(None, attempt.message_id, attempt.id, "fone", "accepted", waited)]


# --- not sent ---------------------------------------------------------------------------------------------------------


async def test_a_text_that_did_not_go_out_is_tried_again(texts: TriedTexts) -> None:
    """Its attempt has failed, its message is queued with the reason, and an alert names the provider."""
    attempt = await texts.attempt()
    await texts.not_sent(attempt)
    now, message = await texts.now(attempt), await texts.message(attempt)
    assert (now.outcome, now.status, now.code, now.sentence) == ("not sent", Status.FAILED, "busy", "It is busy.")
    assert (message.status, message.code) == ("queued", "busy")
    assert (message.sentence or "").startswith("It is busy.")
    assert [kind for kind, _, _ in await texts.jobs("show", "send")] == ["show"]
    conversation = await texts.conversation(attempt)
    ((cause, (sentence, links, is_over)),) = (await texts.alerts()).items()
    assert (cause, links, is_over) == ("not sent:fone", [conversation.id], False)
    assert sentence.startswith("Couldn't send a text to {contact}. Fone Dynamics: It is busy. The bot keeps trying.")
    assert len(await texts.jobs("alert")) == 1


async def test_a_sentence_that_names_the_provider_names_it_once(texts: TriedTexts) -> None:
    """The alert names the provider once, also if the reason begins with it."""
    await texts.not_sent(await texts.attempt(), "Fone Dynamics is busy.")
    sentence = (await texts.alerts())["not sent:fone"][0]
    assert sentence.startswith("Couldn't send a text to {contact}. Fone Dynamics is busy. The bot keeps trying.")


async def test_a_text_that_did_not_go_out_for_too_long_fails(texts: TriedTexts) -> None:
    """The thread says at once that nothing went out."""
    attempt = await texts.attempt()
    await texts.not_sent(attempt, final=True)
    message = await texts.message(attempt)
    assert (message.status, message.code, message.state) == ("failed", "busy", None)
    assert "It is busy." in (message.sentence or "")
    assert "Nothing went out" in (message.sentence or "")
    assert await texts.jobs("show") == [("show", attempt.message_id, START)]


async def test_a_rest_that_did_not_go_out_names_its_part(texts: TriedTexts) -> None:
    """The sentence does not say that nothing went out, because the first part did."""
    first = await texts.attempt(parts=PARTS)
    await texts.accepted(first)
    await texts.not_sent(await texts.tried(first.message_id, 2), final=True)
    message = await texts.message(first)
    assert message.status == "failed"
    assert (message.sentence or "").startswith("Part 2 of 2: It is busy.")
    assert "Nothing went out" not in (message.sentence or "")


# --- refused ----------------------------------------------------------------------------------------------------------


async def test_a_refused_text_fails(texts: TriedTexts) -> None:
    """With the provider's code and reason in the thread at once, and an alert for this reason."""
    attempt = await texts.attempt()
    await texts.refused(attempt)
    now, message = await texts.now(attempt), await texts.message(attempt)
    assert (now.outcome, now.status, now.code) == ("refused", Status.FAILED, "BLOCKED")
    assert (message.status, message.code, message.sentence) == ("failed", "BLOCKED", "It is blocked.")
    conversation = await texts.conversation(attempt)
    refused = "Fone Dynamics refused a text to {contact}: It is blocked. When the cause is gone, press *Retry*."
    assert await texts.alerts() == {
        "refused:fone:BLOCKED": (refused, [conversation.id], False),
    }
    assert [kind for kind, _, _ in await texts.jobs()] == ["alert", "show"]
    assert await texts.jobs("show") == [("show", attempt.message_id, START)]
    assert await texts.suppressions() == []


async def test_refusals_for_one_reason_are_one_alert(texts: TriedTexts) -> None:
    """It counts them, links their conversations, and another reason is another alert."""
    first, second, third = await texts.attempt(), await texts.attempt(phone="+61400000002"), await texts.attempt()
    await texts.refused(first)
    await texts.refused(second)
    await texts.refused(third, "FORBIDDEN")
    places = [(await texts.conversation(each)).id for each in (first, second)]
    found = await texts.alerts()
    assert found["refused:fone:BLOCKED"][1] == places
    assert sorted(found) == ["refused:fone:BLOCKED", "refused:fone:FORBIDDEN"]
    assert await value(texts.database, "SELECT count FROM alerts WHERE cause = 'refused:fone:BLOCKED'") == 2


async def test_a_refusal_may_be_an_opt_out(texts: TriedTexts) -> None:
    """The contact asked the provider to stop: the bot texts them no more, and keeps this text as the evidence."""
    attempt = await texts.attempt()
    await texts.refused(attempt, "STOPPED", opted_out=True)
    assert await texts.suppressions() == [("provider", "STOPPED", attempt.message_id)]
    conversation = await texts.conversation(attempt)
    assert ("card", conversation.id, START) in await texts.jobs()


async def test_a_refused_lease_is_explained(texts: TriedTexts) -> None:
    """The sentence names the leased number that the text was to come from."""
    texts.can(leases=True)
    attempt = await texts.attempt(from_address=LEASE)
    conversation = await texts.conversation(attempt)
    async with texts.database.transaction() as tx:
        await leases.grant(tx, "fone", LEASE, conversation.contact_id, conversation.id, at=tx.now, lifetime=DAY)
    await texts.refused(attempt)
    sentence = (await texts.message(attempt)).sentence or ""
    assert sentence.startswith("It is blocked.")
    assert "488 000 001" in sentence


async def test_a_refused_part_names_itself(texts: TriedTexts) -> None:
    """The thread reads which part was refused."""
    first = await texts.attempt(parts=PARTS)
    await texts.accepted(first)
    await texts.refused(await texts.tried(first.message_id, 2))
    assert (await texts.message(first)).sentence == "Part 2 of 2: It is blocked."


# --- unknown ----------------------------------------------------------------------------------------------------------


async def test_an_unknown_text_is_asked_about_at_the_provider(texts: TriedTexts) -> None:
    """Its line is shown at once, the provider is asked in five seconds, and nothing is sent again or alerted."""
    attempt = await texts.attempt()
    await texts.unknown(attempt)
    now, message = await texts.now(attempt), await texts.message(attempt)
    assert (now.outcome, now.status, now.code) == ("unknown", Status.SENDING, "timeout")
    assert (message.status, message.state) == ("sending", None)
    assert await texts.jobs() == [
        ("reconcile", attempt.id, START + 5 * SECOND),
        ("show", attempt.message_id, START),
    ]
    assert await texts.alerts() == {}


async def test_a_receipt_that_came_before_the_failure_proves_that_it_went_out(texts: TriedTexts) -> None:
    """The provider had it, so nobody is asked."""
    attempt = await texts.attempt()
    token = await texts.token("attempt", attempt.id)
    await texts.reported("Delivered", Status.DELIVERED, callback=token, provider_id="P1", segments=3)
    await texts.unknown(attempt)
    now = await texts.now(attempt)
    assert (now.outcome, now.reconciled_by, now.provider_id, now.segments) == ("accepted", "receipt", "P1", 3)
    assert (await texts.message(attempt)).status == "delivered"
    assert await texts.jobs("reconcile") == []


async def test_an_unknown_text_may_use_its_lease(texts: TriedTexts, clock: Clock) -> None:
    """The leased number that it named counts for a whole term from then on."""
    texts.can(leases=True)
    attempt = await texts.attempt(from_address=LEASE)
    conversation = await texts.conversation(attempt)
    async with texts.database.transaction() as tx:
        await leases.grant(tx, "fone", LEASE, conversation.contact_id, conversation.id, at=tx.now, lifetime=30 * DAY)
    clock.now += DAY
    await texts.unknown(attempt)
    (lease,) = await rows(texts.database, "SELECT expires_at, held_until FROM leases")
    assert lease == {"expires_at": START + 30 * DAY, "held_until": START + 31 * DAY}


async def test_a_person_is_asked_if_an_unknown_text_went_out(texts: TriedTexts) -> None:
    """A person has to say if it went out: the message is asked about, shown at once, and an alert links it."""
    attempt = await texts.attempt()
    await texts.unknown(attempt)
    await texts.done()
    await texts.never_reconciled(attempt)
    message = await texts.message(attempt)
    assert (message.state, message.status) == ("asked", "sending")
    assert (message.code, message.sentence) == ("timeout", "No answer came.")
    assert await texts.jobs("show", "send") == [("show", attempt.message_id, START)]
    ((cause, (_, links, resolved)),) = (await texts.alerts()).items()
    assert (cause, links, resolved) == ("unknown:fone", [(await texts.conversation(attempt)).id], False)
