"""The limits of an account per hour, day and week: kept across a restart, and a waiting text says so."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from storage.engine.clock import MINUTE, system_clock

if TYPE_CHECKING:
    from tests.e2e.team import Team

AMERICAN = "+13035550142"


def used(team: Team, texts: int, ago: int) -> None:
    """Records that IO Phone carried so many texts so long ago (microseconds)."""
    rows = [(number + 1, "io", "denver", "texts", system_clock() - ago - number) for number in range(texts)]
    with closing(sqlite3.connect(team.bot_settings.database)) as database, database:
        database.executemany("INSERT INTO quotas (id, account, sender, kind, used_at) VALUES (?, ?, ?, ?, ?)", rows)


async def test_after_the_hour_s_texts_one_more_goes_out_in_five_minutes(team: Team) -> None:
    """After two hundred texts, one by a person goes at once, and the next says when it will go."""
    await asyncio.to_thread(used, team, 200, 10 * MINUTE)
    sales = team.channels["sales"]
    await team.slack.slash(team.anna, sales, "/sms", f"{AMERICAN} The first")
    assert await team.received(AMERICAN, 1) == ["The first"]
    await team.slack.slash(team.anna, sales, "/sms", f"{AMERICAN} The second")
    await team.until(lambda: "held until" in _said(team) and "200 texts an hour" in _said(team))
    await team.stop_bot()
    await team.start_bot()
    await team.slack.slash(team.anna, sales, "/sms", f"{AMERICAN} The third")
    await team.until(lambda: "The third" in _said(team))
    assert len(team.io.accepted) == 1


async def test_what_is_long_over_counts_no_more(team: Team) -> None:
    """An hour later everything goes out again."""
    await asyncio.to_thread(used, team, 200, 61 * MINUTE)
    for text in ("One", "Two"):
        await team.slack.slash(team.anna, team.channels["sales"], "/sms", f"{AMERICAN} {text}")
    assert await team.received(AMERICAN, 2) == ["One", "Two"]


def _said(team: Team) -> str:
    channel = team.channels["sales"]
    posts = [post for card in team.slack.see(channel) for post in team.slack.thread(channel, card["ts"])]
    return "\n".join(post["text"] for post in posts)
