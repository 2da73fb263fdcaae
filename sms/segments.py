"""The number of segments in a text, the character that makes it expensive, and cutting it into parts.

3GPP TS 23.038: the GSM 7-bit default alphabet with its extension table, else UCS-2. National language tables are left
out: no provider here lets us choose one. TS 23.040: each part of a concatenated text loses six octets to its header.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Encoding(Enum):
    """The encoding of a text on the network."""

    GSM7 = "GSM-7"  # septets; a character of the extension table takes two
    UCS2 = "UCS-2"  # UTF-16 code units; a character beyond U+FFFF takes two


@dataclass(frozen=True, slots=True)
class Forced:
    """The first grapheme that GSM-7 lacks."""

    position: int  # index in the text, in code points
    character: str = field(repr=False)  # a whole grapheme: one or more code points
    replacement: str | None = field(repr=False)  # its replacement by `plain`; None if there is none


@dataclass(frozen=True, slots=True)
class Segments:
    """The cost of a text."""

    encoding: Encoding
    count: int  # segments; 0 for an empty text
    units: int  # septets or UTF-16 code units of the text itself
    left: int  # units that still fit in the last segment
    forced_by: Forced | None = None  # None in GSM-7


_DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = "\f^{}\\[~]|€"

_FOREIGN = re.compile(f"[^{re.escape(_DEFAULT + _EXTENSION)}]")
_ESCAPED = re.compile(f"[{re.escape(_EXTENSION)}]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_GRAPHEME = regex.compile(r"\X")

_TWICE = {Encoding.GSM7: _ESCAPED, Encoding.UCS2: _ASTRAL}  # characters that take two units
_ALONE = {Encoding.GSM7: 160, Encoding.UCS2: 70}  # units in a text of one segment
_JOINED = {Encoding.GSM7: 153, Encoding.UCS2: 67}  # units in each segment of a longer one

_PLAIN = {
    character: replacement
    for replacement, characters in (
        ("'", "\u2018\u2019\u201a\u201b\u2032\u2035\u2039\u203a"),
        ("'", "\u02b9\u02bb\u02bc\u02bd\u02c8\u02ca\u02cb`\u00b4\u1fef\u1ffd"),
        ('"', "\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb\u02ba\u301d\u301e\u301f"),
        ("-", "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\u2022\u2023\u2043\u00b7\u2219\u25cf\u25e6\u30fb"),
        ("...", "\u2026"),
        ("..", "\u2025"),
        ("/", "\u2044\u2215"),
        ("x", "\u00d7"),
        ("->", "\u2192"),
        ("<-", "\u2190"),
        # No-break, en, em, thin, hair and ideographic spaces; the tab, which GSM-7 does not have either.
        (" ", "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"),
        ("\n", "\v\x85\u2028\u2029"),
        ("ff", "\ufb00"),
        ("fi", "\ufb01"),
        ("fl", "\ufb02"),
        ("ffi", "\ufb03"),
        ("ffl", "\ufb04"),
        ("st", "\ufb05\ufb06"),
        # Invisible characters: soft hyphen, zero-width space, word joiner, byte order mark, and the direction marks
        # that come with a phone number copied from an address book.
        ("", "\u00ad\u200b\u2060\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"),
    )
    for character in characters
}
_TO_PLAIN = str.maketrans(_PLAIN)

_NO_BREAK = "\u00a0\u2007\u202f"  # white space that does not allow a cut
_SMALLEST_LIMIT = 2  # units of the widest character


def measure(text: str) -> Segments:
    """Measures a text by packing it into segments.

    No segment ends within an escape pair, a surrogate pair or a grapheme. Only a grapheme longer than a whole segment
    is cut, between its code points.
    """
    foreign = _FOREIGN.search(text)
    encoding = Encoding.UCS2 if foreign else Encoding.GSM7
    count, left = _pack(text, encoding)
    return Segments(encoding, count, _units(text, encoding), left, _forced(text, foreign.start()) if foreign else None)


def plain(text: str) -> str:
    """Replaces typographic characters with GSM-7 ones.

    It replaces curly quotes, dashes, bullets, ellipses, odd spaces and ligatures, drops invisible characters, and joins
    letters with their separate accents. A reader misses nothing. Offer it if `measure(plain(text))` is cheaper than
    `measure(text)`.
    """
    return unicodedata.normalize("NFC", text.translate(_TO_PLAIN))


def numbered(text: str, *, characters: int | None = None, segments: int | None = None) -> list[str]:
    """Returns the text alone if it keeps the limits, else parts that begin with "(1/3) " and keep them too.

    The number comes first, so that a reader notices parts in the wrong order.

    Args:
        text: to be sent.
        characters: the largest number of UTF-16 code units in a part, its number included; see `split`.
        segments: the largest number of segments in a part.
    """
    parts = split(text, characters=characters, segments=segments)
    digits = 1
    while len(parts) > 1:
        widest = "9" * digits
        parts = _split(text, None, characters, segments, before=f"({widest}/{widest}) ")
        if len(parts) <= int(widest):
            return [f"({number}/{len(parts)}) {part}" for number, part in enumerate(parts, 1)]
        digits += 1
    return parts


def split(
    text: str,
    *,
    units: int | None = None,
    characters: int | None = None,
    segments: int | None = None,
) -> list[str]:
    """Cuts a text into parts that each keep every given limit.

    It cuts at white space if possible, else between graphemes, and within a grapheme only if that alone exceeds a
    limit. Only the white space at a cut is dropped. No part is empty; an empty text has no parts.

    Args:
        text: to be sent.
        units: the largest `measure(part).units`, 2 or more.
        characters: the largest number of UTF-16 code units, 2 or more. Servers in Java or .NET count so; the number is
            never less than that of code points.
        segments: the largest `measure(part).count`, 1 or more.

    Raises:
        ValueError: no limit is given, or one that a single character could exceed.
    """
    return _split(text, units, characters, segments)


def _split(text: str, units: int | None, characters: int | None, segments: int | None, before: str = "") -> list[str]:
    """Cuts a text like `split`; `before` is in plain characters, precedes each part and counts."""
    taken = len(before)
    _check_limits(units and units - taken, characters and characters - taken, segments)

    def fits(part: str) -> bool:
        part = before + part
        encoding = Encoding.UCS2 if _FOREIGN.search(part) else Encoding.GSM7
        return (
            (units is None or _units(part, encoding) <= units)
            and (characters is None or _units(part, Encoding.UCS2) <= characters)
            and (segments is None or _pack(part, encoding)[0] <= segments)
        )

    if fits(text):
        return [text] if text else []
    pieces = _pieces(text, fits)
    in_segments = segments and segments * _ALONE[Encoding.GSM7]
    longest = min(limit for limit in (units, characters, in_segments) if limit)
    return _messages(pieces, lambda start: start + _how_many_fit(pieces[start : start + longest], fits))


def _units(text: str, encoding: Encoding) -> int:
    return len(text) + len(_TWICE[encoding].findall(text))


def _pack(text: str, encoding: Encoding) -> tuple[int, int]:
    """Returns the number of segments that the text fills, and the units left in the last one."""
    units = _units(text, encoding)
    if units <= _ALONE[encoding]:
        return int(bool(text)), _ALONE[encoding] - units
    room = _JOINED[encoding]
    count, left = 1, room
    for piece in _pieces(text, lambda grapheme: _units(grapheme, encoding) <= room):
        width = _units(piece, encoding) if len(piece) > 1 else 1 + (_TWICE[encoding].match(piece) is not None)
        if width > left:
            count, left = count + 1, room
        left -= width
    return count, left


def _pieces(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Returns the graphemes of a text (UAX 29), with those that do not fit cut into code points."""
    graphemes: list[str] = _GRAPHEME.findall(text)
    return list(chain.from_iterable((piece,) if len(piece) == 1 or fits(piece) else piece for piece in graphemes))


def _forced(text: str, position: int) -> Forced:
    """Returns the grapheme that contains the code point at this position."""
    grapheme = next(match for match in _GRAPHEME.finditer(text) if match.end() > position)
    replacement = plain(grapheme[0])
    return Forced(grapheme.start(), grapheme[0], None if _FOREIGN.search(replacement) else replacement)


def _check_limits(units: int | None, characters: int | None, segments: int | None) -> None:
    if units is None and characters is None and segments is None:
        raise ValueError("Splitting needs at least one limit.")
    if any(limit is not None and limit < _SMALLEST_LIMIT for limit in (units, characters)):
        raise ValueError("A limit in units or characters must be at least 2: one character may take two.")
    if segments is not None and segments < 1:
        raise ValueError("A limit in segments must be at least 1.")


def _how_many_fit(pieces: Sequence[str], fits: Callable[[str], bool]) -> int:
    """Returns how many of the first pieces fit together: at least one, because each fits alone."""
    return bisect_left(range(1, len(pieces) + 1), x=True, key=lambda many: not fits("".join(pieces[:many])))


def _messages(pieces: Sequence[str], reach: Callable[[int], int]) -> list[str]:
    """Joins the pieces into parts; `reach` returns the furthest end of a part that starts at an index."""
    messages = []
    start = 0
    while start < len(pieces):
        cut = _border(pieces, start, reach(start))
        messages.append("".join(pieces[start:cut]))
        start = cut
        while start < len(pieces) and _is_break(pieces[start]):
            start += 1
    return messages


def _border(pieces: Sequence[str], start: int, end: int) -> int:
    """Returns where to cut so that a part does not exceed `end`: before the last white space, else at `end`."""
    if end == len(pieces):
        return end
    cut = end
    while cut > start and not _is_break(pieces[cut]):
        cut -= 1
    while cut > start and _is_break(pieces[cut - 1]):
        cut -= 1
    return cut if cut > start else end


def _is_break(piece: str) -> bool:
    return piece.isspace() and piece not in _NO_BREAK
