"""The addresses of ours at which a provider, or whoever follows the link in a text, fetches one file.

`bot/files/signed_urls.py` makes the tokens. What is not there any more, or never was, is 404 and nothing else.
The content was fetched from Slack when the text went out, and is served from our own disk: a provider that asks twice,
or while Slack is down, gets it, and no request from outside makes us ask anybody for anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from storage.tables import files

if TYPE_CHECKING:
    from bot.files.file_store import FileStore
    from bot.files.signed_urls import SignedUrls
    from storage.engine.database import Database
    from storage.tables.files import File

_SHOWN = ("image/", "video/", "audio/")  # what a browser may show instead of saving it
HARMLESS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "private, no-store",
}


class FileRoutes:
    """The door for those who fetch files.

    Args:
        database: where the files are known.
        shelf: where their content lies.
        urls: made the tokens.
    """

    def __init__(self, database: Database, file_store: FileStore, urls: SignedUrls) -> None:
        self._database = database
        self._file_store = file_store
        self._urls = urls

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server is to send here."""
        return [web.get("/files/{token}", self.give)]

    async def give(self, request: web.Request) -> web.StreamResponse:
        """One file."""
        file_id = self._urls.read(request.match_info["token"], self._database.clock())
        file = None if file_id is None else await self._find(file_id)
        if file is None or not await self._file_store.has(file):
            return web.Response(status=404)
        return web.FileResponse(self._file_store.place(file.id), headers=_headers(file))

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
