"""After a restore the bot sends nothing that the old bot may have sent since (issue F, point 5; rule 2)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bot.operator import backup
from bot.operator.session import SOURCE
from storage.engine.database import open_database
from storage.tables import intake
from storage.tables.intake import Arrival
from tests.e2e.team import ANOTHER, CUSTOMER, Team, contact

if TYPE_CHECKING:
    from pathlib import Path

WAITED = "It waited when the backup was made"
BEFORE = "It is from before a backup was restored"


def silent(_doing: str, _done: int, _whole: int) -> None:
    """Ignores the progress."""


def lost(team: Team) -> None:
    """Deletes the database, like a broken disk."""
    database = team.bot_settings.database
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()


async def test_what_may_have_gone_out_since_is_asked_about(team: Team, tmp_path: Path) -> None:
    """A waiting reply, a later reply and a stored command: none goes out without a person."""
    root = await team.conversation()
    await team.fone.unplug()
    await team.reply(root, "Waited")
    await team.until(lambda: [attempt["outcome"] for attempt in team.attempts()] == ["not sent"])
    file = tmp_path / "b.tar"
    backup.make(team.bot_settings.database, file, silent)
    await team.fone.plug()
    await team.until(lambda: team.accepted("Waited") == 1)
    await team.reply(root, "Written after it")
    await team.received(CUSTOMER, 2)
    await team.quiet()
    await team.stop_bot()
    lost(team)
    assert (await backup.restore(team.bot_settings.database, file, silent)).asked == 1
    await take_in_old_things(team)
    await team.start_bot()
    await team.until(lambda: len(asked(team, root)) == 2)
    waited = f"Texts to {contact(team, root)} waited when the backup was made"
    await team.until(lambda: any("restored from a backup" in each and waited in each for each in team.alerted()))
    await team.quiet()
    assert [team.accepted(text) for text in ("Waited", "Written after it", "By command")] == [1, 1, 0]
    assert not [attempt for attempt in team.attempts() if attempt["outcome"] != "not sent"]
    (question,) = [post for post in team.below(root) if WAITED in str(post["blocks"])]
    await team.slack.click(team.anna, team.support, question["ts"], "do:send")
    await team.until(lambda: team.accepted("Waited") == 2)
    (question,) = [post for post in team.below(root) if BEFORE in str(post["blocks"])]
    await team.slack.click(team.anna, team.support, question["ts"], "do:discard")
    await team.until(lambda: not [post for post in team.below(root) if "Text it" in str(post["blocks"])])
    await team.quiet()
    assert [team.accepted(text) for text in ("Waited", "Written after it", "By command")] == [2, 1, 0]


async def take_in_old_things(team: Team) -> None:
    """Stores a command that the bot had not handled when the backup was made."""
    said = {"to": ANOTHER, "text": "By command", "inbox": "support", "via": None, "user": None, "response_url": None}
    database = await open_database(team.bot_settings.database)
    async with database.transaction() as tx:
        await intake.append(tx, [Arrival(SOURCE, "command", "old", json.dumps(said).encode(), said)])
        await tx.run("UPDATE intake SET received_at = 0 WHERE dedup_key = 'old'")
    await database.close()


def asked(team: Team, root: str) -> list[str]:
    """Returns the questions in the thread."""
    return [str(post["blocks"]) for post in team.below(root) if "Text it" in str(post["blocks"])]
