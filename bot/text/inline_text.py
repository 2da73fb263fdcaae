"""What stands in an SMS for a piece of a Slack message: a person, a channel, a link, an emoji. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

import emoji

if TYPE_CHECKING:
    from collections.abc import Mapping

# Slack sends no control characters: these mark, while a message is read, what is settled only at the end.
CUSTOM = "\x00"  # around the name of an emoji that only this workspace has
KEPT = "\x01"  # around the number of a piece that is finished and must not be read again
US = "\x02"  # a mention of ourselves

BROADCAST = (
    "@here, @channel and @everyone call your colleagues: that rarely means the customer. Nothing was texted; send it "
    "again without it, or start with !note to keep it in the team."
)
STRANGE = "There is something in this message that cannot be texted. Nothing was texted; write it as plain words."


class CannotBeTexted(ValueError):
    """The message has no form as an SMS; the error's text is a sentence for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Names:
    """What stands in a text for the ids in a message: by id, as people read them (not escaped, no `@` or `#`)."""

    users: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    usergroups: Mapping[str, str] = field(default_factory=dict)  # their handles


def user(names: Names, identifier: str, label: str = "") -> str:
    """A person's name; raises `CannotBeTexted` where neither the names nor Slack's label know it."""
    return _known(names.users, identifier, label.removeprefix("@"), "a person")


def usergroup(names: Names, identifier: str, label: str = "") -> str:
    """A group's `@handle`; raises `CannotBeTexted` where it is not known."""
    return "@" + _known(names.usergroups, identifier, label.removeprefix("@"), "a group")


def channel(names: Names, identifier: str, label: str = "") -> str:
    """A channel's `#name`; raises `CannotBeTexted` where it is not known."""
    return "#" + _known(names.channels, identifier, label.removeprefix("#"), "a channel")


def _known(names: Mapping[str, str], identifier: str, label: str, kind: str) -> str:
    if name := names.get(identifier) or label:
        return name
    raise CannotBeTexted(f"The name of {kind} in this message could not be found. Nothing was texted; write it out.")


def link(url: str, label: str) -> str:
    """`label (url)`, or the label alone where both say the same; an e-mail address or a number without its scheme."""
    bare = url
    if url.startswith("mailto:"):
        bare = unquote(url.removeprefix("mailto:").partition("?")[0])
    elif url.startswith("tel:"):
        bare = url.removeprefix("tel:")
    if not label or not bare or _destination(label) == _destination(bare):
        return label or bare
    return f"{label} ({bare})"


def _destination(written: str) -> str:
    """What two spellings of one address have in common: Slack links a typed `example.com` to `http://example.com/`."""
    if re.fullmatch(r"\+?[\d\s().\-]+", written):
        return re.sub(r"[^\d+]", "", written)
    return re.sub(r"^(https?|mailto|tel):(//)?", "", written.strip().casefold()).rstrip("/")


def emoji_by_code(codes: str, tone: int = 0) -> str:
    """The characters of code points in hexadecimal joined by `-`, as Slack gives them; empty where they are none."""
    try:
        characters = "".join(chr(int(code, 16)) for code in codes.split("-"))
    except (ValueError, OverflowError):
        return ""
    return _toned(characters, tone)


def emoji_by_name(name: str, tone: int = 0) -> str:
    """The characters of a standard emoji by the name that Slack uses; what is not standard stays `:name:`.

    Args:
        name: without colons and skin tone: `wave`, `flag-au`.
        tone: the skin tone in Slack's count, 2 to 6; anything else is none.
    """
    if flag := re.fullmatch(r"flag-([a-z])([a-z])", name):
        return "".join(chr(0x1F1E6 + ord(letter) - ord("a")) for letter in flag.groups())
    for alias in (f":{name}:", f":{name.replace('-', '_')}:"):
        characters = emoji.emojize(alias, language="alias")
        if characters != alias:
            return _toned(characters, tone)
    return f"{CUSTOM}{name}{CUSTOM}"


def _toned(characters: str, tone: int) -> str:
    """With the skin tone on the first character, unless there is one already."""
    if tone not in range(2, 7) or re.search("[\U0001f3fb-\U0001f3ff]", characters):
        return characters
    return characters[0] + chr(0x1F3FB + tone - 2) + characters[1:].removeprefix("\ufe0f")
