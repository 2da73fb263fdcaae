"""Twilio's signature of a webhook (https://www.twilio.com/docs/usage/security), without I/O."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from providers import payload
from providers.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

_PORTS = {"http": 80, "https": 443}


def signature(token: str, url: str, body: bytes) -> str:
    """Returns the value of `X-Twilio-Signature`: an HMAC of the URL and the sorted fields of the form.

    A GET has its fields in the URL. Of a field that comes twice, each value counts once: no document says so, but
    Twilio's libraries do it (github.com/twilio/twilio-python, request_validator.py).

    Raises:
        Unreadable: the body is no form.
    """
    fields = sorted(set(payload.read_pairs(body)))
    signed = url + "".join(f"{name}{value}" for name, value in fields)
    return base64.b64encode(hmac.digest(token.encode(), signed.encode("utf-8", "replace"), hashlib.sha1)).decode()


def is_signed(given: str, token: str, url: str, body: bytes) -> bool:
    """True if the signature is that of the request.

    Twilio's document says that the port stays in the URL, its libraries try both ways because the service is not
    consistent: so do we.

    Args:
        given: the value of `X-Twilio-Signature`.
        token: the account's primary auth token.
        url: that Twilio called, with its query.
        body: of the request; only a form is signed like this.
    """
    try:
        expected = [signature(token, each, body) for each in _with_and_without_port(url)]
    except Unreadable:
        return False
    return any(hmac.compare_digest(given.encode(), each.encode()) for each in expected)


def _with_and_without_port(url: str) -> Iterator[str]:
    yield url
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return
    if usual := _PORTS.get(parts.scheme):
        bare = parts.netloc.removesuffix(f":{port}")
        yield parts._replace(netloc=bare if port else f"{bare}:{usual}").geturl()
