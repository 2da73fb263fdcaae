"""`docs/settings.md`: every setting with its type, default, meaning and variable, from the pydantic models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import providers
from bot.settings.model import Settings
from bot.settings.sections import PREFIX
from making import companies
from making.markdown import code, page, prose, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from providers.provider import Provider

Schema = dict[str, Any]

_HEAD = ["setting", "type", "default", "meaning", "environment"]
_OPTION_HEAD = ["option", "type", "default", "meaning"]

LISTED = "[]"  # at the end of a place: there are several, in their order

# Where the model says nothing.
_MEANING = {
    "database": "the SQLite file; its folder has to be there",
    "http.host": "the address that is listened on",
    "http.port": "the port that is listened on; 0 takes any that is free",
    "accounts.<name>.provider": f"which company: {', '.join(map(code, providers.names()))}",
    "inboxes.<name>.channel": "the id of its Slack channel, like `C0123456789`",
    "senders.<name>.account": "the account it belongs to, by the name it has in this file",
}

_INTRO = f"""\
Settings come from one TOML file and from the environment, and the environment wins. The file is the one that
`--settings` names, else the one that `THREADLINE_SETTINGS` names, else `threadline.toml` in the working directory. A
variable is `{PREFIX}` and the names on the way to the setting, joined by two underscores. `<NAME>` is a name of yours,
in capitals there and in lower case in the file. Lists and tables are written as JSON there. The bot does not start with
a file that has a setting of another name in it.

A *secret* is text that no log, error and `repr` shows."""


def page_text() -> str:
    """The whole page."""
    schema = Settings.model_json_schema()
    return page(
        "Settings",
        _INTRO,
        *(part for place, model in _models(schema) for part in _section(place, model)),
        "## Each provider's own",
        "What an account needs depends on its `provider`. Options belong to a sender and go out with every text from "
        "it, unless the compose modal says otherwise for one; they can all be left out.",
        *(part for kind in companies.built_in() for part in _provider(kind)),
    )


# --- which models there are -------------------------------------------------------------------------------------------


def _models(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Each table of the file with the model behind it; the top of the file first, under an empty name."""
    yield "", schema
    yield from _below("", schema, schema)


def _below(above: str, model: Schema, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """The tables of a table, each followed by its own."""
    for name, said in model["properties"].items():
        found = _table_of(said)
        if found is None:
            continue
        end, below = found
        place = f"{above}.{name}{end}" if above else f"{name}{end}"
        yield place, _resolved(below, schema)
        yield from _below(place, _resolved(below, schema), schema)


def _table_of(said: Schema) -> tuple[str, Schema] | None:
    """What a setting holds if that is a table: how its place ends, and the model. A list of tables counts as one."""
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
    """As TOML has it; of a list of tables, each has its brackets twice."""
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
    """What the model says, else what is said here.

    Raises:
        LookupError: neither says anything.
    """
    full = f"{place}.{name}" if place else name
    meaning: str | None = said.get("description") or _MEANING.get(full)
    if meaning is None:
        raise LookupError(f"the setting {full} has no description: give its Field one")
    return meaning


def _env(place: str, name: str) -> str:
    """The variable; what lies in a list of tables has none of its own: the whole list is one, as JSON."""
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
    """The type of a setting for a reader, with its bounds."""
    if "anyOf" in said:
        return " or ".join(type_of(each) for each in said["anyOf"] if each.get("type") != "null")
    if "enum" in said:
        return " or ".join(code(json.dumps(value)) for value in said["enum"])
    if said.get("format") == "uri":
        return _FORMATS["uri"]  # its length is pydantic's own business
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
    """The default of a setting as TOML has it."""
    if name in model.get("required", ()):
        return "*needed*"
    default = said.get("default", {} if said.get("type") == "object" else [])  # a factory's is not in the schema
    return "none" if default is None else code(json.dumps(default, ensure_ascii=False))
