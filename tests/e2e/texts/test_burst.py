"""A burst of texts into one channel, at a scaled rate: merged, in order, never refused for speed, nothing dropped.

The whole of it, with the time that it takes, is in `tests/bot/slack/test_burst_pacing.py` (at Slack's rate, in virtual
time) and in `python -m tests.proof.storm` (300 contacts, the real bot).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.e2e.team import CUSTOMER, Team

if TYPE_CHECKING:
    from pathlib import Path

CONTACTS = 30  # each texts twice
RATE = 30.0  # posts a second, in place of one


def adapt(settings: dict[str, Any]) -> None:
    """Sets the scaled rate for the bot."""
    settings["slack"] |= {"posts_per_second": RATE, "posts_per_minute": RATE * 60 * 4}
    settings["timeouts"]["card"] = 0.5


async def test_a_burst_costs_one_card_and_one_post_for_each_contact(tmp_path: Path) -> None:
    """Many new contacts send two texts at once: each gets a card and one merged text, in order, without a 429.

    A cosmetic change, here the card of a conversation with a new answer, waits until all texts are posted.
    """
    async with Team(tmp_path, adapt, posts_per_second=RATE, post_burst=2) as team:
        root = await team.conversation()
        await team.quiet()
        before = len(_posts(team))
        phones = [f"+61488{number:06}" for number in range(1000, 1000 + CONTACTS)]
        for part in ("first", "second"):
            await asyncio.gather(*(team.phones.send(phone, team.sydney, f"{part} of {phone}") for phone in phones))
        await team.reply(root, "Answered in between")
        await team.received(CUSTOMER, 1)
        await team.until(lambda: _seen(team) == CONTACTS)
        await team.until(lambda: "waiting since" not in team.card(root))
        await team.quiet()
        for phone in phones:
            shown = team.shown(phone)
            assert shown.count(" of ") == 2
            assert shown.index("first") < shown.index("second")
        assert len(_posts(team)) - before == 2 * CONTACTS + 1  # and the line below the answer
        assert team.slack.calls.failed("ratelimited") == []
        assert _cards_edited_before_the_last_text(team, root) == 0


def _posts(team: Team) -> list[Any]:
    return team.slack.calls.of("chat.postMessage")


def _seen(team: Team) -> int:
    return sum(str(post.arguments).count("'second of ") for post in _posts(team))


def _cards_edited_before_the_last_text(team: Team, root: str) -> int:
    calls = list(team.slack.calls)
    last = max(number for number, call in enumerate(calls) if "'second of " in str(call.arguments))
    edits = [number for number, call in enumerate(calls) if call.method == "chat.update"]
    assert any(calls[number].arguments["ts"] == root for number in edits)
    return sum(number < last for number in edits)
