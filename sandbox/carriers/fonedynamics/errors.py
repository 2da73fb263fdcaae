"""The error envelope of https://www.fonedynamics.com/docs/rest-api/errors.

Only the first part of that page's table of codes is readable (A to CO, and FORBIDDEN as an example). The codes with a
star below are ours, in its style; do not depend on them.
"""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from sandbox.carriers.server import Answered

MISSING = "MISSING_PARAMETER"  # *
INVALID = "INVALID_PARAMETER"  # *
UNAUTHORIZED = "UNAUTHORIZED"  # *
PROPERTY_NOT_FOUND = "PROPERTY_NOT_FOUND"  # *
MESSAGE_NOT_FOUND = "MESSAGE_NOT_FOUND"  # *
TOO_MANY_LEASES = "LEASE_LIMIT_REACHED"  # *
SENDER_NOT_FOUND = "SENDER_NOT_AVAILABLE"  # *
SERVER_ERROR = "INTERNAL_ERROR"  # *
CONFLICTING = "CONFLICTING_PARAMETERS"
COUNTRY_UNAVAILABLE = "COUNTRY_UNAVAILABLE"
FORBIDDEN = "FORBIDDEN"


def envelope(status: int, code: str, message: str, *fields: str) -> web.Response:
    """Returns an error answer; `fields` are the names of the wrong parameters."""
    said: dict[str, object] = {"ErrorCode": code, "Message": message}
    if fields:
        said["Errors"] = [{"FieldName": name} for name in fields]
    return web.json_response({"ResponseStatus": said}, status=status)


def bad(code: str, message: str, *fields: str) -> Answered:
    """Returns a 400."""
    return Answered(envelope(HTTPStatus.BAD_REQUEST, code, message, *fields))


def forbidden(code: str, message: str, *fields: str) -> Answered:
    """Returns a 403: a permission is missing, or the resulting state would be invalid."""
    return Answered(envelope(HTTPStatus.FORBIDDEN, code, message, *fields))
