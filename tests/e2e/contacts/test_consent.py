"""Opt-outs, as the team and its customers see them: nothing passes a STOP, and the bot asks about unclear texts."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations.consent import GOODBYE, WELCOME_BACK
from bot.operator import session
from bot.operator.session import CannotDo
from sandbox.carriers.outcomes import Fate
from tests.e2e.slack.test_actions import buttons, line_posts, press
from tests.e2e.slack.test_compose import compose, errors
from tests.e2e.team import ANOTHER, CUSTOMER, Team, key

if TYPE_CHECKING:
    from pathlib import Path

HELP = "This is Acme. Reply STOP to get no more texts."


def question(team: Team, root: str) -> dict[str, Any]:
    """Returns the post that asks if a text is an opt-out."""
    (found,) = [post for post in team.below(root) if key(post).startswith("doubt:")]
    return found


def hasten(team: Team) -> None:
    """Makes every scheduled text due."""
    with closing(sqlite3.connect(team.bot_settings.database)) as connection, connection:
        connection.execute("UPDATE messages SET not_before = 1 WHERE state = 'scheduled'")
        connection.execute("UPDATE jobs SET run_at = 1 WHERE lane LIKE 'later:%'")


async def test_nothing_passes_a_stop(team: Team) -> None:
    """Not a reply, `/sms`, the modal, a template, a scheduled text, a retry or the command line, until they START."""
    team.fone.outcome(CUSTOMER, Fate.FAILED, times=1)
    root = await team.conversation()
    await team.slash("templates add hello Hello from us")
    await team.reply(root, "Are you there?")
    await team.until(lambda: line_posts(team, root) and "Retry" in buttons(line_posts(team, root)[0]))
    await team.reply(root, "!later in 2 hours\nSee you tomorrow")
    await team.until(lambda: any("goes out" in line for line in team.lines(root)))
    before = len(team.requests())
    for text in ("Stop.", "STOP", "unsubscribe"):
        await team.phones.send(CUSTOMER, team.sydney, text)
    assert await team.received(CUSTOMER, 1) == [GOODBYE]
    await team.until(lambda: "opted out" in team.card(root))
    await asyncio.to_thread(hasten, team)
    await press(team, line_posts(team, root)[0], "retry")
    await press(team, line_posts(team, root)[0], "other", team.ben)
    await team.reply(root, "One more offer")
    await team.slash(f"{CUSTOMER} One more offer")
    await team.slash(f"{CUSTOMER} #hello")
    await compose(team, "One more offer")
    assert "opted out" in (await errors(team))["number"]
    with pytest.raises(CannotDo, match="opted out"):
        await session.send(team.bot_settings, CUSTOMER, "One more offer", None, "sydney")
    await team.until(lambda: sum("opted out" in line for line in team.lines(root)) == 3)
    await team.stop_bot()
    await team.start_bot()
    await team.quiet()
    assert await team.received(CUSTOMER, 1) == [GOODBYE]
    assert len(team.requests()) == before + 1
    await team.phones.send(CUSTOMER, team.sydney, "START")
    assert await team.received(CUSTOMER, 2) == [GOODBYE, WELCOME_BACK]
    await team.until(lambda: "opted out" not in team.card(root))
    await team.reply(root, "Welcome back")
    assert (await team.received(CUSTOMER, 3))[2] == "Welcome back"
    await team.quiet()
    assert len(team.phones.received(CUSTOMER)) == 3


async def test_what_sounds_like_stop_is_decided_once(team: Team) -> None:
    """Two people click at once: one opt-out and one confirmation. The post names who decided, the modal the opt-out."""
    root = await team.conversation(CUSTOMER, "please stop texting me")
    await team.until(lambda: any(key(post).startswith("doubt:") for post in team.below(root)))
    asked = question(team, root)
    assert buttons(asked) == ["Opt out", "Not an opt-out"]
    await asyncio.gather(press(team, asked, "stop_meant"), press(team, asked, "stop_meant", team.ben))
    await team.until(lambda: "opted the contact out" in question(team, root)["text"])
    assert await team.received(CUSTOMER, 1) == [GOODBYE]
    await team.quiet()
    assert buttons(question(team, root)) == []
    assert len(team.rows("SELECT id FROM suppressions")) == 1
    assert team.accepted(GOODBYE) == 1
    await team.slack.click(team.anna, team.support, root, "open:contact")
    await team.until(lambda: (shown := team.slack.modal(team.anna)) and "Opted out" in team.slack.words(shown))


async def test_help_is_answered_and_no_opt_out_is_none(tmp_path: Path) -> None:
    """The bot answers HELP once with the inbox's own text; *Not an opt-out* changes nothing."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["inboxes"]["support"]["help_text"] = HELP

    async with Team(tmp_path, adapt) as team:
        root = await team.conversation(ANOTHER, "take me off your list please")
        await team.until(lambda: any(key(post).startswith("doubt:") for post in team.below(root)))
        await press(team, question(team, root), "stop_not_meant")
        await team.until(lambda: "isn't a request to stop" in question(team, root)["text"])
        for text in ("HELP", "help", "INFO"):
            await team.phones.send(ANOTHER, team.sydney, text)
        assert await team.received(ANOTHER, 1) == [HELP]
        await team.reply(root, "You are off the list of the raffle")
        assert await team.received(ANOTHER, 2) == [HELP, "You are off the list of the raffle"]
        await team.quiet()
        assert team.accepted(HELP) == 1
        assert any("answer to HELP" in team.slack.words(post) for post in team.below(root))
