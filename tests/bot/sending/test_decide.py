"""Decisions about a text: whether it goes out now, what is written for one that does, and nothing for any other."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations.callbacks import hash_token
from bot.conversations.decisions import Ask, Done, Hold, Send, Stop
from bot.sending.decide import REMOVED
from bot.text.decode import Names
from sms.address import from_canonical
from storage.engine.clock import DAY, HOUR, MINUTE
from storage.engine.commit_events import Tried
from storage.tables import attempts, messages, replies, schedule
from tests.bot.installation import SECRETS, SYDNEY
from tests.bot.sending.deciding import Deciding
from tests.storage.making import PHONE, START, Clock, rows

if TYPE_CHECKING:
    from storage.engine.database import Database

SENT = "SELECT * FROM attempts ORDER BY id"


@pytest.fixture
def deciding(database: Database) -> Deciding:
    """A decider with the usual settings."""
    return Deciding(database)


async def typed(deciding: Deciding, text: str, **more: Any) -> int:
    """Stores a reply that a person typed in the thread; returns its id."""
    conversation = await deciding.conversation()
    async with deciding.database.transaction() as tx:
        added = await replies.add(
            tx,
            conversation.id,
            typed=json.dumps({"text": text, **more}),
            written="",
            author="U1ANNA",
            team="T1",
            channel="C0SUPPORT",
            ts="1765535460.000100",
            thread_ts="1765535400.000100",
        )
    assert added is not None
    return added


# --- a text that goes out ---------------------------------------------------------------------------------------------


async def test_a_text_that_goes_out_has_one_attempt(deciding: Deciding) -> None:
    """`Send` has the request, and its attempt is stored under way, once, with all that was decided."""
    message_id = await deciding.text("Hello", options='{"route": "fast"}')
    decision = await deciding.sends(message_id)
    (stored,) = await rows(deciding.database, SENT)
    assert stored == stored | {
        "id": decision.attempt.id,
        "message_id": message_id,
        "part": 1,
        "try": 1,
        "account": "fone",
        "sender": "sydney",
        "from_address": SYDNEY,
        "recipient": PHONE,
        "text": "Hello",
        "outcome": None,
        "status": "sending",
        "started_at": START,
    }
    assert asdict(decision.sms) == {
        "attempt": str(decision.attempt.id),
        "recipient": asdict(from_canonical(PHONE)),
        "sender": asdict(from_canonical(SYDNEY)),
        "text": "Hello",
        "media": (),
        "options": {"route": "fast"},
        "is_leased": False,
    }


async def test_a_text_that_goes_out_counts_and_is_under_way(deciding: Deciding) -> None:
    """It uses one text of its sender's quota, and its status is *sending*, without an older sentence."""
    message_id = await deciding.text()
    async with deciding.database.transaction() as tx:
        await messages.set_status(tx, message_id, "queued", code="waits", sentence="It waits.")
    decision = await deciding.sends(message_id)
    (used,) = await rows(deciding.database, "SELECT account, sender, kind, attempt_id, used_at FROM quotas")
    assert used == {
        "account": "fone",
        "sender": "sydney",
        "kind": "texts",
        "attempt_id": decision.attempt.id,
        "used_at": START,
    }
    message = await deciding.message(message_id)
    assert (message.status, message.state, message.code, message.sentence) == ("sending", None, None, None)


async def test_each_attempt_is_logged_and_counted_once(deciding: Deciding) -> None:
    """The log and the metrics get one event for a text that goes out, and none for one that does not."""
    told: list[object] = []
    deciding.database.follow(lambda news, _: told.append(news))
    message_id = await deciding.text()
    decision = await deciding.sends(message_id)
    assert told == [Tried(None, message_id, decision.attempt.id, "fone", "sydney")]
    await deciding.keeps(message_id)
    assert len(told) == 1


async def test_the_urls_of_an_attempt_are_known_before_the_provider_gets_them(deciding: Deciding) -> None:
    """The tokens of the attempt and of the conversation are stored with it; the start stored the sender's."""
    message_id = await deciding.text()
    decision = await deciding.sends(message_id)
    conversation_id = (await deciding.message(message_id)).conversation_id
    stored = {
        each["token_hash"]: (each["scope"], each["subject"], each["account"])
        for each in await rows(deciding.database, "SELECT * FROM callbacks")
    }
    given = decision.callbacks
    assert stored == {
        hash_token(given.receipts.rpartition("/")[2]): ("attempt", str(decision.attempt.id), "fone"),
        hash_token(given.replies.rpartition("/")[2]): ("conversation", str(conversation_id), "fone"),
    }
    assert hash_token(given.sender.rpartition("/")[2]) not in stored
    assert given.receipts.startswith("https://sms.example.com/sms/fone/")
    assert given.secret
    assert SECRETS["secret"] not in given.secret


async def test_the_signature_is_under_texts_of_people_only(database: Database) -> None:
    """A person's text goes out with the inbox's last line; a text that nobody wrote goes out without it."""
    deciding = Deciding(database, inboxes__support__signature="Acme")
    assert (await deciding.sends(await deciding.text("Hello"))).sms.text == "Hello\nAcme"
    assert (await deciding.sends(await deciding.text("Bye", author=None))).sms.text == "Bye"


async def test_a_typed_reply_is_decoded_once(deciding: Deciding) -> None:
    """The phone gets plain text with names; the row keeps this text, its encoding and its size, not the Slack JSON."""
    message_id = await typed(deciding, "<@U0BOT> Ask <@U1BEN> &amp; me ½ soon")
    decision = await deciding.decide(message_id, names=Names({"U1BEN": "Ben"}, {}, {}))
    assert isinstance(decision, Send)
    assert decision.sms.text == "Ask Ben & me ½ soon"
    (stored,) = await rows(deciding.database, "SELECT text, typed, encoding, segments FROM messages")
    assert stored == {"text": "Ask Ben & me ½ soon", "typed": None, "encoding": "UCS-2", "segments": 1}


async def test_a_typed_reply_is_stored_without_the_signature_and_costed_with_it(database: Database) -> None:
    """Slack shows the words that the person wrote; the segments are those that go out."""
    deciding = Deciding(database, inboxes__support__signature="Acme")
    message_id = await typed(deciding, "a" * 160)
    assert isinstance(await deciding.decide(message_id), Send)
    (stored,) = await rows(database, "SELECT text, segments FROM messages")
    assert stored == {"text": "a" * 160, "segments": 2}


# --- nothing is left to decide ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["asked", "cancelled"])
async def test_a_text_that_people_decide_about_is_done(deciding: Deciding, end: str) -> None:
    """A text that was taken back, or that a person is asked about, does not go out by itself."""
    message_id = await deciding.text()
    async with deciding.database.transaction() as tx:
        await (messages.ask(tx, message_id, "late", "Sure?") if end == "asked" else messages.cancel(tx, message_id))
    assert await deciding.keeps(message_id) == Done()


@pytest.mark.parametrize("outcome", [None, "accepted", "unknown", "refused"])
async def test_no_text_goes_out_twice_by_one_decision(
    deciding: Deciding, outcome: attempts.Outcome | None, clock: Clock
) -> None:
    """While its request is under way, and after it ended in any way but *not sent*, nothing more goes out."""
    message_id = await deciding.text()
    decision = await deciding.sends(message_id)
    if outcome == "accepted":
        await deciding.accepted(decision)
    elif outcome is not None:
        await deciding.ended(decision, outcome)
    clock.wait(1)
    assert await deciding.keeps(message_id) == Done()


async def test_a_text_that_certainly_did_not_go_out_goes_again(deciding: Deciding) -> None:
    """The next attempt is the second try of the same part."""
    message_id = await deciding.text()
    await deciding.ended(await deciding.sends(message_id), "not sent")
    again = await deciding.sends(message_id)
    assert (again.attempt.part, again.attempt.number) == (1, 2)


async def test_a_new_decision_of_a_person_sends_once_more(deciding: Deciding, clock: Clock) -> None:
    """*Retry* lets a refused text out again, once."""
    message_id = await deciding.text()
    await deciding.ended(await deciding.sends(message_id), "refused")
    clock.wait(1)
    async with deciding.database.transaction() as tx:
        await messages.decide(tx, message_id)
    again = await deciding.sends(message_id)
    await deciding.accepted(again)
    assert again.attempt.number == 2
    assert await deciding.keeps(message_id) == Done()


# --- its time ---------------------------------------------------------------------------------------------------------


async def test_a_scheduled_text_waits_for_its_time(deciding: Deciding, clock: Clock) -> None:
    """It is held until its time to the microsecond, and goes out then."""
    message_id, at = await deciding.text(), START + 5 * MINUTE
    async with deciding.database.transaction() as tx:
        await schedule.schedule(tx, message_id, at)
    clock.now = at - 1
    assert await deciding.keeps(message_id) == Hold(at, "scheduled")
    clock.now = at
    await deciding.sends(message_id)


async def test_a_text_that_waited_too_long_is_asked_about(deciding: Deciding, clock: Clock) -> None:
    """Up to two hours after it was wanted it goes out; from then on a person is asked, who reads how long it waited."""
    early, late = await deciding.text(), await deciding.text()
    clock.now = START + 2 * HOUR - 1
    await deciding.sends(early)
    clock.now += 1
    asked = await deciding.keeps(late)
    assert isinstance(asked, Ask)
    assert "2 hours" in asked.sentence
    assert "rest" not in asked.sentence


async def test_the_question_names_the_wait_in_its_largest_unit(database: Database, clock: Clock) -> None:
    """Singular for one, and no number below a minute."""
    deciding = Deciding(database, expire_minutes=0.5)
    for minutes, words in ((0.5, "too long"), (1, "1 minute,"), (59, "59 minutes"), (90, "1 hour,"), (2_940, "2 days")):
        message_id = await deciding.text()
        clock.wait(minutes * 60)
        asked = await deciding.keeps(message_id)
        assert isinstance(asked, Ask)
        assert words in asked.sentence


async def test_the_wait_is_counted_from_the_newest_decision(deciding: Deciding, clock: Clock) -> None:
    """A person's *Retry* gives the text its whole time again, and the sentence counts from it."""
    message_id = await deciding.text()
    clock.wait(5 * 3_600)
    async with deciding.database.transaction() as tx:
        await messages.decide(tx, message_id)
    clock.now = START + 7 * HOUR
    asked = await deciding.keeps(message_id)
    assert isinstance(asked, Ask)
    assert "2 hours" in asked.sentence
    clock.now -= 1
    await deciding.sends(message_id)


async def test_when_a_text_expires(deciding: Deciding, clock: Clock) -> None:
    """Two hours after it was written, decided or scheduled for, unless its row names another moment."""
    message_id = await deciding.text()

    async def expires() -> int:
        return deciding.decider.expires_at(await deciding.message(message_id)) - START

    assert await expires() == 2 * HOUR
    clock.wait(60)
    async with deciding.database.transaction() as tx:
        await messages.decide(tx, message_id)
    assert await expires() == MINUTE + 2 * HOUR
    async with deciding.database.transaction() as tx:
        await schedule.schedule(tx, message_id, START + DAY)
    assert await expires() == DAY + 2 * HOUR
    async with deciding.database.transaction() as tx:
        await schedule.hold(tx, message_id, START + DAY, "limit", "", START + 3 * DAY)
    assert await expires() == 3 * DAY


# --- the words --------------------------------------------------------------------------------------------------------


async def test_a_text_whose_words_were_removed_is_stopped(deciding: Deciding) -> None:
    """After the retention time there is nothing to send."""
    message_id = await deciding.text()
    async with deciding.database.transaction() as tx:
        await tx.run("UPDATE messages SET text = NULL, removed_at = :now WHERE id = :id", now=tx.now, id=message_id)
    assert await deciding.keeps(message_id) == Stop("removed", REMOVED)


async def test_a_reply_that_no_sms_can_say_is_stopped(deciding: Deciding) -> None:
    """`@here` calls colleagues: the thread says so, and the reply stays as it was typed."""
    stop = await deciding.keeps(await typed(deciding, "<!here> look"))
    assert isinstance(stop, Stop)
    assert stop.code == "cannot_be_texted"


async def test_an_empty_text_is_stopped(deciding: Deciding) -> None:
    """Without words and files there is nothing to send, and no signature makes it a text."""
    stop = await Deciding(deciding.database, inboxes__support__signature="Acme").keeps(await deciding.text(""))
    assert isinstance(stop, Stop)
    assert stop.code == "empty"


async def test_files_alone_are_a_text(deciding: Deciding) -> None:
    """A reply of files without words goes out if the provider can send files."""
    deciding.can(deciding.fone, media_out=True)
    message_id = await typed(deciding, "", files=[{"id": "F1"}])
    await deciding.file(message_id)
    decision = await deciding.sends(message_id)
    assert (decision.sms.text, [each.name for each in decision.sms.media]) == ("", ["cat.png"])
    assert (await deciding.message(message_id)).segments == 0


async def test_a_text_longer_than_the_inbox_allows_is_stopped(database: Database) -> None:
    """The signature counts; the thread reads how long it is and what is allowed."""
    deciding = Deciding(database, inboxes__support__max_segments=1, inboxes__support__signature="Acme")
    await deciding.sends(await deciding.text("a" * 155))
    stop = await deciding.keeps(await deciding.text("a" * 156))
    assert isinstance(stop, Stop)
    assert stop.code == "too_long"
    assert "2 segments" in stop.sentence
    await deciding.sends(await deciding.text("a" * 160, author=None))
