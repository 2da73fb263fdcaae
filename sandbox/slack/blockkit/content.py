"""The content of an app's messages, checked as Slack checks it."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

import emoji

from sandbox.slack import message_contents, typed_text
from sandbox.slack.blockkit import blocks as kit
from sandbox.slack.errors import ApiError, Json
from sandbox.slack.identifiers import short_key

if TYPE_CHECKING:
    from sandbox.slack.store import Store

TEXT_LIMIT = 40_000  # longer text is cut silently
UPDATE_LIMIT = 4_000
MOST_ATTACHMENTS = 100
_STRAY = re.compile(r"&(?!amp;|lt;|gt;)")
_IMAGES = ("image/png", "image/jpeg", "image/gif")


def of_app(store: Store, args: Json) -> Json:
    """Returns the text, blocks and attachments of the app's message, as stored.

    Raises:
        ApiError: `no_text`, `invalid_blocks`, `too_many_attachments`, `markdown_text_conflict` and similar.
    """
    if args.get("markdown_text") is not None:
        return _markdown(store, args)
    text = str(args.get("text", ""))[:TEXT_LIMIT]
    blocks, attachments = args.get("blocks") or [], args.get("attachments") or []
    if not (text.strip() or blocks or attachments):
        raise ApiError("no_text")
    data: Json = {"text": published(text)}
    if blocks:
        data["blocks"] = kit.check_message_blocks(blocks)
        _check_files(store, data["blocks"])
    elif text.strip():
        data["blocks"] = blocks_of(store, text, args)
    if attachments:
        data["attachments"] = _attachments(attachments)
    return data


def blocks_of(store: Store, text: str, args: Json) -> list[Json]:
    """Returns the `rich_text` block that Slack makes from plain text."""
    mentions = bool(args.get("link_names")) or args.get("parse") == "full"
    names = typed_text.Names(**store.names(escaped=True, mentions=mentions, formatting=args.get("mrkdwn", True)))
    return [{"type": "rich_text", "block_id": short_key(), "elements": typed_text.read(text, names)}]


def published(text: str) -> str:
    """Returns the text as Slack stores it: ampersands escaped, URLs in brackets, emoji by name."""
    parts = re.split(r"(<[^<>\n]+>)", text)
    return "".join(part if index % 2 else _published(part) for index, part in enumerate(parts))


def metadata_of(args: Json) -> Json:
    """Returns the checked metadata as a part of the message.

    Raises:
        ApiError: `invalid_metadata_format`, `metadata_too_large`.
    """
    return {"metadata": kit.check_metadata(args["metadata"])} if "metadata" in args else {}


def unfurled(args: Json, data: Json) -> list[str]:
    """Returns the links in a message that Slack will preview."""
    if args.get("unfurl_links") is False and args.get("unfurl_media") is False:
        return []
    return [link for link in message_contents.links(data) if link.startswith("http")]


def _published(text: str) -> str:
    text = _STRAY.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"https?://[^\s|]*[^\s|.,;:!?)'\"\]*_~]", lambda match: f"<{match[0]}>", text)
    return emoji_names(text)


def emoji_names(text: str) -> str:
    """Replaces every emoji by its name between colons."""

    def name(match: Any, _data: Any = None) -> str:
        return typed_text.mrkdwn([{"type": "rich_text_section", "elements": [typed_text.emoji_element(match)]}])

    return emoji.replace_emoji(text, name)


def _markdown(store: Store, args: Json) -> Json:
    if args.get("text") is not None or args.get("blocks") is not None:
        raise ApiError("markdown_text_conflict")
    text = str(args["markdown_text"])
    if len(text) > kit.MARKDOWN_LIMIT:
        raise ApiError("msg_too_long")
    if not text.strip():
        raise ApiError("no_text")
    return {"text": published(text), "blocks": blocks_of(store, text, {})}


def _attachments(given: list[Any]) -> list[Json]:
    if len(given) > MOST_ATTACHMENTS:
        raise ApiError("too_many_attachments")
    if not all(isinstance(one, dict) for one in given):
        raise ApiError("invalid_attachments")
    kept: list[Json] = copy.deepcopy(given)
    for index, one in enumerate(kept):
        one["id"] = index + 1
        if one.get("blocks"):
            one["blocks"] = kit.check_message_blocks(one["blocks"])
    return kept


def _check_files(store: Store, blocks: list[Json]) -> None:
    for index, block in enumerate(blocks):
        wanted = block.get("slack_file", {}).get("id") if block["type"] == "image" else None
        found = store.files.get(wanted) if wanted else None
        if wanted and (found is None or found.content is None or found.mimetype not in _IMAGES):
            raise ApiError("invalid_blocks", f"invalid slack file [json-pointer:/blocks/{index}/slack_file]")
