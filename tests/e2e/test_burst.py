"""A burst of texts into one channel, at a scaled rate: merged, in order, never refused for speed, nothing dropped."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.e2e.team import Team

if TYPE_CHECKING:
    from pathlib import Path

CONTACTS = 60  # each texts twice
RATE = 30.0  # posts a second, in place of one


def adapt(settings: dict[str, Any]) -> None:
    """The bot knows the scaled rate."""
    settings["slack"] |= {"posts_per_second": RATE, "posts_per_minute": RATE * 60 * 4}


async def test_a_burst_costs_one_card_and_one_post_for_each_contact(tmp_path: Path) -> None:
    """Two texts each of many new contacts at once: a card and a merged text for each, in order, and no 429."""
    async with Team(tmp_path, adapt, posts_per_second=RATE) as team:
        phones = [f"+61488{number:06}" for number in range(1000, 1000 + CONTACTS)]
        for part in ("first", "second"):
            await asyncio.gather(*(team.phones.send(phone, team.sydney, f"{part} of {phone}") for phone in phones))
        await team.until(lambda: sum(str(post.arguments).count("'second of ") for post in _posts(team)) == CONTACTS, 40)
        for phone in phones:
            shown = team.shown(phone)
            assert shown.count(" of ") == 2
            assert shown.index("first") < shown.index("second")
        posts = _posts(team)
        assert len(posts) <= 2 * CONTACTS
        assert team.slack.calls.failed("ratelimited") == []


def _posts(team: Team) -> list[Any]:
    return [call for call in team.slack.calls if call.method == "chat.postMessage"]
