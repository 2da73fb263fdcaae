"""The routes at which an admin downloads everything that the bot keeps about one contact, for a quarter of an hour.

A token has the contact and the time when it expires, like that of a file (`bot/http/file_routes.py`); each form has its
own key. We make the export on request and store no copy, so that none outlives the link, or the contact.
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
    """Returns the makers of export URLs by form: export.html is for people, export.json for programs."""
    return {form: SignedUrls(public_url, secret, f"files/{form}") for form in _FORMS}


class ExportRoutes:
    """The routes for exports.

    Args:
        database: the data.
        urls: read the tokens, by form.
    """

    def __init__(self, database: Database, urls: Mapping[str, SignedUrls]) -> None:
        self._database = database
        self._urls = urls

    def routes(self) -> list[web.RouteDef]:
        """Returns the routes with their handler."""
        return [web.get("/files/{form:export[.](?:html|json)}/{token}", self.give)]

    async def give(self, request: web.Request) -> web.Response:
        """Answers with everything about one contact; 404 if the link has expired or the contact is being erased."""
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
