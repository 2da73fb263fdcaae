"""Modals, their fields and the values that a person entered, within Slack's limits. Pure.

https://docs.slack.dev/reference/views. Each field is an `input` block with one element. Its `block_id` names the field
among the entered values, and in the errors that Slack shows below it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.slack.views.blocks import Block, Button, actions, plain_text, section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

View = dict[str, Any]
Element = dict[str, Any]
Entered = dict[str, Any]  # by block id: a text, the value of an option, a list of them, epoch seconds, or None

# Slack's limits. Lengths are in characters.
LONGEST_TEXT = 3000
MOST_OPTIONS = 100
_MOST_BLOCKS = 100
_TITLE = 24
_LABEL = 75  # of an option, and of the line below it
_HINT = 2000
_VALUES = (
    "value",
    "selected_date_time",
    "selected_user",
    "selected_conversation",
    "files",
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a menu."""

    value: str
    label: str = field(repr=False)
    note: str = ""  # a line below the label


# --- modals -----------------------------------------------------------------------------------------------------------


def modal(
    title: str, blocks: Sequence[Block], *, form: str = "", submit: str = "", about: Mapping[str, Any] | None = None
) -> View:
    """Returns a modal.

    Args:
        title: at most 24 characters.
        blocks: its content.
        form: the `callback_id` of its submission.
        submit: the label of the submit button; empty for a modal without one.
        about: data that Slack returns with the modal, at most 3,000 characters as JSON. Only the app sees it.
    """
    made: View = {
        "type": "modal",
        "title": plain_text(title, _TITLE),
        "close": plain_text("Cancel" if submit else "Close", _TITLE),
        "blocks": list(blocks[:_MOST_BLOCKS]),
        "callback_id": form or "said",
    }
    if submit:
        made["submit"] = plain_text(submit, _TITLE)
    if about is not None:
        made["private_metadata"] = json.dumps(about)
    return made


def said(title: str, sentence: str) -> View:
    """Returns a modal that only shows a sentence."""
    return modal(title, [section(sentence)])


def about(view: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the `about` data of a modal that came back from Slack."""
    given: dict[str, Any] = json.loads(view.get("private_metadata") or "{}")
    return given


# --- fields -----------------------------------------------------------------------------------------------------------


def enter(
    block_id: str, label: str, element: Element, *, optional: bool = False, hint: str = "", live: bool = False
) -> Block:
    """Returns a field. With `live`, Slack sends the app each change; otherwise only the submitted form."""
    made: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label, _HINT),
        "element": element,
        "optional": optional,
        "dispatch_action": live,
    }
    return {**made, "hint": plain_text(hint, _HINT)} if hint else made


def text(
    action_id: str, initial: str = "", *, lines: bool = False, longest: int = LONGEST_TEXT, live: bool = False
) -> Element:
    """Returns a text input of at most `longest` characters. With `live`, Slack sends the app each keystroke."""
    made: Element = {
        "type": "plain_text_input",
        "action_id": action_id,
        "multiline": lines,
        "max_length": longest,
    }
    if live:
        made["dispatch_action_config"] = {"trigger_actions_on": ["on_character_entered"]}
    return {**made, "initial_value": initial[:longest]} if initial else made


def whole_number(action_id: str, initial: int | None = None) -> Element:
    """Returns an input for a whole number."""
    made: Element = {"type": "number_input", "action_id": action_id, "is_decimal_allowed": False}
    return made if initial is None else {**made, "initial_value": str(initial)}


def choice(action_id: str, choices: Sequence[Choice], initial: str | None = None) -> Element:
    """Returns a menu of at most a hundred options."""
    options = {each.value: option(each) for each in choices[:MOST_OPTIONS]}
    made: Element = {"type": "static_select", "action_id": action_id, "options": list(options.values())}
    return {**made, "initial_option": options[initial]} if initial in options else made


def search(action_id: str, initial: Choice | None = None, at_least: int = 2) -> Element:
    """Returns a menu whose options the app finds for the typed text, once it has `at_least` characters."""
    made: Element = {"type": "external_select", "action_id": action_id, "min_query_length": at_least}
    return made if initial is None else {**made, "initial_option": option(initial)}


def moment(action_id: str, initial: int | None = None) -> Element:
    """Returns an input for a day and time in the person's time zone. Its value is in epoch seconds."""
    made: Element = {"type": "datetimepicker", "action_id": action_id}
    return made if initial is None else {**made, "initial_date_time": initial}


def files(action_id: str, most: int = 10) -> Element:
    """Returns an input for at most `most` files from the person's device."""
    return {"type": "file_input", "action_id": action_id, "max_files": most}


def tick(action_id: str, label: str, *, on: bool) -> Element:
    """Returns a single checkbox."""
    only = option(Choice("yes", label))
    made: Element = {"type": "checkboxes", "action_id": action_id, "options": [only]}
    return {**made, "initial_options": [only]} if on else made


def option(one: Choice) -> dict[str, Any]:
    """Returns an option as Slack's API takes it."""
    made: dict[str, Any] = {"text": plain_text(one.label, _LABEL), "value": one.value}
    return {**made, "description": plain_text(one.note, _LABEL)} if one.note else made


def buttons(block_id: str, *shown: Button) -> Block:
    """Returns a row of buttons with this `block_id`."""
    return {**actions(shown)[0], "block_id": block_id}


# --- entered values ---------------------------------------------------------------------------------------------------


def entered(view: Mapping[str, Any]) -> Entered:
    """Returns the values of the fields by their block ids; None for an empty field."""
    fields = view["state"]["values"]
    return {block_id: _value(next(iter(elements.values()))) for block_id, elements in fields.items() if elements}


def _value(state: Mapping[str, Any]) -> Any:
    if "selected_option" in state:
        chosen = state["selected_option"]
        return None if chosen is None else chosen["value"]
    if "selected_options" in state:
        return [each["value"] for each in state["selected_options"] or ()]
    return next((state[name] for name in _VALUES if name in state), None)
