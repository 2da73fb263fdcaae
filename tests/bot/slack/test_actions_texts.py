"""Decisions of people about texts: each is done once, and only for a text that is in question."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations.intake_handlers import CONFIRM
from bot.slack.app.actions import CHANGED_LATE, NOT_HERE, NOTHING_BELOW
from bot.text.parse_time import NotATime, read, zone
from storage.engine.clock import HOUR, MINUTE, to_datetime
from storage.tables import messages, opt_out_questions, schedule
from tests.bot.conversations.tried_texts import PARTS
from tests.bot.slack.acting import ANNA, BEN, Acting
from tests.storage.making import START, Clock, a_conversation, an_inbound, rows, value

if TYPE_CHECKING:
    from storage.engine.database import Database
    from storage.tables.attempts import Attempt
    from storage.tables.messages import Message


@pytest.fixture
async def acting(database: Database) -> Acting:
    """Actions with the usual settings."""
    acting = Acting(database)
    await acting.know()
    return acting


async def text_in(acting: Acting, state: str) -> Attempt:
    """Returns the attempt of a text in this state, whose jobs are done."""
    texts = acting.texts
    attempt = await texts.attempt()
    if state == "failed":
        await texts.refused(attempt)
    elif state == "accepted":
        await texts.accepted(attempt)
    elif state == "unknown":
        await texts.unknown(attempt)
        await texts.never_reconciled(attempt)
    elif state == "given up":
        await texts.refused(attempt)
        await acting.act("give_up", attempt.message_id)
    elif state == "unknown, given up":
        await texts.unknown(attempt)
        await acting.act("give_up", attempt.message_id)
    else:
        async with acting.database.transaction() as tx:
            await tx.run("DELETE FROM attempts WHERE id = :id", id=attempt.id)
            await messages.set_status(tx, attempt.message_id, "queued")
            await _put_aside(tx, attempt.message_id, state)
    await texts.done()
    return attempt


async def _put_aside(tx: Any, message_id: int, state: str) -> None:
    if state == "asked":
        await messages.ask(tx, message_id, "second", "Should it go out?")
    elif state == "asked for later":
        await schedule.schedule(tx, message_id, tx.now + HOUR)
        await messages.ask(tx, message_id, "confirm", "Should it go out?")
    elif state in {"quiet", "limit"}:
        await schedule.hold(tx, message_id, tx.now + HOUR, state, "It waits.", tx.now + 3 * HOUR)
    elif state == "scheduled":
        await schedule.schedule(tx, message_id, tx.now + HOUR)


STATES = (
    "queued",
    "failed",
    "accepted",
    "unknown",
    "given up",
    "unknown, given up",
    "asked",
    "asked for later",
    "quiet",
    "limit",
    "scheduled",
)
ALLOWED = {
    "retry": {"failed"},
    "other": {"failed"},
    "again": {"unknown"},
    "arrived": {"unknown"},
    "give_up": {"failed", "unknown"},
    "send": {"asked", "asked for later"},
    "now": {"quiet"},
    "discard": {"asked", "asked for later", "quiet", "limit", "scheduled"},
}


async def test_a_button_that_comes_too_late_changes_nothing(acting: Acting) -> None:
    """Each decision is for texts in some states only; in any other the press is forgotten without a word."""
    for state in STATES:
        attempt = await text_in(acting, state)
        for do, states in ALLOWED.items():
            if state not in states:
                assert await acting.unchanged(do, attempt.message_id) == [], (do, state)


async def sent_again(acting: Acting, attempt: Attempt) -> Message:
    """Returns the text, which one job must send now, by a decision of this moment."""
    message = await acting.texts.message(attempt)
    assert await acting.texts.jobs("send") == [("send", attempt.message_id, acting.database.clock())]
    assert (message.decided_at, message.status, message.state) == (acting.database.clock(), "queued", None)
    return message


# --- texts that failed ------------------------------------------------------------------------------------------------


async def test_a_failed_text_is_retried_once(acting: Acting, clock: Clock) -> None:
    """Two people who press at once send one text."""
    attempt = await text_in(acting, "failed")
    clock.wait(60)
    for who in (ANNA, BEN):
        assert await acting.act("retry", attempt.message_id, who) == []
    assert (await sent_again(acting, attempt)).via is None


async def test_a_failed_text_goes_another_way_once(acting: Acting, clock: Clock) -> None:
    """Through the first sender of the inbox that was not tried."""
    attempt = await text_in(acting, "failed")
    clock.wait(60)
    for who in (ANNA, BEN):
        assert await acting.act("other", attempt.message_id, who) == []
    assert (await sent_again(acting, attempt)).via == "leased"


async def test_an_inbox_may_have_no_other_sender(database: Database) -> None:
    """The person reads so, and nothing is sent."""
    acting = Acting(database, inboxes__support__senders=["sydney"])
    await acting.know()
    attempt = await text_in(acting, "failed")
    (told,) = await acting.unchanged("other", attempt.message_id)
    assert "no other sender" in told


@pytest.mark.parametrize("state", ["failed", "unknown"])
async def test_a_text_is_given_up_once(acting: Acting, state: str) -> None:
    """It is taken back, its line says so, and a second press says it no second time."""
    attempt = await text_in(acting, state)
    await acting.act("give_up", attempt.message_id)
    message = await acting.texts.message(attempt)
    assert message.state == "cancelled"
    assert await acting.texts.jobs("show", "send") == [("show", attempt.message_id, START)]
    await acting.unchanged("give_up", attempt.message_id, BEN)


# --- texts that may have gone out -------------------------------------------------------------------------------------


async def test_an_unknown_text_is_sent_again(acting: Acting, clock: Clock) -> None:
    """By a person's decision; once it was accepted, a second press changes nothing."""
    attempt = await text_in(acting, "unknown")
    clock.wait(60)
    await acting.act("again", attempt.message_id)
    await sent_again(acting, attempt)
    await acting.texts.accepted(await acting.texts.tried(attempt.message_id))
    await acting.unchanged("again", attempt.message_id, BEN)


async def test_an_unknown_text_arrived(acting: Acting) -> None:
    """Nothing is sent; the person is its witness, and a second press changes nothing."""
    attempt = await text_in(acting, "unknown")
    await acting.act("arrived", attempt.message_id)
    assert (await acting.texts.now(attempt)).reconciled_by == f"person {ANNA}"
    assert (await acting.texts.message(attempt)).status == "sent"
    assert await acting.texts.jobs("send") == []
    await acting.unchanged("arrived", attempt.message_id, BEN)


# --- texts that wait --------------------------------------------------------------------------------------------------


async def test_a_text_that_was_asked_about_goes_out_once(acting: Acting, clock: Clock) -> None:
    """Two people who press at once send one text."""
    attempt = await text_in(acting, "asked")
    clock.wait(60)
    for who in (ANNA, BEN):
        await acting.act("send", attempt.message_id, who)
    await sent_again(acting, attempt)


async def test_a_text_for_later_that_was_asked_about_waits_for_its_time(acting: Acting, clock: Clock) -> None:
    """It is scheduled as before; if its time is over by then, it goes out now."""
    attempt = await text_in(acting, "asked for later")
    clock.wait(60)
    for who in (ANNA, BEN):
        await acting.act("send", attempt.message_id, who)
    message = await acting.texts.message(attempt)
    assert (message.state, message.not_before, message.decided_at) == ("scheduled", START + HOUR, START + MINUTE)
    assert await acting.texts.jobs("send", "show") == [
        ("send", attempt.message_id, START + HOUR),
        ("show", attempt.message_id, START + MINUTE),
    ]
    late = await text_in(acting, "asked for later")
    clock.wait(3_600)
    await acting.know()
    await acting.act("send", late.message_id)
    await sent_again(acting, late)


async def test_a_text_that_quiet_hours_hold_is_sent_now(acting: Acting, clock: Clock) -> None:
    """Once, and quiet hours hold it no more."""
    attempt = await text_in(acting, "quiet")
    clock.wait(60)
    for who in (ANNA, BEN):
        await acting.act("now", attempt.message_id, who)
    message = await sent_again(acting, attempt)
    assert (message.at_once, message.not_before) == (1, None)


async def test_a_text_that_waits_is_kept_in_the_team(acting: Acting) -> None:
    """It is taken back, its line says so, and a second press changes nothing."""
    for state in ALLOWED["discard"]:
        attempt = await text_in(acting, state)
        await acting.act("discard", attempt.message_id)
        message = await acting.texts.message(attempt)
        assert (message.state, "rest" in (message.sentence or "")) == ("cancelled", False), state
        assert await acting.texts.jobs("show", "send") == [("show", attempt.message_id, START)], state
        await acting.unchanged("discard", attempt.message_id, BEN)


async def test_the_rest_of_a_text_is_kept_in_the_team(acting: Acting) -> None:
    """The sentence says that a part is out."""
    first = await acting.texts.attempt(parts=PARTS)
    await acting.texts.accepted(first)
    async with acting.database.transaction() as tx:
        await _put_aside(tx, first.message_id, "quiet")
    await acting.act("discard", first.message_id)
    assert "rest" in ((await acting.texts.message(first)).sentence or "")


# --- texts that may mean STOP -----------------------------------------------------------------------------------------


async def doubted(acting: Acting) -> int:
    """Returns a text of the contact that a person is asked about."""
    async with acting.database.transaction() as tx:
        place = (await a_conversation(tx)).id
        message_id = await an_inbound(tx, place, "please stop texting me")
        assert message_id is not None
        await opt_out_questions.raise_one(tx, message_id, place)
    return message_id


async def test_a_text_means_stop(acting: Acting) -> None:
    """The contact is opted out with the text as its evidence, and gets one confirmation; the first answer counts."""
    message_id = await doubted(acting)
    await acting.act("stop_meant", message_id, ANNA)
    for do in ("stop_meant", "stop_not_meant"):
        await acting.unchanged(do, message_id, BEN)
    (found,) = await rows(acting.database, "SELECT source, evidence, message_id FROM suppressions")
    assert found == {"source": "person", "evidence": ANNA, "message_id": message_id}
    assert await value(acting.database, "SELECT count(*) FROM messages WHERE origin = 'confirmation'") == 1
    assert ("opt_out_question", message_id, START) in await acting.texts.jobs()


async def test_a_text_means_no_stop(acting: Acting) -> None:
    """Nothing is opted out or texted; the question shows who looked."""
    message_id = await doubted(acting)
    await acting.act("stop_not_meant", message_id, ANNA)
    for do in ("stop_meant", "stop_not_meant"):
        await acting.unchanged(do, message_id, BEN)
    assert await value(acting.database, "SELECT decided_by FROM opt_out_questions") == ANNA
    assert await acting.texts.suppressions() == []
    assert await acting.texts.jobs() == [("opt_out_question", message_id, START)]


# --- texts for later --------------------------------------------------------------------------------------------------


async def later(acting: Acting, argument: str = "23:00", text: str = "We open at 9", **more: Any) -> list[str]:
    """Anna writes `!later` in the thread, in Sydney, where it is 21:31. Returns the answer to her."""
    async with acting.database.transaction() as tx:
        place = (await a_conversation(tx)).id
    return await acting.act("later", place, argument=argument, text=text, **{"ts": "2.0"} | more)


async def planned(acting: Acting) -> dict[str, Any]:
    """Returns the one text."""
    (found,) = await rows(acting.database, "SELECT * FROM messages")
    return found


AT = START + 89 * MINUTE


async def test_a_text_for_later_waits_for_its_time(acting: Acting) -> None:
    """By the clock of who wrote it; it is stored as typed, one job sends it then, and its line says so now."""
    assert await later(acting) == []
    found = await planned(acting)
    assert json.loads(found["typed"]) == {"text": "We open at 9", "files": []}
    assert found == found | {
        "origin": "reply",
        "author": ANNA,
        "state": "scheduled",
        "not_before": AT,
        "slack_channel": "C0SUPPORT",
        "slack_ts": "2.0",
        "slack_thread": "1.0",
    }
    assert await acting.texts.jobs() == [("send", found["id"], AT), ("show", found["id"], START)]


async def test_a_person_without_a_time_zone_writes_in_utc(acting: Acting) -> None:
    """Slack did not tell Ben's."""
    await later(acting, user=BEN)
    assert (await planned(acting))["not_before"] == START + (12 * 60 + 29) * MINUTE


async def test_files_for_later_go_along(acting: Acting) -> None:
    """Alone too."""
    await later(acting, text="", files=({"id": "F1", "name": "cat.png"},))
    assert json.loads((await planned(acting))["media"]) == [{"slack_file": "F1"}]
    assert await value(acting.database, "SELECT source FROM files") == "F1"


async def test_a_text_for_later_may_have_to_be_confirmed(database: Database) -> None:
    """As every reply of the inbox: it keeps its time, and no job sends it before somebody presses *Text it*."""
    acting = Acting(database, inboxes__support__reply_mode="confirm")
    await acting.know()
    assert await later(acting) == []
    found = await planned(acting)
    assert (found["state"], found["code"], found["not_before"]) == ("asked", CONFIRM[0], AT)
    assert await acting.texts.jobs() == [("show", found["id"], START)]


async def test_an_edit_before_its_time_counts(acting: Acting) -> None:
    """The same Slack message is the same text, with its new words and its new time."""
    await later(acting)
    assert await later(acting, "23:30", "We open at 10") == []
    found = await planned(acting)
    assert json.loads(found["typed"])["text"] == "We open at 10"
    assert (found["state"], found["not_before"]) == ("scheduled", AT + 30 * MINUTE)
    assert ("send", found["id"], AT + 30 * MINUTE) in await acting.texts.jobs("send")


async def test_an_edit_of_a_text_that_was_kept_in_the_team_plans_it_again(acting: Acting) -> None:
    """An edit means that it shall go out after all."""
    await later(acting)
    await acting.act("discard", (await planned(acting))["id"])
    assert await later(acting, "23:30") == []
    assert (await planned(acting))["state"] == "scheduled"


async def test_an_edit_of_a_text_that_is_out_comes_too_late(acting: Acting) -> None:
    """The person reads so, and nothing changes."""
    await later(acting)
    await acting.texts.accepted(await acting.texts.tried((await planned(acting))["id"]))
    before = await acting.stored()
    assert await later(acting, "23:30", "We open at 10") == [CHANGED_LATE]
    assert await acting.stored() == before


async def test_a_time_that_nobody_understands_gets_examples(acting: Acting) -> None:
    """Nothing is stored."""
    for argument in ("", "soon", "25:00"):
        with pytest.raises(NotATime) as error:
            read(argument, to_datetime(START), zone("Australia/Sydney"))
        assert await later(acting, argument) == [f"Not texted: {error.value}"]
    assert await rows(acting.database, "SELECT * FROM messages") == []


async def test_a_time_without_a_text_plans_nothing(acting: Acting) -> None:
    """There is nothing to send then."""
    assert await later(acting, text="") == [NOTHING_BELOW]
    assert await rows(acting.database, "SELECT * FROM messages") == []


async def test_an_inbox_may_not_text_replies(database: Database) -> None:
    """Neither now nor later."""
    acting = Acting(database, inboxes__support__reply_mode="off")
    await acting.know()
    assert await later(acting) == [NOT_HERE]
    assert await rows(database, "SELECT * FROM messages") == []
