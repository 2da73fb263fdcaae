"""The publisher's posts to people: opt-out questions, alerts, and sentences for one person only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations import enqueue
from bot.slack.views.blocks import Marked
from storage.tables import alerts, conversations, opt_out_questions
from tests.bot.slack.pretend_workspace import URL, connected
from tests.bot.slack.publishing import Publishing, begun, buttons
from tests.storage.making import rows, value

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage.engine.database import Database


@pytest.fixture
async def publishing(database: Database) -> AsyncIterator[Publishing]:
    """A publisher with the usual settings."""
    async with connected(database) as workspace:
        yield await begun(workspace)


# --- opt-out questions ------------------------------------------------------------------------------------------------


async def asked(publishing: Publishing) -> int:
    """The contact sends a text that sounds like STOP, and a person is to be asked; returns the text's id."""
    (message_id,) = await publishing.writes("please stop texting me")
    async with publishing.database.transaction() as tx:
        await opt_out_questions.raise_one(tx, message_id, publishing.id)
        await enqueue.opt_out_question(tx, publishing.id, message_id)
    return message_id


async def decide(publishing: Publishing, message_id: int) -> None:
    """Anna decides that the text means STOP."""
    async with publishing.database.transaction() as tx:
        await opt_out_questions.decide(tx, message_id, "stop", "U1ANNA")
        await enqueue.opt_out_question(tx, publishing.id, message_id)


async def test_a_person_is_asked_below_the_text(publishing: Publishing) -> None:
    """With a button for each answer, about this text."""
    message_id = await asked(publishing)
    await publishing.work()
    (_, question) = await publishing.below()
    assert buttons(question) == {"do:stop_meant": str(message_id), "do:stop_not_meant": str(message_id)}


async def test_the_decision_takes_the_place_of_the_question(publishing: Publishing) -> None:
    """It names the person and has no buttons; shown again it costs no call."""
    message_id = await asked(publishing)
    await publishing.work()
    await decide(publishing, message_id)
    await publishing.work()
    (_, question) = await publishing.below()
    assert buttons(question) == {}
    assert "U1ANNA" in publishing.slack.words(question)
    before = len(publishing.slack.calls)
    await publishing.add(enqueue.opt_out_question, publishing.id, message_id)
    assert len(publishing.slack.calls) == before
    assert await value(publishing.database, "SELECT count(*) FROM jobs") == 0


async def test_a_question_that_is_decided_before_is_not_asked(publishing: Publishing) -> None:
    """The contact texted STOP meanwhile."""
    message_id = await asked(publishing)
    await decide(publishing, message_id)
    await publishing.work()
    assert len(await publishing.below()) == 1
    assert await value(publishing.database, "SELECT count(*) FROM jobs") == 0


# --- alerts -----------------------------------------------------------------------------------------------------------


async def raised(publishing: Publishing, sentence: str = "Fone Dynamics: It is busy.") -> int:
    """The cause of an alert was seen in the conversation; returns the alert's id."""
    async with publishing.database.transaction() as tx:
        alert_id = await alerts.raise_one(tx, "not sent:fone", sentence, publishing.id)
        await enqueue.alert(tx, alert_id)
    await publishing.work()
    return alert_id


async def test_an_alert_is_one_post_with_a_link(publishing: Publishing) -> None:
    """In the alert channel, with the thread and what can be done about it; once more it counts."""
    await publishing.writes("Hello")
    await publishing.work()
    alert_id = await raised(publishing)
    (post,) = publishing.slack.see(publishing.connected.alerts)
    thread = ((await publishing.conversation()).thread_ts or "").replace(".", "")
    assert "It is busy." in publishing.slack.words(post)
    assert f"{URL}archives/{publishing.connected.support}/p{thread}" in publishing.slack.links(post)
    assert buttons(post) == {"do:retry_all": str(alert_id), "do:acknowledge": str(alert_id)}
    await raised(publishing)
    (post,) = publishing.slack.see(publishing.connected.alerts)
    assert "2 times" in publishing.slack.words(post)


async def test_an_alert_says_who_saw_it_and_when_it_is_over(publishing: Publishing) -> None:
    """The buttons go with it."""
    alert_id = await raised(publishing)
    async with publishing.database.transaction() as tx:
        await alerts.acknowledge(tx, alert_id, "U1ANNA")
    await publishing.add(enqueue.alert, alert_id)
    (post,) = publishing.slack.see(publishing.connected.alerts)
    assert "U1ANNA" in publishing.slack.words(post)
    assert buttons(post) == {"do:retry_all": str(alert_id)}
    async with publishing.database.transaction() as tx:
        await alerts.resolve(tx, "not sent:fone")
    await publishing.add(enqueue.alert, alert_id)
    (post,) = publishing.slack.see(publishing.connected.alerts)
    assert post["text"].startswith("Resolved")
    assert buttons(post) == {}


async def test_an_alert_whose_post_was_deleted_is_posted_again(publishing: Publishing) -> None:
    """Its cause lasts, so people have to see it; that it is over needs no new post."""
    alert_id = await raised(publishing)
    (post,) = publishing.slack.see(publishing.connected.alerts)
    await publishing.slack.delete(publishing.connected.anna, publishing.connected.alerts, post["ts"])
    await raised(publishing)
    (again,) = publishing.slack.see(publishing.connected.alerts)
    assert "2 times" in publishing.slack.words(again)
    await publishing.slack.delete(publishing.connected.anna, publishing.connected.alerts, again["ts"])
    async with publishing.database.transaction() as tx:
        await alerts.resolve(tx, "not sent:fone")
    await publishing.add(enqueue.alert, alert_id)
    assert publishing.slack.see(publishing.connected.alerts) == []
    assert await value(publishing.database, "SELECT count(*) FROM jobs") == 0


# --- for one person only ----------------------------------------------------------------------------------------------


def url_of(publishing: Publishing) -> str:
    """Returns a `response_url` of Anna's."""
    url, _ = publishing.slack.responses.issue(publishing.connected.anna, publishing.connected.support)
    return url


def told(publishing: Publishing) -> list[str]:
    """Returns the sentences that only Anna sees."""
    return [publishing.slack.words(each) for each in publishing.slack.ephemerals(publishing.connected.anna)]


async def tell(publishing: Publishing, sentence: str, **more: Any) -> None:
    """Tells Anna a sentence in the inbox's channel."""
    await publishing.add(enqueue.tell, publishing.connected.support, publishing.connected.anna, sentence, **more)


async def test_a_sentence_is_shown_where_the_person_is(publishing: Publishing) -> None:
    """Only they see it, in the thread that they are in."""
    await publishing.writes("Hello")
    await publishing.work()
    thread = (await publishing.conversation()).thread_ts
    await tell(publishing, "You may not <b>.", thread_ts=thread)
    (message,) = publishing.slack.ephemerals(publishing.connected.anna)
    assert (message["channel"], message["thread_ts"]) == (publishing.connected.support, thread)
    assert "You may not &lt;b&gt;." in message["text"]
    assert len(await publishing.below()) == 1


async def test_a_marked_sentence_keeps_its_mentions(publishing: Publishing) -> None:
    """The bot made them; nothing in it is escaped again."""
    await tell(publishing, Marked("<@U1ANNA> has it."))
    (message,) = publishing.slack.ephemerals(publishing.connected.anna)
    assert "<@U1ANNA>" in message["text"]


async def test_a_sentence_answers_the_button_that_was_pressed(publishing: Publishing) -> None:
    """By its `response_url`, without a call of the Web API."""
    await tell(publishing, "You may not.", response_url=url_of(publishing))
    assert ["You may not." in each for each in told(publishing)] == [True]
    assert publishing.connected.called("chat.postEphemeral") == 0


async def test_an_answer_may_replace_the_message_with_the_button(publishing: Publishing) -> None:
    """The question that only Anna saw is gone then."""
    await tell(publishing, "Should Maria be erased?")
    (question,) = publishing.slack.ephemerals(publishing.connected.anna)
    connected_to = publishing.connected
    url, _ = publishing.slack.responses.issue(connected_to.anna, connected_to.support, question["ts"])
    await tell(publishing, "It has begun.", response_url=url, replaces=True)
    assert ["It has begun." in each for each in told(publishing)] == [True]


async def test_after_half_an_hour_the_sentence_is_in_the_channel(publishing: Publishing) -> None:
    """The URL answers no more, and the sentence comes all the same, once."""
    url = url_of(publishing)
    publishing.slack.settings.response_url_seconds = -1
    await tell(publishing, "You may not.", response_url=url)
    assert ["You may not." in each for each in told(publishing)] == [True]
    assert await value(publishing.database, "SELECT count(*) FROM jobs") == 0


# --- the link to a thread ---------------------------------------------------------------------------------------------


async def link(publishing: Publishing) -> str:
    """Returns the link to the thread."""
    thread = ((await publishing.conversation()).thread_ts or "").replace(".", "")
    return f"{URL}archives/{publishing.connected.support}/p{thread}"


async def test_the_person_who_began_a_conversation_gets_its_link(publishing: Publishing) -> None:
    """Once the thread is there, as the answer to their command."""
    async with publishing.database.transaction() as tx:
        await enqueue.post(tx, publishing.id)
        await enqueue.answer(tx, publishing.id, url_of(publishing), publishing.connected.anna)
    await publishing.work()
    (message,) = publishing.slack.ephemerals(publishing.connected.anna)
    assert set(publishing.slack.links(message)) == {await link(publishing)}
    assert publishing.connected.called("chat.postEphemeral") == 0


@pytest.mark.parametrize("expired", [True, False])
async def test_without_a_url_the_link_is_in_the_channel(publishing: Publishing, *, expired: bool) -> None:
    """For the person who began it, whose URL has expired or who had none."""
    url = url_of(publishing) if expired else None
    publishing.slack.settings.response_url_seconds = -1
    async with publishing.database.transaction() as tx:
        await enqueue.post(tx, publishing.id)
        await enqueue.answer(tx, publishing.id, url, publishing.connected.anna)
    await publishing.work()
    (message,) = publishing.slack.ephemerals(publishing.connected.anna)
    assert set(publishing.slack.links(message)) == {await link(publishing)}


async def test_a_link_that_nobody_can_see_is_no_fault(publishing: Publishing) -> None:
    """The person is not in the channel, or there is none: the job is done all the same."""
    await publishing.slack.leave(publishing.connected.support, publishing.connected.anna)
    await publishing.add(enqueue.answer, publishing.id, None, publishing.connected.anna)
    await publishing.add(enqueue.answer, publishing.id, None)
    assert publishing.slack.ephemerals(publishing.connected.anna) == []
    assert await value(publishing.database, "SELECT count(*) FROM jobs") == 0


async def test_the_link_of_a_conversation_without_a_thread_is_its_channels(publishing: Publishing) -> None:
    """A link to nowhere would be worse."""
    await publishing.add(enqueue.answer, publishing.id, None, publishing.connected.anna)
    (message,) = publishing.slack.ephemerals(publishing.connected.anna)
    assert set(publishing.slack.links(message)) == {f"{URL}archives/{publishing.connected.support}"}
    async with publishing.database.transaction() as tx:
        assert (await conversations.get(tx, publishing.id)).thread_ts is None
    assert await rows(publishing.database, "SELECT * FROM posts") == []
