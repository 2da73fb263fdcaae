"""`docs/settings.md`: every setting with its type, default, meaning and variable, from the pydantic models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import providers
from bot.settings.model import Settings
from bot.settings.sections import PREFIX
from making import built_in_providers
from making.markdown import code, page, prose, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from providers.provider import Provider

Schema = dict[str, Any]

_HEAD = ["setting", "type", "default", "meaning", "environment"]
_OPTION_HEAD = ["option", "type", "default", "meaning"]

LISTED = "[]"  # ends the place of a list of tables

# The meaning of settings that have no description in the model.
_MEANING = {
    "database": "the SQLite file; its folder must exist",
    "http.host": "the address to listen on",
    "http.port": "the port to listen on; 0: any free port",
    "accounts.<name>.provider": f"the provider: {', '.join(map(code, providers.names()))}",
    "inboxes.<name>.channel": "the id of its Slack channel, like `C0123456789`",
    "senders.<name>.account": "the account that it belongs to, by its name in this file",
}

_INTRO = f"""\
Settings come from one TOML file and from the environment, and the environment overrides the file. The file is the one
that `--settings` names, else the one that `THREADLINE_SETTINGS` names, else `threadline.toml` in the working directory.
The name of a variable is `{PREFIX}` and the path of the setting, joined by two underscores. `<NAME>` is a name that you
choose: write it in capitals in a variable and in lower case in the file. Write lists and tables as JSON in a variable.
The bot does not start if the file has an unknown setting.

A *secret* is text that no log, error or `repr` shows."""


def page_text() -> str:
    """Returns the whole page."""
    schema = Settings.model_json_schema()
    return page(
        "Settings",
        _INTRO,
        *(part for place, model in _models(schema) for part in _section(place, model)),
        "## Each provider's own",
        "The settings of an account depend on its `provider`. Options belong to a sender and apply to every text from "
        "it, unless a person changes them for one text in the compose modal. All options can be left out.",
        *(part for kind in built_in_providers.built_in() for part in _provider(kind)),
    )


# --- models -----------------------------------------------------------------------------------------------------------


def _models(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Yields each table of the file with its model, first the top of the file under an empty name."""
    yield "", schema
    yield from _below("", schema, schema)


def _below(above: str, model: Schema, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Yields the tables inside a table, each followed by its own tables."""
    for name, said in model["properties"].items():
        found = _table_of(said)
        if found is None:
            continue
        end, below = found
        place = f"{above}.{name}{end}" if above else f"{name}{end}"
        yield place, _resolved(below, schema)
        yield from _below(place, _resolved(below, schema), schema)


def _table_of(said: Schema) -> tuple[str, Schema] | None:
    """Returns the end of the place and the model if a setting holds a table or a list of tables, else None."""
    items, below = said.get("items"), said.get("additionalProperties")
    either = [each for each in said.get("anyOf", ()) if "$ref" in each]
    if "$ref" in said:
        return "", said
    if either:
        return "", either[0]
    if isinstance(items, dict) and "$ref" in items:
        return LISTED, items
    return (".<name>", below) if isinstance(below, dict) and "$ref" in below else None


def _is_table(said: Schema) -> bool:
    return _table_of(said) is not None


def _resolved(said: Schema, schema: Schema) -> Schema:
    found: Schema = schema["$defs"][said["$ref"].rpartition("/")[2]] if "$ref" in said else said
    return found


# --- tables -----------------------------------------------------------------------------------------------------------


def _section(place: str, model: Schema) -> list[str]:
    title = f"## {_heading(place)}" if place else "## At the top of the file"
    own = {name: said for name, said in model["properties"].items() if not _is_table(said)}
    rows = [
        [*_typed(name, said, model), prose(_meaning(place, name, said)), _env(place, name)]
        for name, said in own.items()
    ]
    return [title, prose(model["description"]), table(_HEAD, rows)]


def _heading(place: str) -> str:
    """Returns the heading of a table as TOML writes it. A list of tables has double brackets."""
    return code(f"[[{place.removesuffix(LISTED)}]]" if place.endswith(LISTED) else f"[{place.replace(LISTED, '')}]")


def _provider(kind: type[Provider]) -> list[str]:
    settings, options = kind.Settings.model_json_schema(), kind.Options.model_json_schema()
    rows = [[*row, _env("accounts.<name>", name)] for name, row in _own(settings)]
    choices = [row for _, row in _own(options)]
    return [
        f"### {kind.title}",
        f'Under `[accounts.<name>]` with `provider = "{kind.name}"`. {prose(settings["description"])}',
        table(_HEAD, rows),
        f"Under `[senders.<name>.options]`. {prose(options['description'])}",
        table(_OPTION_HEAD, choices) if choices else "There are none.",
    ]


def _own(model: Schema) -> Iterator[tuple[str, list[str]]]:
    for name, said in model["properties"].items():
        meaning = ". ".join(filter(None, [said["title"], said.get("description", "")]))
        yield name, [*_typed(name, said, model), prose(meaning)]


def _typed(name: str, said: Schema, model: Schema) -> list[str]:
    return [code(name), type_of(said), default_of(name, said, model)]


def _meaning(place: str, name: str, said: Schema) -> str:
    """Returns the description in the model, else in `_MEANING`.

    Raises:
        LookupError: neither has one.
    """
    full = f"{place}.{name}" if place else name
    meaning: str | None = said.get("description") or _MEANING.get(full)
    if meaning is None:
        raise LookupError(f"the setting {full} has no description: give its Field one")
    return meaning


def _env(place: str, name: str) -> str:
    """Returns the name of the variable. A list of tables has one variable for the whole list, as JSON."""
    if LISTED in place:
        return f"in {code(PREFIX + place.partition(LISTED)[0].upper())}"
    path = [part.upper() for part in (*place.split("."), name) if part]
    return code(PREFIX + "__".join(path))


# --- words ------------------------------------------------------------------------------------------------------------

_FORMATS = {
    "password": "secret",
    "uri": "URL",
    "path": "path",
    "date-time": "time with its zone",
    "time": "time of day",
}
_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
_BOUNDS = {
    "minimum": "{} or more",
    "exclusiveMinimum": "above {}",
    "maximum": "{} or less",
    "minLength": "{} characters or more",
    "maxLength": "{} characters or fewer",
    "minItems": "at least {} of them",
    "pattern": "matching `{}`",
}


def type_of(said: Schema) -> str:
    """Formats the type of a setting for a reader, with its bounds."""
    if "anyOf" in said:
        return " or ".join(type_of(each) for each in said["anyOf"] if each.get("type") != "null")
    if "enum" in said:
        return " or ".join(code(json.dumps(value)) for value in said["enum"])
    if said.get("format") == "uri":
        return _FORMATS["uri"]  # without the length limit that pydantic adds
    bounds = [text.format(said[name]) for name, text in _BOUNDS.items() if name in said]
    return ", ".join([_word(said), *("not empty" if bound == "1 characters or more" else bound for bound in bounds)])


def _word(said: Schema) -> str:
    if said["type"] == "array":
        if "enum" in said["items"]:
            return f"list of {', '.join(code(json.dumps(each)) for each in said['items']['enum'])}"
        kind, *bounds = type_of(said["items"]).split(", ")
        return ", ".join([f"list of {kind}s", *bounds])
    if said["type"] == "object":
        return "table"
    return _FORMATS.get(said.get("format", ""), _TYPES[said["type"]])


def default_of(name: str, said: Schema, model: Schema) -> str:
    """Formats the default of a setting as TOML."""
    if name in model.get("required", ()):
        return "*required*"
    default = said.get("default", {} if said.get("type") == "object" else [])  # the schema has no default of a factory
    return "none" if default is None else code(json.dumps(default, ensure_ascii=False))
