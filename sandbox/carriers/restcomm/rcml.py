"""Interprets the answer to an inbound text, which must be RCML."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from sandbox.carriers.webhooks import Delivery

_TYPES = ("text/xml", "application/xml", "text/html")
_VERBS = ("Sms", "Redirect", "Email")
BAD_TYPE = 12300
BAD_VERB = 14110


@dataclass(frozen=True, slots=True)
class Notification:
    """A record in the account about a wrong answer."""

    code: int | None  # None if no code is known
    reason: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Verb:
    """One instruction in an answer."""

    name: str
    text: str = field(repr=False)
    to: str | None = field(repr=False)
    from_number: str | None = field(repr=False)


class Failed(Exception):
    """The answer could not be fetched or is not XML; the fallback, if any, is called next."""


def read(delivery: Delivery | None, message_id: str, notifications: list[Notification]) -> list[Verb]:
    """Returns the verbs in an answer, and records each error.

    Raises:
        Failed: the status is not exactly 200, or the root is not `<Response>`.
    """
    if delivery is None or delivery.status != HTTPStatus.OK:
        raise Failed("The answer was not exactly 200.")
    if not any(allowed in delivery.content_type for allowed in _TYPES):
        notifications.append(Notification(BAD_TYPE, "The content type of the answer is not allowed.", message_id))
        return []
    verbs = []
    for element in _root(delivery.answer).iterchildren(etree.Element):
        if element.tag in _VERBS:
            verbs.append(Verb(str(element.tag), element.text or "", element.get("to"), element.get("from")))
        else:
            notifications.append(Notification(BAD_VERB, "The answer has a verb that is not allowed.", message_id))
    return verbs


def _root(answer: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(answer.encode(), parser)
    except etree.XMLSyntaxError:
        raise Failed("The answer is not well-formed XML.") from None
    if root.tag != "Response":
        raise Failed("The answer's root is not Response.")
    return root
