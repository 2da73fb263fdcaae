"""The circuit breaker spares an unreachable provider; texts wait or use another provider, and none goes out twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversations import circuit_breaker
from sandbox.carriers.faults import Trouble
from tests.e2e.team import CUSTOMER, Team

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def gauge(team: Team) -> float:
    """Returns the gauge in /metrics for sends to Fone Dynamics."""
    _, text = await team.call(f"{team.url}/metrics", "GET")
    wanted = 'threadline_breaker{account="fone",method="send"}'
    return float(next(line for line in text.splitlines() if line.startswith(wanted)).rsplit(" ", 1)[1])


async def test_texts_wait_for_a_company_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After several failures in a row the bot makes no request; one text probes, then all go out, once and in order."""
    monkeypatch.setattr(circuit_breaker, "FIRST", 1_500_000)
    monkeypatch.setattr(circuit_breaker, "PROBE", 100_000)
    async with Team(tmp_path) as team:
        team.fone.faults.next(Trouble.DROP_AFTER, circuit_breaker.THRESHOLD)
        root = await team.conversation()
        for number in range(circuit_breaker.THRESHOLD):
            await team.reply(root, f"Doubtful {number}")
        await team.phones.wait_for(lambda: len(team.requests()) == circuit_breaker.THRESHOLD)
        await team.until(lambda: len(team.rows("SELECT key FROM pauses WHERE key = 'fone'")) == 1)
        assert await gauge(team) == 2
        await team.reply(root, "Waits 1")
        await team.reply(root, "Waits 2")
        await team.until(lambda: "unreachable" in str(team.rows("SELECT last_error FROM jobs")))
        assert len(team.requests()) == circuit_breaker.THRESHOLD
        await team.phones.wait_for(lambda: len(team.fone.accepted) == circuit_breaker.THRESHOLD + 2)
        texts = [sent.text for sent in team.fone.accepted]
        assert texts == [*(f"Doubtful {number}" for number in range(circuit_breaker.THRESHOLD)), "Waits 1", "Waits 2"]
        await team.quiet()
        assert await gauge(team) == 0


async def test_another_company_takes_what_certainly_is_not_out(tmp_path: Path) -> None:
    """While the first provider's breaker is open, a text uses the inbox's next sender; an unknown one does not."""

    def two_companies(settings: dict[str, dict[str, dict[str, object]]]) -> None:
        settings["inboxes"]["support"]["senders"] = ["sydney", "switchboard"]
        settings["inboxes"]["boston"]["senders"] = ["leased"]

    async with Team(tmp_path, two_companies) as team:
        team.fone.faults.next(Trouble.DROP_AFTER, None)
        root = await team.conversation()
        for number in range(circuit_breaker.THRESHOLD):
            await team.reply(root, f"Doubtful {number}")
        await team.until(lambda: len(team.rows("SELECT key FROM pauses WHERE key = 'fone'")) == 1)
        await team.reply(root, "By the other way")
        await team.phones.wait_for(lambda: len(team.restcomm.accepted) == 1)
        assert team.restcomm.accepted[0].text == "By the other way"
        assert all(team.accepted(f"Doubtful {number}") == 1 for number in range(circuit_breaker.THRESHOLD))


async def test_what_was_open_stays_open_over_a_restart(tmp_path: Path) -> None:
    """A restart does not reset an open breaker."""
    async with Team(tmp_path) as team:
        team.fone.faults.next(Trouble.DROP_AFTER, circuit_breaker.THRESHOLD)
        root = await team.conversation()
        for number in range(circuit_breaker.THRESHOLD):
            await team.reply(root, f"Doubtful {number}")
        await team.until(lambda: len(team.rows("SELECT key FROM pauses WHERE key = 'fone'")) == 1)
        await team.stop_bot()
        await team.start_bot()
        assert await gauge(team) == 2
        assert "paused: fone until" in await team.slash("status")
        assert CUSTOMER in team.phones.numbers()


async def test_a_text_that_certainly_did_not_go_out_goes_by_another_company(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first provider is unreachable: the bot retries, then the inbox's next sender sends the text, once."""
    monkeypatch.setattr(circuit_breaker, "THRESHOLD", 2)

    def two_companies(settings: dict[str, dict[str, dict[str, object]]]) -> None:
        settings["inboxes"]["support"]["senders"] = ["sydney", "switchboard"]
        settings["inboxes"]["boston"]["senders"] = ["leased"]

    async with Team(tmp_path, two_companies) as team:
        root = await team.conversation()
        await team.fone.unplug()
        await team.reply(root, "By the other way")
        await team.phones.wait_for(lambda: len(team.restcomm.accepted) == 1)
        await team.until(lambda: any("delivered" in line for line in team.lines(root)))
        assert [attempt["outcome"] for attempt in team.attempts()] == ["not sent", "not sent", "accepted"]
        assert await team.received(CUSTOMER, 1) == ["By the other way"]
        await team.fone.plug()
