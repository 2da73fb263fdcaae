"""The `threadline` command as an operator uses it beside the running bot."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from bot.operator import doctor, replay, session
from bot.operator.session import CannotDo
from bot.slack.app import route_explainer
from tests.e2e.operator.terminal import Written
from tests.e2e.team import CUSTOMER, Team

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


NEW = "+61488023777"
DENVER_PHONE = "+13035550142"
BROKEN = "<garbage"


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Written]:
    """A team with a running bot and its settings in a file."""
    async with Written(tmp_path) as team:
        yield team


# --- reading ----------------------------------------------------------------------------------------------------------


async def test_status_leases_and_route_read_beside_the_bot(team: Written) -> None:
    """Each prints data of the running bot, for people and as JSON, and writes nothing."""
    root = await team.conversation()
    await team.reply(root, "!via leased\nWho is there?")
    await team.received(CUSTOMER, 1)
    await team.quiet()
    before = team.rows("SELECT count(*) AS n FROM intake")
    code, out, errors = await team.command("status", "--json")
    assert code == 0, errors
    _, leased, _ = await team.command("leases", "--json")
    _, routed, _ = await team.command("route", "--json", "0488 023 555", "It\u2019s me")
    told = "\n".join(route_explainer.lines(await session.route(team.bot_settings, NEW, "", None)))
    assert json.loads(out)["inboxes"]["support"]["waiting"] == 0
    assert json.loads(out)["last_accepted"]["fone"].endswith("Z")
    assert [lease["contact"] for lease in json.loads(leased)] == [CUSTOMER]
    assert json.loads(routed)["forced_by"] == "\u201c\u2019\u201d (U+2019)"
    assert [each["verdict"] for each in json.loads(routed)["candidates"]] == ["taken", "could"]
    assert "1. leased, Fone Dynamics: used." in told
    assert team.rows("SELECT count(*) AS n FROM intake") == before


async def test_wrong_words_end_with_a_sentence(team: Written) -> None:
    """A wrong number, inbox or sender, or a text that cannot go out, gives a sentence and exit code 1."""
    await team.conversation(CUSTOMER, "STOP")
    await team.quiet()
    settings = team.bot_settings
    for work, said in (
        (session.send(settings, NEW, "Hello", "sport", None), "no inbox sport"),
        (session.send(settings, NEW, "Hello", None, "nobody"), "no sender nobody"),
        (session.send(settings, CUSTOMER, "Hello", None, None), "opted out"),
        (session.prime(settings, "sydney", NEW), "needs no text"),
        (session.prime(settings, "nobody", NEW), "no sender nobody"),
        (replay.show_row(settings, 7), "no dead row 7"),
    ):
        with pytest.raises(CannotDo, match=said):
            await work
    code, _, errors = await team.command("send", "+61 40", "Hello")
    assert (code, "too short" in errors) == (1, True)
    assert team.accepted("Hello") == 0


async def test_without_a_database_there_is_nothing_to_read(tmp_path: Path) -> None:
    """Before the bot's first start a command says so and creates no empty file."""
    async with Written(tmp_path, starts=False) as team:
        with pytest.raises(CannotDo, match="`threadline run` creates it"):
            await session.status(team.bot_settings)
        assert not team.bot_settings.database.exists()


# --- sending ----------------------------------------------------------------------------------------------------------


async def test_send_goes_through_the_running_bot(team: Written) -> None:
    """A text that another process stores is sent through the chosen sender, and shown in its thread."""
    code, out, errors = await team.installed_command("send", NEW, "Your order is ready", "--via", "sydney")
    assert code == 0, errors
    assert "The bot sends it now." in out
    assert await team.received(NEW, 1) == ["Your order is ready"]
    assert team.phones.received(NEW)[0].from_number == team.sydney
    await team.until(lambda: "Your order is ready" in team.shown(NEW))
    (shown,) = [post for post in team.below(team.root(NEW)) if "Your order" in str(post)]
    assert "from the command line" in str(shown["blocks"])


async def test_send_waits_for_a_bot_that_does_not_run(tmp_path: Path) -> None:
    """A text that is stored while the bot is off goes out at its start, once."""
    async with Written(tmp_path) as team:
        await team.stop_bot()
        assert "once the bot runs" in await session.send(team.bot_settings, NEW, "Later", None, None)
        await team.start_bot()
        assert await team.received(NEW, 1) == ["Later"]
        await team.quiet()
        assert team.accepted("Later") == 1


async def test_prime_makes_answers_come_in(team: Written) -> None:
    """One text from an IO Phone number registers our URL; after that, texts to the number reach the thread."""
    denver = team.branches["sales"].number
    found = {each.what: each for each in await doctor.examine(team.bot_settings) if each.check == "inbound"}
    assert [each.cure for each in found.values()] == ["Run `threadline prime denver --to <a phone of yours>`."]
    code, out, _ = await team.command("prime", "denver", "--to", DENVER_PHONE)
    assert (code, "inbox sales" in out) == (0, True)
    await team.received(DENVER_PHONE, 1)
    await team.phones.send(DENVER_PHONE, denver, "It works")
    await team.until(lambda: any("It works" in str(post) for post in posts(team, "sales")))
    assert [each.ok for each in await doctor.examine(team.bot_settings) if each.check == "inbound"] == [True]


def posts(team: Team, channel: str) -> list[dict[str, Any]]:
    """Returns every post in the threads of a channel."""
    place = team.channels[channel]
    return [post for card in team.slack.see(place) for post in team.slack.thread(place, card["ts"])]


# --- dead rows --------------------------------------------------------------------------------------------------------


async def test_a_dead_row_is_listed_shown_and_replayed(team: Written) -> None:
    """The bot keeps an unreadable webhook; a replay of the fixed row posts its text, and the alert resolves."""
    await team.conversation()
    status, _ = await team.call(f"{team.fone.settings.portal_webhook}?Kind=odd", data=BROKEN)
    assert status == 400
    _, listed, _ = await team.command("dead", "list", "--json")
    (row,) = json.loads(listed)
    assert (row["source"], row["kind"]) == ("fone", "unreadable")
    shown = await replay.show_row(team.bot_settings, row["id"])
    assert (shown["body"], shown["headers"][":query"]) == (BROKEN, '[["Kind", "odd"]]')
    assert "still can't read it" in (await replay.replay(team.bot_settings, [row["id"]]))[0]
    await team.until(lambda: len(team.alerted()) == 1)
    await asyncio.to_thread(mend, team, row["id"])
    _, out, _ = await team.command("dead", "replay")
    assert "1 of its 1 texts and receipts are new" in out
    await team.until(lambda: "Hello again" in team.shown(CUSTOMER))
    await team.until(lambda: team.alerted()[0].startswith("Resolved"))
    assert await replay.list_rows(team.bot_settings) == []


def mend(team: Team, row_id: int) -> None:
    """Replaces the dead row's body by the provider's webhook for an earlier text, with a new id and new words."""
    with closing(sqlite3.connect(team.bot_settings.database, timeout=2)) as connection, connection:
        read = "SELECT body, headers, parsed FROM intake WHERE source = 'fone' AND kind = 'inbound'"
        body, headers, parsed = connection.execute(read).fetchone()
        known = json.loads(parsed)["provider_id"]
        other = body.replace("Hello", "Hello again").replace(known, known[:-4] + "beef")
        change = "UPDATE intake SET body = ?, headers = ? WHERE id = ?"
        connection.execute(change, (other, headers, row_id))
