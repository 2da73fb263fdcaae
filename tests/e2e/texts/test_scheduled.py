"""Scheduled texts, by `!later` and the compose modal: at their time and not before, and cancelled in time."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from storage.engine.clock import SECOND, system_clock
from tests.e2e.team import CUSTOMER, Team, key

if TYPE_CHECKING:
    from pathlib import Path


def line_of(team: Team, root: str) -> dict[str, Any]:
    """Returns the only status line of a thread."""
    (line,) = [post for post in team.below(root) if key(post).startswith("line:")]
    return line


async def bring_near(team: Team, at: int) -> None:
    """Moves everything due at that time (microseconds UTC) to one second from now."""
    soon = system_clock() + SECOND

    def write() -> None:
        with closing(sqlite3.connect(team.bot_settings.database, timeout=2)) as connection, connection:
            connection.execute("UPDATE messages SET not_before = ? WHERE not_before = ?", (soon, at))
            connection.execute("UPDATE jobs SET run_at = ? WHERE run_at = ?", (soon, at))

    await asyncio.to_thread(write)


async def scheduled(team: Team, root: str, when: str = "in 2 hours", text: str = "See you tomorrow") -> str:
    """Anna writes `!later`; returns the `ts` of her message when its line is there."""
    written = await team.reply(root, f"!later {when}\n{text}")
    await team.until(lambda: any("goes out" in line for line in team.lines(root)))
    return written


async def test_later_waits_and_can_be_cancelled(team: Team) -> None:
    """The line shows the time; *Cancel*, clicked twice, keeps the text in the team, and nothing goes out."""
    root = await team.conversation()
    await scheduled(team, root)
    line = line_of(team, root)
    for _ in range(2):
        used = await team.slack.click(team.anna, team.support, line["ts"], "do:discard")
        assert not used.error
    await team.until(lambda: any("cancelled" in line for line in team.lines(root)))
    await team.quiet()
    assert team.requests() == []


async def test_the_time_is_that_of_the_person(team: Team) -> None:
    """`tomorrow 9:00` is nine o'clock in the author's Slack time zone: Sydney's, not UTC's."""
    root = await team.conversation()
    await scheduled(team, root, "tomorrow 9:00")
    (row,) = team.rows("SELECT not_before FROM messages WHERE state = 'scheduled'")
    hour = row["not_before"] // SECOND // 3600 % 24
    assert hour in (22, 23)  # nine in Sydney, with and without summer time


async def test_it_goes_out_at_its_time(team: Team) -> None:
    """A scheduled text goes out once at its time, and other replies do not wait for it.

    Its time is a day ahead; the test moves it near in the database, so that a busy machine is not too late.
    """
    root = await team.conversation()
    await team.slash("")
    await team.until(lambda: team.slack.modal(team.anna))
    at = int(time.time()) + 86_400
    team.slack.fill(team.anna, "compose:number", CUSTOMER)
    team.slack.fill(team.anna, "compose:text", "At its time")
    team.slack.fill(team.anna, "compose:at", at)
    assert not (await team.slack.submit(team.anna)).answer
    await team.until(lambda: any("goes out" in line for line in team.lines(root)))
    await team.reply(root, "Meanwhile")
    assert await team.received(CUSTOMER, 1) == ["Meanwhile"]
    await team.quiet()
    assert team.rows("SELECT not_before FROM messages WHERE state = 'scheduled'") == [{"not_before": at * SECOND}]
    await bring_near(team, at * SECOND)
    assert await team.received(CUSTOMER, 2) == ["Meanwhile", "At its time"]
    await team.until(lambda: [line.count("✓✓") for line in team.lines(root)] == [1, 1])


async def test_where_replies_are_confirmed_one_for_later_is_too(tmp_path: Path) -> None:
    """Nothing is scheduled before somebody confirms it; then it waits for its time like any other text."""

    def confirm(settings: dict[str, Any]) -> None:
        settings["inboxes"]["support"]["reply_mode"] = "confirm"

    async with Team(tmp_path, confirm) as team:
        root = await team.conversation()
        await team.reply(root, "!later in 2 hours\nSee you tomorrow")
        await team.until(lambda: any("confirm" in line for line in team.lines(root)))
        assert not team.rows("SELECT id FROM jobs WHERE kind = 'send'")
        for person in (team.ben, team.anna):
            await team.slack.click(person, team.support, line_of(team, root)["ts"], "do:send")
        await team.until(lambda: any("goes out" in line for line in team.lines(root)))
        (row,) = team.rows("SELECT not_before FROM messages WHERE state = 'scheduled'")
        await bring_near(team, row["not_before"])
        assert await team.received(CUSTOMER, 1) == ["See you tomorrow"]


async def test_what_is_no_time_is_told_with_examples(team: Team) -> None:
    """Nothing goes out, and only the author reads how to write a time."""
    root = await team.conversation()
    unread = ("!later whenever\nHello", "!later 2001-01-01 9:00\nHello", "!later in 2 hours")
    for written in unread:
        await team.reply(root, written)
    await team.until(lambda: len(team.told()) == len(unread))
    assert all(told.startswith("Not texted:") for told in team.told())
    await team.quiet()
    assert "tomorrow 9:00" in team.told()[0]
    assert team.requests() == []


async def test_an_edit_moves_it_and_a_deletion_takes_it_back(team: Team) -> None:
    """The edited text waits for its new time; deleting the message cancels it."""
    root = await team.conversation()
    written = await scheduled(team, root)
    await team.slack.edit(team.anna, team.support, written, "!later in 3 hours\nSee you on Friday")
    await team.quiet()
    (row,) = team.rows("SELECT state, typed, not_before FROM messages WHERE direction = 'out'")
    assert row["state"] == "scheduled"
    assert "Friday" in row["typed"]
    assert row["not_before"] > system_clock() + 2.5 * 3600 * SECOND
    await team.slack.edit(team.anna, team.support, written, "!later in 1 hour\nSee you on Friday")
    await team.quiet()
    (row,) = team.rows("SELECT not_before FROM messages WHERE state = 'scheduled'")
    waiting = team.rows("SELECT lane, run_at FROM jobs WHERE kind = 'send' ORDER BY run_at")
    assert waiting[0]["run_at"] == row["not_before"]  # the earliest, which waits for no other job
    assert len({job["lane"] for job in waiting}) == len(waiting)
    await team.slack.delete(team.anna, team.support, written)
    await team.until(lambda: any("cancelled" in line for line in team.lines(root)))
