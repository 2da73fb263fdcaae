"""Receipts of providers: which attempt each is about, and what it changes there, in the thread and for alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations.multipart import EXPIRED
from sms.address import E164
from sms.message import Status
from storage.engine.clock import HOUR, SECOND, to_datetime
from storage.tables import alerts, messages, schedule
from tests.bot.conversations.tried_texts import NOT_DELIVERED, PARTS, TriedTexts
from tests.storage.making import START, rows, value

if TYPE_CHECKING:
    from storage.engine.database import Database
    from storage.tables.attempts import Attempt

LEASE = "+61488000001"
NOON, ONE = (datetime(2025, 12, 12, hour, tzinfo=UTC) for hour in (12, 13))


@pytest.fixture
def texts(database: Database) -> TriedTexts:
    """Texts with the usual settings."""
    return TriedTexts(database)


async def accepted(texts: TriedTexts, provider_id: str = "P1", **more: Any) -> Attempt:
    """Returns an attempt that the provider accepted, whose jobs are done."""
    attempt = await texts.attempt(**more)
    await texts.accepted(attempt, provider_id)
    await texts.done()
    return attempt


async def about(texts: TriedTexts) -> list[int | None]:
    """Returns the attempts that the stored receipts are about."""
    return [each["attempt_id"] for each in await rows(texts.database, "SELECT attempt_id FROM receipts ORDER BY id")]


# --- which attempt ----------------------------------------------------------------------------------------------------


async def test_the_token_of_the_url_names_the_attempt(texts: TriedTexts) -> None:
    """Whatever ids the body names: the URL was made for one attempt."""
    first, second = await accepted(texts, "P1"), await accepted(texts, "P2")
    token = await texts.token("attempt", first.id)
    await texts.reported("Delivered", Status.DELIVERED, callback=token, provider_id="P2", attempt=str(second.id))
    assert await about(texts) == [first.id]
    assert [(await texts.now(each)).status for each in (first, second)] == [Status.DELIVERED, Status.ACCEPTED]


@pytest.mark.parametrize("scope", ["conversation", "sender", None])
async def test_other_urls_name_no_attempt(texts: TriedTexts, scope: Any) -> None:
    """Then our own id counts, and after it the provider's id."""
    first, second = await accepted(texts, "P1"), await accepted(texts, "P2")
    token = "f" * 64 if scope is None else await texts.token(scope, first.id)
    await texts.reported("Delivered", Status.DELIVERED, callback=token, provider_id="P2", attempt=str(first.id))
    await texts.reported("Delivered", Status.DELIVERED, callback=token, provider_id="P2")
    assert await about(texts) == [first.id, second.id]


async def test_our_id_counts_at_its_own_account_only(texts: TriedTexts) -> None:
    """Another account can't say anything about the attempt, by no id."""
    attempt = await accepted(texts, "P1")
    await texts.reported("Delivered", Status.DELIVERED, account="rental", attempt=str(attempt.id))
    await texts.reported("Delivered", Status.DELIVERED, account="rental", provider_id="P1")
    assert await about(texts) == [None, None]
    assert (await texts.now(attempt)).status is Status.ACCEPTED


@pytest.mark.parametrize("named", ["order 17", "-1", "999", None])
async def test_a_receipt_of_nobody_is_kept(texts: TriedTexts, named: str | None) -> None:
    """Its attempt may become known later; until then it changes nothing else."""
    attempt = await accepted(texts, "P1")
    await texts.reported("Delivered", Status.DELIVERED, attempt=named, provider_id="P9")
    assert await about(texts) == [None]
    assert (await texts.now(attempt)).status is Status.ACCEPTED
    assert await texts.jobs() == []


async def test_a_receipt_is_kept_with_what_it_said(texts: TriedTexts) -> None:
    """Every word of it, and the entry that it came in."""
    attempt = await accepted(texts, "P1")
    said: dict[str, Any] = {"code": "36", "description": "absent", "sentence": "The phone is off.", "segments": 2}
    await texts.reported("Failed", Status.FAILED, provider_id="P1", at=NOON, sender=E164(LEASE), **said)
    (kept,) = await rows(texts.database, "SELECT * FROM receipts")
    assert kept == kept | said | {
        "account": "fone",
        "provider_id": "P1",
        "attempt_id": attempt.id,
        "word": "Failed",
        "status": "failed",
        "sender": LEASE,
        "said_at": int(NOON.timestamp()) * SECOND,
        "intake_id": await value(texts.database, "SELECT max(id) FROM intake"),
    }


# --- the status -------------------------------------------------------------------------------------------------------


async def test_a_receipt_moves_the_status_forward(texts: TriedTexts) -> None:
    """The attempt and the message are as far; a final status is shown at once, any other a little later."""
    attempt = await accepted(texts)
    await texts.reported("Submitted", Status.SENT, provider_id="P1")
    assert (await texts.message(attempt)).status == "sent"
    assert await texts.jobs() == [("show", attempt.message_id, START + 20 * SECOND)]
    await texts.reported("Delivered", Status.DELIVERED, provider_id="P1")
    now = await texts.now(attempt)
    assert (now.status, now.word, (await texts.message(attempt)).status) == (
        Status.DELIVERED,
        "Delivered",
        "delivered",
    )
    assert await texts.jobs() == [("show", attempt.message_id, START)]


@pytest.mark.parametrize("late", [Status.SENT, Status.FAILED, Status.DELIVERED])
async def test_no_receipt_moves_the_status_back(texts: TriedTexts, late: Status) -> None:
    """After *delivered* nothing changes, neither the word nor the line, and nothing is alerted."""
    attempt = await accepted(texts)
    await texts.reported("Delivered", Status.DELIVERED, provider_id="P1")
    await texts.done()
    await texts.reported("Late", late, provider_id="P1", code="36", sentence="The phone is off.")
    now, message = await texts.now(attempt), await texts.message(attempt)
    assert (now.status, now.word, now.code) == (Status.DELIVERED, "Delivered", None)
    assert (message.status, message.sentence) == ("delivered", None)
    assert (await texts.jobs(), await texts.alerts()) == ([], {})


async def test_a_failure_is_shown_and_alerted(texts: TriedTexts) -> None:
    """The message has the provider's code and reason, the line is shown at once, and an alert links the thread."""
    attempt = await accepted(texts)
    await texts.reported("Failed", Status.FAILED, provider_id="P1", code="36", sentence="The phone is off.")
    now, message = await texts.now(attempt), await texts.message(attempt)
    assert (now.code, now.sentence) == ("36", "The phone is off.")
    assert (message.status, message.code, message.sentence) == ("failed", "36", "The phone is off.")
    place = (await texts.conversation(attempt)).id
    assert await texts.alerts() == {"failed:fone:36": (NOT_DELIVERED, [place], False)}
    assert ("show", attempt.message_id, START) in await texts.jobs()


async def test_a_failure_without_words_is_told_all_the_same(texts: TriedTexts) -> None:
    """The alert has the provider's status as its cause; an expired text counts too."""
    attempt = await accepted(texts)
    await texts.reported("Expired", Status.EXPIRED, provider_id="P1")
    ((cause, (sentence, _, _)),) = (await texts.alerts()).items()
    assert cause == "failed:fone:Expired"
    assert sentence.startswith("A text to {contact} wasn't delivered. Fone Dynamics doesn't say why.")
    assert (await texts.message(attempt)).status == "expired"


async def test_a_delivery_after_a_failure_wins(texts: TriedTexts) -> None:
    """The reason of the failure is forgotten, and its alert is over."""
    attempt = await accepted(texts)
    await texts.reported("Failed", Status.FAILED, provider_id="P1", code="36", sentence="The phone is off.")
    await texts.reported("Delivered", Status.DELIVERED, provider_id="P1")
    now, message = await texts.now(attempt), await texts.message(attempt)
    assert (now.status, now.code, now.sentence) == (Status.DELIVERED, None, None)
    assert (message.status, message.code, message.sentence) == ("delivered", None, None)
    assert (await texts.alerts())["failed:fone:36"][2]


async def test_a_word_that_nobody_knows_is_shown(texts: TriedTexts) -> None:
    """The status stays, and the line follows with the new word."""
    attempt = await accepted(texts)
    await texts.reported("Teleported", None, provider_id="P1")
    now = await texts.now(attempt)
    assert (now.status, now.word) == (Status.ACCEPTED, "Teleported")
    assert await texts.jobs() == [("show", attempt.message_id, START + 20 * SECOND)]


async def test_an_older_word_is_not_shown(texts: TriedTexts) -> None:
    """By the provider's own clock the other word came later."""
    attempt = await accepted(texts)
    await texts.reported("Teleported", None, provider_id="P1", at=ONE)
    await texts.reported("Melted", None, provider_id="P1", at=NOON)
    assert (await texts.now(attempt)).word == "Teleported"
    await texts.reported("Frozen", None, provider_id="P1", at=ONE)
    assert (await texts.now(attempt)).word == "Frozen"


# --- what else a receipt says -----------------------------------------------------------------------------------------


async def test_a_receipt_settles_an_unknown_text(texts: TriedTexts) -> None:
    """Even one whose word nobody knows: the provider had the text. A person who was asked is asked no more."""
    attempt = await texts.attempt()
    token = await texts.token("attempt", attempt.id)
    await texts.unknown(attempt)
    await texts.never_reconciled(attempt)
    await texts.reported("Teleported", None, callback=token, provider_id="P1")
    now, message = await texts.now(attempt), await texts.message(attempt)
    assert (now.outcome, now.reconciled_by, now.provider_id) == ("accepted", "receipt", "P1")
    assert (now.status, now.word) == (Status.ACCEPTED, "Teleported")
    assert (message.status, message.state, message.sentence) == ("accepted", None, None)


async def test_a_receipt_may_name_the_number_that_was_leased(texts: TriedTexts) -> None:
    """The provider did not say it when it accepted the text; a number that is known is not replaced."""
    texts.can(leases=True)
    attempt = await accepted(texts, from_address=None)
    await texts.reported("Submitted", Status.SENT, provider_id="P1", sender=E164(LEASE))
    assert (await texts.now(attempt)).from_address == LEASE
    await texts.reported("Delivered", Status.DELIVERED, provider_id="P1", sender=E164("+61488000002"))
    assert (await texts.now(attempt)).from_address == LEASE
    assert await value(texts.database, "SELECT count(*) FROM leases") == 1


async def test_a_receipt_may_be_an_opt_out(texts: TriedTexts) -> None:
    """Even one that moves no status: nothing goes out to the contact any more."""
    attempt = await accepted(texts)
    await texts.reported("Failed", Status.FAILED, provider_id="P1")
    await texts.reported("Rejected", Status.FAILED, provider_id="P1", opted_out=True)
    assert await texts.suppressions() == [("provider", "Rejected", attempt.message_id)]
    assert ("card", (await texts.conversation(attempt)).id, START) in await texts.jobs()


async def test_a_receipt_that_the_bot_had_to_ask_for_is_marked(texts: TriedTexts) -> None:
    """The line says how it was found; an ordinary receipt says nothing of the kind."""
    attempt, other = await accepted(texts, "P1"), await accepted(texts, "P2")
    await texts.reported("Delivered", Status.DELIVERED, provider_id="P1", recovered="looked up")
    await texts.reported("Delivered", Status.DELIVERED, provider_id="P2")
    assert [(await texts.message(each)).recovered for each in (attempt, other)] == ["looked up", None]


@pytest.mark.parametrize("status", [Status.DELIVERED, Status.FAILED, Status.SENT])
async def test_a_final_receipt_ends_the_alert_that_none_come(texts: TriedTexts, status: Status) -> None:
    """Even one about an unknown attempt proves that receipts of the account arrive."""
    async with texts.database.transaction() as tx:
        await alerts.raise_one(tx, "no receipt:fone", "No receipts come.")
    await texts.reported("Something", status, provider_id="P9")
    assert (await texts.alerts())["no receipt:fone"][2] == (status is not Status.SENT)


# --- texts in parts ---------------------------------------------------------------------------------------------------


async def test_a_text_in_parts_is_as_far_as_its_slowest(texts: TriedTexts) -> None:
    """It is delivered once every part is."""
    first = await accepted(texts, "P1", parts=PARTS)
    second = await texts.tried(first.message_id, 2)
    await texts.accepted(second, "P2")
    await texts.reported("Delivered", Status.DELIVERED, provider_id="P2")
    assert (await texts.message(first)).status == "accepted"
    await texts.reported("Delivered", Status.DELIVERED, provider_id="P1")
    assert (await texts.message(first)).status == "delivered"


async def test_a_failed_part_fails_the_text_and_names_itself(texts: TriedTexts) -> None:
    """The sentence is that of the failed part, whatever the result of the other one."""
    first = await accepted(texts, "P1", parts=PARTS)
    second = await texts.tried(first.message_id, 2)
    await texts.accepted(second, "P2")
    await texts.reported("Failed", Status.FAILED, provider_id="P2", code="36", sentence="The phone is off.")
    await texts.reported("Delivered", Status.DELIVERED, provider_id="P1")
    message = await texts.message(first)
    assert (message.status, message.code, message.sentence) == ("failed", "36", "Part 2 of 2: The phone is off.")


@pytest.mark.parametrize("parked", ["held", "scheduled", "cancelled", "expired"])
async def test_a_receipt_does_not_free_a_rest_that_waits(texts: TriedTexts, parked: str) -> None:
    """The first part arrived; the rest is held, scheduled, taken back or asked about as before."""
    first = await accepted(texts, "P1", parts=PARTS)
    async with texts.database.transaction() as tx:
        if parked == "held":
            await schedule.hold(tx, first.message_id, START + 1, "limit", "", START + 2)
        elif parked == "scheduled":
            await schedule.schedule(tx, first.message_id, START + 1)
        elif parked == "cancelled":
            await messages.give_up(tx, first.message_id, "Given up.")
        else:
            await messages.ask(tx, first.message_id, EXPIRED, "Should it go out?")
    before = await texts.message(first)
    await texts.reported("Delivered", Status.DELIVERED, provider_id="P1")
    assert (await texts.message(first)) == before
    assert await texts.jobs() == [("show", first.message_id, START + 20 * SECOND)]


async def test_a_receipt_ends_what_a_whole_text_waits_for(texts: TriedTexts) -> None:
    """All of it is out, so there is nothing to hold."""
    attempt = await accepted(texts, "P1")
    async with texts.database.transaction() as tx:
        await schedule.hold(tx, attempt.message_id, START + 1, "limit", "", START + 2)
    await texts.reported("Delivered", Status.DELIVERED, provider_id="P1")
    message = await texts.message(attempt)
    assert (message.state, message.status) == (None, "delivered")


async def test_a_part_that_the_gate_stopped_stays_told(texts: TriedTexts) -> None:
    """The second part was never tried: a receipt of the first keeps its reason."""
    first = await accepted(texts, "P1", parts=PARTS)
    async with texts.database.transaction() as tx:
        await messages.set_status(tx, first.message_id, "failed", code="opted_out", sentence="Part 2 of 2: No.")
    await texts.reported("Delivered", Status.DELIVERED, provider_id="P1")
    message = await texts.message(first)
    assert (message.status, message.code, message.sentence) == ("failed", "opted_out", "Part 2 of 2: No.")


# --- segments ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [["failed", "delivered"], ["delivered", "failed"]])
async def test_a_failed_segment_is_not_hidden_by_a_delivered_one(texts: TriedTexts, order: list[str]) -> None:
    """The text has two segments under one id: it failed, in either order, and the sentence says in which way."""
    attempt = await texts.attempt()
    await texts.accepted(attempt, "P1", segments=2)
    for status in order:
        sentence = "The phone is off." if status == "failed" else None
        await texts.reported(status, Status(status), provider_id="P1", sentence=sentence)
    now, message = await texts.now(attempt), await texts.message(attempt)
    assert (now.status, message.status) == (Status.FAILED, "failed")
    assert now.sentence == "A segment of this text failed, though another was delivered. The phone is off."
    assert len(await texts.alerts()) == 1


async def test_as_many_delivered_segments_as_there_are(texts: TriedTexts) -> None:
    """A late *delivered* of every segment ends the failure."""
    attempt = await texts.attempt()
    await texts.accepted(attempt, "P1", segments=2)
    await texts.reported("failed", Status.FAILED, provider_id="P1", sentence="The phone is off.")
    for _ in range(2):
        await texts.reported("delivered", Status.DELIVERED, provider_id="P1")
    now = await texts.now(attempt)
    assert (now.status, now.sentence) == (Status.DELIVERED, None)


# --- receipts without the provider's proof ----------------------------------------------------------------------------


async def test_an_unverified_receipt_is_marked_and_alerted(texts: TriedTexts) -> None:
    """It counts while there is no other, with a mark; a verified one takes its place, even an earlier status."""
    attempt = await accepted(texts)
    await texts.reported("Delivered", Status.DELIVERED, provider_id="P1", unverified=True)
    now = await texts.now(attempt)
    assert (now.status, now.unverified) == (Status.DELIVERED, True)
    assert list(await texts.alerts()) == ["unverified:fone"]
    await texts.reported("Failed", Status.FAILED, provider_id="P1", sentence="The phone is off.")
    now, message = await texts.now(attempt), await texts.message(attempt)
    assert (now.status, now.unverified, now.sentence) == (Status.FAILED, False, "The phone is off.")
    assert message.status == "failed"


@pytest.mark.parametrize("late", [Status.DELIVERED, Status.FAILED])
async def test_an_unverified_receipt_overwrites_no_verified_one(texts: TriedTexts, late: Status) -> None:
    """It is stored, and changes nothing."""
    attempt = await accepted(texts)
    await texts.reported("Submitted", Status.SENT, provider_id="P1")
    await texts.reported("Late", late, provider_id="P1", unverified=True)
    now = await texts.now(attempt)
    assert (now.status, now.word, now.unverified) == (Status.SENT, "Submitted", False)
    assert await about(texts) == [attempt.id] * 2


# --- no receipt -------------------------------------------------------------------------------------------------------


async def test_no_receipt_is_awaited_where_none_can_come(texts: TriedTexts) -> None:
    """The provider's answer says so: a SIP client, or receipts that an option switched off. It can only be asked."""
    attempt = await texts.attempt()
    await texts.accepted(attempt, "P1", no_receipt=True)
    assert await texts.jobs("overdue") == []
    assert (await texts.now(attempt)).no_receipt


async def test_the_receipt_of_a_text_that_the_provider_sends_later(texts: TriedTexts) -> None:
    """It is awaited from then on."""
    attempt = await texts.attempt()
    later = to_datetime(START + HOUR)
    await texts.accepted(attempt, "P1", scheduled=later)
    ((_, _, due),) = await texts.jobs("overdue")
    assert due > START + HOUR
    assert (await texts.now(attempt)).scheduled_at == START + HOUR
