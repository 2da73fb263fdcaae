"""Emoji by Slack's names."""

from __future__ import annotations

import json
from functools import cache

import emoji

_FLAGS = 0x1F1E6  # regional indicator A; a flag is two of them


@cache
def table() -> str:
    """Returns a JSON object from names without colons to characters."""
    found: dict[str, str] = {}
    for characters, about in emoji.EMOJI_DATA.items():
        for name in (*about.get("alias", ()), about["en"]):
            if about["status"] == emoji.STATUS["fully_qualified"]:
                found.setdefault(name.strip(":"), characters)
        if is_flag(characters):
            found["flag-" + "".join(chr(ord(sign) - _FLAGS + ord("a")) for sign in characters)] = characters
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def is_flag(characters: str) -> bool:
    """Returns True if this is a country's flag."""
    return len(characters) == 2 and all(_FLAGS <= ord(sign) < _FLAGS + 26 for sign in characters)  # noqa: PLR2004 - a country code
