"""Alerts about failed work: each says what could not be done, for whom, why, and what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from bot.conversations import entries, failure_alerts, job_kinds
from bot.conversations.alert_sentences import CONTACT
from providers.errors import NotSent
from sms.message import Receipt, Status
from storage.queries import subjects
from storage.tables import alerts, conversations, identity, intake, jobs, messages
from storage.tables.identity import Identity
from storage.tables.intake import Arrival
from storage.tables.jobs import Job
from tests.storage.making import PHONE, Clock, a_conversation, a_text, an_attempt, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from storage.engine.database import Database, Transaction

THREAD = "1765535400.000100"
BROKEN = "The bot failed (KeyError); the log has the traceback."
TELL = {"channel": "C0SUPPORT", "user": "U1ANNA", "sentence": "Hi"}
ASK = {"provider_id": None, "attempt": None, "since": None}
ACTION = {"do": "close", "user": "U1ANNA"}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A database with a conversation that has a thread."""
    async with opened(tmp_path / "threadline.db", Clock()) as database:
        async with database.transaction() as tx:
            await identity.save(tx, Identity("T1", "B1", "U0BOT", "https://acme.slack.com/"))
            await conversations.set_thread(tx, (await a_conversation(tx)).id, THREAD)
        yield database


def a_job(kind: str, subject: int, payload: dict[str, Any] | None = None) -> Job:
    """A job that is not tried again."""
    packed = None if payload is None else json.dumps(payload)
    return Job(1, kind, subject, "slack", "lane", packed, 12, 0)


async def raised(tx: Transaction, job: Job, code: str, why: str) -> alerts.Alert:
    """Gives up the job; returns its alert."""
    await failure_alerts.given_up(tx, job, code, why)
    (found,) = await alerts.unposted(tx, tx.now)
    return found


def test_every_kind_has_words() -> None:
    """Every kind of job but the alert itself, and every kind of entry."""
    assert set(failure_alerts._COULD_NOT) == {kind.name for kind in job_kinds.ALL} - {"alert"}
    assert set(failure_alerts._ENTRIES) == set(entries.KINDS)


async def test_a_text_whose_job_is_given_up_is_not_queued_without_end(database: Database) -> None:
    """Its line says that it was not sent; one that may be out, that a person decided about or that is gone stays."""
    async with database.transaction() as tx:
        given_up, out, kept = [await a_text(tx) for _ in range(3)]
        await an_attempt(tx, out)
        await messages.give_up(tx, kept, "Kept in the team.")
        for each in (given_up, out, kept, 1):
            await failure_alerts.given_up(tx, a_job("send", each), "KeyError", BROKEN)
        found = [await messages.get(tx, each) for each in (given_up, out, kept)]
        shown = [job.subject for job in await jobs.of_kind(tx, "show")]
    assert [(each.status, each.state) for each in found] == [
        ("failed", None),
        ("queued", None),
        ("queued", "cancelled"),
    ]
    assert (found[0].sentence or "").startswith("Not sent: ")
    assert shown == [given_up]


@pytest.mark.parametrize("kind", ["post", "rest", "notice", "card", "number", "answer"])
async def test_a_job_of_a_conversation_names_its_contact(database: Database, kind: str) -> None:
    """The sentence has the contact's place, and the alert its conversation."""
    async with database.transaction() as tx:
        conversation = await a_conversation(tx)
        alert = await raised(tx, a_job(kind, conversation.id), "is_archived", failure_alerts.slack_says("is_archived"))
    assert alert.cause == f"given up:{kind}:is_archived"
    assert alert.sentence.startswith("Couldn't ")
    assert CONTACT in alert.sentence
    assert "Slack says the channel is archived. Unarchive it" in alert.sentence
    assert alert.conversations == [conversation.id]


@pytest.mark.parametrize("kind", ["send", "overdue", "show", "opt_out_question"])
async def test_a_job_of_a_message_names_its_contact(database: Database, kind: str) -> None:
    """By the message's conversation."""
    async with database.transaction() as tx:
        alert = await raised(tx, a_job(kind, await a_text(tx)), "KeyError", failure_alerts.fault(KeyError("x")))
        assert alert.conversations == [(await a_conversation(tx)).id]
    assert alert.sentence.endswith(f"{BROKEN} Report this to the maintainers of threadline: it's a bug.")


async def test_a_job_of_an_attempt_names_its_contact(database: Database) -> None:
    """The provider could not be asked if the text arrived."""
    async with database.transaction() as tx:
        attempt = await an_attempt(tx, await a_text(tx))
        alert = await raised(tx, a_job("reconcile", attempt.id), "KeyError", BROKEN)
    assert alert.sentence == f"Couldn't find out if a text to {CONTACT} arrived. {BROKEN}"
    assert len(alert.conversations) == 1


async def test_an_action_names_its_contact(database: Database) -> None:
    """By the message, conversation or contact that it is about, which is not the subject of its job."""
    async with database.transaction() as tx:
        payload = {**ACTION, "subject": await a_text(tx)}
        alert = await raised(
            tx, a_job("act", 77, payload), "user_not_found", failure_alerts.slack_says("user_not_found")
        )
    assert alert.sentence == (
        f"Couldn't do what a colleague asked for in the thread with {CONTACT}. Slack doesn't know the person any more. "
        "If it still matters, a colleague can do it again."
    )
    assert len(alert.conversations) == 1


async def test_a_private_answer_names_the_thread_or_the_channel(database: Database) -> None:
    """It mentions nobody: a failed answer to one person pings no one else, and not that person either."""
    why = failure_alerts.slack_says("user_not_in_channel")
    async with database.transaction() as tx:
        alert = await raised(tx, a_job("tell", 77, TELL), "user_not_in_channel", why)
        assert (alert.sentence, alert.conversations) == (
            f"Couldn't answer a colleague privately in <#C0SUPPORT>. {why}",
            [],
        )
        payload = {**TELL, "thread_ts": THREAD}
        alert = await raised(tx, a_job("tell", 77, payload), "user_not_in_channel", why)
        assert alert.sentence == f"Couldn't answer a colleague privately in the thread with {CONTACT}. {why}"
        assert alert.conversations == [(await a_conversation(tx)).id]


async def test_a_provider_that_did_not_answer_a_question_is_named_by_its_account(database: Database) -> None:
    """Its own sentence is the reason; the attempt of the question leads to the contact."""
    why = failure_alerts.fault(NotSent("unreachable", "The provider could not be reached."))
    async with database.transaction() as tx:
        attempt = await an_attempt(tx, await a_text(tx))
        payload = {"account": "fone", "ask": {**ASK, "attempt": str(attempt.id)}, "callback": None}
        alert = await raised(tx, a_job("fetch", 77, payload), "NotSent", why)
    assert alert.sentence == (
        "Couldn't fetch a text or a receipt that a webhook announced for the account fone. The provider could not be "
        "reached. Look at the provider's portal for what is missing here."
    )
    assert len(alert.conversations) == 1


@pytest.mark.parametrize("kind", ["tell", "act", "fetch", "notice", "erase", "of another version"])
async def test_a_payload_that_nobody_can_read_is_an_alert_too(database: Database, kind: str) -> None:
    """It may be what the job failed of."""
    async with database.transaction() as tx:
        alert = await raised(tx, a_job(kind, 77, {"of": "another version"}), "TypeError", BROKEN)
    assert alert.sentence.startswith("Couldn't ")
    assert alert.conversations == []


@pytest.mark.parametrize("code", list(failure_alerts._SLACK_SAYS))
def test_slacks_common_codes_are_sentences(code: str) -> None:
    """Each says what Slack says, then what to do, without the code."""
    said = failure_alerts.slack_says(code)
    assert said.startswith("Slack ")
    assert said.count(". ") >= 1
    assert code not in said


def test_a_code_that_we_do_not_know_is_shown() -> None:
    """Its meaning is in Slack's reference."""
    assert failure_alerts.slack_says("brand_new").startswith("Slack says: brand_new. Slack's reference explains it")


# --- rows of the intake -----------------------------------------------------------------------------------------------

SLACK_PLACE = {"team": "T1", "channel": "C0SUPPORT", "thread_ts": THREAD, "ts": "1765535460.000100", "user": "U1ANNA"}
INBOUND: dict[str, Any] = {
    "sender": PHONE,
    "recipient": None,
    "text": "Hi",
    "provider_id": None,
    "sent_at": None,
    "media": [],
}
ABOUT = {
    "reply": (SLACK_PLACE | {"message": {"text": "Hi"}}, f"a reply to {CONTACT}"),
    "edit": (SLACK_PLACE | {"message": {"text": "Hi"}}, f"an edit of a reply to {CONTACT}"),
    "deletion": (SLACK_PLACE, f"the deletion of a reply to {CONTACT}"),
    "loss": ({"team": "T1", "channel": "C0SUPPORT", "ts": THREAD}, f"the deletion of the card of {CONTACT}"),
    "inbound": (INBOUND, f"a text from {CONTACT}"),
    "command": ({"to": PHONE, "text": "Hi", "inbox": "support", "user": "U1ANNA"}, f"a text to {CONTACT} by `/sms`"),
    "open": ({"to": PHONE, "inbox": "support", "user": "U1ANNA"}, f"a request to open the thread with {CONTACT}"),
    "opt_out": ({"to": PHONE, "user": "U1ANNA"}, f"the opt-out of {CONTACT}"),
}


async def dead(tx: Transaction, kind: str, parsed: dict[str, Any]) -> alerts.Alert:
    """Buries an intake row; returns its alert."""
    await intake.append(tx, [Arrival("slack", kind, kind, b"", parsed)])
    (entry,) = await intake.waiting(tx, 10)
    await failure_alerts.dead(tx, entry)
    (found,) = await alerts.unposted(tx, tx.now)
    return found


@pytest.mark.parametrize("kind", ABOUT)
async def test_a_dead_row_names_its_contact(database: Database, kind: str) -> None:
    """It says what came in, for whom, and which commands show and repeat it."""
    parsed, words = ABOUT[kind]
    async with database.transaction() as tx:
        alert = await dead(tx, kind, cast("dict[str, Any]", parsed))
        assert alert.conversations == [(await a_conversation(tx)).id]
    assert alert.cause == "dead:slack"
    assert alert.sentence.startswith(f"Couldn't handle {words}")
    assert "`threadline dead show " in alert.sentence
    assert "`threadline dead replay`" in alert.sentence


async def test_a_dead_action_or_receipt_names_its_contact(database: Database) -> None:
    """By the row that it is about, and by our own id that the provider carries."""
    async with database.transaction() as tx:
        message = await a_text(tx)
        action = await dead(tx, "action", {**ACTION, "subject": message})
        assert action.conversations == [await subjects.conversation_of(tx, message)]
        attempt = await an_attempt(tx, message)
        packed = entries.pack(entries.DeliveryReceipt(Receipt("Delivered", Status.DELIVERED, attempt=str(attempt.id))))
        await tx.run("DELETE FROM intake")
        receipt = await dead(tx, "receipt", packed)
    assert receipt.sentence.startswith(f"Couldn't handle a receipt for a text to {CONTACT}")
    assert receipt.conversations == action.conversations


@pytest.mark.parametrize("kind", ["reply", "inbound", "receipt", "action", "unheard of"])
async def test_a_row_that_nobody_can_read_is_an_alert_too(database: Database, kind: str) -> None:
    """It names no contact."""
    async with database.transaction() as tx:
        alert = await dead(tx, kind, {"of": "another version"})
    assert alert.sentence.startswith("Couldn't handle ")
    assert alert.conversations == []
