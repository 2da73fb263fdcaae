"""Numbers in texts, by which the other side's records are matched."""

from __future__ import annotations

import re

_MARK = re.compile(r"\bm(\d+)m\b")


def mark(number: int) -> str:
    """Returns the number as a word of a text."""
    return f"m{number}m"


def marks(text: str) -> list[int]:
    """Returns the numbers in a sent text; several if texts were merged."""
    return [int(found) for found in _MARK.findall(text)]
