"""Errors as https://www.iovox.com/api/rest/index.html shows them: one or several in one answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web
from lxml import etree

from sandbox.carriers.server import Answered

if TYPE_CHECKING:
    from collections.abc import Sequence


def answer(status: int, messages: Sequence[str]) -> web.Response:
    """An error answer."""
    root = etree.Element("errors")
    for message in messages:
        etree.SubElement(root, "error", status=str(status)).text = _printable(message)
    return response(status, root)


def response(status: int, root: etree._Element) -> web.Response:
    """Any answer; the server starts a session that nobody asked for."""
    body = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    headers = {"Set-Cookie": "PHPSESSID=0; path=/"}
    return web.Response(status=status, body=body, content_type="text/xml", charset="UTF-8", headers=headers)


def bad(*messages: str) -> Answered:
    """A 400."""
    return Answered(answer(HTTPStatus.BAD_REQUEST, messages))


def _printable(text: str) -> str:
    """What XML can hold."""
    return "".join(character if character.isprintable() else "?" for character in text)
