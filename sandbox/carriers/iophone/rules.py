"""The document's rules for each field of a send, and the errors for broken ones."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import phonenumbers
from aiohttp import web

from sandbox.carriers.outcomes import REFUSED_AT_ONCE
from sandbox.carriers.server import Answered

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIELDS: Mapping[str, type] = {
    "toNumber": str,
    "text": str,
    "fromNumber": str,
    "callbackUrl": str,
    "country": str,
    "customKey": str,
    "media": list,
}
_MAX_TEXT = 2048
_MAX_KEY = 32
_MAX_URL = 4096


@dataclass(frozen=True, slots=True)
class Send:
    """A send with valid fields."""

    to: str = field(repr=False)
    text: str = field(repr=False)
    from_number: str | None = field(repr=False)
    callback: str | None = field(repr=False)  # None: not given; "": to be cleared
    custom_key: str | None
    media: list[str] = field(repr=False)


def error(status: int, message: str) -> web.Response:
    """Returns an error; the body repeats the HTTP status."""
    return web.json_response({"status": status, "message": message}, status=status)


def bad(message: str) -> Answered:
    """Returns a 400."""
    return Answered(error(HTTPStatus.BAD_REQUEST, message))


def read(body: bytes, content_type: str, *, unknown: str) -> Send:
    """Parses a request's body.

    Args:
        body: as received.
        content_type: without parameters.
        unknown: "refuse" or "ignore" undocumented fields.

    Raises:
        Answered: a 400 for the first broken rule.
    """
    given = _object(body, content_type, unknown)
    for name in ("toNumber", "text"):
        if not given.get(name):
            raise bad(f"Required parameter '{name}' cannot be empty")
    if len(given["text"]) > _MAX_TEXT:
        raise bad(f"Parameter 'text' must be {_MAX_TEXT} characters or less")
    if len(given.get("customKey", "")) > _MAX_KEY:
        raise bad(f"Parameter 'customKey' must be {_MAX_KEY} characters or less")
    callback = given.get("callbackUrl")
    if callback:
        _check_url("callbackUrl", callback)
    sender = given.get("fromNumber")
    return Send(
        to=_recipient(given["toNumber"], given.get("country", "US")),
        text=given["text"],
        from_number=_number("fromNumber", sender, "US") if sender else None,
        callback=callback,
        custom_key=given.get("customKey"),
        media=_media(given.get("media", [])),
    )


def _object(body: bytes, content_type: str, unknown: str) -> dict[str, Any]:
    if content_type != "application/json":
        raise bad("The request must be application/json")
    try:
        given = json.loads(body)
    except ValueError:
        raise bad("The request is not valid JSON") from None
    if not isinstance(given, dict):
        raise bad("The request must be a JSON object")
    for name, value in given.items():
        if name in _FIELDS and not isinstance(value, _FIELDS[name]):
            raise bad(f"Parameter '{name}' has the wrong type")
        if name not in _FIELDS and unknown == "refuse":
            raise bad(f"There is no parameter '{name}'")
    return given


def _recipient(text: str, country: str) -> str:
    if country not in phonenumbers.SUPPORTED_REGIONS:
        raise bad("Parameter 'country' must be an ISO 3166-1 alpha-2 code")
    number = _number("toNumber", text, country)
    if number.endswith(REFUSED_AT_ONCE):
        raise bad("Parameter 'toNumber' is not a phone number")
    return number


def _number(name: str, text: str, country: str) -> str:
    """Returns E.164. Possible numbers are accepted, because the document's own examples are not valid ones."""
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise bad(f"Parameter '{name}' is not a phone number") from None
    if not phonenumbers.is_possible_number(parsed):
        raise bad(f"Parameter '{name}' is not a phone number")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _media(urls: list[Any]) -> list[str]:
    for url in urls:
        if not isinstance(url, str):
            raise bad("Parameter 'media' must be an array of strings")
        if len(url) > _MAX_URL:
            raise bad(f"Each URL in 'media' must not exceed {_MAX_URL} characters")
        _check_url("media", url)
    return urls


def _check_url(name: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise bad(f"Parameter '{name}' must be an http or https URL")
