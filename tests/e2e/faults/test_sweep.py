"""The sweep finds lost texts and events, once, and the bot asks about those that are too old."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.carriers.faults import Trouble
from tests.e2e.team import CUSTOMER, Team
from tests.e2e.texts.test_quiet_hours import write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def often(settings: dict[str, Any]) -> None:
    """Sets a sweep twice a second."""
    settings["sweep"] = {"every": 0.5, "missing": 0.05, "late": 60.0}


@pytest.fixture
async def sweeping(tmp_path: Path) -> AsyncIterator[Team]:
    """A team whose bot sweeps often."""
    async with Team(tmp_path, often) as team:
        yield team


async def test_a_reply_whose_event_was_lost_goes_out_once(sweeping: Team) -> None:
    """Slack loses the event: the sweep finds the reply, the bot texts it, and later sweeps find nothing new."""
    root = await sweeping.conversation()
    sweeping.slack.faults.lose(match=lambda event: "Lost" in str(event.get("text")))
    await sweeping.reply(root, "Lost on the way")
    assert await sweeping.received(CUSTOMER, 1) == ["Lost on the way"]
    await sweeping.until(lambda: "✓✓" in "".join(sweeping.lines(root)))
    assert "found by the sweep" in sweeping.lines(root)[0]
    assert sweeping.accepted("Lost on the way") == 1


async def test_replies_that_should_have_come_ring_the_alarm_and_renew_the_connections(sweeping: Team) -> None:
    """An alert reports connections that deliver nothing, the bot replaces them, and new events resolve the alert."""
    root = await sweeping.conversation()
    await asyncio.sleep(0.6)  # the sweep after a new connection is over
    before = len(sweeping.slack.calls.of("apps.connections.open"))
    sweeping.slack.faults.lose(match=lambda event: "Lost" in str(event.get("text")))
    await sweeping.reply(root, "Lost on the way")
    sentence = f"Slack sent no events for replies in <#{sweeping.support}>"
    await sweeping.until(lambda: any(sentence in text for text in sweeping.alerted()))
    await sweeping.until(lambda: len(sweeping.slack.calls.of("apps.connections.open")) >= before + 2)
    await sweeping.until(lambda: any("esolved" in text for text in sweeping.alerted()))


async def test_connections_that_stand_and_hand_nothing_over_are_made_anew(sweeping: Team) -> None:
    """They answer every ping. The sweep finds the reply, which goes out once, and the next one comes by itself."""
    root = await sweeping.conversation()
    await sweeping.slack.connected(2)
    await asyncio.sleep(0.6)  # the sweep after a new connection is over
    before = len(sweeping.slack.calls.of("apps.connections.open"))
    await sweeping.slack.kill_sockets("silent")
    await sweeping.reply(root, "Into the silence")
    assert await sweeping.received(CUSTOMER, 1) == ["Into the silence"]
    await sweeping.until(lambda: len(sweeping.slack.calls.of("apps.connections.open")) >= before + 2)
    await sweeping.quiet()
    assert sweeping.accepted("Into the silence") == 1


async def test_an_old_reply_is_asked_about(tmp_path: Path) -> None:
    """The sweep finds too late a reply from while the bot was off; it waits for a person."""

    def late(settings: dict[str, Any]) -> None:
        settings["sweep"] = {"every": 0.5, "missing": 0.1, "late": 0.2}

    async with Team(tmp_path, late) as team:
        root = await team.conversation()
        await team.stop_bot()
        team.slack.faults.lose_without_socket = True
        await team.reply(root, "While you were away")
        await team.slack.delivered()
        await asyncio.sleep(0.5)
        await team.start_bot()
        await team.until(lambda: "reached us late" in "".join(team.lines(root)))
        assert team.fone.accepted == []
        line = next(post for post in team.below(root) if "reached us late" in post["text"])
        await team.slack.click(team.anna, team.support, line["ts"], "do:send")
        assert await team.received(CUSTOMER, 1) == ["While you were away"]


async def test_a_text_whose_webhook_was_lost_is_found(sweeping: Team) -> None:
    """The provider has it and did not call the webhook: it is in the thread once, marked as recovered."""
    root = await sweeping.conversation()
    sweeping.fone.faults.next(Trouble.WEBHOOK_LOST)
    await sweeping.phones.send(CUSTOMER, sweeping.sydney, "Nobody called")
    await sweeping.until(lambda: "Nobody called" in sweeping.shown(CUSTOMER))
    assert sweeping.shown(CUSTOMER).count("Nobody called") == 1
    (post,) = [post for post in sweeping.below(root) if "Nobody called" in str(post["blocks"])]
    assert "found at Fone Dynamics" in sweeping.slack.words(post)


# --- changes whose events were lost -----------------------------------------------------------------------------------


async def test_what_was_changed_while_we_were_away_counts(tmp_path: Path) -> None:
    """An edit in time replaces the text, a deletion in time stops it; too late, their author is notified. Each once."""

    def patient(settings: dict[str, Any]) -> None:
        often(settings)
        settings["timeouts"]["retry"] = 60.0

    async with Team(tmp_path, patient) as team:
        root = await team.conversation()
        late, gone = await team.reply(root, "Too late to edit"), await team.reply(root, "Too late to delete")
        await team.received(CUSTOMER, 2)
        await team.fone.unplug()
        edited, deleted = await team.reply(root, "With a fault"), await team.reply(root, "A mistake")
        await team.until(lambda: len(team.rows("SELECT id FROM messages WHERE slack_ts IS NOT NULL")) == 4)
        await team.until(lambda: team.attempts()[-1]["outcome"] == "not sent")  # the next try is far away
        await team.stop_bot()
        team.slack.faults.lose_without_socket = True
        await asyncio.sleep(0.1)
        await team.slack.edit(team.anna, team.support, edited, "Without a fault")
        await team.slack.edit(team.anna, team.support, late, "Edited too late")
        for ts in (deleted, gone):
            await team.slack.delete(team.anna, team.support, ts)
        await team.slack.delivered()
        await team.start_bot()
        await team.until(lambda: sum("n't texted" in text or "take it back" in text for text in team.told()) == 2)
        await team.until(lambda: team.rows("SELECT id FROM messages WHERE typed LIKE '%Without a fault%'"))
        await team.fone.plug()
        await write(team, "UPDATE jobs SET run_at = 0 WHERE kind = 'send'")
        assert await team.received(CUSTOMER, 3) == ["Too late to edit", "Too late to delete", "Without a fault"]
        await team.quiet()
        assert len(team.told()) == 2
        assert len(team.phones.received(CUSTOMER)) == 3


async def test_a_card_that_was_deleted_unheard_opens_a_new_thread(sweeping: Team) -> None:
    """Its event is lost; a lost reply below the tombstone still goes out, marked as found."""
    team = sweeping
    root = await team.conversation()
    await team.reply(root, "So that it leaves a tombstone")
    await team.received(CUSTOMER, 1)
    await team.quiet()
    team.slack.faults.lose(times=None)
    await team.reply(root, "Unheard")
    await team.slack.delete(team.ben, team.support, root)
    assert (await team.received(CUSTOMER, 2))[1] == "Unheard"
    await team.until(lambda: any(found != root for found in team.roots(CUSTOMER)))
    (new,) = [found for found in team.roots(CUSTOMER) if found != root]
    await team.until(lambda: any("deleted" in post["text"] for post in team.below(new)))
    await team.until(lambda: "found by the sweep" in str(team.rows("SELECT recovered FROM messages")))


async def test_a_receipt_that_never_came_is_looked_up(tmp_path: Path) -> None:
    """The bot asks the provider after a while, and the line says so."""

    def impatient(settings: dict[str, Any]) -> None:
        settings["receipt_minutes"] = 0.01

    async with Team(tmp_path, impatient) as team:
        root = await team.conversation()
        team.fone.faults.next(Trouble.RECEIPTS_NEVER)
        await team.reply(root, "Hi")
        wanted = ("looked up at Fone Dynamics", "delivered")
        await team.until(lambda: all(words in "".join(team.lines(root)) for words in wanted))
