"""Errors as in https://www.iovox.com/api/rest/index.html: one or several in an answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web
from lxml import etree

from sandbox.carriers.server import Answered

if TYPE_CHECKING:
    from collections.abc import Sequence


def answer(status: int, messages: Sequence[str]) -> web.Response:
    """Returns an error answer."""
    root = etree.Element("errors")
    for message in messages:
        etree.SubElement(root, "error", status=str(status)).text = _printable(message)
    return response(status, root)


def response(status: int, root: etree._Element) -> web.Response:
    """Returns any answer; the server starts a session with each."""
    body = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    headers = {"Set-Cookie": "PHPSESSID=0; path=/"}
    return web.Response(status=status, body=body, content_type="text/xml", charset="UTF-8", headers=headers)


def bad(*messages: str) -> Answered:
    """Returns a 400."""
    return Answered(answer(HTTPStatus.BAD_REQUEST, messages))


def _printable(text: str) -> str:
    """Removes characters that XML cannot contain."""
    return "".join(character if character.isprintable() else "?" for character in text)
