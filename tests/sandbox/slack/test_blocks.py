"""The Block Kit validator: every limit that Slack names, at the limit and just beyond it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack.blockkit.blocks import check_message_blocks, check_view
from sandbox.slack.errors import ApiError
from tests.sandbox.slack.test_access import refused

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from sandbox.slack import Workspace

Block = dict[str, Any]


def plain(length: int = 1) -> Block:
    """Returns a plain text object of this length."""
    return {"type": "plain_text", "text": "x" * length}


def mrkdwn(length: int = 1) -> Block:
    """Returns a mrkdwn object of this length."""
    return {"type": "mrkdwn", "text": "x" * length}


def button(**more: Any) -> Block:
    """Returns a button."""
    return {"type": "button", "text": plain(), **more}


def actions(*elements: Block) -> Block:
    """Returns an actions block."""
    return {"type": "actions", "elements": list(elements)}


def options(count: int, text: int = 1, value: int = 1) -> list[Block]:
    """Returns this many options."""
    return [{"text": plain(text), "value": f"{number:03d}"[-value:].ljust(value, "v")} for number in range(count)]


def select(count: int, **more: Any) -> Block:
    """Returns a menu with this many options."""
    return {"type": "static_select", "options": options(count, value=3), **more}


def section(length: int = 1, **more: Any) -> Block:
    """Returns a section."""
    return {"type": "section", "text": mrkdwn(length), **more}


def rich(*elements: Block) -> Block:
    """Returns a rich text block with one section."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def field(**more: Any) -> Block:
    """Returns an input block."""
    return {"type": "input", "label": plain(), "element": {"type": "plain_text_input", **more}}


def modal(*blocks: Block, **more: Any) -> Block:
    """Returns a modal."""
    return {"type": "modal", "title": plain(), "submit": plain(), "blocks": list(blocks), **more}


CELL = {"type": "raw_text", "text": "x"}
WITHIN_AND_BEYOND = {
    "blocks": ([section()] * 50, [section()] * 51),
    "section text": ([section(3000)], [section(3001)]),
    "section fields": (
        [{"type": "section", "fields": [mrkdwn()] * 10}],
        [{"type": "section", "fields": [mrkdwn()] * 11}],
    ),
    "field text": (
        [{"type": "section", "fields": [mrkdwn(2000)]}],
        [{"type": "section", "fields": [mrkdwn(2001)]}],
    ),
    "header": ([{"type": "header", "text": plain(150)}], [{"type": "header", "text": plain(151)}]),
    "context": (
        [{"type": "context", "elements": [mrkdwn()] * 10}],
        [{"type": "context", "elements": [mrkdwn()] * 11}],
    ),
    "actions": ([actions(*[button()] * 25)], [actions(*[button()] * 26)]),
    "button text": ([actions(button(text=plain(75)))], [actions(button(text=plain(76)))]),
    "button value": ([actions(button(value="x" * 2000))], [actions(button(value="x" * 2001))]),
    "button url": ([actions(button(url="x" * 3000))], [actions(button(url="x" * 3001))]),
    "action_id": ([actions(button(action_id="x" * 255))], [actions(button(action_id="x" * 256))]),
    "block_id": ([section(block_id="x" * 255)], [section(block_id="x" * 256)]),
    "options": ([actions(select(100))], [actions(select(101))]),
    "option text": (
        [actions(select(1, options=options(1, text=75)))],
        [actions(select(1, options=options(1, text=76)))],
    ),
    "option value": (
        [actions(select(1, options=options(1, value=150)))],
        [actions(select(1, options=options(1, value=151)))],
    ),
    "overflow": (
        [section(accessory={"type": "overflow", "options": options(5)})],
        [section(accessory={"type": "overflow", "options": options(6)})],
    ),
    "radio buttons": (
        [section(accessory={"type": "radio_buttons", "options": options(10)})],
        [section(accessory={"type": "radio_buttons", "options": options(11)})],
    ),
    "checkboxes": (
        [actions({"type": "checkboxes", "options": options(10)})],
        [actions({"type": "checkboxes", "options": options(11)})],
    ),
    "confirm": (
        [actions(button(confirm={"title": plain(100), "text": plain(300), "confirm": plain(30), "deny": plain(30)}))],
        [actions(button(confirm={"title": plain(101), "text": plain(300), "confirm": plain(30), "deny": plain(30)}))],
    ),
    "input label": ([{**field(), "label": plain(2000)}], [{**field(), "label": plain(2001)}]),
    "input hint": ([{**field(), "hint": plain(2000)}], [{**field(), "hint": plain(2001)}]),
    "max_length": ([field(max_length=3000)], [field(max_length=3001)]),
    "placeholder": ([field(placeholder=plain(150))], [field(placeholder=plain(151))]),
    "markdown": ([{"type": "markdown", "text": "x" * 12_000}], [{"type": "markdown", "text": "x" * 6_001}] * 2),
    "table rows": ([{"type": "table", "rows": [[CELL]] * 100}], [{"type": "table", "rows": [[CELL]] * 101}]),
    "table cells": ([{"type": "table", "rows": [[CELL] * 20]}], [{"type": "table", "rows": [[CELL] * 21]}]),
    "tables": ([{"type": "table", "rows": [[CELL]]}], [{"type": "table", "rows": [[CELL]]}] * 2),
    "alt text": (
        [{"type": "image", "image_url": "https://x", "alt_text": "x" * 2000}],
        [{"type": "image", "image_url": "https://x", "alt_text": "x" * 2001}],
    ),
    "files of a file input": (
        [{**field(), "element": {"type": "file_input", "max_files": 10}}],
        [{**field(), "element": {"type": "file_input", "max_files": 11}}],
    ),
}


@pytest.mark.parametrize("what", WITHIN_AND_BEYOND)
def test_a_limit_lets_pass_what_is_within_and_names_what_is_beyond(what: str) -> None:
    """The largest allowed size passes; one more is `invalid_blocks` with a message and a pointer."""
    within, beyond = WITHIN_AND_BEYOND[what]
    check_message_blocks(within)
    with pytest.raises(ApiError) as caught:
        check_message_blocks(beyond)
    assert caught.value.error == "invalid_blocks"
    assert "json-pointer:/blocks" in caught.value.messages[0]


WRONG: dict[str, tuple[list[Any], str]] = {
    "an unknown block": ([{"type": "card"}], "unsupported type: card [json-pointer:/blocks/0/type]"),
    "an unknown element": (
        [actions({"type": "plain_text_input"})],
        "unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0/type]",
    ),
    "a type that is no word": ([{"type": ["section"]}], "unsupported type: ['section'] [json-pointer:/blocks/0/type]"),
    "no type": ([{"text": "x"}], "missing required field: type [json-pointer:/blocks/0]"),
    "not an object": (["x"], "must provide an object [json-pointer:/blocks/0]"),
    "an unknown key": (
        [section(colour="red")],
        "invalid additional property: colour [json-pointer:/blocks/0]",
    ),
    "a section with nothing": (
        [{"type": "section"}],
        "must define either `text` or `fields` [json-pointer:/blocks/0]",
    ),
    "a header in mrkdwn": (
        [{"type": "header", "text": mrkdwn()}],
        "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
    ),
    "an empty text": (
        [section(0)],
        "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
    ),
    "no elements": ([actions()], "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"),
    "a button without text": (
        [actions({"type": "button", "action_id": "a"})],
        "missing required field: text [json-pointer:/blocks/0/elements/0]",
    ),
    "a bad style": (
        [actions(button(style="green"))],
        "must be a valid enum value [json-pointer:/blocks/0/elements/0/style]",
    ),
    "two block ids": (
        [section(block_id="a"), section(block_id="a")],
        "`block_id` a already exists [json-pointer:/blocks/1/block_id]",
    ),
    "two action ids in a block": (
        [actions(button(action_id="a"), button(action_id="a"))],
        "`action_id` a already exists [json-pointer:/blocks/0/elements]",
    ),
    "an image from nowhere": (
        [{"type": "image", "alt_text": "x"}],
        "must define either `image_url` or `slack_file` [json-pointer:/blocks/0]",
    ),
    "a menu with options and groups": (
        [actions(select(1, option_groups=[{"label": plain(), "options": options(1)}]))],
        "must define either `options` or `option_groups` [json-pointer:/blocks/0/elements/0]",
    ),
    "an unknown rich text element": (
        [rich({"type": "shout", "text": "x"})],
        "unsupported type: shout [json-pointer:/blocks/0/elements/0/elements/0/type]",
    ),
    "a rich text of nothing": (
        [rich({"type": "text", "text": ""})],
        "must be more than 0 characters [json-pointer:/blocks/0/elements/0/elements/0/text]",
    ),
    "a broadcast to nobody": (
        [rich({"type": "broadcast", "range": "all"})],
        "must be a valid enum value [json-pointer:/blocks/0/elements/0/elements/0/range]",
    ),
    "text that is no object": (
        [{"type": "section", "text": "x"}],
        "must provide an object [json-pointer:/blocks/0/text]",
    ),
    "a date that is none": (
        [actions({"type": "datepicker", "initial_date": "tomorrow"})],
        "must be a valid date [json-pointer:/blocks/0/elements/0/initial_date]",
    ),
    "an emoji flag that is none": (
        [{"type": "header", "text": {**plain(), "emoji": "yes"}}],
        "must provide a boolean [json-pointer:/blocks/0/text/emoji]",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_block_is_named(what: str) -> None:
    """Unknown types and keys, missing ones and duplicates get a message with a pointer."""
    blocks, message = WRONG[what]
    with pytest.raises(ApiError) as caught:
        check_message_blocks(blocks)
    assert message in caught.value.messages


RIGHT: dict[str, list[Block]] = {
    "a card": [
        section(block_id="k:1"),
        {"type": "divider"},
        actions(button(action_id="close", style="danger"), {"type": "overflow", "options": options(2)}),
        {"type": "context", "elements": [mrkdwn(), {"type": "image", "image_url": "https://x", "alt_text": "x"}]},
    ],
    "rich text of every kind": [
        rich(
            {"type": "text", "text": "x", "style": {"bold": True, "code": True}},
            {"type": "link", "url": "https://x", "text": "x"},
            {"type": "emoji", "name": "wave", "unicode": "1f44b", "skin_tone": 2},
            {"type": "user", "user_id": "U1"},
            {"type": "usergroup", "usergroup_id": "S1"},
            {"type": "channel", "channel_id": "C1"},
            {"type": "broadcast", "range": "here"},
            {"type": "date", "timestamp": 1, "format": "{date}", "fallback": "x"},
            {"type": "color", "value": "#fff"},
            {"type": "team", "team_id": "T1"},
        ),
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_list",
                    "style": "bullet",
                    "elements": [{"type": "rich_text_section", "elements": []}],
                },
                {"type": "rich_text_quote", "elements": [{"type": "text", "text": "x"}]},
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x"}]},
            ],
        },
    ],
    "menus of every kind": [
        actions(
            {"type": "external_select", "min_query_length": 2},
            {"type": "users_select"},
            {"type": "conversations_select", "filter": {"include": ["public"]}},
            {"type": "channels_select"},
            {"type": "datepicker", "initial_date": "2026-11-21"},
            {"type": "timepicker", "initial_time": "10:30"},
            {"type": "datetimepicker", "initial_date_time": 1763766000},
            {"type": "multi_static_select", "options": options(2)},
            {"type": "multi_users_select", "max_selected_items": 2},
        )
    ],
}


@pytest.mark.parametrize("what", RIGHT)
def test_right_blocks_pass_and_get_their_ids(what: str) -> None:
    """Omitted ids are filled in; given ones stay."""
    kept = check_message_blocks(RIGHT[what])
    assert all(block["block_id"] for block in kept)
    assert RIGHT[what][0].get("block_id") in (None, kept[0]["block_id"])
    assert all(one["action_id"] for block in kept if block["type"] == "actions" for one in block["elements"])


def test_text_of_all_blocks_together_has_a_limit() -> None:
    """Too much text in all blocks together is `msg_blocks_too_long`."""
    check_message_blocks([section(2640)] * 5)
    with pytest.raises(ApiError, match="msg_blocks_too_long"):
        check_message_blocks([section(2641)] * 5)


MODALS: dict[str, tuple[Block, str]] = {
    "title": (modal(title=plain(25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
    "submit": (modal(submit=plain(25)), "must be less than 25 characters [json-pointer:/view/submit/text]"),
    "close": (modal(close=plain(25)), "must be less than 25 characters [json-pointer:/view/close/text]"),
    "private_metadata": (
        modal(private_metadata="x" * 3001),
        "must be less than 3001 characters [json-pointer:/view/private_metadata]",
    ),
    "callback_id": (
        modal(callback_id="x" * 256),
        "must be less than 256 characters [json-pointer:/view/callback_id]",
    ),
    "blocks": (modal(*[section()] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]"),
    "no title": ({"type": "modal", "blocks": []}, "missing required field: title [json-pointer:/view]"),
    "inputs without submit": (
        {"type": "modal", "title": plain(), "blocks": [field()]},
        "missing required field: submit [json-pointer:/view]",
    ),
    "a home": ({"type": "home", "blocks": []}, "must be a valid enum value [json-pointer:/view/type]"),
    "a table": (
        modal({"type": "table", "rows": [[CELL]]}),
        "unsupported type: table [json-pointer:/view/blocks/0/type]",
    ),
}


@pytest.mark.parametrize("what", MODALS)
def test_a_wrong_modal_is_named(what: str) -> None:
    """A wrong modal is `invalid_arguments` with a message and a pointer."""
    view, message = MODALS[what]
    with pytest.raises(ApiError, match="invalid_arguments") as caught:
        check_view(view, "modal")
    assert message in caught.value.messages


def test_a_view_has_a_size() -> None:
    """More than 250 kB is `view_too_large`; 100 blocks are allowed."""
    check_view(modal(*[section(2000)] * 100), "modal")
    with pytest.raises(ApiError, match="view_too_large"):
        check_view(modal(*[section(2600)] * 100), "modal")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
KINDS = st.sampled_from(["section", "actions", "context", "header", "rich_text", "input", "image", "table", "markdown"])
KEYS = st.sampled_from(["text", "elements", "fields", "accessory", "element", "rows", "block_id", "label"])


@given(st.lists(st.builds(lambda kind, rest: {**rest, "type": kind}, KINDS, st.dictionaries(KEYS, JSON)) | JSON))
def test_no_json_breaks_the_validator(blocks: list[Any]) -> None:
    """Any JSON is accepted, or rejected with an error code and a reason."""
    try:
        check_message_blocks(blocks)
    except ApiError as error:
        assert error.error == "msg_blocks_too_long" or error.messages  # noqa: PT017 - either outcome is right


async def test_the_client_is_told_what_is_wrong(slack: Workspace, client: AsyncWebClient) -> None:
    """The answer of chat.postMessage has the messages in both places."""
    channel = slack.add_channel("support")
    answer = await refused(client.chat_postMessage(channel=channel, text="x", blocks=[section(3001)]))
    message = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    assert answer["error"] == "invalid_blocks"
    assert answer["errors"] == [message]
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {message}"]
    answer = await refused(client.chat_postMessage(channel=channel, text="x", blocks="nonsense"))
    assert answer["error"] == "invalid_blocks_format"
