"""Where in the settings file a mistake stands, and what was probably meant.

The standard library's TOML parser knows lines only where the file is no TOML. No kept library tells where each key
stands, so the parser itself is asked: a statement ends where the lines so far are whole, and it brought what is new.
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

LONGEST = 1000  # lines in which places are looked for; it takes a while in a longer file
FEW = 12  # names that are all listed where none is near
_AT = re.compile(r" \(at line (\d+), column (\d+)\)$")
_LEADING = re.compile(r"[\w-]+(?:\.[\w-]+)*")


def lines_of(text: str) -> dict[Place, int]:
    """The line, from 1, on which each table and each key of a TOML text begins to be there."""
    lines = text.split("\n")[:LONGEST]  # only that ends a line of TOML
    found: dict[Place, int] = {}
    begin = 0
    for end in range(1, len(lines) + 1):
        if not lines[end - 1].strip():
            continue
        try:
            known = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue  # in the middle of a value of several lines
        while begin < end - 1 and lines[begin].strip().partition("#")[0] == "":
            begin += 1
        for place in _places(known):
            found.setdefault(place, begin + 1)
        begin = end
    return found


def told(error: ValidationError, model: type[BaseModel], *prefix: str) -> Iterator[str]:
    """A line for each fault, beginning with the setting that it is about.

    Args:
        error: what pydantic found.
        model: of what was read.
        prefix: where in the settings that stands.
    """
    for fault in error.errors(include_input=False, include_url=False):
        below = tuple(str(part) for part in fault["loc"] if part != "[key]")
        place = [*prefix, *below]
        if fault["type"] == "missing" or fault.get("ctx", {}).get("actual_length") == 0:
            variable = PREFIX + "__".join(place).upper()
            yield f"{'.'.join(place)} is missing. Set it in the settings file, or as {variable}."
        elif fault["type"] == "extra_forbidden":
            yield f"{'.'.join(place)} is no setting. {meant(model, below)}"
        else:
            yield f"{'.'.join(place)}: {fault['msg'].removeprefix('Value error, ').rstrip('.')}."


def located(problem: str, path: Path | None, text: str, prefix: str) -> str:
    """The problem with the file and the line that it is about before it, or the variable that the value came from.

    Args:
        problem: begins with the setting that it is about, as in `slack.mode: …`.
        path: of the settings file; None: there is none.
        text: what stands in it.
        prefix: of our variables.
    """
    leading = _LEADING.match(problem)
    place = tuple(leading[0].split(".")) if leading else ()
    if (variable := (prefix + "__".join(place)).upper()) in {name.upper() for name in os.environ}:
        return problem if variable in problem else f"{problem} It comes from the variable {variable}."
    known = lines_of(text)
    found = next((known[place[:n]] for n in range(len(place), 0, -1) if place[:n] in known), None)
    return problem if found is None else f"{path}:{found}: {problem}"


def not_toml(path: Path, error: ValueError) -> str:
    """The sentence for a file that is no TOML, with the line and the column; nothing of it is quoted."""
    at = _AT.search(str(error))
    if at is None:
        return f"{path} is not TOML: {error}."
    return f"{path}:{at[1]}:{at[2]}: this is not TOML: {str(error)[: at.start()]}."


def meant(model: type[BaseModel], place: Place) -> str:
    """What to do about a key that is none: the name that is near to it, or those that there are.

    Args:
        model: of the whole that the place is in.
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
    """The settings that there are in this table."""
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
