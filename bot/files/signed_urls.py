"""Signed URLs for files and exports.

A token has one subject and the time when it expires, signed with a key derived from our secret. So nobody else can make
a token or extend one.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import struct

_BODY = struct.Struct(">qq")  # the id, and when it expires (microseconds UTC)
_MAC = 16  # bytes of the signature


class SignedUrls:
    """Makes and reads signed URLs.

    Args:
        public_url: of our HTTP server.
        secret: from the settings.
        place: the path before the token; a token is valid for one place only.
    """

    def __init__(self, public_url: str, secret: str, place: str = "files") -> None:
        self._base = f"{public_url}/{place}"
        self._key = hmac.digest(secret.encode(), place.encode(), "sha256")

    def make(self, subject: int, until: int) -> str:
        """Returns a URL for the file (or other subject) of this id that works until then (microseconds UTC)."""
        body = _BODY.pack(subject, until)
        return f"{self._base}/{_spell(body + self._sign(body))}"

    def read(self, token: str, now: int) -> int | None:
        """Returns the id in a token; None if the token is not ours or has expired."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        if _spell(raw) != token:  # the last character has bits that mean nothing
            return None
        body, signature = raw[: _BODY.size], raw[_BODY.size :]
        if len(body) != _BODY.size or not hmac.compare_digest(signature, self._sign(body)):
            return None
        subject, until = _BODY.unpack(body)
        return int(subject) if now < until else None

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_MAC]


def _spell(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
