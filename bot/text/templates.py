"""Templates: texts with `{variables}`, which we fill in for one contact. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLES = {
    "name": "the contact's name",
    "first_name": "the first word of the contact's name",
    "number": "the contact's number",
    "agent": "your name in Slack",
}
NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")  # the name of a template
LONGEST = 1_500  # characters in a template

_VARIABLE = re.compile(r"\{\s*([^\W\d]\w*)\s*\}")


class CannotFill(Exception):
    """The template can't be stored or filled in. The message is a sentence for the person."""


def check(name: str, text: str) -> None:
    """Checks the name and the text of a new template.

    Raises:
        CannotFill: the name or the text is not allowed.
    """
    if not NAME.fullmatch(name):
        raise CannotFill(
            "A template's name has up to 40 lowercase letters, digits, `-` and `_`, and starts with a letter."
        )
    if not text.strip():
        raise CannotFill("Write the text of the template after its name.")
    if len(text) > LONGEST:
        raise CannotFill(f"A template has at most {LONGEST:,} characters.")
    _check_variables(text, VARIABLES)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replaces each `{variable}` in the text. A variable inside a value stays as it is.

    Raises:
        CannotFill: there is no such variable, or its value is empty, which would leave half a sentence.
    """
    _check_variables(text, values)
    for name in _VARIABLE.findall(text):
        if not values[name].strip():
            meaning = VARIABLES.get(name, name)
            raise CannotFill(f"We don't know `{{{name}}}` ({meaning}), so this template can't be filled in.")
    return _VARIABLE.sub(lambda found: values[found[1]], text)


def values(name: str | None, number: str, agent: str) -> dict[str, str]:
    """Returns the values of the variables.

    Args:
        name: the contact's name, if we know it.
        number: the contact's number, as people read it.
        agent: the name of the person who sends the text.
    """
    words = (name or "").split()
    return {"name": " ".join(words), "first_name": words[0] if words else "", "number": number, "agent": agent}


def _check_variables(text: str, known: Mapping[str, str]) -> None:
    for name in _VARIABLE.findall(text):
        if name not in known:
            names = ", ".join(f"`{{{each}}}`" for each in known)
            raise CannotFill(f"There is no variable `{{{name}}}`. The variables are {names}.")
