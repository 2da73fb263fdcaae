"""What Slack or a provider fails to tell is found by asking, once, and what is too old is asked about."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.carriers.faults import Trouble
from tests.e2e.team import CUSTOMER, Team

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SOON = 12.0  # seconds


def often(settings: dict[str, Any]) -> None:
    """A sweep twice a second."""
    settings["sweep"] = {"every": 0.5, "missing": 0.05, "late": 60.0}


@pytest.fixture
async def sweeping(tmp_path: Path) -> AsyncIterator[Team]:
    """A team whose bot sweeps often."""
    async with Team(tmp_path, often) as team:
        yield team


async def test_a_reply_whose_event_was_lost_goes_out_once(sweeping: Team) -> None:
    """Slack loses the event: the reply is found in the thread and texted; the sweeps after that find nothing new."""
    root = await sweeping.conversation()
    sweeping.slack.faults.lose(match=lambda event: "Lost" in str(event.get("text")))
    await sweeping.reply(root, "Lost on the way")
    assert await sweeping.received(CUSTOMER, 1) == ["Lost on the way"]
    await sweeping.until(lambda: "✓✓" in "".join(sweeping.lines(root)), SOON)
    assert sweeping.accepted("Lost on the way") == 1


async def test_replies_that_should_have_come_ring_the_alarm_and_renew_the_connections(sweeping: Team) -> None:
    """Connections that hand nothing over are told of and made anew; once events come, the alert is resolved."""
    root = await sweeping.conversation()
    await asyncio.sleep(0.6)  # the sweep that a new connection causes is over
    before = len(sweeping.slack.calls.of("apps.connections.open"))
    sweeping.slack.faults.lose(match=lambda event: "Lost" in str(event.get("text")))
    await sweeping.reply(root, "Lost on the way")
    await sweeping.until(lambda: any("Slack's events do not come" in text for text in sweeping.alerted()), SOON)
    await sweeping.until(lambda: len(sweeping.slack.calls.of("apps.connections.open")) >= before + 2, SOON)
    await sweeping.until(lambda: any("esolved" in text for text in sweeping.alerted()), SOON)


async def test_an_old_reply_is_asked_about(tmp_path: Path) -> None:
    """A reply that was written while the bot was away, and is found too late, waits for a person."""

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
        await team.until(lambda: "reached us late" in "".join(team.lines(root)), SOON)
        assert team.fone.accepted == []
        line = next(post for post in team.below(root) if "reached us late" in post["text"])
        await team.slack.click(team.anna, team.support, line["ts"], "do:send")
        assert await team.received(CUSTOMER, 1) == ["While you were away"]


async def test_a_text_whose_webhook_was_lost_is_found(sweeping: Team) -> None:
    """The provider has it, and never told: it stands in the thread once, marked as recovered."""
    root = await sweeping.conversation()
    sweeping.fone.faults.next(Trouble.WEBHOOK_LOST)
    await sweeping.phones.send(CUSTOMER, sweeping.sydney, "Nobody called")
    await sweeping.until(lambda: "Nobody called" in sweeping.shown(CUSTOMER), SOON)
    assert sweeping.shown(CUSTOMER).count("Nobody called") == 1
    (post,) = [post for post in sweeping.below(root) if "Nobody called" in str(post["blocks"])]
    assert "Fone Dynamics" in sweeping.slack.words(post)
