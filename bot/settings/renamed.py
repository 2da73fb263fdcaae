"""Old names of settings. Each works for one release after its change, and every command prints the new name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Place = tuple[str, ...]

UNTIL = "0.3"  # the version that removes the old names
RENAMED: dict[Place, Place] = {
    ("patience",): ("timeouts",),
    ("timeouts", "settle"): ("timeouts", "reconcile"),
    ("timeouts", "line"): ("timeouts", "status_line"),
    ("second_way",): ("fallback_alerts",),
    ("slack", "settle_seconds"): ("slack", "reconcile_seconds"),
}


@dataclass(frozen=True, slots=True)
class Renamed:
    """A setting that is set under its old name.

    Attributes:
        old: the tables and the key as written, like `("patience", "settle")`.
        new: the tables and the key today.
        is_ignored: the new name is set too, so it wins.
    """

    old: Place
    new: Place
    is_ignored: bool = False

    def __str__(self) -> str:
        """Returns one line for the operator."""
        old, new = ".".join(self.old), ".".join(self.new)
        if self.is_ignored:
            return f"{old} is ignored, because {new} is set too. Remove {old}: it is the old name."
        return f"{old} is called {new} now. Rename it: the old name works until version {UNTIL}."


def today(place: Place) -> Place:
    """Returns the current name of a setting; the same name if it was never renamed."""
    for old, new in RENAMED.items():
        if place[: len(old)] == old:
            place = new + place[len(old) :]
    return place


def rename(written: Mapping[str, Any]) -> tuple[dict[str, Any], list[Renamed]]:
    """Moves values from old names to the new ones, unless the new name is set too.

    Args:
        written: the settings as nested tables.

    Returns:
        The tables under the current names, and the old names found, in the order of the file.
    """
    leaves = dict(_leaves(written))
    moved: dict[str, Any] = {}
    found: list[Renamed] = []
    for place, value in leaves.items():
        new = today(place)
        if new != place:
            found.append(Renamed(place, new, is_ignored=new in leaves))
        if new == place or new not in leaves:
            _put(moved, new, value)
    return moved, found


def rename_variables(
    variables: Mapping[str, str | None], prefix: str, delimiter: str
) -> tuple[dict[str, str | None], list[Renamed]]:
    """Does the same as `rename` for environment variables, whose names are in lower case here.

    Args:
        variables: the values by name; a variable for a whole table holds JSON.
        prefix: the prefix of our variables, in lower case.
        delimiter: the separator between table and key.
    """
    given: dict[str, str | None] = {}
    found: list[Renamed] = []
    for name, value in variables.items():
        if not name.startswith(prefix):
            given[name] = value
            continue
        place = tuple(name.removeprefix(prefix).split(delimiter))
        new, table = today(place), _table(value)
        today_name = prefix + delimiter.join(new)
        if is_ignored := new != place and today_name in variables:
            found.append(Renamed(place, new, is_ignored=is_ignored))
        elif table is not None:
            inside, renamed = rename(_nested(place, table))
            found += renamed
            given[today_name] = json.dumps(_at(inside, new))
        else:
            found += [Renamed(place, new)] if new != place else []
            given[today_name] = value
    return given, found


def _leaves(table: Mapping[str, Any], above: Place = ()) -> Iterator[tuple[Place, Any]]:
    for name, value in table.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value


def _put(tables: dict[str, Any], place: Place, value: Any) -> None:
    for name in place[:-1]:
        tables = tables.setdefault(name, {})
    tables[place[-1]] = value


def _table(value: str | None) -> dict[str, Any] | None:
    """Returns the table that a variable holds as JSON, or None if it holds anything else."""
    try:
        held = json.loads(value or "")
    except ValueError:
        return None
    return held if isinstance(held, dict) else None


def _nested(place: Place, value: dict[str, Any]) -> dict[str, Any]:
    return {place[0]: _nested(place[1:], value)} if place else value


def _at(tables: dict[str, Any], place: Place) -> Any:
    for name in place:
        tables = tables.get(name, {})
    return tables
