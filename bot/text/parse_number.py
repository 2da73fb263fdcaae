"""A number as a person types it in a command, with words behind it or without."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import takewhile

from bot.text.mrkdwn import unescape
from sms.address import E164, Address, Alphanumeric, NotAnAddress, ShortCode, is_valid, parse, parse_number

MOST_PARTS = 8  # words that a spaced number has at most

_NUMBER_PARTS = re.compile(r"[+(]*[\d().\-/+]+")  # what a word of a number may look like
_LINK = re.compile(r"<(?:tel:|#[CG][A-Z0-9]+)?([^|>]*)(?:\|([^>]*))?>")  # Slack makes links of what looks like one
_CHANNEL = re.compile(r"<#[CG][A-Z0-9]+\|([^>]+)>")


@dataclass(frozen=True, slots=True)
class NumberAndText:
    """What `/sms <number> <text>` asks for."""

    to: Address
    text: str = field(repr=False)


def unlinked(said: str) -> str:
    """What the person typed, before Slack made links of it."""
    said = _CHANNEL.sub(r"#\1", said)
    return unescape(_LINK.sub(lambda link: link[2] or link[1], said))


def read_texting(said: str, region: str | None) -> NumberAndText:
    """Splits words into the number and the text behind it; a number may be written with spaces.

    Args:
        said: as typed.
        region: ISO 3166-1 alpha-2; the country of numbers without a country code.

    Raises:
        NotAnAddress: it does not begin with a number; with a sentence.
    """
    found = list(re.finditer(r"\S+", said))
    words = [word[0] for word in found]
    readings = _readings(words, region)
    if not readings:
        numberlike = takewhile(_NUMBER_PARTS.fullmatch, words[:MOST_PARTS])
        parse_number(" ".join(numberlike) or said, region)  # it is none: this says why
    valid = [reading for reading in readings if is_valid(reading[1])]
    count, address = (valid or readings)[-1]
    if isinstance(address, ShortCode) and words[count:] and _NUMBER_PARTS.fullmatch(words[count]):
        raise NotAnAddress("It is not clear where the number ends. Start it with + and the country code.")
    return NumberAndText(address, said[found[count - 1].end() :].strip())


def read_number(said: str, region: str | None) -> Address:
    """The number that the words are, all of them.

    Raises:
        NotAnAddress: they are none, or more than that; with a sentence.
    """
    found = read_texting(said, region)
    if found.text:
        raise NotAnAddress("Write one number and nothing behind it.")
    return found.to


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
