"""The result of a reply when the provider misbehaves: at most one text per decision, and every result is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.carriers.faults import Trouble
from sandbox.timeouts import PATIENCE
from storage.engine.clock import SECOND
from tests.e2e.team import CUSTOMER, SILENT, UNLUCKY, Team, contact

if TYPE_CHECKING:
    from pathlib import Path


async def replied(team: Team, *troubles: Trouble, phone: str = CUSTOMER) -> str:
    """Writes a reply while the provider misbehaves in these ways; returns the thread."""
    root = await team.conversation(phone)
    for trouble in troubles:
        team.fone.faults.next(trouble)
    await team.reply(root, "Hi there")
    return root


async def last_line(team: Team, root: str, words: str, seconds: float = PATIENCE) -> str:
    """Waits until the newest status line in the thread has these words, and returns it."""
    await team.until(lambda: words in (team.lines(root) or [""])[-1], seconds)
    return team.lines(root)[-1]


# --- certainly not sent -----------------------------------------------------------------------------------------------


async def test_what_the_provider_refuses_is_told_in_both_places(team: Team) -> None:
    """The thread and the alert channel show its reason; the bot does not retry."""
    root = await replied(team, Trouble.REFUSE)
    await last_line(team, root, "account is not allowed to do this")
    await team.until(team.alerted)
    await team.quiet()
    assert f"refused a text to {contact(team, root)}: Our Fone Dynamics account is not allowed" in team.alerted()[0]
    assert "press *Retry*" in team.alerted()[0]
    assert len(team.requests()) == 1
    assert not team.phones.received(CUSTOMER)


async def test_refusals_for_one_reason_are_one_alert(team: Team) -> None:
    """It counts them and links the threads."""
    for _ in range(3):
        await replied(team, Trouble.REFUSE)
    await team.until(lambda: "3 times" in "".join(team.slack.words(post) for post in team.slack.see(team.alerts)))
    assert len(team.alerted()) == 1


async def test_a_provider_that_is_away_gets_the_text_once_when_it_is_back(team: Team) -> None:
    """The bot retries with growing pauses, the thread shows that it waits, and it goes out once."""
    team.fone.settings.retries = ()
    root = await team.conversation()
    await team.fone.unplug()
    await team.reply(root, "Hi there")
    assert "could not be reached" in await last_line(team, root, "queued")
    await team.until(lambda: f"Couldn't send a text to {contact(team, root)}." in "".join(team.alerted()))
    assert "The bot keeps trying." in team.alerted()[0]
    await team.until(lambda: len(team.attempts()) == 2)
    await team.fone.plug()
    assert await team.received(CUSTOMER, 1) == ["Hi there"]
    await last_line(team, root, "delivered")
    await team.until(lambda: "Resolved" in team.alerted()[0])
    assert len(team.lines(root)) == 1
    assert [attempt["outcome"] for attempt in team.attempts()] == ["not sent"] * (len(team.attempts()) - 1) + [
        "accepted"
    ]


async def test_a_provider_that_stays_away_ends_in_a_sentence(tmp_path: Path) -> None:
    """After the configured time the bot gives up, and the thread says that nothing went out."""

    def soon(settings: dict[str, Any]) -> None:
        settings["send_minutes"] = 0.02

    async with Team(tmp_path, soon) as team:
        root = await team.conversation()
        await team.fone.unplug()
        await team.reply(root, "Hi there")
        line = await last_line(team, root, "Nothing went out")
        assert "could not be reached" in line
        await team.fone.plug()
        await team.quiet()
        assert not team.requests()


async def test_a_request_to_slow_down_is_kept(team: Team) -> None:
    """After a 429 the text waits for the requested time, then goes out once."""
    team.fone.faults.retry_after = 2
    await replied(team, Trouble.THROTTLE)
    asked = "SELECT run_at - ended_at AS pause FROM jobs, attempts WHERE kind = 'send' AND run_at > ended_at"
    await team.until(lambda: team.rows(asked))
    assert [row["pause"] for row in team.rows(asked)] == [2 * SECOND]
    assert await team.received(CUSTOMER, 1) == ["Hi there"]
    first, second = [request.at for request in team.fone.requests if request.kind == "send"]
    assert (second - first).total_seconds() >= 2.0


# --- perhaps sent -----------------------------------------------------------------------------------------------------

PERHAPS = [Trouble.ERROR_AFTER, Trouble.HANG_AFTER, Trouble.DROP_AFTER]


@pytest.mark.parametrize("trouble", PERHAPS, ids=lambda trouble: trouble.name.lower())
async def test_a_receipt_reconciles_what_the_provider_took_silently(team: Team, trouble: Trouble) -> None:
    """A 500, no answer or a dropped connection after acceptance: never sent again, and the receipt gives the result."""
    root = await replied(team, trouble)
    await last_line(team, root, "delivered")
    await team.quiet()
    assert len(team.requests()) == 1
    (attempt,) = team.attempts()
    assert (attempt["outcome"], attempt["reconciled_by"]) == ("accepted", "receipt")
    assert "may not have gone out" not in team.lines(root)[0]


@pytest.mark.parametrize("trouble", PERHAPS, ids=lambda trouble: trouble.name.lower())
async def test_what_the_provider_took_without_a_receipt_is_reconciled_by_asking(team: Team, trouble: Trouble) -> None:
    """The provider's own list has the text: the bot asks nobody and sends nothing again."""
    root = await replied(team, trouble, phone=SILENT)
    await team.until(lambda: [attempt["reconciled_by"] for attempt in team.attempts()] == ["the provider's list"])
    await team.quiet()
    assert len(team.requests()) == 1
    assert not any("may not have gone out" in line for line in team.lines(root))
    assert team.attempts()[0]["from_address"] == team.phones.received(SILENT)[0].from_number


@pytest.mark.parametrize("trouble", [Trouble.ERROR_BEFORE, Trouble.HANG_BEFORE, Trouble.DROP_BEFORE])
async def test_what_nobody_knows_is_asked_in_the_thread(team: Team, trouble: Trouble) -> None:
    """Absence from the provider's list is no proof: the bot asks a person, raises an alert, and sends nothing again."""
    root = await replied(team, trouble)
    await last_line(team, root, "may not have gone out")
    await team.until(team.alerted)
    await team.quiet()
    assert f"A text to {contact(team, root)} may not have gone out" in team.alerted()[0]
    assert "Press *Send again*, *It arrived* or *Give up*" in team.alerted()[0]
    assert len(team.requests()) == 1
    assert not team.phones.received(CUSTOMER)


async def test_a_question_is_taken_back_when_a_receipt_comes_after_all(team: Team) -> None:
    """A late receipt answers a question that a person already sees."""
    team.fone.faults.late_seconds = 1.5
    team.fone.faults.next(Trouble.ERROR_AFTER)
    team.fone.faults.next(Trouble.ERROR_BEFORE, None, on="list")
    root = await replied(team, Trouble.RECEIPTS_LATE)
    await last_line(team, root, "may not have gone out")
    await last_line(team, root, "delivered")
    assert "may not have gone out" not in team.lines(root)[0]
    assert len(team.requests()) == 1


async def test_the_next_reply_does_not_wait_for_an_unknown_one(team: Team) -> None:
    """An unknown text delays nothing."""
    root = await replied(team, Trouble.DROP_BEFORE)
    await team.reply(root, "And another thing")
    assert await team.received(CUSTOMER, 1) == ["And another thing"]


async def test_an_equal_text_sent_twice_on_purpose_settles_each_on_its_own(team: Team) -> None:
    """The provider's list has two texts with the same words: the bot finds each by our id."""
    root = await team.conversation(SILENT)
    team.fone.faults.next(Trouble.DROP_AFTER, 2)
    await team.reply(root, "Yes")
    await team.reply(root, "Yes")
    settled = ["the provider's list"] * 2
    await team.until(lambda: [attempt["reconciled_by"] for attempt in team.attempts()] == settled)
    assert {attempt["provider_id"] for attempt in team.attempts()} == {sent.message_id for sent in team.fone.accepted}


# --- receipts ---------------------------------------------------------------------------------------------------------

FINE = [Trouble.RECEIPTS_EARLY, Trouble.RECEIPTS_LATE, Trouble.RECEIPTS_TWICE, Trouble.RECEIPTS_REVERSED]


@pytest.mark.parametrize("trouble", FINE, ids=lambda trouble: trouble.name.lower())
async def test_receipts_in_any_order_end_as_delivered(team: Team, trouble: Trouble) -> None:
    """Early, late, doubled or reversed receipts of every state: one line, and it says delivered."""
    team.fone.settings.submitted_receipts = True
    team.fone.faults.late_seconds = 0.2
    root = await replied(team, trouble)
    await last_line(team, root, "delivered")
    await team.quiet()
    (line,) = team.lines(root)
    assert "✓✓ delivered" in line
    assert not team.alerted()


async def test_an_early_receipt_of_a_text_whose_answer_got_lost_counts(team: Team) -> None:
    """Delivered before the 500: the status does not move back, and the bot asks nobody."""
    team.fone.faults.next(Trouble.RECEIPTS_EARLY)
    root = await replied(team, Trouble.ERROR_AFTER)
    await last_line(team, root, "delivered")
    await team.quiet()
    assert "may not have gone out" not in team.lines(root)[0]
    assert team.attempts()[0]["status"] == "delivered"
    assert not team.alerted()


async def test_an_early_failure_keeps_its_reason(team: Team) -> None:
    """It failed before the answer to the send: the thread shows the reason."""
    root = await replied(team, Trouble.RECEIPTS_EARLY, phone=UNLUCKY)
    assert "UNDELIVERABLE" in await last_line(team, root, "✗")
    await team.quiet()
    (alert,) = team.alerted()
    assert f"A text to {contact(team, root)} wasn't delivered." in alert
    assert "Decide in the thread" in alert


async def test_delivered_is_not_taken_back_by_failed(team: Team) -> None:
    """The bot keeps a contradicting receipt, and people see no change."""
    root = await replied(team, Trouble.RECEIPTS_CONTRADICT)
    await last_line(team, root, "delivered")
    await team.quiet()
    assert [row["word"] for row in team.rows("SELECT word FROM receipts ORDER BY id")] == ["Delivered", "Failed"]
    assert "✓✓ delivered" in team.lines(root)[0]
    assert "could not" not in team.lines(root)[0]
    assert not team.alerted()


async def test_delivered_after_failed_wins(team: Team) -> None:
    """The line then says delivered, and no longer shows the reason of the failure."""
    root = await replied(team, Trouble.RECEIPTS_CONTRADICT, phone=UNLUCKY)
    line = await last_line(team, root, "✓✓ delivered")
    await team.quiet()
    assert "could not" not in line
    assert "✗" not in line


async def test_no_receipt_at_all_is_said(tmp_path: Path) -> None:
    """After the configured time the line says that none came, and the bot sends nothing again."""

    def soon(settings: dict[str, Any]) -> None:
        settings["receipt_minutes"] = 0.01

    async with Team(tmp_path, soon) as team:
        root = await team.conversation(SILENT)
        await team.reply(root, "Hi there")
        await last_line(team, root, "no receipt came")
        sentence = f"sent no receipt for a text to {contact(team, root)}"
        await team.until(lambda: any(sentence in alert for alert in team.alerted()))
        await team.quiet()
        assert len(team.requests()) == 1


async def test_a_status_word_that_nobody_knows_is_shown(team: Team) -> None:
    """The bot keeps a provider's new word, and the line shows it."""
    root = await team.conversation(SILENT)
    await team.reply(root, "Hi there")
    await team.received(SILENT, 1)
    url = team.requests()[0]["DeliveryReceiptWebhookUri"]
    assert (await team.call(url, json={"MessageSid": team.fone.accepted[0].message_id, "Status": "Teleported"}))[
        0
    ] == 200
    await last_line(team, root, "Teleported")
    assert not team.alerted()


async def test_a_receipt_at_one_attempts_address_says_nothing_about_another(team: Team) -> None:
    """The token in the path decides, whatever id the body names."""
    root = await team.conversation(SILENT)
    for text in ("First", "Second"):
        await team.reply(root, text)
    await team.received(SILENT, 2)
    url = team.requests()[0]["DeliveryReceiptWebhookUri"]
    said = {"MessageSid": team.fone.accepted[1].message_id, "Status": "Delivered"}
    assert (await team.call(url, json=said))[0] == 200
    await team.quiet()
    assert [attempt["status"] for attempt in team.attempts()] == ["delivered", "accepted"]
