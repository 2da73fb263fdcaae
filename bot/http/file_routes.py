"""The route at which a provider, or a person who follows the link in a text, downloads one file.

`bot/files/signed_urls.py` makes the tokens. The answer for a file that is gone, or never was, is a plain 404. We
fetched the content from Slack when the text went out and serve it from our disk. So a provider can download it twice,
also while Slack is down, and a download never makes the bot call Slack.
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

_SHOWN = ("image/", "video/", "audio/")  # a browser may show these instead of saving them
HARMLESS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "private, no-store",
}


class FileRoutes:
    """The routes for files.

    Args:
        database: knows the files.
        file_store: has their content.
        urls: reads the tokens.
    """

    def __init__(self, database: Database, file_store: FileStore, urls: SignedUrls) -> None:
        self._database = database
        self._file_store = file_store
        self._urls = urls

    def routes(self) -> list[web.RouteDef]:
        """Returns the route with its handler."""
        return [web.get("/files/{token}", self.give)]

    async def give(self, request: web.Request) -> web.StreamResponse:
        """Answers with one file, or 404."""
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
    """Returns headers with the file's type. Browsers may show pictures, videos and sounds only, and nothing can run."""
    kind = file.content_type or "application/octet-stream"
    how = "inline" if kind.startswith(_SHOWN) and kind != "image/svg+xml" else "attachment"
    plain = "".join(one if one.isascii() and one not in '"\\' else "_" for one in file.name or "file")
    named = f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name or 'file', safe='')}"
    return {**HARMLESS, "Content-Type": kind, "Content-Disposition": named}
