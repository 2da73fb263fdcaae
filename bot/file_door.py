"""The addresses of ours at which a provider, or whoever follows the link in a text, fetches one file.

A token names one file and a moment, and is signed with a key made from our secret: nobody can make one, or make one
last longer. What is not there any more, or never was, is 404 and nothing else. The content was fetched from Slack when
the text went out, and is served from our own disk: a provider that asks twice, or while Slack is down, gets it, and no
request from outside makes us ask anybody for anything.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from storage import files

if TYPE_CHECKING:
    from bot.shelf import Shelf
    from storage.database import Database
    from storage.files import File

_BODY = struct.Struct(">qq")  # the id, and until when (microseconds UTC)
_MAC = 16  # bytes of the signature that are kept
_SHOWN = ("image/", "video/", "audio/")  # what a browser may show instead of saving it
HARMLESS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "private, no-store",
}


class FileUrls:
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


class FileDoor:
    """The door for those who fetch files.

    Args:
        database: where the files are known.
        shelf: where their content lies.
        urls: made the tokens.
    """

    def __init__(self, database: Database, shelf: Shelf, urls: FileUrls) -> None:
        self._database = database
        self._shelf = shelf
        self._urls = urls

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server is to send here."""
        return [web.get("/files/{token}", self.give)]

    async def give(self, request: web.Request) -> web.StreamResponse:
        """One file."""
        file_id = self._urls.read(request.match_info["token"], self._database.clock())
        file = None if file_id is None else await self._find(file_id)
        if file is None or not await self._shelf.has(file):
            return web.Response(status=404)
        return web.FileResponse(self._shelf.place(file.id), headers=_headers(file))

    async def _find(self, file_id: int) -> File | None:
        async with self._database.read() as reader:
            file = await files.find(reader, file_id)
        return file if file is not None and file.direction == "out" and file.state == "here" else None


def _headers(file: File) -> dict[str, str]:
    """What the file is, by its content; only pictures, films and sounds are shown, and nothing in them can run."""
    kind = file.content_type or "application/octet-stream"
    how = "inline" if kind.startswith(_SHOWN) and kind != "image/svg+xml" else "attachment"
    plain = "".join(one if one.isascii() and one not in '"\\' else "_" for one in file.name or "file")
    named = f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name or 'file', safe='')}"
    return {**HARMLESS, "Content-Type": kind, "Content-Disposition": named}
