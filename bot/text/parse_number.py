"""Reads a phone number that a person types in a command, alone or followed by a text. Pure.

A number ends where a person would end it. If the digits can be read as more than one number, none is certain, and the
person is shown the readings: a text must never go to a number that nobody typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NoReturn

import phonenumbers

from bot.text.mrkdwn import unescape
from sms.address import E164, Address, Alphanumeric, NotAnAddress, ShortCode, is_valid, parse, parse_number
from sms.characters import UNSEEN, simplified
from sms.spellings import canonical

_MOST_DIGITS = 20  # of which anything could be a number
_MOST_SHOWN = 3  # readings in a sentence
_CURE = "Write it without spaces, and a comma behind it."

# All of these match what `simplified` returns.
_RUN = re.compile(rf"[0-9+() ./\-{UNSEEN}]+")  # characters of a number, spaces too
_GROUP = re.compile(r"[0-9]+")
_GLUED = re.compile(rf"{UNSEEN}*([^\w\s{UNSEEN}]*){UNSEEN}*")  # punctuation right behind a number
_BEFORE_LETTERS = frozenset(",:;!?\N{HORIZONTAL ELLIPSIS}")  # such punctuation ends `+61400000000:hello`
# Punctuation that ends the number and is no part of the text; quotes and brackets only if they are closed there.
_STOP = re.compile(rf"(?:[{UNSEEN},:;!?.\u2026]|['\"\u2019\u201d\u00bb)\]](?=[\s{UNSEEN},:;!?.\u2026]|$))*")
_LISTED = re.compile(
    rf"[ {UNSEEN}]*[,;/&][ {UNSEEN}]*(?=[+(]?[0-9])|[ {UNSEEN}]+(?=\+)"
)  # between the numbers of a list
_DASH = re.compile(rf"[ {UNSEEN}]*[-./]+[ {UNSEEN}]+(?=\S)")  # alone, between a number and its text
_ENDED = re.compile(r"[^\w\n,:;!?\u2026]*[\n,:;!?\u2026]\W*\w")  # not only blanks are before the next word
_NO_PART = re.compile(r"[^\W\d_]|[#@%&$\u20a0-\u20cf]")  # a letter, hash or price: no number goes on behind it
_LOOK_AHEAD = 80  # characters behind a number in which it may go on

_LINK = re.compile(r"<(?:tel:|#[CG][A-Z0-9]+)?([^|>]*)(?:\|([^>]*))?>")  # Slack turns numbers and URLs into links
_CHANNEL = re.compile(r"<#[CG][A-Z0-9]+\|([^>]+)>")
_NUMBER_LINK = re.compile(
    r"(\s*(?:#?[A-Za-z][\w-]*\s+){0,2})<tel:([^|>]+)(?:\|[^>]*)?>"
)  # a subcommand may be before it
_CLEAR_END = re.compile(r"\s*$|\s+[^\W\d]|[,:;!?](?:\s|$)")


@dataclass(frozen=True, slots=True)
class NumberAndText:
    """The parts of `/sms <number> <text>`."""

    to: Address
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One number that the digits may be."""

    end: int  # in the text: where the number ends
    to: Address
    is_usual: bool  # it is written in groups as its country writes it, or in one piece
    is_valid: bool


def unlinked(said: str) -> str:
    """Restores what the person typed, before Slack turned parts of it into links.

    A linked number that the command is about is what Slack links to. A comma behind it keeps digits of the text away.
    """
    number = _NUMBER_LINK.match(said)
    if number is None:
        return _plain(said)
    rest = said[number.end() :]
    typed = _plain(rest) if _CLEAR_END.match(rest) else f", {_plain(rest.lstrip())}"
    return f"{number[1]}{number[2]}{typed}"


def read_texting(said: str, region: str | None) -> NumberAndText:
    """Splits words into the number and the text after it. The number may have spaces.

    Args:
        said: the words as typed.
        region: the country of numbers without a country code, ISO 3166-1 alpha-2.

    Raises:
        NotAnAddress: the words do not start with a number, or with one that may end in two places. The message is a
            sentence for the person.
    """
    word = said.split(maxsplit=1)[:1]
    if word and word[0].lower().startswith("client:"):
        return NumberAndText(parse(word[0], region), said.strip()[len(word[0]) :].strip())
    plain = simplified(said)
    start = len(plain) - len(plain.lstrip(f" \n{UNSEEN}"))
    start += 4 if plain[start : start + 4].lower() == "tel:" else 0
    reading = _certain(plain, start, region)
    if _another_follows(plain, reading.end, region):
        raise NotAnAddress("Those are two numbers. Write one, and begin a text with a number on a new line.")
    return NumberAndText(reading.to, _text(said, plain, reading.end))


def read_number(said: str, region: str | None) -> Address:
    """Reads words that are one number and nothing else.

    Raises:
        NotAnAddress: they are no number, or more than a number. The message is a sentence for the person.
    """
    try:
        address = parse(said, region)
    except NotAnAddress:
        found = read_texting(said, region)
        if found.text:
            raise NotAnAddress("Write one number and nothing after it.") from None
        return found.to
    if isinstance(address, Alphanumeric) or _is_cut(address, region):
        return parse_number(said, region)  # or says why this is no number
    return address


def spell(address: Address) -> str:
    """Formats the address for a person: a number with spaces, any other address unchanged."""
    return address.international if isinstance(address, E164) else str(address)


def one_spelling(digits: str) -> str:
    """Returns the digits to search contacts for: those of the canonical number if they are another spelling of it."""
    return canonical(f"+{digits}").removeprefix("+")


def _plain(said: str) -> str:
    said = _CHANNEL.sub(r"#\1", said)
    return unescape(_LINK.sub(lambda link: link[2] or link[1], said))


def _text(said: str, plain: str, end: int) -> str:
    """Returns the text behind a number, without the punctuation that ends the number."""
    stop = _STOP.match(plain, end)
    end = stop.end() if stop else end
    dash = _DASH.match(plain, end)
    return said[dash.end() if dash else end :].strip()


def _certain(plain: str, start: int, region: str | None) -> _Reading:
    """Returns the one number that a text begins with.

    Raises:
        NotAnAddress: there is none, or it may be another one.
    """
    run = _RUN.match(plain, start)
    groups = [] if run is None else _groups(plain, start, run.end())
    ends = [end for end in groups if _is_end(plain, end)]
    readings = [found for end in groups if (found := _read(plain[start:end], end, region))]
    if len(groups) > 1:
        readings = [each for each in readings if not isinstance(each.to, ShortCode)]
    if not ends:
        _refuse(plain[start : groups[-1] if groups else None], readings, region)
    upto = [each for each in readings if each.end <= ends[-1]]
    chosen = next((each for each in reversed(upto) if each.end in ends), None)
    longer = _longer(plain, start, chosen.end if chosen else ends[-1], region)
    if chosen is None or _may_be_another(chosen, upto, longer, is_whole=chosen.end == ends[-1]):
        _refuse(plain[start : ends[-1]], [*upto, *longer], region)
    if longer and not _ENDED.match(plain, chosen.end) and {each.to for each in longer} != {chosen.to}:
        _refuse(plain[start : ends[-1]], [chosen, *longer], region)
    if isinstance(chosen.to, ShortCode) and _groups(plain, chosen.end, _horizon(plain, chosen.end)):
        _refuse(plain[start : ends[-1]], [], region)
    return chosen


def _another_follows(plain: str, end: int, region: str | None) -> bool:
    """True if a second phone number follows in a list."""
    listed = _LISTED.match(plain, end)
    if listed is None:
        return False
    readings = [_read(plain[listed.end() : end], end, region) for end in _groups(plain, listed.end(), len(plain))]
    return any(each and each.is_valid and isinstance(each.to, E164) for each in readings)


def _groups(plain: str, start: int, end: int) -> list[int]:
    """Returns where each group of digits ends, up to as many digits as a number can have."""
    found, digits = [], 0
    for group in _GROUP.finditer(plain, start, end):
        digits += len(group[0])
        if digits > _MOST_DIGITS:
            break
        found.append(group.end())
    return found


def _is_end(plain: str, end: int) -> bool:
    """True if a number can end behind this digit, as a person sees it: not in `10:30`, `2x` or `5's`."""
    glued = _GLUED.match(plain, end)
    assert glued is not None  # noqa: S101 - it matches every text
    follows = plain[glued.end() : glued.end() + 1]
    if not follows or follows.isspace():
        return True
    if not glued[1]:
        return glued.end() > end and follows.isdigit()  # only something unseen is between two groups
    return follows.isalpha() and glued[1][0] in _BEFORE_LETTERS


def _read(written: str, end: int, region: str | None) -> _Reading | None:
    """Returns the number that is written like this, or None."""
    written = written.replace(UNSEEN, "").strip()
    try:
        to = parse(written, region) if written.isdigit() else parse_number(written, region)
    except NotAnAddress:
        return None
    return None if _is_cut(to, region) else _Reading(end, to, _is_usual(written, region), is_valid(to))


def _longer(plain: str, start: int, end: int, region: str | None) -> list[_Reading]:
    """Returns the numbers that go on behind this place, past punctuation and line ends."""
    found, written = [], plain[start:end]
    for group in _GROUP.finditer(plain, end, _horizon(plain, end)):
        written = f"{written} {group[0]}"
        reading = _read(written, group.end(), region)
        found += [reading] if reading else []
    return found


def _horizon(plain: str, end: int) -> int:
    """Returns the place up to which digits may belong to the number that ends here."""
    stop = _NO_PART.search(plain, end, end + _LOOK_AHEAD)
    return stop.start() if stop else min(len(plain), end + _LOOK_AHEAD)


def _may_be_another(chosen: _Reading, upto: list[_Reading], longer: list[_Reading], *, is_whole: bool) -> bool:
    """True if the digits may be another number as well.

    Args:
        chosen: the number.
        upto: the numbers that end before it, and itself.
        longer: the numbers that go on behind it.
        is_whole: no digits are left over before the text; then a shorter number counts only if it is in use.
    """
    shorter = [each for each in upto if each.is_valid or not is_whole]
    rivals = [each for each in (*shorter, *longer) if each.to != chosen.to]
    is_clear = chosen.is_usual and chosen.is_valid and not any(each.is_usual for each in rivals)
    return bool(rivals) and not is_clear


def _is_cut(address: Address, region: str | None) -> bool:
    """True for digits that begin like a national number and are too few for one: `041234` is no short code."""
    if not isinstance(address, ShortCode) or not address.digits.startswith("0") or len(address.digits) == len("000"):
        return False
    if region is None:
        return True
    parsed = phonenumbers.parse(address.digits, region.upper())
    return not phonenumbers.is_valid_short_number_for_region(parsed, region.upper())


def _is_usual(written: str, region: str | None) -> bool:
    """True if the digits are grouped as their country groups them, or not at all."""
    groups = re.findall(r"\d+", written)
    if len(groups) == 1:
        return True
    try:
        parsed = phonenumbers.parse(written, region and region.upper())
    except phonenumbers.NumberParseException:
        return False
    kinds = phonenumbers.PhoneNumberFormat
    kind = kinds.INTERNATIONAL if written.lstrip("(").startswith("+") else kinds.NATIONAL
    return groups == re.findall(r"\d+", phonenumbers.format_number(parsed, kind))


def _refuse(written: str, readings: list[_Reading], region: str | None) -> NoReturn:
    """Says what is wrong.

    Raises:
        NotAnAddress: always. The message is a sentence for the person.
    """
    shown = list(dict.fromkeys(spell(each.to) for each in readings))
    if not shown:
        parse_number(written, region)  # raises, and says why this is no number
        raise NotAnAddress("We can't tell where the number ends. Start it with + and the country code.")
    asked = " or ".join(shown[:_MOST_SHOWN])
    raise NotAnAddress(f"We can't tell where the number ends: {asked}? {_CURE}")
