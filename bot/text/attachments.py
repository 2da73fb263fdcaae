"""Rejects what a person attached to a Slack message and an SMS can't hold: tables, forwarded messages. Pure.

Slack's clients put both into `attachments`, beside the previews of links that Slack adds itself. A preview is no loss:
its link is in the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.text.inline_text import STRANGE, CannotBeTexted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TABLE = "A table can't be texted, so nothing was texted. Write it as lines."
FORWARDED = "A forwarded message can't be texted, so nothing was texted. Copy the words that the customer should read."

_TABLES = {"table", "data_table"}
_OF_PREVIEWS = ("from_url", "original_url", "app_unfurl_url", "is_app_unfurl", "is_msg_unfurl", "service_name")
_KEPT = ("is_share", "message_blocks", *_OF_PREVIEWS)


def kept(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns what `reject` needs to know of a message's attachments, without their words."""
    return [
        {name: _without_words(name, each[name]) for name in (*_KEPT, "blocks") if each.get(name)}
        for each in message.get("attachments") or ()
    ]


def reject(message: Mapping[str, Any]) -> None:
    """Raises `CannotBeTexted` if something is attached to the message that an SMS can't hold."""
    attached = message.get("attachments") or ()
    if any(_is_forwarded(each, message) for each in attached):
        raise CannotBeTexted(FORWARDED)
    added = [each for each in attached if not any(each.get(name) for name in _OF_PREVIEWS)]
    if _has_table(message) or any(map(_has_table, added)):
        raise CannotBeTexted(TABLE)
    if added:
        raise CannotBeTexted(STRANGE)


def _without_words(name: str, value: Any) -> Any:
    if name == "blocks":
        return [{"type": block.get("type")} for block in value]
    return True if name == "message_blocks" else value


def _has_table(message: Mapping[str, Any]) -> bool:
    return any(block.get("type") in _TABLES for block in message.get("blocks") or ())


def _is_forwarded(attachment: Mapping[str, Any], message: Mapping[str, Any]) -> bool:
    """True for a message that a person forwarded. The preview of one has its link in the message's own words."""
    if attachment.get("is_share"):
        return True
    if not (attachment.get("is_msg_unfurl") or attachment.get("message_blocks")):
        return False
    link = str(attachment.get("from_url") or attachment.get("original_url") or "").partition("?")[0]
    return not link or not any(link in said for said in _said(message))


def _said(message: Mapping[str, Any]) -> Iterable[str]:
    return str(message.get("text") or ""), str(message.get("blocks") or "")
