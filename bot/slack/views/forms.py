"""Modals with their fields, and what a person entered in them, within Slack's limits. Pure.

https://docs.slack.dev/reference/views. Each field is an `input` block with one element; its `block_id` names it in what
was entered and in the errors that are shown at it.
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

LONGEST_TEXT = 3000  # characters in a text field
MOST_OPTIONS = 100
_MOST_BLOCKS = 100
_TITLE = 24
_LABEL = 75  # of an option; the same for the line below it
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
    """One of several."""

    value: str
    label: str = field(repr=False)
    note: str = ""  # a line below the label


# --- modals -----------------------------------------------------------------------------------------------------------


def modal(
    title: str, blocks: Sequence[Block], *, form: str = "", submit: str = "", about: Mapping[str, Any] | None = None
) -> View:
    """A modal.

    Args:
        title: 24 characters.
        blocks: what stands in it.
        form: the `callback_id` under which it is submitted.
        submit: on the button that submits it; none without.
        about: what has to come back with it, as JSON of 3,000 characters at most; nobody but the app sees it.
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
    """A modal that only says something."""
    return modal(title, [section(sentence)])


def about(view: Mapping[str, Any]) -> dict[str, Any]:
    """What was given to `modal` as `about`."""
    given: dict[str, Any] = json.loads(view.get("private_metadata") or "{}")
    return given


# --- fields -----------------------------------------------------------------------------------------------------------


def enter(
    block_id: str, label: str, element: Element, *, optional: bool = False, hint: str = "", live: bool = False
) -> Block:
    """A field. With `live` the app hears of each change, else of the whole form when it is submitted."""
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
    """A text; with `live` the app hears of each character."""
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
    """A number without decimals."""
    made: Element = {"type": "number_input", "action_id": action_id, "is_decimal_allowed": False}
    return made if initial is None else {**made, "initial_value": str(initial)}


def choice(action_id: str, choices: Sequence[Choice], initial: str | None = None) -> Element:
    """One of a hundred at most."""
    options = {each.value: option(each) for each in choices[:MOST_OPTIONS]}
    made: Element = {"type": "static_select", "action_id": action_id, "options": list(options.values())}
    return {**made, "initial_option": options[initial]} if initial in options else made


def search(action_id: str, initial: Choice | None = None, at_least: int = 2) -> Element:
    """One of those that the app finds for what is typed, from so many characters on."""
    made: Element = {"type": "external_select", "action_id": action_id, "min_query_length": at_least}
    return made if initial is None else {**made, "initial_option": option(initial)}


def moment(action_id: str, initial: int | None = None) -> Element:
    """A day and a time, in the person's own zone; epoch seconds."""
    made: Element = {"type": "datetimepicker", "action_id": action_id}
    return made if initial is None else {**made, "initial_date_time": initial}


def files(action_id: str, most: int = 10) -> Element:
    """Files from the person's own device, so many at most."""
    return {"type": "file_input", "action_id": action_id, "max_files": most}


def tick(action_id: str, label: str, *, on: bool) -> Element:
    """Yes or no."""
    only = option(Choice("yes", label))
    made: Element = {"type": "checkboxes", "action_id": action_id, "options": [only]}
    return {**made, "initial_options": [only]} if on else made


def option(one: Choice) -> dict[str, Any]:
    """An option as Slack takes it."""
    made: dict[str, Any] = {"text": plain_text(one.label, _LABEL), "value": one.value}
    return {**made, "description": plain_text(one.note, _LABEL)} if one.note else made


def buttons(block_id: str, *shown: Button) -> Block:
    """A row of buttons under a name of its own."""
    return {**actions(shown)[0], "block_id": block_id}


# --- what was entered -------------------------------------------------------------------------------------------------


def entered(view: Mapping[str, Any]) -> Entered:
    """What stands in the fields now, by their block ids; None where nothing does."""
    fields = view["state"]["values"]
    return {block_id: _value(next(iter(elements.values()))) for block_id, elements in fields.items() if elements}


def _value(state: Mapping[str, Any]) -> Any:
    if "selected_option" in state:
        chosen = state["selected_option"]
        return None if chosen is None else chosen["value"]
    if "selected_options" in state:
        return [each["value"] for each in state["selected_options"] or ()]
    return next((state[name] for name in _VALUES if name in state), None)
