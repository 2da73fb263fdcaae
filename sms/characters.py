"""The characters of a typed number: digits of any script, and what keyboards and address books put between them."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

UNSEEN = "\u200b"  # in place of each character that nobody sees: direction marks, joiners, variation selectors

_LINE_ENDS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
_SHAPES = {
    **dict.fromkeys("\u2212\u2043\u02d7\u30fc\u2796", "-"),  # minus signs, a hyphen bullet, a long vowel mark
    **dict.fromkeys("\ufe62\u207a\u2795", "+"),
    **dict.fromkeys("\u2044\u2215", "/"),
    **dict.fromkeys("\u3001\u060c", ","),
    **dict.fromkeys("\u3002\u2024", "."),
    **dict.fromkeys("\u061b", ";"),
    **dict.fromkeys("\u061f", "?"),
}
# Not of category Cf, and yet nothing is seen: joiners, selectors, keycaps, blanks that count as letters or symbols.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u20e3\u2800\u3164\uffa0\ufffc")
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_FULL_WIDTH = range(0xFF01, 0xFF5F)  # ASCII characters in the width of an ideograph


def simplified(text: str) -> str:
    """Returns the text with an ASCII character in place of each that stands for it, of the same length.

    Every blank is a space, every line end a line feed, every character that nobody sees `UNSEEN`.
    """
    return text if text.isascii() and text.isprintable() else "".join(map(_simple, text))


@lru_cache(maxsize=1024)
def _simple(char: str) -> str:
    if char in _LINE_ENDS:
        return "\n"
    if char.isspace():
        return " "
    code, category = ord(char), unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category == "Cf" or char in _BLANK or any(code in selectors for selectors in _SELECTORS):
        return UNSEEN
    if code in _FULL_WIDTH:
        return chr(code - 0xFEE0)
    return _SHAPES.get(char, "-" if category == "Pd" else char)
