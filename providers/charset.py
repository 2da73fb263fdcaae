"""Decoding of what providers send in any charset, declared, undeclared or wrongly declared. Pure functions."""

from __future__ import annotations

import codecs
import json
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKS = (  # the longer ones first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_LATIN = frozenset({"ascii", "iso8859-1", "cp1252", "utf-8"})  # read as UTF-8 if that fits, else as Windows-1252
_CONTROL = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_NARROW = frozenset((*range(0x20), *range(0xD8, 0xE0)))  # first bytes of UTF-16: alphabets, and the halves of emoji
_NO_CHARACTERS = frozenset({"Cc", "Cn", "Co", "Cs"})
_MOST_LETTERS = 4  # of a value in UTF-16, for each that is in Latin-1
_NARROW_ENOUGH = 0.5
_MOST_PRINTABLE = 0.75  # a text with more printable ASCII is a text with a stray control character


def decode(body: bytes, content_type: str = "") -> str:
    """Returns a body as text; never fails.

    A byte order mark decides, then UTF-16 and UTF-32 show by their zeros. UTF-8 has precedence over a declared Latin-1,
    because hardly any other text is valid UTF-8. The last resort is Windows-1252, which contains Latin-1.

    Args:
        body: as it came.
        content_type: the header, which may declare a charset.
    """
    charset = declared(content_type)
    wide = [*(name for mark, name in _MARKS if body.startswith(mark)), *([json.detect_encoding(body)] * (0 in body))]
    return _first_fit(body, [*wide, *_charsets(charset)])


def decode_value(raw: bytes, charset: str | None = None) -> str:
    """Returns one value of a form as text; never fails.

    Args:
        raw: the bytes behind the percent signs.
        charset: declared for the form.
    """
    if raw.count(0) * _MOST_LETTERS >= len(raw) > 0:  # UTF-16, which bytes beyond ASCII may turn into accidental UTF-8
        return unwidened(raw.decode("latin-1"))
    return _first_fit(raw, _charsets(charset))


def declared(content_type: str) -> str | None:
    """Returns Python's name of the charset that a content type declares; None if it declares none that exists."""
    found = _DECLARED.search(content_type)
    try:
        return codecs.lookup(found[1]).name if found else None
    except LookupError:
        return None


def is_wide(body: bytes) -> bool:
    """Returns True if a body is in UTF-16 or UTF-32 as a whole."""
    return body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or 0 in body[:4]


def unwidened(text: str) -> str:
    """Returns the text that was meant if somebody read UTF-16 as Latin-1; any other text as it is.

    Restcomm does so with texts that do not fit into GSM-7: https://github.com/RestComm/Restcomm-Connect/issues/2994.
    """
    raw = _bytes_of(text) if _CONTROL.search(text) else None
    if raw is None:
        return text
    raw += b" " * (len(raw) % 2 and raw.endswith(b"\0"))  # a space at the end that somebody trimmed
    readings = sorted(_readings(raw), reverse=True)
    narrow, meant = readings[0] if readings else (0.0, text)
    is_text = sum(0x20 <= byte < 0x7F for byte in raw) > len(raw) * _MOST_PRINTABLE  # noqa: PLR2004  printable ASCII
    return meant if narrow >= _NARROW_ENOUGH or not is_text else text


def _readings(raw: bytes) -> Iterator[tuple[float, str]]:
    """Yields each reading as UTF-16 that has real characters only, after the share of them in alphabets and emoji."""
    for order, first in (("utf-16-be", 0), ("utf-16-le", 1)):
        try:
            meant = raw.decode(order).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
        if all(unicodedata.category(letter) not in _NO_CHARACTERS or letter in "\t\n\r" for letter in meant):
            firsts = raw[first::2]
            yield sum(byte in _NARROW for byte in firsts) / len(firsts), meant


def _bytes_of(text: str) -> bytes | None:
    for charset in ("latin-1", "cp1252"):
        try:
            return text.encode(charset)
        except UnicodeEncodeError:
            continue
    return None


def _charsets(charset: str | None) -> list[str]:
    """Returns the charsets to try, in order."""
    return ["utf-8", "cp1252"] if charset is None or charset in _LATIN else [charset, "utf-8", "cp1252"]


def _first_fit(body: bytes, charsets: list[str]) -> str:
    for charset in charsets:
        try:
            return body.decode(charset)
        except (UnicodeError, LookupError):  # LookupError: it is no charset for text
            continue
    return body.decode("latin-1")
