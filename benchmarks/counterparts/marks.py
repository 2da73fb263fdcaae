"""Every text of a measurement carries a number, by which it is found again on the other side."""

from __future__ import annotations

import re

_MARK = re.compile(r"\bm(\d+)m\b")


def mark(number: int) -> str:
    """The number as a word of a text."""
    return f"m{number}m"


def marks(text: str) -> list[int]:
    """The numbers in what was sent; several where texts were merged."""
    return [int(found) for found in _MARK.findall(text)]
