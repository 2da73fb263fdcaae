"""Messages: each is stored once, shown once, and edited or deleted only while it surely was not sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from storage.engine.clock import MINUTE, SECOND
from storage.queries import history
from storage.tables import attempts, messages, posts, replies, schedule
from tests.storage.making import OURS, START, a_conversation, a_reply, a_text, an_attempt, an_inbound

if TYPE_CHECKING:
    from storage.engine.database import Database, Transaction
    from storage.tables.attempts import Outcome
    from storage.tables.messages import Message
    from tests.storage.making import Clock


async def a_post(tx: Transaction, conversation_id: int, key: str = "text:1") -> int:
    """Adds a post in the thread."""
    post = await posts.begin(
        tx, key, kind="text", subject=conversation_id, team="T1", channel="C0SUPPORT", thread_ts="1.0"
    )
    return post.id


async def reply(tx: Transaction) -> Message:
    """Adds a reply in the thread."""
    message_id = await a_reply(tx, (await a_conversation(tx)).id)
    assert message_id is not None
    return await messages.get(tx, message_id)


# --- stored once ------------------------------------------------------------------------------------------------------


async def test_an_inbound_text(database: Database) -> None:
    """An inbound text has its content, account and time, and no status."""
    async with database.transaction() as tx:
        conversation = await a_conversation(tx)
        message_id = await an_inbound(tx, conversation.id, "Hello", "M1")
        assert message_id is not None
        found = await messages.get(tx, message_id)
    assert (found.conversation_id, found.direction, found.origin) == (conversation.id, "in", "sms")
    assert (found.text, found.account, found.our_address, found.status) == ("Hello", "fone", OURS, None)
    assert found.created_at == START
    assert not any(private in repr(found) for private in ("Hello", OURS))


async def test_an_inbound_text_is_there_once_by_the_providers_id(database: Database) -> None:
    """An inbound text is unique by provider id within its account, even if its text changed; else all count."""
    async with database.transaction() as tx:
        conversation = (await a_conversation(tx)).id
        assert await an_inbound(tx, conversation, "Hello", "M1")
        assert await an_inbound(tx, conversation, "Hello again", "M1") is None
        assert await an_inbound(tx, conversation, "Hello", "M1", account="other")
        assert await an_inbound(tx, conversation)
        assert await an_inbound(tx, conversation)


async def test_a_reply_is_there_once_by_its_place_in_slack(database: Database) -> None:
    """The `ts` is text: 1.10 and 1.1 are two messages."""
    async with database.transaction() as tx:
        conversation = (await a_conversation(tx)).id
        first = await a_reply(tx, conversation, "1765535460.000100")
        assert await a_reply(tx, conversation, "1765535460.000100") is None
        assert await a_reply(tx, conversation, "1765535460.0001")
        found = await messages.by_slack(tx, "T1", "C0SUPPORT", "1765535460.000100")
        assert found is not None
        assert (found.id, found.status, found.author) == (first, "queued", "U1ANNA")
        assert await messages.by_slack(tx, "T2", "C0SUPPORT", "1765535460.000100") is None
        assert await messages.by_slack(tx, "T1", "C0OTHER", "1765535460.000100") is None


async def test_a_text_of_ours_is_measured(database: Database) -> None:
    """An outbound text is queued, with its segments."""
    async with database.transaction() as tx:
        found = await messages.get(tx, await a_text(tx, "é" * 161))
    assert (found.direction, found.status, found.segments, found.origin) == ("out", "queued", 2, "command")


async def test_one_that_is_not_there(database: Database) -> None:
    """A missing message is an error."""
    async with database.read() as reader:
        with pytest.raises(LookupError, match="no message 1"):
            await messages.get(reader, 1)


async def test_a_repeat_within_a_minute_is_known(database: Database, clock: Clock) -> None:
    """The newest inbound text with exactly the same words since then is found."""
    async with database.transaction() as tx:
        conversation = (await a_conversation(tx)).id
        await messages.add_text(tx, conversation, origin="command", text="Hello", author=None)
        first = await an_inbound(tx, conversation)
        clock.wait(30)
    async with database.transaction() as tx:
        assert await messages.recent_twin(tx, conversation, "Hello", START) == first
        assert await messages.recent_twin(tx, conversation, "hello", START) is None
        assert await messages.recent_twin(tx, conversation, "Hello", START + 1) is None
        second = await an_inbound(tx, conversation)
        assert await messages.recent_twin(tx, conversation, "Hello", START) == second
        assert await messages.recent_twin(tx, conversation + 1, "Hello", START) is None


# --- shown once -------------------------------------------------------------------------------------------------------


async def test_what_waits_to_be_shown(database: Database) -> None:
    """Everything but replies typed in the thread waits for a post, oldest first."""
    async with database.transaction() as tx:
        conversation = (await a_conversation(tx)).id
        first = await an_inbound(tx, conversation, "One")
        await a_reply(tx, conversation)
        second = await a_text(tx)
        third = await an_inbound(tx, conversation, "Two")
        other = await a_conversation(tx, "+61400000002")
        await an_inbound(tx, other.id)
        assert [message.id for message in await messages.unposted(tx, conversation, 10)] == [first, second, third]
        assert [message.id for message in await messages.unposted(tx, conversation, 1)] == [first]
        assert first is not None
        post = await a_post(tx, conversation)
        await messages.show_in(tx, [second, first], post)
        assert [message.id for message in await messages.of_post(tx, post)] == [first, second]
        assert [message.id for message in await messages.unposted(tx, conversation, 10)] == [third]


# --- edited or deleted in time ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcomes", "in_time"),
    [
        ([], True),
        (["not sent"], True),
        (["not sent", "not sent"], True),
        ([None], False),
        (["refused"], False),
        (["unknown"], False),
        (["not sent", "unknown"], False),
    ],
)
@pytest.mark.parametrize("change", ["edit", "deletion"])
async def test_an_edit_or_deletion_is_in_time_while_nothing_can_be_out(
    database: Database, outcomes: list[Outcome | None], change: str, *, in_time: bool
) -> None:
    """A request under way, or with an unknown result, counts as sent."""
    async with database.transaction() as tx:
        message = await reply(tx)
        for outcome in outcomes:
            attempt = await an_attempt(tx, message.id)
            if outcome is not None:
                await attempts.end(tx, attempt.id, outcome, "", "")
        if change == "edit":
            assert await replies.retype(tx, message.id, "{}", "another digest") is in_time
            assert (await messages.get(tx, message.id)).typed == ("{}" if in_time else message.typed)
        else:
            assert await messages.cancel(tx, message.id) is in_time
            assert (await messages.get(tx, message.id)).state == ("cancelled" if in_time else None)


async def test_an_edit_of_what_was_given_up_is_too_late(database: Database) -> None:
    """Failed and deleted texts cannot be edited, because nothing would send them; waiting and asked ones can."""
    async with database.transaction() as tx:
        failed, cancelled, asked, held = [
            await a_reply(tx, (await a_conversation(tx)).id, f"1765535460.00010{n}") or 0 for n in range(4)
        ]
        await messages.set_status(tx, failed, "failed", sentence="Too long.")
        assert await messages.cancel(tx, cancelled)
        await messages.ask(tx, asked, "unknown", "Did it arrive?")
        await schedule.hold(tx, held, START + SECOND, "quiet", "Later.", START + MINUTE)
        for late in (failed, cancelled):
            assert not await replies.retype(tx, late, "{}", "another digest")
        for in_time in (asked, held):
            assert await replies.retype(tx, in_time, "{}", "another digest")


async def test_what_was_decoded_and_not_sent_can_still_be_edited(database: Database) -> None:
    """An edited text is decoded again."""
    async with database.transaction() as tx:
        message = await reply(tx)
        await messages.decode(tx, message.id, "Hi", "GSM-7", 1)
        decoded = await messages.get(tx, message.id)
        assert (decoded.text, decoded.typed, decoded.segments) == ("Hi", None, 1)
        assert await replies.retype(tx, message.id, '{"text": "Ho"}', "another digest")
        assert (await messages.get(tx, message.id)).typed == '{"text": "Ho"}'


# --- status -----------------------------------------------------------------------------------------------------------


async def test_a_status_ends_whatever_it_waited_for(database: Database) -> None:
    """A status ends every wait and sets its sentence; the next one replaces it."""
    async with database.transaction() as tx:
        message = await reply(tx)
        await messages.ask(tx, message.id, "unknown", "Did it arrive?")
        asked = await messages.get(tx, message.id)
        assert (asked.state, asked.code, asked.sentence) == ("asked", "unknown", "Did it arrive?")
        await messages.set_status(tx, message.id, "failed", code="30003", sentence="The phone is off.")
        failed = await messages.get(tx, message.id)
        assert (failed.state, failed.status, failed.code) == (None, "failed", "30003")
        await messages.set_status(tx, message.id, "delivered")
        assert (await messages.get(tx, message.id)).sentence is None


async def test_one_that_is_held_says_until_when_and_why(database: Database) -> None:
    """A held text has its time and reason, and is not under way."""
    async with database.transaction() as tx:
        message = await reply(tx)
        await schedule.hold(tx, message.id, START + SECOND, "quiet", "It is night there.", START + MINUTE)
        held = await messages.get(tx, message.id)
        assert (held.state, held.not_before, held.sentence) == ("held", START + SECOND, "It is night there.")
        assert (held.code, held.expires_at, held.at_once) == ("quiet", START + MINUTE, 0)
        await messages.decide(tx, message.id, at_once=True)
        hurried = await messages.get(tx, message.id)
        assert (hurried.state, hurried.not_before, hurried.expires_at, hurried.at_once) == (None, None, None, 1)
        await messages.decide(tx, message.id)
        assert (await messages.get(tx, message.id)).at_once == 0


async def test_a_decision_begins_anew(database: Database, clock: Clock) -> None:
    """A decision starts again with the chosen sender, or the one chosen before."""
    async with database.transaction() as tx:
        message = await reply(tx)
        await messages.set_status(tx, message.id, "failed", code="x", sentence="No.")
    clock.wait(5)
    async with database.transaction() as tx:
        await messages.decide(tx, message.id, "sydney")
        decided = await messages.get(tx, message.id)
        assert (decided.status, decided.state, decided.code, decided.sentence) == ("queued", None, None, None)
        assert (decided.via, decided.decided_at) == ("sydney", START + 5 * SECOND)
        await messages.decide(tx, message.id)
        assert (await messages.get(tx, message.id)).via == "sydney"


async def test_what_failed_and_nobody_decided_about(database: Database) -> None:
    """Failed texts come oldest first, without those given up or sent again."""
    async with database.transaction() as tx:
        conversation = (await a_conversation(tx)).id
        made = [await a_reply(tx, conversation, f"1765535460.00010{n}") or 0 for n in range(5)]
        for message_id in made[:4]:
            await messages.set_status(tx, message_id, "failed")
        await messages.give_up(tx, made[1], "Given up.")
        await messages.decide(tx, made[2])
        assert [message.id for message in await history.failed(tx, conversation)] == [made[0], made[3]]
        newest = await history.newest_reply(tx, conversation)
        assert newest is not None
        assert newest.id == made[4]
