"""Texts that do not go out now, and what people decide about them: rows, jobs, and alerts that are raised and left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations.decisions import Ask, Hold, Stop
from bot.conversations.job_kinds import TELL, Tell
from bot.conversations.multipart import EXPIRED
from sms.message import Status
from storage.engine.clock import HOUR, MINUTE, SECOND
from storage.engine.commit_events import Stopped
from storage.tables import jobs, messages
from tests.bot.conversations.tried_texts import PARTS, TriedTexts
from tests.storage.making import START, Clock, rows

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from storage.engine.database import Database
    from storage.tables.messages import Message

LINE = START + 20 * SECOND
LIMIT = Hold(START + MINUTE, "limit", "It is too fast.")


@pytest.fixture
def texts(database: Database) -> TriedTexts:
    """Texts with the usual settings."""
    return TriedTexts(database)


async def record(texts: TriedTexts, result: str, message_id: int, *given: Any, **more: Any) -> Message:
    """Records a result of a text; returns the text afterwards."""
    async with texts.database.transaction() as tx:
        handler: Any = getattr(texts.send_results, result)
        done: Awaitable[None] = handler(tx, await messages.get(tx, message_id), *given, **more)
        await done
        return await messages.get(tx, message_id)


# --- the gate does not let it out now ---------------------------------------------------------------------------------


async def test_a_held_text_says_until_when_and_why(texts: TriedTexts) -> None:
    """Its row has the time and the reason, and when it is asked about; its line is shown at once."""
    message_id = await texts.text()
    message = await record(texts, "held", message_id, LIMIT.until, LIMIT, START + HOUR, shows_short=True)
    assert (message.state, message.not_before, message.expires_at) == ("held", LIMIT.until, START + HOUR)
    assert (message.code, message.sentence) == ("limit", "It is too fast.")
    assert await texts.jobs() == [("show", message_id, START)]


async def test_the_same_wait_is_shown_once(texts: TriedTexts) -> None:
    """Nothing changes while it waits for the same moment."""
    message_id = await texts.text()
    await record(texts, "held", message_id, LIMIT.until, LIMIT, START + HOUR, shows_short=True)
    await texts.done()
    message = await record(
        texts, "held", message_id, LIMIT.until, Hold(LIMIT.until, "quiet", "Hush."), START, shows_short=True
    )
    assert (message.code, message.expires_at) == ("limit", START + HOUR)
    assert await texts.jobs() == []


@pytest.mark.parametrize(("seconds", "told"), [(20, False), (21, True)])
async def test_a_short_wait_in_the_lane_is_not_shown(texts: TriedTexts, seconds: int, *, told: bool) -> None:
    """It is over before its line would be posted."""
    message_id, until = await texts.text(), START + seconds * SECOND
    message = await record(texts, "held", message_id, until, LIMIT, START + HOUR, shows_short=False)
    assert message.state == ("held" if told else None)
    assert bool(await texts.jobs()) == told


async def test_a_text_that_waited_too_long_is_asked_about(texts: TriedTexts) -> None:
    """A person decides, with a question in the thread at once."""
    message_id = await texts.text()
    message = await record(texts, "too_old", message_id, Ask("Should it go out?"))
    assert (message.state, message.code, message.sentence) == ("asked", EXPIRED, "Should it go out?")
    assert await texts.jobs() == [("show", message_id, START)]


async def test_a_text_waits_for_its_provider(texts: TriedTexts) -> None:
    """The thread says so a little later, and once for the same reason."""
    message_id = await texts.text()
    message = await record(texts, "waits", message_id, "It can't be reached.")
    assert (message.status, message.code, message.sentence) == ("queued", "waits", "It can't be reached.")
    assert await texts.jobs() == [("show", message_id, LINE)]
    await texts.done()
    await record(texts, "waits", message_id, "It can't be reached.")
    assert await texts.jobs() == []


async def test_a_text_of_somebody_who_may_not_text_is_taken_back(texts: TriedTexts) -> None:
    """Only its author is notified, in the thread."""
    message_id = await texts.text()
    message = await record(texts, "not_allowed", message_id, "Only members can.")
    assert (message.state, message.sentence) == ("cancelled", "Only members can.")
    async with texts.database.read() as reader:
        (job,) = await jobs.of_kind(reader, "tell")
    assert TELL.read(job) == Tell("C0SUPPORT", "U1ANNA", "Only members can.")
    assert await texts.jobs("show") == []


async def test_a_text_that_nobody_wrote_is_taken_back_in_silence(texts: TriedTexts) -> None:
    """It is taken back all the same."""
    attempt = await texts.attempt()
    async with texts.database.transaction() as tx:
        await tx.run("UPDATE messages SET author = NULL")
    assert (await record(texts, "not_allowed", attempt.message_id, "No.")).state == "cancelled"
    assert await texts.jobs() == []


async def test_a_stopped_text_fails(texts: TriedTexts) -> None:
    """With the gate's code and sentence, a line at once and a count by code; no alert, because nobody erred."""
    message_id, told = await texts.text(), list[object]()
    texts.database.follow(lambda news, _: told.append(news))
    message = await record(texts, "stopped", message_id, Stop("empty", "Not sent: there is no text in it."))
    assert (message.status, message.code, message.sentence) == ("failed", "empty", "Not sent: there is no text in it.")
    assert await texts.jobs() == [("show", message_id, START)]
    assert told == [Stopped(None, message_id, "empty")]
    assert await texts.alerts() == {}


async def test_a_stopped_rest_names_its_part(texts: TriedTexts) -> None:
    """The first part is out; before that the sentence is about the whole text."""
    first = await texts.attempt(parts=PARTS)
    stop = Stop("opted_out", "Not sent: this contact has opted out.")
    assert (await record(texts, "stopped", first.message_id, stop)).sentence == stop.sentence
    await texts.accepted(first)
    message = await record(texts, "stopped", first.message_id, stop)
    assert message.sentence == "Part 2 of 2: this contact has opted out."


async def test_a_text_of_which_all_is_out_says_so(texts: TriedTexts) -> None:
    """It was to be sent again, and a late receipt proved that it had gone out: its line is brought up to date."""
    attempt = await texts.attempt()
    await texts.accepted(attempt)
    async with texts.database.transaction() as tx:
        await messages.decide(tx, attempt.message_id)
    await texts.done()
    assert (await record(texts, "nothing_to_send", attempt.message_id)).status == "accepted"
    assert await texts.jobs() == [("show", attempt.message_id, LINE)]


async def test_a_text_that_is_not_out_or_was_taken_back_stays_as_it_is(texts: TriedTexts) -> None:
    """There is nothing new to show."""
    not_out = await texts.attempt()
    out = await texts.attempt()
    await texts.accepted(out)
    async with texts.database.transaction() as tx:
        await messages.give_up(tx, out.message_id, "Given up.")
    await texts.done()
    for attempt in (not_out, out):
        before = await texts.message(attempt)
        assert await record(texts, "nothing_to_send", attempt.message_id) == before
    assert await texts.jobs() == []


# --- a person decided -------------------------------------------------------------------------------------------------


async def test_a_person_sends_it_again(texts: TriedTexts, clock: Clock) -> None:
    """Its row has the decision and no reason any more; one job sends it, and the line follows."""
    attempt = await texts.attempt()
    await texts.refused(attempt)
    await texts.done()
    clock.wait(60)
    message = await record(texts, "send_again", attempt.message_id)
    assert (message.decided_at, message.status, message.state) == (START + MINUTE, "queued", None)
    assert (message.code, message.sentence, message.via, message.at_once) == (None, None, None, 0)
    assert await texts.jobs() == [
        ("send", attempt.message_id, START + MINUTE),
        ("show", attempt.message_id, LINE + MINUTE),
    ]


async def test_a_person_sends_it_another_way_or_at_once(texts: TriedTexts) -> None:
    """The sender that they chose stays chosen, and quiet hours do not hold it."""
    message_id = await texts.text()
    message = await record(texts, "send_again", message_id, "name")
    assert (message.via, message.at_once) == ("name", 0)
    message = await record(texts, "send_again", message_id, at_once=True)
    assert (message.via, message.at_once) == ("name", 1)


async def asked_about(texts: TriedTexts, **more: Any) -> Any:
    """Returns the attempt of a text that a person is asked about, whose alert is raised."""
    attempt = await texts.attempt(**more)
    await texts.unknown(attempt)
    await texts.never_reconciled(attempt)
    await texts.done()
    return attempt


async def test_a_person_knows_that_it_arrived(texts: TriedTexts) -> None:
    """It counts as sent, with the person as the witness; nothing goes out, and the alert is over."""
    attempt = await asked_about(texts)
    message = await record(texts, "arrived", attempt.message_id, "U1ANNA")
    now = await texts.now(attempt)
    assert (now.outcome, now.status, now.reconciled_by) == ("accepted", Status.SENT, "person U1ANNA")
    assert (message.status, message.state, message.sentence) == ("sent", None, None)
    assert await texts.jobs("send") == []
    assert (await texts.alerts())["unknown:fone"][2]


async def test_the_rest_of_a_text_that_arrived_goes_out(texts: TriedTexts) -> None:
    """The part that stopped it did arrive."""
    attempt = await asked_about(texts, parts=PARTS)
    await record(texts, "arrived", attempt.message_id, "U1ANNA")
    assert await texts.jobs("send") == [("send", attempt.message_id, START)]


async def test_only_unknown_parts_are_said_to_have_arrived(texts: TriedTexts) -> None:
    """A part that the provider accepted keeps what the provider said."""
    first = await texts.attempt(parts=PARTS)
    await texts.accepted(first, "P1")
    second = await texts.tried(first.message_id, 2)
    await texts.unknown(second)
    await record(texts, "arrived", first.message_id, "U1ANNA")
    assert [(await texts.now(each)).reconciled_by for each in (first, second)] == [None, "person U1ANNA"]


async def test_a_person_gives_it_up(texts: TriedTexts) -> None:
    """It is taken back with its reason, the line says so at once, and the alert is over."""
    attempt = await texts.attempt()
    await texts.refused(attempt)
    await texts.done()
    message = await record(texts, "given_up", attempt.message_id)
    assert (message.state, message.status) == ("cancelled", "failed")
    assert (message.sentence or "").startswith("It is blocked. ")
    assert await texts.jobs("show") == [("show", attempt.message_id, START)]
    assert (await texts.alerts())["refused:fone:BLOCKED"][2]


async def test_a_text_without_a_reason_is_given_up(texts: TriedTexts) -> None:
    """The sentence then says only this."""
    assert (await record(texts, "given_up", await texts.text())).sentence == "Given up."


async def test_a_person_keeps_it_in_the_team(texts: TriedTexts) -> None:
    """It is taken back with this sentence, the line says so at once, and the alert is over."""
    attempt = await asked_about(texts)
    message = await record(texts, "kept", attempt.message_id, "Kept in the team.")
    assert (message.state, message.sentence) == ("cancelled", "Kept in the team.")
    assert await texts.jobs("show") == [("show", attempt.message_id, START)]
    assert (await texts.alerts())["unknown:fone"][2]


# --- alerts that are left ---------------------------------------------------------------------------------------------


async def test_an_alert_lasts_while_something_is_left_to_decide_in_its_threads(texts: TriedTexts) -> None:
    """It names a conversation until its last failed text is decided about, and is over with the last conversation."""
    first, second = await texts.attempt(), await texts.attempt()
    elsewhere = await texts.attempt(phone="+61400000002")
    for attempt in (first, second, elsewhere):
        await texts.refused(attempt)
    here, there = [(await texts.conversation(each)).id for each in (first, elsewhere)]

    async def left() -> tuple[list[int], bool]:
        _, links, resolved = (await texts.alerts())["refused:fone:BLOCKED"]
        return links, resolved

    await record(texts, "given_up", first.message_id)
    assert await left() == ([here, there], False)
    await record(texts, "given_up", second.message_id)
    assert await left() == ([there], False)
    await record(texts, "given_up", elsewhere.message_id)
    assert await left() == ([], True)


async def test_an_alert_that_changes_is_shown_so(texts: TriedTexts) -> None:
    """Its post is brought up to date when it is raised and when it is left."""
    attempt = await texts.attempt()
    await texts.refused(attempt)
    (alert,) = await rows(texts.database, "SELECT id FROM alerts")
    assert await texts.jobs("alert") == [("alert", alert["id"], START)]
    await texts.done()
    await record(texts, "given_up", attempt.message_id)
    assert await texts.jobs("alert") == [("alert", alert["id"], START)]
