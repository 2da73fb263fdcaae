"""Parses a call's arguments from a query, a form or JSON, and checks them against the method's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.slack.blockkit.schema import complaint
from sandbox.slack.errors import ApiError, Json

if TYPE_CHECKING:
    from aiohttp import web

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_TRUE = (True, 1, "1", "true", "True")
_FALSE = (False, 0, "0", "false", "False")


@dataclass(frozen=True)
class Argument:
    """One argument of a method.

    Args:
        kind: "string", "boolean", "integer", "array" or "object"; the last two may be JSON in a string.
        required: it must be present.
        error: the error code if it cannot be parsed.
    """

    kind: str = "string"
    required: bool = False
    error: str = "invalid_arguments"


STRING = Argument()
NEEDED = Argument(required=True)
BOOLEAN = Argument("boolean")
INTEGER = Argument("integer")
Arguments = Mapping[str, Argument]


async def read(request: web.Request) -> tuple[Json, str | None]:
    """Returns the raw arguments and the token, which may be in the header, the query or a form, but not in JSON.

    Raises:
        ApiError: the body does not match its content type.
    """
    given: Json = dict(request.query)
    if request.method == "POST" and request.can_read_body:
        given |= await _body(request)
    header = request.headers.get("Authorization", "")
    token = header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else None
    in_body = given.pop("token", None) if request.content_type != "application/json" else None
    return given, token or in_body


def check(given: Json, known: Arguments, team_id: str) -> Json:
    """Returns the arguments with their types.

    Raises:
        ApiError: `invalid_arg_name`, `invalid_arguments` with every complaint, or the argument's error code.
    """
    values = {name: value for name, value in given.items() if value is not None}
    if values.pop("team_id", team_id) != team_id and "team_id" not in known:
        raise ApiError("team_not_found")
    for name in values:
        if not name.replace("_", "").isalnum():
            raise ApiError("invalid_arg_name")
    wrong = [f"unsupported argument: {name}" for name in values if name not in known]
    wrong += [
        f"missing required field: {name}"
        for name, one in known.items()
        if one.required and values.get(name) in (None, "")
    ]
    checked = {name: _convert(name, value, known[name], wrong) for name, value in values.items() if name in known}
    if wrong:
        raise ApiError("invalid_arguments", *wrong)
    return checked


async def _body(request: web.Request) -> Json:
    if request.content_type == "application/json":
        return _as_object(await request.text())
    if request.content_type in _FORMS:
        return dict(await request.post())
    raise ApiError("invalid_post_type")


def _as_object(text: str) -> Json:
    try:
        body = json.loads(text)
    except ValueError:
        raise ApiError("invalid_json") from None
    if not isinstance(body, dict):
        raise ApiError("json_not_object")
    return body


def _convert(name: str, value: Any, argument: Argument, wrong: list[str]) -> Any:
    converted = _read(value, argument)
    if converted is None:
        article = "an" if argument.kind[0] in "aio" else "a"
        if argument.error != "invalid_arguments":
            raise ApiError(argument.error)
        wrong.append(complaint(f"must provide {article} {argument.kind}", f"/{name}"))
    return converted


def _read(value: Any, argument: Argument) -> Any:
    if argument.kind in ("array", "object"):
        return _json(value, list if argument.kind == "array" else dict, argument.error)
    readers = {"string": _string, "boolean": _boolean, "integer": _integer}
    return readers[argument.kind](value)


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _boolean(value: Any) -> bool | None:
    if value in _TRUE:
        return True
    return False if value in _FALSE else None


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else None


def _json(value: Any, kind: type, error: str) -> Any:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ApiError(error, "must be valid JSON") from None
    return value if isinstance(value, kind) else None
