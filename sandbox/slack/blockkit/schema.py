"""Composable rules for the shape of JSON, with complaints in Slack's words and JSON pointers.

A rule takes a value, its JSON pointer, and the list to which it adds complaints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Rule = Callable[[Any, str, list[str]], None]
Fields = Mapping[str, Rule]


def complaint(message: str, at: str) -> str:
    """Returns one entry of `response_metadata.messages`, without its [ERROR]."""
    return f"{message} [json-pointer:{at}]"


def text(most: int | None = None, least: int = 0) -> Rule:
    """A rule for a string with this many characters."""

    def check(value: Any, at: str, wrong: list[str]) -> None:
        if not isinstance(value, str):
            wrong.append(complaint("must provide a string", at))
        elif len(value) < least:
            wrong.append(complaint(f"must be more than {least - 1} characters", at))
        elif most is not None and len(value) > most:
            wrong.append(complaint(f"must be less than {most + 1} characters", at))

    return check


def flag(value: Any, at: str, wrong: list[str]) -> None:
    """A rule for a boolean."""
    if not isinstance(value, bool):
        wrong.append(complaint("must provide a boolean", at))


def integer(least: int | None = None, most: int | None = None) -> Rule:
    """A rule for an integer within these bounds."""

    def check(value: Any, at: str, wrong: list[str]) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            wrong.append(complaint("must provide an integer", at))
        elif least is not None and value < least:
            wrong.append(complaint(f"must be greater than or equal to {least}", at))
        elif most is not None and value > most:
            wrong.append(complaint(f"must be less than or equal to {most}", at))

    return check


def word(*words: str) -> Rule:
    """A rule for one of these words."""

    def check(value: Any, at: str, wrong: list[str]) -> None:
        if value not in words:
            wrong.append(complaint("must be a valid enum value", at))

    return check


def array(item: Rule, most: int | None = None, least: int = 0) -> Rule:
    """A rule for a list with this many items."""

    def check(value: Any, at: str, wrong: list[str]) -> None:
        if not isinstance(value, list):
            wrong.append(complaint("must provide an array", at))
            return
        if len(value) < least:
            wrong.append(complaint(f"no fewer than {least} items allowed", at))
        if most is not None and len(value) > most:
            wrong.append(complaint(f"no more than {most} items allowed", at))
            return
        for index, one in enumerate(value):
            item(one, f"{at}/{index}", wrong)

    return check


def mapping(required: Fields, optional: Fields | None = None) -> Rule:
    """A rule for an object with these keys and no others."""
    known = {**required, **(optional or {})}

    def check(value: Any, at: str, wrong: list[str]) -> None:
        if not isinstance(value, dict):
            wrong.append(complaint("must provide an object", at))
            return
        wrong.extend(complaint(f"missing required field: {key}", at) for key in required if value.get(key) is None)
        for key, inner in value.items():
            if key not in known:
                wrong.append(complaint(f"invalid additional property: {key}", at))
            elif inner is not None:
                known[key](inner, f"{at}/{key}", wrong)

    return check


def any_object(value: Any, at: str, wrong: list[str]) -> None:
    """A rule for an object with any content."""
    if not isinstance(value, dict):
        wrong.append(complaint("must provide an object", at))


def by_type(kinds: Mapping[str, Rule]) -> Rule:
    """A rule for an object whose `type` selects one of these rules."""

    def check(value: Any, at: str, wrong: list[str]) -> None:
        if not isinstance(value, dict):
            wrong.append(complaint("must provide an object", at))
        elif "type" not in value:
            wrong.append(complaint("missing required field: type", at))
        elif not isinstance(value["type"], str) or value["type"] not in kinds:
            wrong.append(complaint(f"unsupported type: {value['type']}", f"{at}/type"))
        else:
            kinds[value["type"]](value, at, wrong)

    return check


def both(*rules: Rule) -> Rule:
    """A rule that applies all of these rules."""

    def check(value: Any, at: str, wrong: list[str]) -> None:
        for rule in rules:
            rule(value, at, wrong)

    return check


def exactly_one(*keys: str) -> Rule:
    """A rule for an object with exactly one of these keys."""
    names = " or ".join(f"`{key}`" for key in keys)

    def check(value: Any, at: str, wrong: list[str]) -> None:
        if isinstance(value, dict) and sum(value.get(key) is not None for key in keys) != 1:
            wrong.append(complaint(f"must define either {names}", at))

    return check


def at_least_one(*keys: str) -> Rule:
    """A rule for an object with at least one of these keys."""
    names = " or ".join(f"`{key}`" for key in keys)

    def check(value: Any, at: str, wrong: list[str]) -> None:
        if isinstance(value, dict) and all(value.get(key) is None for key in keys):
            wrong.append(complaint(f"must define either {names}", at))

    return check
