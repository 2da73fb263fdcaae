"""Actions on conversations, contacts and alerts: done once, by people who may, while there is something to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations import entries
from bot.conversations.entries import Action, ContactDetails
from bot.conversations.job_kinds import ERASE, Erase, Requester
from bot.slack.app.actions import NEWER
from bot.slack.client.users import NO_ADMINS, NOT_A_MEMBER, NOT_ALLOWED, ONLY_ADMINS, reason
from bot.slack.views import rights as rights_view
from storage.engine.commit_events import AdminActed
from storage.tables import alerts, conversations, intake, jobs, opt_out_questions
from tests.bot.slack.acting import ANNA, BEN, GUS, Acting
from tests.storage.making import PHONE, START, a_contact, a_conversation, an_inbound, rows, value

if TYPE_CHECKING:
    from storage.engine.database import Database
    from storage.tables.conversations import Conversation
    from tests.storage.making import Clock

CARDS = "SELECT subject FROM jobs WHERE kind = 'card' ORDER BY subject"


@pytest.fixture
async def acting(database: Database) -> Acting:
    """Actions with the usual settings."""
    acting = Acting(database)
    await acting.know()
    return acting


async def conversation(acting: Acting, inbox: str = "support") -> Conversation:
    """Returns the contact's conversation in the inbox as it is now; it is made if there is none."""
    async with acting.database.transaction() as tx:
        found = await conversations.newest(tx, (await a_contact(tx)).id, inbox)
        return found or await a_conversation(tx, PHONE, inbox)


async def cards(acting: Acting) -> list[int]:
    """Returns the conversations whose cards are to be edited, and forgets that."""
    found = [each["subject"] for each in await rows(acting.database, CARDS)]
    async with acting.database.transaction() as tx:
        await tx.run("DELETE FROM jobs WHERE kind = 'card'")
    return found


# --- buttons ----------------------------------------------------------------------------------------------------------


def press(**more: Any) -> dict[str, Any]:
    """Returns what Slack sends when Anna presses *Close* on a card."""
    return {
        "actions": [{"action_id": "do:close", "value": "17"}],
        "user": {"id": ANNA},
        "channel": {"id": "C0SUPPORT"},
        "message": {"ts": "2.0", "thread_ts": "1.0"},
        "container": {"is_ephemeral": False},
        "response_url": "https://r",
        "trigger_id": "trigger",
        **more,
    }


async def stored(acting: Acting) -> list[Action]:
    """Returns the actions in the intake."""
    async with acting.database.transaction() as tx:
        found = [entries.unpack(each) for each in await intake.waiting(tx, 10)]
    return [each for each in found if isinstance(each, Action)]


async def test_a_press_is_stored_before_it_is_acknowledged(acting: Acting) -> None:
    """Once, however often Slack sends it."""
    seen: list[int] = []

    async def ack() -> None:
        seen.append(len(await stored(acting)))

    for _ in range(2):
        await acting.actions.pressed(ack, press())  # type: ignore[arg-type]  # of Bolt's, only the call is used
    assert seen == [1, 1]
    assert await stored(acting) == [Action("close", 17, ANNA, "C0SUPPORT", "1.0")]


async def test_a_press_in_a_message_for_one_person_can_be_answered_there(acting: Acting) -> None:
    """Such a message is in no thread, and only its `response_url` can replace it."""

    async def ack() -> None:
        """Tells Slack that it arrived."""

    body = press(container={"is_ephemeral": True})
    del body["message"]
    await acting.actions.pressed(ack, body)  # type: ignore[arg-type]  # of Bolt's, only the call is used
    assert await stored(acting) == [Action("close", 17, ANNA, "C0SUPPORT", response_url="https://r")]


# --- who may ----------------------------------------------------------------------------------------------------------

ABOUT_A_CONVERSATION = ("assign", "close", "reopen", "via", "later", "contact")
ABOUT_A_TEXT = (
    "retry",
    "other",
    "again",
    "arrived",
    "give_up",
    "send",
    "now",
    "discard",
    "stop_meant",
    "stop_not_meant",
)


async def subject_of(acting: Acting, do: str) -> int:
    """Returns something that the action is about."""
    found = await conversation(acting)
    async with acting.database.transaction() as tx:
        if do in {"acknowledge", "retry_all"}:
            return await alerts.raise_one(tx, "failed:fone:36", "It failed.", found.id)
        if do in ABOUT_A_TEXT:
            message_id = await an_inbound(tx, found.id, "please stop")
            assert message_id is not None
            await opt_out_questions.raise_one(tx, message_id, found.id)
            return message_id
        return found.contact_id if do == "erase" else found.id


async def test_a_guest_may_do_nothing(acting: Acting) -> None:
    """Nothing changes, and only they read why."""
    for do in (*ABOUT_A_CONVERSATION, *ABOUT_A_TEXT, "acknowledge", "retry_all"):
        subject = await subject_of(acting, do)
        assert await acting.unchanged(do, subject, GUS) == [reason(NOT_ALLOWED)], do


async def test_an_inbox_may_be_for_some_people_only(database: Database) -> None:
    """Ben is a member of the workspace, but not one of those who text from the inbox."""
    acting = Acting(database, inboxes__support__members=[ANNA])
    await acting.know()
    place = (await conversation(acting)).id
    assert await acting.unchanged("close", place, BEN) == [reason(NOT_A_MEMBER)]
    assert await acting.act("close", place, ANNA) == []
    assert (await conversation(acting)).state == "closed"


async def test_only_admins_may_decide_about_consent_and_erase(database: Database) -> None:
    """Ben is none."""
    acting = Acting(database, admins=[ANNA])
    await acting.know()
    for do in ("opt_out", "opt_in", "erase"):
        subject = await subject_of(acting, do)
        assert await acting.unchanged(do, subject, BEN) == [ONLY_ADMINS], do


async def test_an_alert_is_of_every_inbox_that_it_names(database: Database) -> None:
    """Somebody who may not text from one of them can't retry there; one that names none is anybody's."""
    tickets = {"channel": "C0TICKETS", "senders": ["sydney"], "members": [BEN]}
    acting = Acting(database, inboxes__tickets=tickets)
    await acting.know()
    places = [(await conversation(acting, inbox)).id for inbox in ("support", "tickets")]
    async with database.transaction() as tx:
        for place in places:
            both = await alerts.raise_one(tx, "failed:fone:36", "It failed.", place)
        none = await alerts.raise_one(tx, "sockets", "No connection.")
    assert await acting.unchanged("acknowledge", both, ANNA) == [reason(NOT_A_MEMBER)]
    assert await acting.act("acknowledge", both, BEN) == []
    assert await acting.act("acknowledge", none, ANNA) == []
    found = await rows(database, "SELECT acknowledged_by FROM alerts ORDER BY id")
    assert [each["acknowledged_by"] for each in found] == [BEN, ANNA]


async def test_an_action_without_a_channel_gets_no_answer(acting: Acting) -> None:
    """An action of the Home tab or of the operator has no channel to answer in."""
    place = (await conversation(acting)).id
    assert await acting.unchanged("close", place, GUS, channel=None) == []
    assert await acting.unchanged("via", place, "", argument="none") == []


# --- conversations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("argument", "assignee"), [("", ANNA), ("<@U1BEN>", BEN), ("to <@U1BEN|ben> please", BEN)])
async def test_a_conversation_is_assigned(acting: Acting, argument: str, assignee: str) -> None:
    """To the person who is named, else to the one who asks; the card follows."""
    place = (await conversation(acting)).id
    for _ in range(2):
        assert await acting.act("assign", place, argument=argument) == []
    assert (await conversation(acting)).assignee == assignee
    assert await cards(acting) == [place]


async def test_a_conversation_is_closed_once(acting: Acting, clock: Clock) -> None:
    """The contact waits no longer; a second press changes neither its time nor its card."""
    place = (await conversation(acting)).id
    async with acting.database.transaction() as tx:
        await conversations.contact_wrote(tx, place)
    await acting.act("close", place)
    found = await conversation(acting)
    assert (found.state, found.closed_at, found.waiting_since) == ("closed", START, None)
    assert await cards(acting) == [place]
    clock.wait(60)
    await acting.unchanged("close", place, BEN)


async def test_a_conversation_is_reopened(acting: Acting) -> None:
    """It keeps no sender from before, and the card follows."""
    place = (await conversation(acting)).id
    async with acting.database.transaction() as tx:
        await conversations.keep_sender(tx, place, "sydney")
        await conversations.close(tx, place)
    for _ in range(2):
        assert await acting.act("reopen", place) == []
    found = await conversation(acting)
    assert (found.state, found.closed_at, found.sender) == ("open", None, None)
    assert await cards(acting) == [place]


async def test_a_conversation_that_goes_on_elsewhere_stays_closed(acting: Acting) -> None:
    """A contact has one open conversation in an inbox; the person reads where it goes on."""
    old = await conversation(acting)
    async with acting.database.transaction() as tx:
        await conversations.close(tx, old.id)
        await conversations.open_one(tx, old.contact_id, "support", "T1", "C0SUPPORT", closed_after=tx.now + 1)
    assert await acting.unchanged("reopen", old.id) == [NEWER]


async def test_a_conversation_goes_on_through_another_sender(acting: Acting) -> None:
    """One of its inbox only; for any other name the person reads which there are."""
    place = (await conversation(acting)).id
    assert await acting.act("sender", place, argument="sydney") == []
    assert (await conversation(acting)).pinned_sender == "sydney"
    assert await cards(acting) == [place]
    for wrong in ("name", "", "Sydney"):
        (told,) = await acting.unchanged("sender", place, argument=wrong)
        assert "leased, sydney" in told


# --- contacts ---------------------------------------------------------------------------------------------------------


async def test_people_describe_a_contact(database: Database) -> None:
    """Their name, notes and time zone take the place of those before; every card of theirs follows."""
    acting = Acting(database, inboxes__sales={"channel": "C0SALES", "senders": ["sydney"]})
    await acting.know()
    places = [(await conversation(acting, inbox)).id for inbox in ("support", "sales")]
    await acting.act("contact", places[0], contact=ContactDetails("Maria", "VIP", "Europe/Paris"))
    await acting.act("contact", places[0], contact=ContactDetails("Maria Jones", None, None))
    (found,) = await rows(database, "SELECT name, notes, time_zone FROM contacts")
    assert found == {"name": "Maria Jones", "notes": None, "time_zone": None}
    assert await cards(acting) == sorted(places)
    await acting.unchanged("contact", places[0])


async def test_an_admin_opts_a_contact_out_and_in(database: Database) -> None:
    """Once each, with the admin as the evidence, and the card follows."""
    acting = Acting(database, admins=[ANNA])
    await acting.know()
    place = (await conversation(acting)).id
    assert await acting.act("opt_out", place) == []
    assert await cards(acting) == [place]
    await acting.unchanged("opt_out", place)
    assert await acting.act("opt_in", place) == []
    assert await cards(acting) == [place]
    await acting.unchanged("opt_in", place)
    (found,) = await rows(database, "SELECT source, evidence, lift_source, lift_evidence FROM suppressions")
    assert found == {"source": "person", "evidence": ANNA, "lift_source": "person", "lift_evidence": ANNA}


async def test_without_admins_every_member_may_opt_out(acting: Acting) -> None:
    """No guest may."""
    place = (await conversation(acting)).id
    assert await acting.unchanged("opt_out", place, GUS) == [ONLY_ADMINS]
    await acting.act("opt_out", place, BEN)
    assert await value(acting.database, "SELECT evidence FROM suppressions") == BEN


async def test_an_erasure_begins_once(database: Database) -> None:
    """The admin gets an answer at once and a notice at the end; the next press answers that it has begun."""
    acting = Acting(database, admins=[ANNA, BEN])
    await acting.know()
    contact, events = (await conversation(acting)).contact_id, list[object]()
    database.follow(lambda event, _: events.append(event))
    assert await acting.act("erase", contact, response_url="https://r") == [rights_view.ERASING]
    assert await acting.act("erase", contact, BEN) == [rights_view.ERASING_ALREADY]
    number = await value(database, "SELECT address_hash FROM erasures")
    assert [each for each in events if isinstance(each, AdminActed)] == [AdminActed("erase", ANNA, number)]
    async with database.read() as reader:
        (job,) = await jobs.of_kind(reader, "erase")
    assert ERASE.read(job) == Erase(slack=True, told=Requester("C0SUPPORT", ANNA, "https://r", number))
    assert job.subject == contact


async def test_somebody_who_is_erased_is_not_erased_again(database: Database) -> None:
    """The button was pressed in an old message."""
    acting = Acting(database, admins=[ANNA])
    await acting.know()
    assert await acting.unchanged("erase", 7) == [rights_view.ERASED_ALREADY]


async def test_without_admins_nobody_may_erase(acting: Acting) -> None:
    """It can't be undone."""
    contact = (await conversation(acting)).contact_id
    assert await acting.unchanged("erase", contact) == [NO_ADMINS]


# --- alerts -----------------------------------------------------------------------------------------------------------


async def test_an_alert_is_acknowledged_by_the_first(acting: Acting) -> None:
    """Its post names them; a second person changes nothing."""
    alert = await subject_of(acting, "acknowledge")
    await acting.act("acknowledge", alert, ANNA)
    assert await value(acting.database, "SELECT acknowledged_by FROM alerts") == ANNA
    assert await acting.texts.jobs("alert") == [("alert", alert, START)]
    await acting.texts.done()
    await acting.unchanged("acknowledge", alert, BEN)


async def test_everything_that_failed_is_retried(acting: Acting) -> None:
    """In the conversations that the alert names, once: what somebody gave up, and what arrived, does not go out."""
    texts = acting.texts
    failed, given_up, arrived = [await texts.attempt() for _ in range(3)]
    for attempt in (failed, given_up):
        await texts.refused(attempt)
    await texts.accepted(arrived)
    await acting.act("give_up", given_up.message_id)
    await texts.done()
    (alert,) = await rows(acting.database, "SELECT id, links FROM alerts")
    assert json.loads(alert["links"]) == [(await texts.conversation(failed)).id]
    for _ in range(2):
        await acting.act("retry_all", alert["id"])
    assert await texts.jobs("send") == [("send", failed.message_id, START)]
    assert await value(acting.database, "SELECT acknowledged_by FROM alerts") == ANNA
