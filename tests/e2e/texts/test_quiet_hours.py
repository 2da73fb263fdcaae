"""Quiet hours hold a text by the contact's clock, unless it is an answer or a person sends it now."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from storage.engine.clock import MINUTE
from tests.e2e.team import Team, key
from tests.e2e.texts.test_scheduled import bring_near

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LONDONER = "+442079460123"
ANSWER_MINUTES = 30


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[Team]:
    """A team whose customers in London have quiet hours now, and for some hours more."""

    def adapt(settings: dict[str, Any]) -> None:
        here = datetime.now(ZoneInfo("Europe/London"))
        settings["inboxes"]["support"]["quiet_hours"] = {
            "after": f"{here - timedelta(hours=2):%H:%M}",
            "before": f"{here + timedelta(hours=4):%H:%M}",
            "answer_minutes": ANSWER_MINUTES,
        }
        settings["inboxes"]["support"]["senders"] = ["sydney"]

    async with Team(tmp_path, adapt) as team:
        yield team


async def write(team: Team, sql: str, **values: Any) -> None:
    """Changes rows while the bot runs."""

    def change() -> None:
        with closing(sqlite3.connect(team.bot_settings.database, timeout=2)) as connection, connection:
            connection.execute(sql, values)

    await asyncio.to_thread(change)


async def held(team: Team, text: str, count: int = 1) -> None:
    """Anna texts the Londoner with `/sms`, and the bot holds it."""
    await team.slash(f"{LONDONER} {text}")
    await team.until(lambda: len(waiting(team)) == count)


def waiting(team: Team) -> list[dict[str, Any]]:
    """Returns the status lines of held texts, oldest first."""
    posts = [post for root in team.roots(LONDONER) for post in team.below(root)]
    return [post for post in posts if key(post).startswith("line:") and "held until" in post["text"]]


async def test_a_text_is_held_says_why_and_can_go_now(night: Team) -> None:
    """The bot holds two in order; a button sends one once; the other is cancelled."""
    assert "It would be held until" in await night.slash(f"route {LONDONER} Hi")
    await held(night, "One")
    await held(night, "Two", 2)
    one, two = waiting(night)
    assert "quiet hours where this contact may be" in one["text"]
    assert not night.requests()
    for _ in range(2):
        await night.slack.click(night.anna, night.support, one["ts"], "do:now")
    assert await night.received(LONDONER, 1) == ["One"]
    await night.slack.click(night.anna, night.support, two["ts"], "do:discard")
    await night.until(lambda: not waiting(night))
    await night.quiet()
    assert night.phones.received(LONDONER)[1:] == []
    assert len(night.requests()) == 1


async def test_an_answer_is_not_held_and_waits_for_no_held_text(night: Team) -> None:
    """A contact who wrote minutes ago is awake; after half an hour it is quiet again, also for scheduled texts."""
    await held(night, "Held before")
    root = await night.conversation(LONDONER, "Are you there?")
    await night.reply(root, "Yes")
    assert await night.received(LONDONER, 1) == ["Yes"]
    await write(night, "UPDATE conversations SET last_in_at = last_in_at - :ago", ago=(ANSWER_MINUTES + 1) * MINUTE)
    await night.reply(root, "!later in 2 hours\nPlanned")
    await night.until(lambda: any("goes out" in line for line in night.lines(root)))
    (row,) = night.rows("SELECT not_before FROM messages WHERE state = 'scheduled'")
    await bring_near(night, row["not_before"])
    await night.until(lambda: len(waiting(night)) == 2)
    await night.quiet()
    assert len(night.requests()) == 1


async def test_it_goes_when_they_are_over_by_the_contact_s_own_clock(night: Team) -> None:
    """A person's time zone overrides the number's; then held texts go out in order."""
    await held(night, "One")
    await held(night, "Two", 2)
    (until,) = {row["not_before"] for row in night.rows("SELECT not_before FROM messages WHERE state = 'held'")}
    assert until > time.time_ns() // 1000
    await write(night, "UPDATE contacts SET time_zone = :zone", zone="Pacific/Auckland")  # 11 to 13 hours ahead
    await bring_near(night, until)
    assert await night.received(LONDONER, 2) == ["One", "Two"]
    assert [row["sender"] for row in night.attempts()] == ["sydney", "sydney"]
