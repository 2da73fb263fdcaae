"""`/sms`: what a person may write behind it, checked and answered at once; what sends is in the intake before that."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from bot.gate import Stop
from bot.mrkdwn import unescape
from sms.address import E164, Address, Alphanumeric, NotAnAddress, is_valid, parse, parse_number
from storage.intake import Arrival

if TYPE_CHECKING:
    from bot.compose import Compose
    from bot.gate import Gate
    from bot.settings import Settings
    from storage.intake import Appender

HELP = (
    "Text somebody with `/sms <number> <text>`, like `/sms +61 400 000 000 Your order is ready`. "
    "The answer comes in the thread of the conversation. In a thread every reply is texted; "
    "begin it with `!note` to keep it in the team."
)
_NUMBER_PARTS = re.compile(r"[+(]*[\d().\-/+]+")  # what a word of a number may look like
_LINK = re.compile(r"<(?:tel:)?([^|>]*)(?:\|([^>]*))?>")  # Slack makes links of what looks like one
MOST_PARTS = 8  # words that a spaced number has at most


@dataclass(frozen=True, slots=True)
class Texting:
    """What `/sms <number> <text>` asks for."""

    to: Address
    text: str = field(repr=False)


class Commands:
    """The command of one workspace.

    Args:
        appender: the intake.
        settings: the inboxes.
        gate: says beforehand what it would say.
        compose: the modal that the bare command opens.
        team: the Slack workspace's id.
    """

    def __init__(self, appender: Appender, settings: Settings, gate: Gate, compose: Compose, team: str) -> None:
        self._appender = appender
        self._settings = settings
        self._gate = gate
        self._compose = compose
        self._team = team

    async def take(self, body: dict[str, Any]) -> str:
        """Does what the command says and returns the private answer."""
        said = (body.get("text") or "").strip()
        if not said:
            self._compose.open(body["user_id"], body["trigger_id"], body["channel_id"], body["response_url"])
            return ""
        if said.lower() == "help":
            return HELP
        name = self._settings.inbox_of_channel(body["channel_id"]) or next(iter(self._settings.inboxes))
        inbox = self._settings.inboxes[name]
        try:
            texting = read_texting(said, inbox.default_region)
            await self._gate.would_send(name, texting.to, texting.text)
        except NotAnAddress as error:
            return f"Nothing was sent. {error} `/sms help` shows how it goes."
        except Stop as stop:
            return str(stop.sentence)
        await self._appender.append(self._arrival(body, name, texting))
        return f"Texting {spell(texting.to)}. The conversation is in <#{inbox.channel}>."

    def _arrival(self, body: dict[str, Any], inbox: str, texting: Texting) -> Arrival:
        parsed = {
            "to": str(texting.to),
            "text": texting.text,
            "inbox": inbox,
            "user": body["user_id"],
            "response_url": body["response_url"],
        }
        kept = {name: value for name, value in body.items() if name not in {"token", "response_url"}}
        return Arrival(
            source="slack",
            kind="command",
            dedup_key=f"{self._team}:command:{body['trigger_id']}",
            body=json.dumps(kept).encode(),
            parsed=parsed,
        )


def read_texting(said: str, region: str | None) -> Texting:
    """Splits a command into the number and the text; a number may be written with spaces.

    Args:
        said: what stands behind `/sms`, as Slack sends it.
        region: the country of numbers without a country code.

    Raises:
        NotAnAddress: it does not begin with a number; with a sentence.
    """
    said = unescape(_LINK.sub(lambda link: link[2] or link[1], said))
    words = said.split(" ")
    readings = list(_readings(words, region))
    if not readings:
        numberlike = takewhile(_NUMBER_PARTS.fullmatch, words[:MOST_PARTS])
        parse_number(" ".join(numberlike) or words[0], region)  # it is none: this says why
    valid = [reading for reading in readings if is_valid(reading[1])]
    count, address = (valid or readings)[-1]
    return Texting(address, " ".join(words[count:]).strip())


def spell(address: Address) -> str:
    """The address for a reader in Slack."""
    return address.international if isinstance(address, E164) else str(address)


def _readings(words: list[str], region: str | None) -> list[tuple[int, Address]]:
    """The addresses that the first one, two, three … words make, shortest first."""
    found: list[tuple[int, Address]] = []
    for count in range(1, min(len(words), MOST_PARTS) + 1):
        if count > 1 and not _NUMBER_PARTS.fullmatch(words[count - 1]):
            break
        try:
            address = parse(" ".join(words[:count]), region)
        except NotAnAddress:
            continue
        if not isinstance(address, Alphanumeric):  # a word of the text; names cannot be texted
            found.append((count, address))
    return found
