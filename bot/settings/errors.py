"""Error messages for the settings: where in the file a mistake is, and what the operator probably meant.

The standard library's TOML parser gives line numbers only for a file that is not TOML, and no maintained library gives
the line of each key. So we parse the first line, the first two lines, and so on. Where these lines are valid TOML, a
statement ends, and the keys that are new come from it.
"""

from __future__ import annotations

import os
import re
import tomllib
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from bot.settings.sections import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pydantic import ValidationError

    Place = tuple[str, ...]

LONGEST = 1000  # lines; we look for keys in no more, because a longer file takes a while
FEW = 12  # names; if no more exist and none is similar, the message lists all
_AT = re.compile(r" \(at line (\d+), column (\d+)\)$")
_LEADING = re.compile(r"[\w-]+(?:\.[\w-]+)*")


def lines_of(text: str) -> dict[Place, int]:
    """Returns the line number, from 1, of each table and each key in a TOML text."""
    lines = text.split("\n")[:LONGEST]  # no other character ends a line of TOML
    found: dict[Place, int] = {}
    begin = 0
    for end in range(1, len(lines) + 1):
        if not lines[end - 1].strip():
            continue
        try:
            known = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue  # inside a value of several lines
        while begin < end - 1 and lines[begin].strip().partition("#")[0] == "":
            begin += 1
        for place in _places(known):
            found.setdefault(place, begin + 1)
        begin = end
    return found


def messages(error: ValidationError, model: type[BaseModel], *prefix: str) -> Iterator[str]:
    """Yields a line for each mistake. It starts with the name of the setting.

    Args:
        error: the error from pydantic.
        model: the model that pydantic validated.
        prefix: the names that lead to this model in the settings.
    """
    for fault in error.errors(include_input=False, include_url=False):
        below = tuple(str(part) for part in fault["loc"] if part != "[key]")
        place = [*prefix, *below]
        if fault["type"] == "missing" or fault.get("ctx", {}).get("actual_length") == 0:
            variable = PREFIX + "__".join(place).upper()
            yield f"{'.'.join(place)} is missing. Set it in the settings file, or as {variable}."
        elif fault["type"] == "extra_forbidden":
            yield f"{'.'.join(place)} is not a setting. {suggestion(model, below)}"
        else:
            yield f"{'.'.join(place)}: {fault['msg'].removeprefix('Value error, ').rstrip('.')}."


def located(problem: str, path: Path | None, text: str, prefix: str) -> str:
    """Puts the file and line number before a problem, or names the environment variable that the value came from.

    Args:
        problem: a line that starts with the name of the setting, like `slack.mode: …`.
        path: the settings file, or None.
        text: its content.
        prefix: the prefix of our environment variables.
    """
    leading = _LEADING.match(problem)
    place = tuple(leading[0].split(".")) if leading else ()
    if (variable := (prefix + "__".join(place)).upper()) in {name.upper() for name in os.environ}:
        return problem if variable in problem else f"{problem} It comes from the environment variable {variable}."
    known = lines_of(text)
    found = next((known[place[:n]] for n in range(len(place), 0, -1) if place[:n] in known), None)
    return problem if found is None else f"{path}:{found}: {problem}"


def not_toml(path: Path, error: ValueError) -> str:
    """Returns the message for a file that is not TOML, with line and column. It quotes nothing, to keep secrets."""
    at = _AT.search(str(error))
    if at is None:
        return f"{path} is not TOML: {error}."
    return f"{path}:{at[1]}:{at[2]}: this is not TOML: {str(error)[: at.start()]}."


def suggestion(model: type[BaseModel], place: Place) -> str:
    """Returns what to do about an unknown key: use a similar name, or one from the list.

    Args:
        model: the outermost model.
        place: the names that lead to the key, and the key.
    """
    names = _names_at(model, place[:-1])
    if near := get_close_matches(place[-1], names, n=1):
        return f"Did you mean {near[0]}?"
    listed = f" The settings here are {', '.join(names)}." if 0 < len(names) <= FEW else ""
    return f"Remove it, or correct its name.{listed}"


def _places(known: Mapping[str, Any], above: Place = ()) -> Iterator[Place]:
    for name, value in known.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from _places(value, (*above, name))


def _names_at(model: type[BaseModel], place: Place) -> list[str]:
    """Returns the names of the settings in this table."""
    kind: Any = model
    for name in place:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields.get(name)
            kind = None if field is None else field.annotation
        elif get_args(kind):
            kind = get_args(kind)[-1]  # a table or a list of them: its names are the operator's
    found = next(
        (each for each in (kind, *get_args(kind)) if isinstance(each, type) and issubclass(each, BaseModel)), None
    )
    return [] if found is None else list(found.model_fields)
