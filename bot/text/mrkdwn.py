"""Turns Slack's `text` into plain text, for the rare message without rich text. Pure.

https://docs.slack.dev/messaging/formatting-message-text. We have to guess: a `*` may be bold or typed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.text import inline_text
from bot.text.inline_text import BROADCAST, COLONS, KEPT, STRANGE, CannotBeTexted, colons

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.text.inline_text import Names

_REFERENCE = re.compile(r"<([^<>]*)>")
_CODE = re.compile(r"```\n?(.+?)\n?```|`([^`\n]+)`", re.DOTALL)
# A mark is formatting if it touches no letter outside and no space inside.
_MARKS = [re.compile(rf"(?<![^\W_]){mark}(?=\S)([^\n{mark}]+)(?<=\S){mark}(?![^\W_])") for mark in (r"\*", "_", "~")]
_KINDS = {"@": "user_id", "#": "channel_id", "!subteam^": "usergroup_id"}


def plain(text: str, names: Names) -> str:
    """Returns the text without its markup. Raises `CannotBeTexted` for a broadcast or a reference without a label."""
    kept: list[str] = []

    def keep(piece: str) -> str:
        kept.append(piece)
        return f"{KEPT}{len(kept) - 1}{KEPT}"

    # We read markup before we unescape anything, or a typed `<@U1>` would become a mention.
    text = _REFERENCE.sub(lambda found: keep(_reference(found[1], names)), text)
    text = _CODE.sub(lambda found: keep(unescape(found[1] or found[2])), text)
    text = _unmarked(_with_quotes(text))
    return _restored(unescape(COLONS.sub(colons, text)), kept)


def ids(text: str) -> Iterator[tuple[str, str]]:
    """Yields the kind (`user_id`, `channel_id`, `usergroup_id`) and id of every mention in the text."""
    for sign, found in re.findall(r"<(@|#|!subteam\^)([^<>|]+)", text):
        yield _KINDS[sign], found


def unescape(text: str) -> str:
    """Replaces Slack's three entities with their characters. A typed `&eacute;` stays as it is."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def resolved(text: str, names: Names) -> str:
    """Replaces the references in a slash command by words, but not links of phone numbers and named channels.

    Raises:
        CannotBeTexted: the words notify colleagues (`@here`), or mention somebody whose name is missing.
    """

    def replace(found: re.Match[str]) -> str:
        is_left = found[1].startswith("tel:") or (found[1].startswith("#") and "|" in found[1])
        return found[0] if is_left else escape(_reference(found[1], names))

    return _REFERENCE.sub(replace, text)


def escape(text: str) -> str:
    """Replaces the characters that are markup in Slack's `text` with its three entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _restored(text: str, kept: Sequence[str]) -> str:
    return re.sub(f"{KEPT}(\\d+){KEPT}", lambda found: _restored(kept[int(found[1])], kept), text)


def _with_quotes(text: str) -> str:
    """Formats quotes: `>` at the start of a line quotes the line, `>>>` the rest of the message."""
    lines, everything = [], False
    for line in text.split("\n"):
        everything = everything or line.startswith("&gt;&gt;&gt;")
        content = re.sub(r"^(?:&gt;&gt;&gt;|&gt;)\s?", "", line)
        lines.append(f"> {content}" if everything or content != line else line)
    return "\n".join(lines)


def _unmarked(text: str) -> str:
    """Removes the marks for bold, italic and struck, also nested ones."""
    before = None
    while before != text:
        before = text
        for mark in _MARKS:
            text = mark.sub(r"\1", text)
    return text


def _reference(body: str, names: Names) -> str:
    """Returns the text for `<…>`: a mention, a channel, a special reference or a link, with or without a label."""
    target, _, escaped = body.partition("|")
    label = unescape(escaped)
    if target.startswith("@"):
        return inline_text.user(names, target[1:], label)
    if target.startswith("#"):
        return inline_text.channel(names, target[1:], label)
    if target.startswith("!"):
        return _special(target[1:], label, names)
    return inline_text.link(unescape(target), label)


def _special(target: str, label: str, names: Names) -> str:
    if target in {"here", "channel", "everyone", "group"}:
        raise CannotBeTexted(BROADCAST)
    if target.startswith("subteam^"):
        return inline_text.usergroup(names, target.removeprefix("subteam^"), label)
    if label:  # a date, or something newer than this code
        return label
    raise CannotBeTexted(STRANGE)
