"""The Block Kit validator for messages, modals and the Home tab, with Slack's limits.

https://docs.slack.dev/reference/block-kit/blocks. It rejects new blocks for assistants that the bot does not use (card,
carousel, container, plan, task_card, context_actions, data_table, data_visualization) as unknown.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from sandbox.slack.blockkit import elements as kit
from sandbox.slack.blockkit import rich_text
from sandbox.slack.blockkit.schema import (
    Rule,
    any_object,
    array,
    at_least_one,
    both,
    by_type,
    complaint,
    exactly_one,
    flag,
    integer,
    mapping,
    text,
    word,
)
from sandbox.slack.errors import ApiError, Json
from sandbox.slack.identifiers import short_key

MOST_IN_MESSAGE = 50
MOST_IN_VIEW = 100
MARKDOWN_LIMIT = 12_000
CHARACTERS_IN_MESSAGE = 13_200  # of all text in blocks; measured by others, undocumented
VIEW_BYTES = 250_000
_TYPE = {"type": text()}
_ID = {"block_id": kit.ID}

_CELL = by_type(
    {
        "raw_text": mapping({**_TYPE, "text": text(least=1)}),
        "raw_number": mapping({**_TYPE, "value": lambda _value, _at, _wrong: None}, {"text": text()}),
        "rich_text": mapping({**_TYPE, "elements": array(rich_text.ELEMENT)}, _ID),
    }
)
_COLUMN = mapping({}, {"align": word("left", "center", "right"), "is_wrapped": flag})
_EVERYWHERE: dict[str, Rule] = {
    "section": both(
        mapping(
            _TYPE,
            {
                **_ID,
                "text": kit.either(),
                "fields": array(kit.either(2000), 10, 1),
                "accessory": kit.IN_SECTION,
                "expand": flag,
            },
        ),
        at_least_one("text", "fields"),
    ),
    "header": mapping({**_TYPE, "text": kit.plain(150)}, {**_ID, "level": integer(1, 4)}),
    "divider": mapping(_TYPE, _ID),
    "image": both(
        mapping(
            {**_TYPE, "alt_text": text(2000)},
            {**_ID, "image_url": kit.URL, "slack_file": kit.SLACK_FILE, "title": kit.plain(2000)},
        ),
        exactly_one("image_url", "slack_file"),
    ),
    "context": mapping({**_TYPE, "elements": array(kit.IN_CONTEXT, 10, 1)}, _ID),
    "actions": mapping({**_TYPE, "elements": array(kit.IN_ACTIONS, 25, 1)}, _ID),
    "input": mapping(
        {**_TYPE, "label": kit.plain(2000), "element": kit.IN_INPUT},
        {**_ID, "hint": kit.plain(2000), "optional": flag, "dispatch_action": flag},
    ),
    "rich_text": mapping({**_TYPE, "elements": array(rich_text.ELEMENT)}, _ID),
    "video": mapping(
        {**_TYPE, "alt_text": text(), "title": kit.plain(199), "thumbnail_url": kit.URL, "video_url": kit.URL},
        {
            **_ID,
            "author_name": text(49),
            "description": kit.plain(),
            "provider_icon_url": kit.URL,
            "provider_name": text(),
            "title_url": kit.URL,
        },
    ),
}
_MESSAGE = {
    **_EVERYWHERE,
    "file": mapping({**_TYPE, "external_id": text(), "source": word("remote")}, _ID),
    "markdown": mapping({**_TYPE, "text": text(MARKDOWN_LIMIT, 1)}, _ID),
    "table": mapping(
        {**_TYPE, "rows": array(array(_CELL, 20, 1), 100, 1)}, {**_ID, "column_settings": array(_COLUMN, 20)}
    ),
}
_MODAL = {
    **_EVERYWHERE,
    "alert": mapping({**_TYPE, "text": kit.either(200)}, {**_ID, "level": text()}),
}
_IN_MESSAGE = array(by_type(_MESSAGE), MOST_IN_MESSAGE)
_IN_MODAL = array(by_type(_MODAL), MOST_IN_VIEW)
_IN_HOME = array(by_type(_EVERYWHERE), MOST_IN_VIEW)
_STATE = {"private_metadata": text(3000), "callback_id": text(255), "external_id": text(255)}
_VIEW = by_type(
    {
        "modal": mapping(
            {**_TYPE, "title": kit.plain(24), "blocks": _IN_MODAL},
            {
                **_STATE,
                "close": kit.plain(24),
                "submit": kit.plain(24),
                "clear_on_close": flag,
                "notify_on_close": flag,
                "submit_disabled": flag,
            },
        ),
        "home": mapping({**_TYPE, "blocks": _IN_HOME}, _STATE),
    }
)
_METADATA = mapping({"event_type": text(255, 1), "event_payload": any_object})
METADATA_BYTES = 8_000  # undocumented; the error exists

INTERACTIVE = ("actions", "section", "input")


def check_message_blocks(blocks: list[Any]) -> list[Json]:
    """Returns the blocks as stored: with a `block_id` and `action_id` everywhere.

    Raises:
        ApiError: `invalid_blocks` with every complaint, or `msg_blocks_too_long`.
    """
    wrong: list[str] = []
    _IN_MESSAGE(blocks, "/blocks", wrong)
    _check_ids(blocks, "/blocks", wrong)
    _check_totals(blocks, wrong)
    if wrong:
        raise ApiError("invalid_blocks", *wrong)
    if _characters(blocks) > CHARACTERS_IN_MESSAGE:
        raise ApiError("msg_blocks_too_long")
    return filled(blocks)


def check_view(view: Any, kind: str) -> Json:
    """Returns the view as stored; `kind` is "modal" or "home".

    Raises:
        ApiError: `invalid_arguments` with every complaint, or `view_too_large`.
    """
    if len(json.dumps(view).encode()) > VIEW_BYTES:
        raise ApiError("view_too_large")
    wrong: list[str] = []
    _VIEW(view, "/view", wrong)
    if isinstance(view, dict):
        _check_ids(view.get("blocks"), "/view/blocks", wrong)
        if view.get("type") != kind:
            wrong.append(complaint("must be a valid enum value", "/view/type"))
        elif kind == "modal" and _has_inputs(view) and not view.get("submit"):
            wrong.append(complaint("missing required field: submit", "/view"))
    if wrong:
        raise ApiError("invalid_arguments", *wrong)
    return {**view, "blocks": filled(view["blocks"])}


def check_metadata(metadata: Any) -> Json:
    """Returns a message's checked metadata: an event type and a payload.

    Raises:
        ApiError: `invalid_metadata_format`, or `metadata_too_large`.
    """
    wrong: list[str] = []
    _METADATA(metadata, "/metadata", wrong)
    if wrong:
        raise ApiError("invalid_metadata_format", *wrong)
    if len(json.dumps(metadata).encode()) > METADATA_BYTES:
        raise ApiError("metadata_too_large")
    return copy.deepcopy(dict(metadata))


def filled(blocks: list[Any]) -> list[Json]:
    """Returns a copy with an id for every block and element that needs one."""
    kept: list[Json] = copy.deepcopy(blocks)
    for block in kept:
        block.setdefault("block_id", short_key())
        for element in elements_of(block):
            element.setdefault("action_id", short_key())
    return kept


def elements_of(block: Json) -> list[Json]:
    """Returns the elements of a block that a person can use."""
    if block.get("type") == "actions":
        return list(block.get("elements", []))
    inner = block.get("accessory") or block.get("element")
    usable = block.get("type") in INTERACTIVE and isinstance(inner, dict) and inner.get("type") != "image"
    return [inner] if usable and isinstance(inner, dict) else []


def _has_inputs(view: Json) -> bool:
    blocks = view.get("blocks")
    return isinstance(blocks, list) and any(
        isinstance(block, dict) and block.get("type") == "input" for block in blocks
    )


def _check_ids(blocks: Any, at: str, wrong: list[str]) -> None:
    seen: set[Any] = set()
    for index, block in enumerate(blocks if isinstance(blocks, list) else []):
        if not isinstance(block, dict):
            continue
        name = block.get("block_id")
        if isinstance(name, str) and name in seen:
            wrong.append(complaint(f"`block_id` {name} already exists", f"{at}/{index}/block_id"))
        seen.add(name if isinstance(name, str) else None)
        _check_action_ids(block, f"{at}/{index}", wrong)


def _check_action_ids(block: Json, at: str, wrong: list[str]) -> None:
    inner = block.get("elements") if block.get("type") == "actions" else None
    names = [one.get("action_id") for one in inner if isinstance(one, dict)] if isinstance(inner, list) else []
    given = [name for name in names if isinstance(name, str)]
    twice = sorted({name for name in given if given.count(name) > 1})
    wrong.extend(complaint(f"`action_id` {name} already exists", f"{at}/elements") for name in twice)


def _check_totals(blocks: list[Any], wrong: list[str]) -> None:
    kinds = [block for block in blocks if isinstance(block, dict)]
    if sum(block.get("type") == "table" for block in kinds) > 1:
        wrong.append(complaint("only one table allowed", "/blocks"))
    markdown = sum(len(str(block.get("text", ""))) for block in kinds if block.get("type") == "markdown")
    if markdown > MARKDOWN_LIMIT:
        wrong.append(complaint(f"must be less than {MARKDOWN_LIMIT + 1} characters in all markdown blocks", "/blocks"))


def _characters(value: Any) -> int:
    if isinstance(value, list):
        return sum(_characters(one) for one in value)
    if not isinstance(value, dict):
        return 0
    own = value.get("text")
    inner = sum(_characters(one) for key, one in value.items() if key != "text" or not isinstance(one, str))
    return inner + (len(own) if isinstance(own, str) else 0)
