"""Values that a person enters into block elements, in the form of `state.values` and `actions`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.slack.blockkit.blocks import elements_of
from sandbox.slack.errors import NotShown

if TYPE_CHECKING:
    from sandbox.slack.errors import Json

_SINGLE = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "rich_text_input": "rich_text_value",
    "file_input": "files",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
}
_INITIAL = {
    "users_select": "initial_user",
    "conversations_select": "initial_conversation",
    "channels_select": "initial_channel",
    "datepicker": "initial_date",
    "timepicker": "initial_time",
    "datetimepicker": "initial_date_time",
    "plain_text_input": "initial_value",
    "email_text_input": "initial_value",
    "url_text_input": "initial_value",
    "number_input": "initial_value",
    "rich_text_input": "initial_value",
    "multi_users_select": "initial_users",
    "multi_conversations_select": "initial_conversations",
    "multi_channels_select": "initial_channels",
}
_OPTION = ("static_select", "external_select", "radio_buttons", "overflow")
_OPTIONS = ("multi_static_select", "multi_external_select", "checkboxes")
_LISTS = (
    *_OPTIONS,
    "multi_users_select",
    "multi_conversations_select",
    "multi_channels_select",
    "file_input",
)
MOST_TYPED = 3000
STATELESS = ("button", "overflow")
TEXTS = ("plain_text_input", "email_text_input", "url_text_input", "number_input")


def initial(view: Json) -> dict[str, dict[str, Json]]:
    """Returns the `state.values` of an untouched view."""
    values: dict[str, dict[str, Json]] = {}
    for block in view["blocks"]:
        for element in elements_of(block):
            if element["type"] not in STATELESS:
                values.setdefault(block["block_id"], {})[element["action_id"]] = _untouched(element)
    return values


def state_of(blocks: list[Json], used: dict[tuple[str, str], Json]) -> Json:
    """Returns the `state` of a message's elements: initial values, except those just used, by block and action id."""
    values = initial({"blocks": blocks})
    for (block_id, action_id), action in used.items():
        if action["type"] not in STATELESS:
            about = ("action_id", "block_id", "action_ts")
            values[block_id][action_id] = {key: value for key, value in action.items() if key not in about}
    return {"values": values}


def entered(element: Json, value: Any, offered: list[Json] | None = None) -> Json:
    """Returns the entry in `state.values` for an entered value.

    Args:
        element: of the block.
        value: a text, the value of an option, an id, or a list of these; None empties it.
        offered: the options of an external select, as suggested.

    Raises:
        NotShown: there is no such option.
    """
    kind = element["type"]
    if kind in _OPTION:
        return {"type": kind, "selected_option": None if value is None else option(element, value, offered)}
    if kind in _OPTIONS:
        return {"type": kind, "selected_options": [option(element, one, offered) for one in value or []]}
    if kind in _LISTS:
        return {"type": kind, _SINGLE[kind]: list(value or [])}
    if kind not in _SINGLE:
        raise NotShown(f"a {kind} takes no input")
    if isinstance(value, str) and len(value) > element.get("max_length", MOST_TYPED):
        raise NotShown(f"{element['action_id']} has reached its maximum length")
    return {"type": kind, _SINGLE[kind]: value if value != "" else None}


def option(element: Json, value: Any, offered: list[Json] | None = None) -> Json:
    """Returns the option with this value.

    Raises:
        NotShown: there is none.
    """
    groups = [group["options"] for group in element.get("option_groups") or []]
    found = [*(offered or []), *(element.get("options") or []), *(one for group in groups for one in group)]
    chosen: list[Json] = [one for one in found if one["value"] == value]
    if chosen:
        return chosen[0]
    raise NotShown(f"no such option in {element.get('action_id')}")


def options_of(element: Json) -> list[Json]:
    """Returns all options that the element itself contains."""
    groups = [group["options"] for group in element.get("option_groups") or []]
    return [*(element.get("options") or []), *(one for group in groups for one in group)]


def _untouched(element: Json) -> Json:
    kind = element["type"]
    if kind in _OPTION:
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind in _OPTIONS:
        return {"type": kind, "selected_options": list(element.get("initial_options") or [])}
    value = element.get(_INITIAL.get(kind, ""))
    return {"type": kind, _SINGLE[kind]: list(value or []) if kind in _LISTS else value}
