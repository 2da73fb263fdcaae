"""Reads a phone number that a person types in a command, alone or followed by a text. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import takewhile

from bot.text.mrkdwn import unescape
from sms.address import E164, Address, Alphanumeric, NotAnAddress, ShortCode, is_valid, parse, parse_number

MOST_PARTS = 8  # the most words in a number that is written with spaces

_NUMBER_PARTS = re.compile(r"[+(]*[\d().\-/+]+")  # a word that may be part of a number
_LINK = re.compile(r"<(?:tel:|#[CG][A-Z0-9]+)?([^|>]*)(?:\|([^>]*))?>")  # Slack turns numbers and URLs into links
_CHANNEL = re.compile(r"<#[CG][A-Z0-9]+\|([^>]+)>")


@dataclass(frozen=True, slots=True)
class NumberAndText:
    """The parts of `/sms <number> <text>`."""

    to: Address
    text: str = field(repr=False)


def unlinked(said: str) -> str:
    """Restores what the person typed, before Slack turned parts of it into links."""
    said = _CHANNEL.sub(r"#\1", said)
    return unescape(_LINK.sub(lambda link: link[2] or link[1], said))


def read_texting(said: str, region: str | None) -> NumberAndText:
    """Splits words into the number and the text after it. The number may have spaces.

    Args:
        said: the words as typed.
        region: the country of numbers without a country code, ISO 3166-1 alpha-2.

    Raises:
        NotAnAddress: the words do not start with a number. The message is a sentence for the person.
    """
    found = list(re.finditer(r"\S+", said))
    words = [word[0] for word in found]
    readings = _readings(words, region)
    if not readings:
        numberlike = takewhile(_NUMBER_PARTS.fullmatch, words[:MOST_PARTS])
        parse_number(" ".join(numberlike) or said, region)  # raises, and says why this is no number
    valid = [reading for reading in readings if is_valid(reading[1])]
    count, address = (valid or readings)[-1]
    if isinstance(address, ShortCode) and words[count:] and _NUMBER_PARTS.fullmatch(words[count]):
        raise NotAnAddress("We can't tell where the number ends. Start it with + and the country code.")
    return NumberAndText(address, said[found[count - 1].end() :].strip())


def read_number(said: str, region: str | None) -> Address:
    """Reads words that are one number and nothing else.

    Raises:
        NotAnAddress: they are no number, or more than a number. The message is a sentence for the person.
    """
    found = read_texting(said, region)
    if found.text:
        raise NotAnAddress("Write one number and nothing after it.")
    return found.to


def spell(address: Address) -> str:
    """Formats the address for a person: a number with spaces, any other address unchanged."""
    return address.international if isinstance(address, E164) else str(address)


def _readings(words: list[str], region: str | None) -> list[tuple[int, Address]]:
    """Returns the addresses that the first one, two, three … words form, shortest first, with their word counts."""
    found: list[tuple[int, Address]] = []
    for count in range(1, min(len(words), MOST_PARTS) + 1):
        if count > 1 and not _NUMBER_PARTS.fullmatch(words[count - 1]):
            break
        try:
            address = parse(" ".join(words[:count]), region)
        except NotAnAddress:
            continue
        if not isinstance(address, Alphanumeric):  # a name is a word of the text: nobody can text a name
            found.append((count, address))
    return found
