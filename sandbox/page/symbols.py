"""Emoji by the names that Slack gives them."""

from __future__ import annotations

import json
from functools import cache

import emoji

_FLAGS = 0x1F1E6  # regional indicator A; a flag is two of them


@cache
def table() -> str:
    """Name without colons to characters, as one JSON object."""
    found: dict[str, str] = {}
    for characters, about in emoji.EMOJI_DATA.items():
        for name in (*about.get("alias", ()), about["en"]):
            if about["status"] == emoji.STATUS["fully_qualified"]:
                found.setdefault(name.strip(":"), characters)
        if is_flag(characters):
            found["flag-" + "".join(chr(ord(sign) - _FLAGS + ord("a")) for sign in characters)] = characters
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def is_flag(characters: str) -> bool:
    """Whether this is the flag of a country."""
    return len(characters) == 2 and all(_FLAGS <= ord(sign) < _FLAGS + 26 for sign in characters)  # noqa: PLR2004 - a country code
