"""The publisher's posts in Slack: threads with their cards, texts, status lines, and the edits of each."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations import enqueue
from bot.conversations.consent import opt_out
from bot.conversations.enqueue import RetryLater
from bot.slack.threads.publisher import GIVES_WAY, MERGED, MERGED_LENGTH
from storage.engine.clock import HOUR, SECOND
from storage.engine.commit_events import Shown
from storage.tables import conversations, messages
from tests.bot.slack.pretend_workspace import connected
from tests.bot.slack.publishing import Publishing, begun, buttons
from tests.storage.making import Clock, a_reply, rows, value

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage.engine.database import Database

LONG = " ".join(f"{number:0>99}" for number in range(205))  # 20,499 characters: three posts


@asynccontextmanager
async def opened(database: Database, **changes: Any) -> AsyncIterator[Publishing]:
    """Starts a publisher with these settings."""
    async with connected(database, **changes) as workspace:
        yield await begun(workspace)


@pytest.fixture
async def publishing(database: Database) -> AsyncIterator[Publishing]:
    """A publisher with the usual settings."""
    async with opened(database) as publishing:
        yield publishing


# --- texts ------------------------------------------------------------------------------------------------------------


async def test_a_first_text_opens_the_thread(publishing: Publishing) -> None:
    """The card is in the channel, the text below it, and the rows say where each is."""
    (message_id,) = await publishing.writes("Hello")
    await publishing.work()
    (card,) = publishing.in_channel()
    assert (await publishing.conversation()).thread_ts == card["ts"]
    (post,) = await publishing.below()
    assert "Hello" in publishing.slack.words(post)
    (row,) = await rows(publishing.database, "SELECT * FROM posts WHERE kind = 'text'")
    assert row == row | {"key": f"text:{message_id}", "subject": publishing.id, "ts": post["ts"], "state": "sent"}
    assert await value(publishing.database, "SELECT post_id FROM messages") == row["id"]
    assert await value(publishing.database, "SELECT count(*) FROM jobs") == 0


async def test_texts_that_wait_together_are_one_post(publishing: Publishing) -> None:
    """In their order; a job that comes too late finds nothing to post."""
    await publishing.writes("Hello", "Are you there?")
    await publishing.writes("It is me")
    await publishing.work()
    await publishing.add(enqueue.post, publishing.id)
    (shown,) = await publishing.shown()
    assert shown.index("Hello") < shown.index("Are you there?") < shown.index("It is me")


async def test_a_post_takes_twenty_texts(publishing: Publishing) -> None:
    """The others follow in the next one."""
    await publishing.writes(*(f"text {number};" for number in range(MERGED + 2)))
    await publishing.work()
    first, second = await publishing.shown()
    assert f"text {MERGED - 1};" in first
    assert f"text {MERGED};" not in first
    assert f"text {MERGED + 1};" in second


async def test_a_post_takes_so_many_characters(publishing: Publishing) -> None:
    """A text that has no room follows in the next one; one alone may be longer."""
    await publishing.writes("a" * MERGED_LENGTH, "b", "c" * (MERGED_LENGTH - 1), "d")
    await publishing.work()
    assert ["".join(letter for letter in "abcd" if letter in _body(post)) for post in await publishing.below()] == [
        "a",
        "bc",
        "d",
    ]


def _body(post: dict[str, Any]) -> str:
    """Returns the literal texts of a post."""
    sections = [block for block in post["blocks"] if block["type"] == "rich_text"]
    return "".join(part["text"] for block in sections for element in block["elements"] for part in element["elements"])


async def test_texts_of_ours_are_posts_of_their_own(publishing: Publishing) -> None:
    """Each names its author; texts of the contact before and after are not merged with it or across it."""
    await publishing.writes("one")
    await publishing.sends("two")
    await publishing.sends("three", author=None)
    await publishing.writes("four")
    await publishing.work()
    shown = await publishing.shown()
    assert [word for post in shown for word in ("one", "two", "three", "four") if word in post] == [
        "one",
        "two",
        "three",
        "four",
    ]
    assert len(shown) == 4
    assert "U1ANNA" in shown[1]
    assert "Automatic" in shown[2]


async def test_replies_of_the_thread_are_not_posted_again(publishing: Publishing) -> None:
    """They are there already."""
    await publishing.writes("Hello")
    await publishing.work()
    async with publishing.database.transaction() as tx:
        await a_reply(tx, publishing.id)
    await publishing.add(enqueue.post, publishing.id)
    assert len(await publishing.shown()) == 1


async def test_a_long_text_is_several_posts(publishing: Publishing) -> None:
    """All of it is in the thread, in its order, each post once even if the job is done twice."""
    await publishing.writes(LONG)
    await publishing.work()
    posts = await publishing.below()
    assert len(posts) == 3
    assert " ".join("".join(_body(post) for post in posts).split()) == LONG
    (first,) = await rows(publishing.database, "SELECT id FROM posts WHERE kind = 'text'")
    await publishing.add(enqueue.rest, publishing.id, first["id"])
    assert len(await publishing.below()) == len(posts)


async def test_a_long_text_goes_on_where_it_was_interrupted(publishing: Publishing, clock: Clock) -> None:
    """Slack takes the card and two pieces, and the others half a minute later."""
    publishing.slack.faults.error("chat.postMessage", "is_archived", skip=3)
    await publishing.writes(LONG)
    await publishing.work()
    assert len(await publishing.below()) == 2
    clock.wait(30)
    await publishing.work()
    assert " ".join("".join(_body(post) for post in await publishing.below()).split()) == LONG


async def test_a_post_that_could_not_be_made_shows_the_same_texts_later(publishing: Publishing, clock: Clock) -> None:
    """Texts that came meanwhile are in the next post, so that a post that Slack has after all is not doubled."""
    publishing.slack.faults.error("chat.postMessage", "is_archived", skip=1)
    await publishing.writes("Hello")
    await publishing.work()
    await publishing.writes("Are you there?")
    clock.wait(30)
    await publishing.work()
    first, second = await publishing.shown()
    assert ("Hello" in first, "Are you there?" in first, "Are you there?" in second) == (True, False, True)


async def test_a_text_that_is_in_slack_is_counted_once(publishing: Publishing) -> None:
    """The log and the metrics get one event for each text of the contact, none for ours."""
    told: list[object] = []
    publishing.database.follow(lambda news, _: told.append(news))
    found = await publishing.writes("Hello", "Are you there?")
    await publishing.sends()
    await publishing.work()
    assert [each for each in told if isinstance(each, Shown)] == [Shown(None, each, None) for each in found]


# --- the channel sees it too ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "silence", "seen"), [(4, 4.0, True), (4, 3.99, False), (None, 900.0, False)])
async def test_a_text_after_silence_is_shown_in_the_channel(
    database: Database, clock: Clock, hours: float | None, silence: float, *, seen: bool
) -> None:
    """After so many hours without a text of either side, if the inbox has that."""
    async with opened(database, inboxes__support__broadcast_hours=hours) as publishing:
        await publishing.writes("Hello")
        await publishing.work()
        clock.now += int(silence * HOUR)
        await publishing.writes("Hello again")
        await publishing.work()
        assert len(await publishing.below()) == 2
        assert len(publishing.in_channel()) == (2 if seen else 1)


async def test_only_texts_of_the_contact_break_the_silence(database: Database, clock: Clock) -> None:
    """Not the first text, whose card the channel sees, and none of ours."""
    async with opened(database, inboxes__support__broadcast_hours=0) as publishing:
        await publishing.writes("Hello")
        await publishing.work()
        clock.now += HOUR
        await publishing.sends()
        await publishing.work()
        assert len(await publishing.below()) == 2
        assert len(publishing.in_channel()) == 1


# --- notices ----------------------------------------------------------------------------------------------------------


async def test_a_notice_is_posted_once_per_key(publishing: Publishing) -> None:
    """It opens the thread if there is none."""
    await publishing.add(enqueue.notice, publishing.id, "moved:1", "It goes on *here*.")
    await publishing.add(enqueue.notice, publishing.id, "moved:1", "It goes on here.")
    assert len(await publishing.shown()) == 1
    assert "It goes on" in (await publishing.shown())[0]


# --- status lines -----------------------------------------------------------------------------------------------------


async def test_the_status_of_a_text_is_one_line_below_it(publishing: Publishing) -> None:
    """It is posted once and edited from then on; the same status again costs no call."""
    message_id = await publishing.sends()
    await publishing.work()
    await publishing.add(enqueue.show, message_id)
    (_, line) = await publishing.shown()
    assert "queued" in line
    await publishing.delivered(message_id)
    await publishing.add(enqueue.show, message_id)
    (_, line) = await publishing.shown()
    assert "delivered" in line
    before = len(publishing.slack.calls)
    await publishing.add(enqueue.show, message_id)
    assert len(publishing.slack.calls) == before
    assert await value(publishing.database, "SELECT key FROM posts WHERE kind = 'status_line'") == f"line:{message_id}"


async def test_a_deleted_line_is_posted_again_when_the_text_fails(publishing: Publishing) -> None:
    """Somebody has to decide about it; a line that only says *delivered* stays deleted."""
    message_id = await publishing.sends()
    await publishing.work()
    await publishing.add(enqueue.show, message_id)
    (_, line) = await publishing.below()
    await publishing.slack.delete(publishing.connected.anna, publishing.connected.support, line["ts"])
    await publishing.delivered(message_id)
    await publishing.add(enqueue.show, message_id)
    assert len(await publishing.below()) == 1
    async with publishing.database.transaction() as tx:
        await messages.set_status(tx, message_id, "failed", code="x", sentence="It broke.")
    await publishing.add(enqueue.show, message_id)
    (_, line) = await publishing.below()
    assert "It broke." in publishing.slack.words(line)
    assert buttons(line)
    assert await value(publishing.database, "SELECT count(*) FROM jobs") == 0


async def test_a_text_that_was_taken_back_has_no_line(publishing: Publishing) -> None:
    """Unless it had one before: that says so then, without buttons."""
    early, late = await publishing.sends("one"), await publishing.sends("two")
    await publishing.work()
    await publishing.add(enqueue.show, late)
    async with publishing.database.transaction() as tx:
        await messages.cancel(tx, early)
        await messages.cancel(tx, late)
    await publishing.add(enqueue.show, early)
    await publishing.add(enqueue.show, late)
    (_, _, line) = await publishing.below()
    assert "cancelled" in publishing.slack.words(line)
    assert buttons(line) == {}
    assert await value(publishing.database, "SELECT count(*) FROM jobs") == 0


async def test_a_line_waits_for_its_text(publishing: Publishing, clock: Clock) -> None:
    """A status line above its text would be read as that of another one."""
    await publishing.writes("Hello")
    await publishing.work()
    message_id = await publishing.sends()
    async with publishing.database.transaction() as tx:
        await enqueue.show(tx, message_id)
        await tx.run("UPDATE jobs SET run_at = run_at + 1 WHERE kind = 'post'")
    await publishing.work()
    assert [each.seconds for each in publishing.waits] == [1]
    clock.wait(1)
    await publishing.work()
    shown = await publishing.shown()
    assert ["queued" in each for each in shown] == [False, False, True]


async def test_a_reply_gets_its_line_in_the_thread(publishing: Publishing) -> None:
    """It was typed there, so its text needs no post of the bot."""
    await publishing.writes("Hello")
    await publishing.work()
    async with publishing.database.transaction() as tx:
        reply = await a_reply(tx, publishing.id)
    await publishing.add(enqueue.show, reply)
    assert len(await publishing.shown()) == 2


# --- the card ---------------------------------------------------------------------------------------------------------


async def test_the_card_follows_the_conversation(publishing: Publishing) -> None:
    """An edit shows its new state; without a change no call is made, and without a thread there is no card."""
    await publishing.add(enqueue.card, publishing.id, 0)
    assert publishing.in_channel() == []
    await publishing.writes("Hello")
    await publishing.work()
    assert "Open" in await publishing.card()
    async with publishing.database.transaction() as tx:
        await conversations.close(tx, publishing.id)
    await publishing.add(enqueue.card, publishing.id, 0)
    assert "Closed" in await publishing.card()
    before = len(publishing.slack.calls)
    await publishing.add(enqueue.card, publishing.id, 0)
    assert len(publishing.slack.calls) == before


async def test_the_card_of_a_contact_who_opted_out_lets_them_in_again(publishing: Publishing) -> None:
    """The button changes with the words."""
    await publishing.writes("Hello")
    await publishing.work()
    async with publishing.database.transaction() as tx:
        await opt_out(tx, (await conversations.get(tx, publishing.id)).contact_id, "person", "U1ANNA")
    await publishing.work()
    (card,) = publishing.in_channel()
    actions = [
        each["action_id"] for block in card["blocks"] if block["type"] == "actions" for each in block["elements"]
    ]
    assert "do:opt_in" in actions
    assert "do:opt_out" not in actions


async def test_the_card_gives_way_to_texts(publishing: Publishing) -> None:
    """While a post to the channel waits, the card's edit is postponed for longer and longer, but not without end."""
    await publishing.writes("Hello")
    await publishing.work()
    async with publishing.connected.rate_limits.turn("chat.postMessage", publishing.connected.support):
        await publishing.add(enqueue.card, publishing.id, 0)  # it shows nothing new, so it holds nothing up
        assert publishing.waits == []
        async with publishing.database.transaction() as tx:
            await conversations.close(tx, publishing.id)
            await enqueue.card(tx, publishing.id, 0)
        pauses = [await _tries(publishing, number) for number in range(1, GIVES_WAY + 2)]
    assert pauses == [6.0, 12.0, 24.0, *[48.0] * (GIVES_WAY - 3), None]
    assert "Closed" in await publishing.card()


async def _tries(publishing: Publishing, number: int) -> float | None:
    """Does the card's job for this time; returns the seconds that it waits then, or None if it is done."""
    async with publishing.database.transaction() as tx:
        await tx.run("UPDATE jobs SET run_at = 0, claimed_by = NULL")
    (job,) = await publishing.claim()
    assert job.tries == number
    try:
        await publishing.publisher.card(job)
    except RetryLater as later:
        return later.seconds
    return None


# --- what is lost -----------------------------------------------------------------------------------------------------


async def test_a_thread_that_was_deleted_goes_on_in_a_new_one(publishing: Publishing, clock: Clock) -> None:
    """The text that finds it gone is in the new thread, with a notice, and nothing is left in the channel."""
    publishing.slack.faults.error("chat.postMessage", "is_archived", skip=1)  # the card is posted, and its text not yet
    await publishing.writes("Hello")
    await publishing.work()
    old = (await publishing.conversation()).thread_ts or ""
    await publishing.slack.delete(publishing.connected.anna, publishing.connected.support, old)
    clock.wait(30)
    await publishing.work()
    shown = await publishing.shown()
    assert len([each for each in shown if "Hello" in each]) == 1
    assert len([each for each in shown if "deleted" in each]) == 1
    (card,) = publishing.in_channel()
    assert card["ts"] == (await publishing.conversation()).thread_ts != old


async def test_a_card_that_was_deleted_is_found_by_its_edit(publishing: Publishing) -> None:
    """The notice opens the new thread."""
    await publishing.writes("Hello")
    await publishing.work()
    old = (await publishing.conversation()).thread_ts or ""
    await publishing.slack.delete(publishing.connected.anna, publishing.connected.support, old)
    async with publishing.database.transaction() as tx:
        await conversations.close(tx, publishing.id)
    await publishing.add(enqueue.card, publishing.id, 0)
    assert (await publishing.conversation()).thread_ts not in {old, None}
    assert len(await publishing.shown()) == 1


async def test_a_closed_channel_is_waited_for(publishing: Publishing, clock: Clock) -> None:
    """It is the inbox's channel still: an alert says what to do, and the text is posted when it is open again."""
    await publishing.slack.archive(publishing.connected.support)
    await publishing.writes("Hello")
    await publishing.work()
    assert [each.seconds for each in publishing.waits] == [30.0]
    (alert,) = publishing.slack.see(publishing.connected.alerts)
    assert publishing.connected.support in publishing.slack.words(alert)
    await publishing.slack.unarchive(publishing.connected.support)
    clock.now += 30 * SECOND
    await publishing.work()
    assert "Hello" in (await publishing.shown())[0]
    assert publishing.slack.see(publishing.connected.alerts)[0]["text"].startswith("Resolved")


async def test_a_conversation_moves_from_a_closed_channel_to_the_inboxs_new_one(publishing: Publishing) -> None:
    """It goes on in a thread there, with a notice; nothing is lost."""
    former = publishing.slack.add_channel("former")
    async with publishing.database.transaction() as tx:
        await conversations.move(tx, publishing.id, former)
    await publishing.writes("Hello")
    await publishing.work()
    await publishing.slack.archive(former)
    await publishing.writes("Are you there?")
    await publishing.work()
    conversation = await publishing.conversation()
    assert conversation.channel == publishing.connected.support
    shown = await publishing.shown()
    assert len(shown) == 2
    assert len([each for each in shown if "Are you there?" in each]) == 1
    assert await value(publishing.database, "SELECT count(*) FROM jobs") == 0
