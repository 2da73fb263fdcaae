"""The rules for Block Kit's composition objects and interactive elements.

https://docs.slack.dev/reference/block-kit/composition-objects and …/block-elements. It rejects new elements that the
bot does not use (icon and feedback buttons, workflow buttons).
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.slack.blockkit.schema import (
    Rule,
    any_object,
    array,
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

ID = text(255, 1)
URL = text(3000, 1)
TEXT_LIMIT = 3000


def plain(most: int = TEXT_LIMIT) -> Rule:
    """A rule for a `plain_text` object."""
    return by_type({"plain_text": mapping({"type": text(), "text": text(most, 1)}, {"emoji": flag})})


def mrkdwn(most: int = TEXT_LIMIT) -> Rule:
    """A rule for a `mrkdwn` object."""
    return by_type({"mrkdwn": mapping({"type": text(), "text": text(most, 1)}, {"verbatim": flag})})


def either(most: int = TEXT_LIMIT) -> Rule:
    """A rule for a text object of either kind."""
    return by_type(
        {
            "plain_text": mapping({"type": text(), "text": text(most, 1)}, {"emoji": flag}),
            "mrkdwn": mapping({"type": text(), "text": text(most, 1)}, {"verbatim": flag}),
        }
    )


CONFIRM = mapping(
    {"title": plain(100), "text": either(300), "confirm": plain(30), "deny": plain(30)},
    {"style": word("primary", "danger")},
)
DISPATCH = mapping({}, {"trigger_actions_on": array(word("on_enter_pressed", "on_character_entered"), most=2, least=1)})
SLACK_FILE = both(mapping({}, {"id": ID, "url": URL}), exactly_one("id", "url"))
FILTER = mapping(
    {},
    {
        "include": array(word("im", "mpim", "private", "public"), least=1),
        "exclude_external_shared_channels": flag,
        "exclude_bot_users": flag,
    },
)


def _option(label: Rule) -> Rule:
    return mapping({"text": label, "value": text(150, 1)}, {"description": either(75)})


OPTION = _option(plain(75))
CHOICE = _option(either(75))  # radio buttons and checkboxes may have mrkdwn labels
OVERFLOW_OPTION = mapping({"text": plain(75), "value": text(150, 1)}, {"description": plain(75), "url": URL})
GROUP = mapping({"label": plain(75), "options": array(OPTION, 100, 1)})
GROUPS = array(GROUP, 100, 1)
OPTIONS = array(OPTION, 100, 1)


def _shaped(pattern: str, what: str) -> Rule:
    def check(value: Any, at: str, wrong: list[str]) -> None:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            wrong.append(complaint(f"must be a valid {what}", at))

    return check


DATE = _shaped(r"\d{4}-\d\d-\d\d", "date")
TIME = _shaped(r"\d\d:\d\d", "time")
_TYPE = {"type": text()}
_COMMON = {"action_id": ID, "confirm": CONFIRM}
_INPUT = {"action_id": ID, "placeholder": plain(150), "focus_on_load": flag}
_PICKER = {**_INPUT, "confirm": CONFIRM}
_MANY = {**_PICKER, "max_selected_items": integer(1)}


def _select(required: dict[str, Rule], optional: dict[str, Rule]) -> Rule:
    return mapping({**_TYPE, **required}, {**_PICKER, **optional})


def _static(optional: dict[str, Rule]) -> Rule:
    shape = mapping(_TYPE, {**_MANY, "options": OPTIONS, "option_groups": GROUPS, **optional})
    return both(shape, exactly_one("options", "option_groups"))


def _multi(optional: dict[str, Rule]) -> Rule:
    return mapping(_TYPE, {**_MANY, **optional})


_BUTTON = mapping(
    {**_TYPE, "text": plain(75)},
    {
        **_COMMON,
        "url": URL,
        "value": text(2000),
        "style": word("primary", "danger"),
        "accessibility_label": text(75),
    },
)
_INITIAL_CHANNEL = {"initial_channel": ID, "response_url_enabled": flag}
_INITIAL_CONVERSATION = {
    "initial_conversation": ID,
    "default_to_current_conversation": flag,
    "response_url_enabled": flag,
    "filter": FILTER,
}
_IMAGE = both(
    mapping({**_TYPE, "alt_text": text(2000)}, {"image_url": URL, "slack_file": SLACK_FILE}),
    exactly_one("image_url", "slack_file"),
)

BUTTONS = {"button": _BUTTON}
OVERFLOW = {"overflow": mapping({**_TYPE, "options": array(OVERFLOW_OPTION, 5, 1)}, _COMMON)}
IMAGE = {"image": _IMAGE}
SELECTS: dict[str, Rule] = {
    "static_select": both(
        _select({}, {"options": OPTIONS, "option_groups": GROUPS, "initial_option": OPTION}),
        exactly_one("options", "option_groups"),
    ),
    "external_select": _select({}, {"initial_option": OPTION, "min_query_length": integer(0)}),
    "users_select": _select({}, {"initial_user": ID}),
    "conversations_select": _select({}, _INITIAL_CONVERSATION),
    "channels_select": _select({}, _INITIAL_CHANNEL),
}
MULTI_SELECTS: dict[str, Rule] = {
    "multi_static_select": _static({"initial_options": OPTIONS}),
    "multi_external_select": _multi({"initial_options": OPTIONS, "min_query_length": integer(0)}),
    "multi_users_select": _multi({"initial_users": array(ID)}),
    "multi_conversations_select": _multi(
        {"initial_conversations": array(ID), "default_to_current_conversation": flag, "filter": FILTER}
    ),
    "multi_channels_select": _multi({"initial_channels": array(ID)}),
}
CHOICES: dict[str, Rule] = {
    "radio_buttons": mapping(
        {**_TYPE, "options": array(CHOICE, 10, 1)}, {**_COMMON, "initial_option": CHOICE, "focus_on_load": flag}
    ),
    "checkboxes": mapping(
        {**_TYPE, "options": array(CHOICE, 10, 1)},
        {**_COMMON, "initial_options": array(CHOICE, 10, 1), "focus_on_load": flag},
    ),
}
DATES: dict[str, Rule] = {
    "datepicker": _select({}, {"initial_date": DATE}),
    "timepicker": _select({}, {"initial_time": TIME, "timezone": text()}),
    "datetimepicker": mapping(
        _TYPE,
        {**_COMMON, "initial_date_time": integer(1_000_000_000, 9_999_999_999), "focus_on_load": flag},
    ),
}
_LENGTHS = {"min_length": integer(0, 3000), "max_length": integer(1, 3000)}
_TYPED = {**_INPUT, "dispatch_action_config": DISPATCH}
FIELDS: dict[str, Rule] = {
    "plain_text_input": mapping(_TYPE, {**_TYPED, **_LENGTHS, "initial_value": text(3000), "multiline": flag}),
    "email_text_input": mapping(_TYPE, {**_TYPED, "initial_value": text()}),
    "url_text_input": mapping(_TYPE, {**_TYPED, "initial_value": text()}),
    "number_input": mapping(
        {**_TYPE, "is_decimal_allowed": flag},
        {**_TYPED, "initial_value": text(), "min_value": text(), "max_value": text()},
    ),
    "rich_text_input": mapping(_TYPE, {**_TYPED, "initial_value": any_object}),
    "file_input": mapping(_TYPE, {"action_id": ID, "filetypes": array(text(), least=1), "max_files": integer(1, 10)}),
}
PICKERS = {**SELECTS, **CHOICES, **DATES}

IN_SECTION = by_type({**BUTTONS, **OVERFLOW, **IMAGE, **PICKERS, **MULTI_SELECTS})
IN_ACTIONS = by_type({**BUTTONS, **OVERFLOW, **PICKERS, **MULTI_SELECTS})
IN_INPUT = by_type({**FIELDS, **PICKERS, **MULTI_SELECTS})
IN_CONTEXT = by_type(
    {
        **IMAGE,
        "plain_text": mapping({**_TYPE, "text": text(TEXT_LIMIT, 1)}, {"emoji": flag}),
        "mrkdwn": mapping({**_TYPE, "text": text(TEXT_LIMIT, 1)}, {"verbatim": flag}),
    }
)
