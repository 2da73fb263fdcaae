"""A message's content from a reader's view: mentions, links and visible text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.slack import typed_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.slack.errors import Json

_PING = re.compile(r"<(?:@[UW]\w+|!here|!channel|!everyone|!subteam\^\w+)(?:\|[^>]*)?>")
_LINK = re.compile(r"<((?:https?://|mailto:|tel:)[^>|]+)(?:\|[^>]*)?>|(https?://[^\s<>|]+)")
_NAMED = re.compile(r"(?<!\w)@(?:here|channel|everyone)\b")


def pings(message: Json) -> list[str]:
    """Returns whom a message notifies, as "<@U…>", "<!channel>" …, in its text, blocks and attachments."""
    found = [one for text in _markups(message) for one in _PING.findall(text)]
    named = [one for one in _walk(message.get("blocks", [])) if one.get("type") in ("user", "usergroup", "broadcast")]
    found += [typed_text.mrkdwn([{"type": "rich_text_section", "elements": [one]}]) for one in named]
    if message.get("link_names"):
        found += _NAMED.findall(str(message.get("text", "")))
    return found


def links(message: Json) -> list[str]:
    """Returns the links in a message."""
    found = [first or second for text in _markups(message) for first, second in _LINK.findall(text)]
    return found + [one["url"] for one in _walk(message.get("blocks", [])) if one.get("type") == "link"]


def words(message: Json) -> str:
    """Returns the visible text: of the blocks if there are any, else of the text, with markup as shown."""
    blocks = message.get("blocks")
    if not blocks:
        return typed_text.unescape(str(message.get("text", "")))
    return "\n".join(text for block in blocks if (text := _shown(block)))


def _shown(block: Json) -> str:
    if block.get("type") == "rich_text":
        return typed_text.unescape(typed_text.mrkdwn(block["elements"]))
    return "\n".join(typed_text.unescape(one["text"]) for one in _walk(block) if isinstance(one.get("text"), str))


def _markups(message: Json) -> Iterator[str]:
    yield str(message.get("text", ""))
    for element in _walk([message.get("blocks", []), message.get("attachments", [])]):
        if element.get("type") in ("mrkdwn", "markdown") and isinstance(element.get("text"), str):
            yield element["text"]


def _walk(value: Any) -> Iterator[Json]:
    if isinstance(value, list):
        for one in value:
            yield from _walk(one)
    elif isinstance(value, dict):
        yield value
        for one in value.values():
            yield from _walk(one)
