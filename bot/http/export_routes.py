"""The addresses of ours at which an admin fetches all that is kept about one contact, for a quarter of an hour.

A token names the contact and a moment, as the token of a file does (`bot/http/file_routes.py`), and each form has its
own key. The export is made on request and stored nowhere, so that no copy outlives the link, or the contact.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.files.signed_urls import SignedUrls
from bot.http.export_page import page
from bot.http.file_routes import HARMLESS
from bot.privacy.export import collect, written
from storage.tables import contacts, erasures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from storage.engine.database import Database
    from storage.tables.contacts import Contact


_FORMS: dict[str, tuple[str, Callable[[Mapping[str, Any]], bytes]]] = {
    "export.html": ("text/html; charset=utf-8", page),
    "export.json": ("application/json", written),
}


def export_urls(public_url: str, secret: str) -> dict[str, SignedUrls]:
    """Make and read the addresses, by the form: export.html is for people, export.json for programs."""
    return {form: SignedUrls(public_url, secret, f"files/{form}") for form in _FORMS}


class ExportRoutes:
    """The door for admins who follow such a link.

    Args:
        database: what is kept.
        urls: made the tokens.
    """

    def __init__(self, database: Database, urls: Mapping[str, SignedUrls]) -> None:
        self._database = database
        self._urls = urls

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server is to send here."""
        return [web.get("/files/{form:export[.](?:html|json)}/{token}", self.give)]

    async def give(self, request: web.Request) -> web.Response:
        """All about one contact, to be saved; 404 once the link is over or the contact is being erased."""
        form = request.match_info["form"]
        contact_id = self._urls[form].read(request.match_info["token"], self._database.clock())
        contact = None if contact_id is None else await self._find(contact_id)
        if contact is None:
            return web.Response(status=404)
        found = await collect(self._database, contact, lambda *_: None)
        kind, make = _FORMS[form]
        return web.Response(body=await asyncio.to_thread(make, found), headers=_headers(form, kind))

    async def _find(self, contact_id: int) -> Contact | None:
        async with self._database.read() as reader:
            if await erasures.under_way(reader, contact_id) is not None:
                return None
            return await contacts.get_if_there(reader, contact_id)


def _headers(form: str, kind: str) -> dict[str, str]:
    return {
        **HARMLESS,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Type": kind,
        "Content-Disposition": f'attachment; filename="threadline-{form}"',
    }
