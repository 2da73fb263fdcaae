"""The document's rules for each field of a send, and the errors for broken ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import phonenumbers
from aiohttp import web

from sandbox.carriers.numbers import with_plus
from sandbox.carriers.outcomes import REFUSED_AT_ONCE
from sandbox.carriers.server import Answered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.carriers.restcomm.settings import RestcommSettings

_REQUIRED = ("From", "To", "Body")
_FIELDS = (*_REQUIRED, "StatusCallback", "StatusCallbackMethod", "Encoding", "ApiVersion")
_ENCODINGS = ("GSM", "UCS-2", "UTF-8")
_NUMBER = re.compile(r"\+?[1-9][0-9]{6,14}")
_SHORT_CODE = re.compile(r"[0-9]{3,8}")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
CLIENT = "client:"
_MAX_BODY = 10_000_000  # bytes
_CUT_OVER, _CUT_TO = 160, 159


@dataclass(frozen=True, slots=True)
class Send:
    """A send with valid fields."""

    from_number: str = field(repr=False)
    to: str = field(repr=False)
    body: str = field(repr=False)
    callback: str | None = field(repr=False)
    callback_method: str
    sip_headers: Mapping[str, str] = field(repr=False)
    api_version: str


def error(message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Answered:
    """Returns an error in the provider's usual format."""
    return Answered(web.json_response({"message": message}, status=status))


def read(body: bytes, content_type: str, settings: RestcommSettings) -> Send:
    """Parses a request's form.

    Raises:
        Answered: the provider's error for the first broken rule.
    """
    form = _form(body, content_type)
    for name in _REQUIRED:
        if not form.get(name):
            raise _plain(f"{name} can not be null.", settings)
    strangers = [name for name in form if name not in _FIELDS and not name.startswith("X-")]
    if strangers and settings.unknown_fields == "refuse":
        raise error("There are unknown parameters.")
    if form.get("Encoding", "GSM") not in _ENCODINGS:
        raise Answered(web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR))
    form = _normalized(form) if settings.normalizes else form
    _check_sender(form["From"], settings)
    _check_recipient(form["To"])
    _check_callback(form)
    method = form.get("StatusCallbackMethod", "POST").upper() if settings.honours_callback_method else "POST"
    headers = {name: value for name, value in form.items() if name.startswith("X-")}
    version = form.get("ApiVersion", "2012-04-24")
    callback = form.get("StatusCallback") or None
    return Send(form["From"], form["To"], form["Body"], callback, method, headers, version)


def _form(body: bytes, content_type: str) -> dict[str, str]:
    if content_type != "application/x-www-form-urlencoded":
        raise Answered(web.Response(status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE))
    if len(body) > _MAX_BODY:
        raise Answered(web.Response(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    except ValueError:
        raise Answered(web.Response(status=HTTPStatus.BAD_REQUEST)) from None
    return dict(reversed(pairs))  # the first value of a repeated name


def _plain(text: str, settings: RestcommSettings) -> Answered:
    """Returns an error as plain text, which some are in any format."""
    return Answered(web.Response(status=HTTPStatus.BAD_REQUEST, text=text, content_type=settings.plain_error_type))


def _check_sender(sender: str, settings: RestcommSettings) -> None:
    if with_plus(sender) in settings.numbers:
        return
    is_number = _NUMBER.fullmatch(sender) or _SHORT_CODE.fullmatch(sender)
    if is_number and settings.foreign_from == "accept":
        return
    if _NAME.fullmatch(sender) and not is_number and settings.alphanumeric == "accept":
        return
    raise error("The From number is not enabled for SMS.")


def _check_recipient(to: str) -> None:
    if to.startswith(CLIENT) and len(to) > len(CLIENT):
        return
    if to.endswith(REFUSED_AT_ONCE) or not (_NUMBER.fullmatch(to) or _SHORT_CODE.fullmatch(to)):
        raise error("The To number is not valid.")


def _check_callback(form: Mapping[str, str]) -> None:
    if form.get("StatusCallbackMethod", "POST").upper() not in ("POST", "GET"):
        raise error("StatusCallbackMethod must be POST or GET.")
    if callback := form.get("StatusCallback"):
        parts = urlsplit(callback)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise error("StatusCallback must be an absolute URL.")


def _normalized(form: dict[str, str]) -> dict[str, str]:
    """Changes a text as the open-source server's normalization does: it assumes US numbers and cuts bodies."""
    body = form["Body"]
    cut = body[:_CUT_TO] if len(body.encode()) > _CUT_OVER else body
    return form | {"Body": cut} | {name: _e164(form[name]) for name in ("From", "To")}


def _e164(number: str) -> str:
    try:
        parsed = phonenumbers.parse(number, "US")
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
