"""The bot asks about every text that waited too long; the limit of a sender makes texts wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.carriers.faults import Trouble
from storage.engine.clock import MINUTE, SECOND
from tests.e2e.team import CUSTOMER, Team, key
from tests.e2e.texts.test_quiet_hours import write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LONG_AGO = 3 * 60 * MINUTE


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncIterator[Team]:
    """A team whose sender may send one text a minute."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["senders"]["sydney"]["texts_per_minute"] = 1
        settings["inboxes"]["support"]["senders"] = ["sydney"]

    async with Team(tmp_path, adapt) as team:
        yield team


async def age(team: Team) -> None:
    """Makes the team's texts and their jobs hours older, and the jobs due."""
    ago = "created_at = created_at - :ago, decided_at = max(0, decided_at - :ago), expires_at = expires_at - :ago"
    await write(team, f"UPDATE messages SET {ago} WHERE direction = 'out'", ago=LONG_AGO)  # noqa: S608 - our own text
    await write(team, "UPDATE jobs SET created_at = created_at - :ago, run_at = run_at - :ago", ago=LONG_AGO)


def asked(team: Team, root: str) -> list[dict[str, Any]]:
    """Returns the lines that ask if their text should go out."""
    return [post for post in team.below(root) if key(post).startswith("line:") and "it waited for" in post["text"]]


async def test_what_slept_through_a_downtime_is_asked_about(team: Team) -> None:
    """Hours later nothing goes out by itself: *Text it* sends one, *Keep it* keeps the other, each once."""
    root = await team.conversation()
    await team.quiet()
    team.fone.faults.next(Trouble.THROTTLE, None)
    await team.reply(root, "One")
    await team.reply(root, "Two")
    await team.until(lambda: len(team.rows("SELECT id FROM jobs WHERE kind = 'send'")) == 2)
    await team.until(team.attempts)
    await team.stop_bot()
    await age(team)
    team.fone.faults.clear()
    tried = len(team.attempts())
    await team.start_bot()
    await team.until(lambda: len(asked(team, root)) == 2)
    assert len(team.attempts()) == tried
    assert "Not texted: it waited for 3 hours" in asked(team, root)[0]["text"]
    one, two = asked(team, root)
    for _ in range(2):
        await team.slack.click(team.anna, team.support, one["ts"], "do:send")
        await team.slack.click(team.anna, team.support, two["ts"], "do:discard")
    assert await team.received(CUSTOMER, 1) == ["One"]
    await team.quiet()
    assert [team.accepted("One"), team.accepted("Two")] == [1, 0]
    assert any("Kept in the team" in line for line in team.lines(root))


async def test_a_sender_has_its_own_pace_and_what_waits_for_it_expires(slow: Team) -> None:
    """The second text is held, with time and reason, also across a restart; hours later the bot asks about it."""
    root = await slow.conversation()
    await slow.reply(root, "One")
    await slow.received(CUSTOMER, 1)
    await slow.reply(root, "Two")
    await slow.until(lambda: any("held until" in line for line in slow.lines(root)))
    (line,) = [line for line in slow.lines(root) if "held until" in line]
    assert "sydney takes no more than 1 text a minute" in line
    assert "It would be held until" in await slow.slash(f"route {CUSTOMER} Hi")
    await slow.stop_bot()
    await slow.start_bot()
    await slow.quiet()
    assert len(slow.requests()) == 1
    (job,) = slow.rows("SELECT run_at, waits_for FROM jobs WHERE kind = 'send'")
    (first,) = slow.rows("SELECT used_at FROM quotas")
    assert (job["run_at"], job["waits_for"]) == (first["used_at"] + 60 * SECOND, "fone/sydney")
    await slow.stop_bot()
    await age(slow)
    await slow.start_bot()
    await slow.until(lambda: asked(slow, root))
    assert len(slow.requests()) == 1
