"""A small language for the shape of JSON, whose complaints are worded and pointed as Slack's are.

A rule takes a value, where it stands (a JSON pointer) and the list to which it adds what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Rule = Callable[[Any, str, list[str]], None]
Fields = Mapping[str, Rule]


def complaint(message: str, at: str) -> str:
    """One message of `response_metadata.messages`, without its [ERROR]."""
    return f"{message} [json-pointer:{at}]"


def text(most: int | None = None, least: int = 0) -> Rule:
    """A string of at least and at most so many characters."""

    def check(value: Any, at: str, wrong: list[str]) -> None:
        if not isinstance(value, str):
            wrong.append(complaint("must provide a string", at))
        elif len(value) < least:
            wrong.append(complaint(f"must be more than {least - 1} characters", at))
        elif most is not None and len(value) > most:
            wrong.append(complaint(f"must be less than {most + 1} characters", at))

    return check


def flag(value: Any, at: str, wrong: list[str]) -> None:
    """True or false."""
    if not isinstance(value, bool):
        wrong.append(complaint("must provide a boolean", at))


def integer(least: int | None = None, most: int | None = None) -> Rule:
    """A whole number within these bounds."""

    def check(value: Any, at: str, wrong: list[str]) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            wrong.append(complaint("must provide an integer", at))
        elif least is not None and value < least:
            wrong.append(complaint(f"must be greater than or equal to {least}", at))
        elif most is not None and value > most:
            wrong.append(complaint(f"must be less than or equal to {most}", at))

    return check


def word(*words: str) -> Rule:
    """One of these words."""

    def check(value: Any, at: str, wrong: list[str]) -> None:
        if value not in words:
            wrong.append(complaint("must be a valid enum value", at))

    return check


def array(item: Rule, most: int | None = None, least: int = 0) -> Rule:
    """A list of at least and at most so many items."""

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
    """An object with these keys and no others."""
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
    """An object, whatever is in it."""
    if not isinstance(value, dict):
        wrong.append(complaint("must provide an object", at))


def by_type(kinds: Mapping[str, Rule]) -> Rule:
    """An object whose `type` says which of these rules it follows."""

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
    """All of these rules."""

    def check(value: Any, at: str, wrong: list[str]) -> None:
        for rule in rules:
            rule(value, at, wrong)

    return check


def exactly_one(*keys: str) -> Rule:
    """An object with exactly one of these keys."""
    names = " or ".join(f"`{key}`" for key in keys)

    def check(value: Any, at: str, wrong: list[str]) -> None:
        if isinstance(value, dict) and sum(value.get(key) is not None for key in keys) != 1:
            wrong.append(complaint(f"must define either {names}", at))

    return check


def at_least_one(*keys: str) -> Rule:
    """An object with at least one of these keys."""
    names = " or ".join(f"`{key}`" for key in keys)

    def check(value: Any, at: str, wrong: list[str]) -> None:
        if isinstance(value, dict) and all(value.get(key) is None for key in keys):
            wrong.append(complaint(f"must define either {names}", at))

    return check
