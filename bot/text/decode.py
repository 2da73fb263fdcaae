"""Turns a Slack message into the plain text of an SMS. Pure: the caller passes the names that it needs.

A message by a person has a `rich_text` block, in which every element has a type and typed characters are literal
(https://docs.slack.dev/reference/block-kit/blocks/rich-text-block). We read only a message without one from its `text`
(`bot/text/mrkdwn.py`). If an SMS can't hold something, we reject the message with a sentence and never drop a part.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.text import attachments, inline_text, mrkdwn
from bot.text.inline_text import BROADCAST, CUSTOM, STRANGE, US, CannotBeTexted, Names
from bot.text.thread_commands import WORDS_HELP, NearMiss, Note, Word, instruction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = [
    "WORDS_HELP",
    "CannotBeTexted",
    "Mentioned",
    "Names",
    "NearMiss",
    "Note",
    "Word",
    "instruction",
    "mentioned",
    "to_text",
]

_NOTHING = "A phone can't show anything in this message, so nothing was texted. Write some words."


@dataclass(frozen=True, slots=True)
class Mentioned:
    """The ids in a message that we need names for."""

    users: frozenset[str]
    channels: frozenset[str]
    usergroups: frozenset[str]


def mentioned(message: Mapping[str, Any]) -> Mentioned:
    """Returns the ids in a Slack message that `to_text` needs names for."""
    rich = _rich_text(message)
    found = set(_ids(rich) if rich else mrkdwn.ids(_string(message, "text")))
    return Mentioned(*(frozenset(one for kind, one in found if kind == wanted) for wanted in _ID_KEYS))


def to_text(message: Mapping[str, Any], names: Names, *, us: str | None = None) -> str:
    """Returns the plain text of a Slack message: NFC, with `LF` between lines and no spaces at their ends.

    Args:
        message: a Slack message with `blocks`, `text` and `files`, from an event or from the history.
        names: the names for at least the ids that `mentioned` found.
        us: our own user id. A mention of it at the start addresses us and is not part of the text.

    Returns:
        The text; empty only if the message has files and no words.

    Raises:
        CannotBeTexted: it notifies colleagues (`@here`), has something that an SMS can't hold, mentions somebody whose
            name is missing, or has nothing that a phone can show.
    """
    attachments.reject(message)
    known = names if us is None else replace(names, users={**names.users, us: US})
    rich = _rich_text(message)
    text = _containers(rich, known) if rich else mrkdwn.plain(_string(message, "text"), known)
    text = re.sub(rf"^\s*{US}[:,]?\s*", "", text)
    if us and US in text:
        text = text.replace(US, inline_text.user(names, us))
    if not is_blank(re.sub(f"{CUSTOM}[^{CUSTOM}]*{CUSTOM}", "", text)):
        return _tidy(text.replace(CUSTOM, ":"))
    if message.get("files") or message.get("x_files"):
        return ""
    raise CannotBeTexted(_NOTHING)


def is_blank(text: str) -> bool:
    """True if a phone would show nothing: only spaces, line ends and invisible characters."""
    return all(unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cc", "Cf"} for character in text)


def _tidy(text: str) -> str:
    lines = "\n".join(line.rstrip(" \t") for line in text.splitlines()).strip("\n")
    lines = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", lines)
    return unicodedata.normalize("NFC", re.sub(r"[\ud800-\udfff]", "\ufffd", lines))


def _string(element: Mapping[str, Any], key: str) -> str:
    """Returns a string from Slack without our marker characters, or "" if there is no string."""
    value = element.get(key)
    return re.sub(f"[{CUSTOM}-{US}]", "", value) if isinstance(value, str) else ""


def _number(element: Mapping[str, Any], key: str) -> int:
    value = element.get(key)
    return value if isinstance(value, int) and value > 0 else 0


# --- containers -------------------------------------------------------------------------------------------------------


def _rich_text(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Returns the sections, lists, quotes and code of all rich text in a message, in order."""
    blocks = [block for block in message.get("blocks") or () if block.get("type") == "rich_text"]
    return [container for block in blocks for container in block.get("elements") or ()]


def _containers(containers: Iterable[Mapping[str, Any]], names: Names) -> str:
    """Puts each container on lines of its own. Slack sometimes ends a section before a list with a line end."""
    written = [_container(container, names) for container in containers if container.get("elements")]
    return "\n".join(text.removesuffix("\n") for text in written)


def _container(container: Mapping[str, Any], names: Names) -> str:
    kind = container.get("type")
    if kind == "rich_text_list":
        text = _list(container, names)
    elif kind in {"rich_text_section", "rich_text_quote", "rich_text_preformatted"}:
        text = "".join(_element(element, names) for element in container["elements"])
    else:
        raise CannotBeTexted(STRANGE)
    # Containers don't nest: a list or code inside a quote has a border.
    return _quoted(text) if kind == "rich_text_quote" or container.get("border") else text


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.removesuffix("\n").split("\n"))


def _list(container: Mapping[str, Any], names: Names) -> str:
    """Formats a list as lines. A list that continues after a deeper one is a separate list with an `offset`."""
    depth, first = _number(container, "indent"), _number(container, "offset") + 1
    lines = []
    for number, item in enumerate(container["elements"], first):
        point = f"{_ordinal(number, depth)}. " if container.get("style") == "ordered" else "- "
        lines.append(_item("  " * depth + point, _containers([item], names)))
    return "\n".join(lines)


def _item(point: str, text: str) -> str:
    return point + text.replace("\n", "\n" + " " * len(point))


def _ordinal(number: int, depth: int) -> str:
    """Formats a number as Slack does at this depth: 1 2 3, a b c, i ii iii, then the same again."""
    return (str, _letters, _roman)[depth % 3](number)


def _letters(number: int) -> str:
    before, last = divmod(number - 1, 26)
    return (_letters(before) if before else "") + chr(ord("a") + last)


def _roman(number: int) -> str:
    ones = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
    return "x" * (number // 10) + ones[number % 10]  # good up to 39 (xxxix): nobody texts a longer list


# --- elements ---------------------------------------------------------------------------------------------------------

_ID_KEYS = ("user_id", "channel_id", "usergroup_id")


def _ids(elements: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for element in elements:
        yield from _ids(element.get("elements") or ())
        yield from ((key, found) for key in _ID_KEYS if (found := _string(element, key)))


def _element(element: Mapping[str, Any], names: Names) -> str:
    return _ELEMENTS.get(_string(element, "type"), _other)(element, names)


def _other(element: Mapping[str, Any], _names: Names) -> str:
    """Reads an element that is newer than this code: by the fallback that Slack gives for such readers."""
    if fallback := _string(element, "fallback") or _string(element, "text"):
        return fallback
    raise CannotBeTexted(STRANGE)


def _broadcast(_element: Mapping[str, Any], _names: Names) -> str:
    raise CannotBeTexted(BROADCAST)


def _date(element: Mapping[str, Any], _names: Names) -> str:
    """Returns the fallback of a date, else the moment in UTC, because an SMS can't adapt to its reader's time zone."""
    at = datetime.fromtimestamp(_number(element, "timestamp"), UTC)
    return _string(element, "fallback") or f"{at:%Y-%m-%d %H:%M} UTC"


def _emoji(element: Mapping[str, Any], _names: Names) -> str:
    """Reads an emoji by its code points, which only custom emoji lack. The skin tone may be in three places."""
    name, _, suffix = _string(element, "name").partition("::skin-tone-")
    tone = _number(element, "skin_tone") or (int(suffix) if suffix.isdecimal() else 0)
    return inline_text.emoji_by_code(_string(element, "unicode"), tone) or inline_text.emoji_by_name(name, tone)


_ELEMENTS: Mapping[str, Callable[[Mapping[str, Any], Names], str]] = {
    "text": lambda element, _: _string(element, "text"),
    "link": lambda element, _: inline_text.link(_string(element, "url"), _string(element, "text")),
    "emoji": _emoji,
    "user": lambda element, names: inline_text.user(names, _string(element, "user_id")),
    "usergroup": lambda element, names: inline_text.usergroup(names, _string(element, "usergroup_id")),
    "channel": lambda element, names: inline_text.channel(names, _string(element, "channel_id")),
    "color": lambda element, _: _string(element, "value"),
    "date": _date,
    "broadcast": _broadcast,
    # Without "team": the id of a workspace means nothing to a customer, so we reject it like an unknown element.
}
