"""Templates: texts with `{variables}` that are filled for one contact, or not sent at all. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLES = {
    "name": "the contact's name",
    "first_name": "the first word of it",
    "number": "the contact's number",
    "agent": "your name in Slack",
}
NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")  # of a template
LONGEST = 1_500  # characters of a template

_VARIABLE = re.compile(r"\{\s*([^\W\d]\w*)\s*\}")


class CannotFill(Exception):
    """The template cannot be used like this. The message is a sentence for the person."""


def check(name: str, text: str) -> None:
    """Whether a template may be kept.

    Raises:
        CannotFill: its name or its text will not do; with a sentence.
    """
    if not NAME.fullmatch(name):
        raise CannotFill("A template's name is up to 40 small letters, digits, `-` and `_`, and begins with a letter.")
    if not text.strip():
        raise CannotFill("A template needs a text behind its name.")
    if len(text) > LONGEST:
        raise CannotFill(f"A template is {LONGEST:,} characters long at most.")
    _know(text, VARIABLES)


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with each `{variable}` replaced; what stands in a value is never read as a variable.

    Raises:
        CannotFill: a variable that there is not, or one whose value is empty: half a sentence helps no customer.
    """
    _know(text, values)
    for name in _VARIABLE.findall(text):
        if not values[name].strip():
            meaning = VARIABLES.get(name, name)
            raise CannotFill(f"`{{{name}}}` ({meaning}) is not known here, so the template cannot be filled.")
    return _VARIABLE.sub(lambda found: values[found[1]], text)


def values(name: str | None, number: str, agent: str) -> dict[str, str]:
    """What the variables stand for.

    Args:
        name: of the contact, if it is known.
        number: of the contact, as people read it.
        agent: who sends it.
    """
    words = (name or "").split()
    return {"name": " ".join(words), "first_name": words[0] if words else "", "number": number, "agent": agent}


def _know(text: str, known: Mapping[str, str]) -> None:
    for name in _VARIABLE.findall(text):
        if name not in known:
            there = ", ".join(f"`{{{each}}}`" for each in known)
            raise CannotFill(f"There is no variable `{{{name}}}`. The variables are {there}.")
