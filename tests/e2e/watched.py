"""A day in the life of a real bot, with everything that can go right or wrong, and its log and metrics afterwards."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.conversations.callbacks import portal
from sandbox.carriers.faults import Trouble
from tests.e2e.team import ANOTHER, CUSTOMER, UNLUCKY, Installed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.nursery import Nursery

BODY = "MARKED-BODY"
ANSWER = "MARKED-ANSWER"
OPTED_OUT = "+61488023777"


class Watched(Installed):
    """A team whose operator reads the status of its texts."""

    async def line_says(self, root: str, words: str) -> None:
        """Waits until a status line in the thread has these words."""
        await self.until(lambda: any(words in line for line in self.lines(root)))


@dataclass(frozen=True)
class Day:
    """The traces of the day.

    Attributes:
        log: each line.
        metrics: the contents of /metrics at its end.
        private: the strings that must appear nowhere, by their names.
        text, reply: the messages of the customer and of Anna.
    """

    log: list[dict[str, Any]]
    metrics: str
    private: dict[str, str]
    text: dict[str, Any]
    reply: dict[str, Any]


def lived(folder: Path, nursery: Nursery) -> Day:
    """The day, from the start of the bot to its end."""
    return asyncio.run(_live(folder, nursery))


async def _live(folder: Path, nursery: Nursery) -> Day:
    async with Watched(folder, nursery, options=["--log-json"]) as team:
        await _all_is_well(team)
        await _providers_misbehave(team)
        await _slack_misbehaves(team)
        await team.quiet()
        _, metrics = await team.call(f"{team.url}/metrics", "GET")
        sql = "SELECT * FROM messages WHERE conversation_id = (SELECT min(conversation_id) FROM messages) ORDER BY id"
        text, reply, *_ = team.rows(sql)
        assert await team.bot.stop() == 0
        return Day([json.loads(line) for line in team.bot.log.splitlines()], metrics, _private(team), text, reply)


async def _all_is_well(team: Watched) -> None:
    """A text, a reply, a receipt; and a customer who opts out."""
    root = await team.conversation(CUSTOMER, BODY)
    await team.reply(root, ANSWER)
    await team.line_says(root, "delivered")
    stopped = await team.conversation(OPTED_OUT, "STOP")
    await team.received(OPTED_OUT, 1)
    await team.reply(stopped, "One more thing")
    await team.line_says(stopped, "opted out")


async def _providers_misbehave(team: Watched) -> None:
    """One text fails in the network, one is refused, one has an unknown result, and one webhook is unreadable."""
    root = await team.conversation(UNLUCKY)
    await team.reply(root, "!via leased\nAre you there?")
    await team.line_says(root, "failed")
    other = await team.conversation(ANOTHER)
    team.fone.faults.next(Trouble.REFUSE)
    await team.reply(other, "This is refused")
    await team.line_says(other, "is not allowed")
    team.fone.faults.next(Trouble.DROP_AFTER)
    team.fone.faults.next(Trouble.RECEIPTS_NEVER)
    team.fone.faults.next(Trouble.ERROR_BEFORE, None, on="list")
    await team.reply(other, "This may be lost")
    await team.until(lambda: team.rows("SELECT 1 FROM messages WHERE state = 'asked'"))
    hook = portal(team.bot_settings, "sydney")["url"]
    assert (await team.call(hook, data=f'{{"Text": "{BODY}'))[0] == 400
    assert (await team.call(f"{team.url}/sms/fone/nobody"))[0] == 404


async def _slack_misbehaves(team: Watched) -> None:
    """Slack asks the bot to slow down."""
    team.slack.faults.ratelimit("chat.postMessage", seconds=1)
    await team.phones.send(CUSTOMER, team.sydney, "Are you there?")
    await team.until(lambda: team.slack.calls.failed("ratelimited"))
    await team.until(lambda: "Are you there?" in team.shown(CUSTOMER))


def _private(team: Watched) -> dict[str, str]:
    written = team.bot_settings
    numbers = {"customer": CUSTOMER, "another": ANOTHER, "unlucky": UNLUCKY, "opted out": OPTED_OUT}
    numbers["ours"] = team.sydney
    leases = team.rows("SELECT number FROM leases")
    secrets = {"app token": written.slack.app_token, "bot token": written.slack.bot_token, "secret": written.secret}
    return {
        **{f"number: {name}": number.removeprefix("+") for name, number in numbers.items()},
        **{f"lease {n}": row["number"].removeprefix("+") for n, row in enumerate(leases)},
        **{name: secret.get_secret_value() for name, secret in secrets.items() if secret is not None},
        "account token": team.fone.settings.token,
        "text": BODY,
        "answer": ANSWER,
    }
