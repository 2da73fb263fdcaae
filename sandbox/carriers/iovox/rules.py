"""The rules of https://www.iovox.com/api/rest/sendSms.html for each node of a send, with the documented errors.

The document has no errors for the optional nodes; those are ours, in its style.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lxml import etree

from sandbox.carriers.iovox.errors import bad
from sandbox.carriers.outcomes import REFUSED_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.carriers.iovox.settings import IovoxSettings

_NODES = (
    *("origin", "destination", "message"),
    *("callback_url", "callback_url_headers", "expiry", "c2c_failover_link_id"),
)
_DIGITS = re.compile(r"[1-9][0-9]{4,14}")  # E.164 without + or 00
_NAME = re.compile(r"[A-Za-z0-9 .]{1,11}")
_HEADER = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.*?)\s*")
_MAX_TEXT = 160
_PLACE = re.compile(r",? line \d+, column \d+.*")


@dataclass(frozen=True, slots=True)
class Send:
    """A send with valid nodes."""

    origin: str = field(repr=False)
    destination: str = field(repr=False)
    message: str = field(repr=False)
    callback_url: str | None = field(repr=False)
    callback_headers: Mapping[str, str] = field(repr=False)
    expiry: int | None  # minutes
    link_id: str | None


def check_query(query: Mapping[str, str], method: str) -> None:
    """Checks the version and the HTTP method of a send.

    Raises:
        Answered: with every error.
    """
    wrong = version_errors(query)
    if method != "POST":
        wrong.append(f"Request Method must be POST. {method} attempted")
    if wrong:
        raise bad(*wrong)


def version_errors(query: Mapping[str, str]) -> list[str]:
    """Returns the errors of `v`."""
    version = query.get("v", "")
    if not version:
        return ["API Version Empty"]
    return [] if version == "3" else ["API Version Invalid"]


def read(body: bytes, settings: IovoxSettings) -> Send:
    """Parses a request's XML.

    Raises:
        Answered: with every error of the nodes, or the one error of the XML itself.
    """
    nodes = _nodes(body)
    wrong = [*_origin_errors(nodes), *_destination_errors(nodes), *_message_errors(nodes, settings)]
    wrong += [*_callback_errors(nodes), *_other_errors(nodes, settings)]
    if wrong:
        raise bad(*wrong)
    return Send(
        origin=nodes["origin"],
        destination=nodes["destination"],
        message=nodes["message"],
        callback_url=nodes.get("callback_url") or None,
        callback_headers=_headers(nodes.get("callback_url_headers", "")) or {},
        expiry=int(nodes["expiry"]) if nodes.get("expiry") else None,
        link_id=nodes.get("c2c_failover_link_id") or None,
    )


def _nodes(body: bytes) -> dict[str, str]:
    if not body.strip():
        raise bad("XML Empty")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise bad(f"XML parse error. {_PLACE.sub('', str(error.msg))} at line {line}, column {column}") from None
    if root.tag != "request" or not len(root):
        raise bad("Request Empty")
    return {str(node.tag): _text(node) for node in root}


def _text(node: etree._Element) -> str:
    """Returns a node's text; a message keeps its spaces."""
    text = node.text or ""
    return text if node.tag == "message" else text.strip()


def _origin_errors(nodes: Mapping[str, str]) -> list[str]:
    origin = nodes.get("origin", "")
    if not origin:
        return ["Origin Empty"]
    is_right = _DIGITS.fullmatch(origin) if origin.isdecimal() else _NAME.fullmatch(origin)
    return [] if is_right else [f"Origin Invalid: {origin}"]


def _destination_errors(nodes: Mapping[str, str]) -> list[str]:
    destination = nodes.get("destination", "")
    if not destination:
        return ["Destination Empty"]
    if _DIGITS.fullmatch(destination) and not destination.endswith(REFUSED_AT_ONCE):
        return []
    return [f"Destination Invalid: {destination}"]


def _message_errors(nodes: Mapping[str, str], settings: IovoxSettings) -> list[str]:
    message = nodes.get("message", "")
    if not message.strip():
        return ["Message Empty"]
    most = _MAX_TEXT if settings.takes_160 else _MAX_TEXT - 1
    return ["Message must be less than 160 characters long"] if len(message) > most else []


def _callback_errors(nodes: Mapping[str, str]) -> list[str]:
    wrong = []
    if url := nodes.get("callback_url"):
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            wrong.append(f"Callback Url Invalid: {url}")
    headers = nodes.get("callback_url_headers")
    if headers and _headers(headers) is None:
        wrong.append(f"Callback Url Headers Invalid: {headers}")
    return wrong


def _headers(text: str) -> dict[str, str] | None:
    """Returns the headers of a comma-separated list, or None if it is invalid; a value cannot contain a comma."""
    matches = [_HEADER.fullmatch(part) for part in text.split(",")] if text else []
    if not all(matches):
        return None
    return {match[1]: match[2] for match in matches if match}


def _other_errors(nodes: Mapping[str, str], settings: IovoxSettings) -> list[str]:
    wrong = []
    expiry, link = nodes.get("expiry"), nodes.get("c2c_failover_link_id")
    if expiry and not (expiry.isdecimal() and int(expiry)):
        wrong.append(f"Expiry Invalid: {expiry}")
    if link and settings.links is not None and link not in settings.links:
        wrong.append(f"C2c Failover Link Id Invalid: {link}")
    strangers = [name for name in nodes if name not in _NODES]
    if settings.unknown_nodes == "refuse":
        wrong += [f"Node Invalid: {name}" for name in strangers]
    return wrong
