"""Signed URLs for files and exports.

A token names one subject and a moment, and is signed with a key made from our secret: nobody can make one, or make one
last longer.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import struct

_BODY = struct.Struct(">qq")  # the id, and until when (microseconds UTC)
_MAC = 16  # bytes of the signature that are kept


class SignedUrls:
    """Makes and reads them.

    Args:
        public_url: of our doors.
        secret: of the settings.
        place: the path before the token; a token of one place is none at another.
    """

    def __init__(self, public_url: str, secret: str, place: str = "files") -> None:
        self._base = f"{public_url}/{place}"
        self._key = hmac.digest(secret.encode(), place.encode(), "sha256")

    def make(self, subject: int, until: int) -> str:
        """The address of a file (or what else is there) by its id, which works until then (microseconds UTC)."""
        body = _BODY.pack(subject, until)
        return f"{self._base}/{_spell(body + self._sign(body))}"

    def read(self, token: str, now: int) -> int | None:
        """The id that a token of ours stands for; None if it is none, or is over."""
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
