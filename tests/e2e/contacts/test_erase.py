"""Erasing a person leaves nothing in the database, beside it or in our posts; the opt-out remains in force."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations.consent import GOODBYE
from bot.conversations.number_hash import NumberHash
from bot.operator import personal_data, session
from bot.operator.session import CannotDo
from bot.settings.loading import check
from bot.settings.model import Settings
from bot.slack.client.startup import CannotStart
from bot.slack.views.cards import spaced
from sandbox.carriers.faults import Trouble
from tests.e2e.operator.terminal import Written
from tests.e2e.slack.test_actions import card, press
from tests.e2e.slack.test_compose import compose, errors
from tests.e2e.team import ANOTHER, CUSTOMER, Team

if TYPE_CHECKING:
    from pathlib import Path

NATIONAL = CUSTOMER.removeprefix("+61")
NAME, NOTES = "Zelda Quist", "Owes us a MARKED-NOTE"
WORDS = ("MARKED-QUESTION", "MARKED-ANSWER", "MARKED-COMMAND", "MARKED-MODAL", "MARKED-LATER", "MARKED-NOTE")
LOOK = """
import json, pathlib, sys
files = [each for each in pathlib.Path(sys.argv[1]).rglob("*") if each.is_file() and each.suffix != ".toml"]
words = json.loads(sys.argv[2])
print(json.dumps([[file.name, word] for file in files for word in words if word.encode() in file.read_bytes()]))
"""


async def lived(team: Team) -> str:
    """Stores everything that the bot can know of a person: texts by every path, name, notes, STOP."""
    root = await team.conversation(CUSTOMER, WORDS[0])
    await team.reply(root, WORDS[1])
    await team.slash(f"0{NATIONAL[:3]} {NATIONAL[3:6]} {NATIONAL[6:]} {WORDS[2]}")
    await compose(team, WORDS[3])
    assert await errors(team) == {}
    await team.reply(root, f"!later in 2 hours\n{WORDS[4]}")
    await team.received(CUSTOMER, 3)
    await team.slack.click(team.anna, team.support, root, "open:contact")
    await team.until(lambda: (shown := team.slack.modal(team.anna)) and "Name" in team.slack.words(shown))
    team.slack.fill(team.anna, "contact:name", NAME)
    team.slack.fill(team.anna, "contact:notes", NOTES)
    await team.slack.submit(team.anna)
    await team.until(lambda: NAME in card(team, root)["text"])
    await team.phones.send(CUSTOMER, team.sydney, "STOP")
    await team.received(CUSTOMER, 4)
    await team.quiet()
    return root


async def remains(folder: Path) -> list[list[str]]:
    """Searches every file byte by byte; returns each file and word that it found.

    Another process searches: this one would lose its locks on the database by closing the file a second time.
    """
    words = [NATIONAL, NAME, *WORDS, "MARKED-PICTURE"]
    looking = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LOOK, str(folder), json.dumps(words), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await looking.communicate()
    found: list[list[str]] = json.loads(out)
    return found


async def erased(team: Team, number: str = CUSTOMER, **how: Any) -> dict[str, Any]:
    """Returns the proof that the command prints."""
    told: list[int] = []
    options: dict[str, Any] = {"with_slack": True, "wait": 20.0, "report": told.append} | how
    return await personal_data.erase(team.bot_settings, number, **options)


async def test_the_running_bot_erases_and_the_opt_out_holds(tmp_path: Path) -> None:
    """No byte remains, our posts are gone and the proof lists people's own posts; nobody can text the number."""
    async with Written(tmp_path) as team:
        root = await lived(team)
        other = await team.conversation(ANOTHER, "I am somebody else")
        assert await remains(tmp_path)
        code, out, said = await team.command("erase", CUSTOMER, "--yes", "--json")
        assert code == 0, said
        await team.quiet()
        proof = json.loads(out)
        assert await remains(tmp_path) == []
        assert NATIONAL not in out
        assert proof["number"] == NumberHash(team.bot_settings).of(CUSTOMER)
        assert proof["opted_out"] is True
        assert proof["file_written_anew"] is True
        assert proof["rows"]["messages"] == 7
        assert proof["rows"]["contacts"] == 1
        (left,) = proof["slack"]["left"]
        assert (left["thread"], left["messages"]) == (root, 2)
        ours = [post for post in team.slack.thread(team.support, root) if post.get("bot_id")]
        assert ours == []
        assert team.shown(ANOTHER) == "I am somebody else"
        before = len(team.requests())
        assert "opted out" in await team.slash(f"{CUSTOMER} Hello again")
        with pytest.raises(CannotDo, match="opted out"):
            await session.send(team.bot_settings, CUSTOMER, "Hello", None, None)
        await team.slash(f"open {CUSTOMER}")
        await team.until(lambda: team.roots(CUSTOMER))
        await team.reply(team.root(CUSTOMER), "Hello again")
        await team.until(lambda: any("opted out" in line for line in team.lines(team.root(CUSTOMER))))
        assert len(team.requests()) == before
        assert GOODBYE not in team.shown(CUSTOMER)
        again = await erased(team)
        assert again["opted_out"] is True
        await press(team, card(team, other), "close")
        await team.until(lambda: "*Closed*" in card(team, other)["text"])


async def test_without_a_bot_the_command_does_it_and_can_be_repeated(team: Team, tmp_path: Path) -> None:
    """A second try finishes after Slack failed, a third finds nothing; a new `secret` asks for `retention.key`."""
    await lived(team)
    await team.stop_bot()
    await team.slack.go_down()
    with pytest.raises(CannotDo, match="Slack gave no answer"):
        await erased(team)
    await team.slack.come_up()
    proof = await erased(team)
    assert await remains(tmp_path) == []
    assert proof["rows"]["conversations"] == 1
    assert proof["slack"]["posts"] > 5
    again = await erased(team)
    assert (again["slack"]["posts"], again["opted_out"], again["number"]) == (0, True, proof["number"])
    assert "messages" not in again["rows"]
    changed = {**team._written, "secret": "another secret, of thirty-two characters"}
    team.bot_settings = check(Settings(**changed))
    with pytest.raises(CannotStart, match=r"retention\.key"):
        await team.start_bot()
    team.bot_settings = check(Settings(**changed, retention={"key": team._written["secret"]}))
    await team.start_bot()
    assert "opted out" in await team.slash(f"{CUSTOMER} Hello again")


async def test_alerts_no_longer_name_the_erased_person(team: Team) -> None:
    """Neither one that lasts nor one that is resolved; others stay in it."""
    team.fone.faults.next(Trouble.REFUSE, None)
    for phone in (ANOTHER, CUSTOMER):
        root = await team.conversation(phone)
        await team.reply(root, "Hello")
    digits = spaced(CUSTOMER)
    await team.until(lambda: any(digits in str(post["blocks"]) for post in team.slack.see(team.alerts)))
    await erased(team)
    await team.until(lambda: not any(digits in str(post) for post in team.slack.see(team.alerts)))
    assert spaced(ANOTHER) in str(team.slack.see(team.alerts)[0]["blocks"])


async def test_a_text_of_the_erased_person_is_one_of_somebody_new(team: Team) -> None:
    """Their new text is stored like any other; START ends the opt-out, and nothing from before is known."""
    await lived(team)
    await erased(team)
    await team.phones.send(CUSTOMER, team.sydney, "START")
    await team.until(lambda: "START" in team.shown(CUSTOMER))
    root = team.root(CUSTOMER)
    await team.until(lambda: "opted out" not in team.card(root))
    assert NAME not in team.card(root)
    await team.reply(root, "Welcome back")
    await team.until(lambda: team.accepted("Welcome back") == 1)
    assert (await erased(team))["opted_out"] is False
