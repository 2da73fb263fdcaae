"""An operator follows events with `threadline tail`, and decides with `threadline retry` (issue F, point 2)."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from bot.operator import retry
from bot.operator.session import CannotDo
from sandbox.timeouts import PATIENCE
from tests.e2e.operator.terminal import Written
from tests.e2e.team import CUSTOMER, UNLUCKY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SECRET_WORDS = "The code is 4711"


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Written]:
    """A team with a running bot and its settings in a file."""
    async with Written(tmp_path) as team:
        yield team


async def told(process: asyncio.subprocess.Process, *wanted: str) -> list[dict[str, Any]]:
    """Returns the events that the command prints, until it has printed all of these."""
    assert process.stdout is not None
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE):
        while not set(wanted) <= {each["what"] for each in found}:
            found.append(json.loads(await process.stdout.readline()))
    return found


async def test_tail_follows_the_running_bot(team: Written) -> None:
    """It prints texts, results, receipts and failures once each, without numbers and texts; Ctrl-C is no error."""
    following = await team.begin("tail", "--json", "--since", "60")
    root = await team.conversation(CUSTOMER, SECRET_WORDS)
    await team.reply(root, "Thank you")
    first = await told(following, "text in", "text out", "accepted", "receipt")
    await team.command("send", UNLUCKY, "Are you there?")
    found = first + await told(following, "failed", "receipt")
    following.send_signal(signal.SIGINT)
    rest, errors = await asyncio.wait_for(following.communicate(), PATIENCE)
    assert (following.returncode, b"Traceback" in errors) == (0, False)
    everything = [*found, *map(json.loads, rest.splitlines())]
    assert len({(each["what"], each["id"], each["at"]) for each in everything}) == len(everything)
    (came,) = [each for each in found if each["what"] == "text in"]
    assert (came["inbox"], came["account"]) == ("support", "fone")
    assert not {"text", "contact"} & {name for each in everything for name in each}
    assert CUSTOMER not in str(everything)
    assert "4711" not in str(everything)
    _, shown, _ = await team.command("tail", "--since", "60", "--no-follow", "--content")
    assert SECRET_WORDS in shown
    assert CUSTOMER in shown
    assert "text in" in shown


async def test_retry_is_one_decision(team: Written) -> None:
    """Each `retry` sends a failed text once more, as the button does, and never after STOP."""
    await team.command("send", UNLUCKY, "Are you there?")
    await team.until(lambda: failed(team))
    await team.quiet()
    (message,) = failed(team)
    assert tries(team, message) == 1
    code, out, errors = await team.command("retry", str(message))
    assert (code, "Queued to be sent again: 1." in out) == (0, True), errors
    await team.until(lambda: tries(team, message) == 2 and failed(team))
    await team.quiet()
    assert (await team.command("retry", "--all"))[0] == 1  # nobody is there to be asked
    _, out, _ = await team.command("retry", "--all", "--inbox", "sales", "--yes")
    assert out == "There are no failed texts to send again.\n"
    assert tries(team, message) == 2
    assert (await team.command("retry", "--all", "--account", "fone", "--yes"))[0] == 0
    await team.until(lambda: tries(team, message) == 3 and failed(team))
    await team.quiet()
    await team.phones.send(UNLUCKY, team.sydney, "STOP")
    await team.until(lambda: team.rows("SELECT 1 AS one FROM suppressions"))
    await team.quiet()
    found = await retry.find(team.bot_settings, None, None, 24.0)
    assert all(each.id != message for each in found.texts)
    with pytest.raises(CannotDo, match="opted out"):
        await retry.retry(team.bot_settings, [message])
    assert tries(team, message) == 3


async def test_retry_of_what_did_not_fail(team: Written) -> None:
    """An unknown id, a contact's text, a delivered text, a wrong inbox and missing arguments each give a sentence."""
    root = await team.conversation()
    await team.reply(root, "Hello yourself")
    await team.received(CUSTOMER, 1)
    await team.quiet()
    came, went = (row["id"] for row in team.rows("SELECT id FROM messages ORDER BY id"))
    for message, said in ((1, "There is no text 1"), (came, "came from a contact"), (went, "it is delivered")):
        with pytest.raises(CannotDo, match=said):
            await retry.retry(team.bot_settings, [message])
    with pytest.raises(CannotDo, match="There is no inbox sport"):
        await retry.find(team.bot_settings, "sport", None, 1.0)
    assert (await team.command("retry"))[0] == 2
    assert (await team.command("retry", "--all", "7"))[0] == 2


def failed(team: Written) -> list[int]:
    """Returns the texts that failed."""
    return [row["id"] for row in team.rows("SELECT id FROM messages WHERE status = 'failed' AND state IS NULL")]


def tries(team: Written, message: int) -> int:
    """Returns the number of attempts of a text."""
    return int(team.rows("SELECT count(*) AS n FROM attempts WHERE message_id = :message", message=message)[0]["n"])
