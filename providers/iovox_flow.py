"""Inbound texts at IOVOX: an SMS Flow with the rule `httpRequest`, attached to a link.

https://www.iovox.com/api/sms-flow/httpRequest.html lets us name the fields, and has variables for three of them, but
none for an id or a time. It does not document the form of a POST, so any form is accepted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from providers import payload, xml
from providers.errors import Unreadable
from sms.message import InboundSms

if TYPE_CHECKING:
    from providers.provider import Webhook

_VARIABLES = {"origin": "$_smsOrigin", "destination": "$_smsDestination", "content": "$_smsMessage"}


def _replaced(value: object) -> object:
    """Returns None for a variable that IOVOX did not replace: the texts of all contacts would share one thread."""
    return None if value in _VARIABLES.values() else value


class InboundText(BaseModel):
    """The fields that `flow_xml` names. Numbers have no plus."""

    model_config = ConfigDict(frozen=True)

    origin: Annotated[payload.Party, BeforeValidator(_replaced)] = None
    destination: payload.Party = None
    content: payload.Text = Field(None, repr=False)
    token: payload.Text = Field(None, repr=False)


def read(hook: Webhook) -> InboundText:
    """Reads the fields from the query and the body; the body takes precedence.

    Raises:
        Unreadable: the body is neither JSON nor a form.
    """
    # IOVOX's answers come from PHP, which writes a POST as multipart when it is given an array
    body = payload.read_fields(hook.headers.get("content-type", ""), hook.body)
    said = payload.lower(dict(hook.query)) | body
    return InboundText.model_validate(said, context={"region": hook.region})


def tokens(hook: Webhook) -> list[str]:
    """Returns the candidates for the token: its field, or else every word in the request.

    So a webhook of an unforeseen form is unreadable: the bot stores and reports it. A forged one it would drop.
    """
    try:
        token = read(hook).token
    except Unreadable:
        token = None
    said = " ".join([*(value for _, value in hook.query), hook.body.decode("latin-1")])
    return re.findall(r"[\w-]+", said) if token is None else [token]


def inbound(said: InboundText) -> InboundSms:
    """Returns the contact's text.

    Raises:
        Unreadable: it has no sender or no text.
    """
    if said.origin is None or said.content is None:
        raise Unreadable("the text has no sender or is empty")
    return InboundSms(said.origin, said.destination, said.content)


def flow_xml(url: str, secret: str, name: str = "threadline") -> str:
    """Returns the document that creates such a flow: POST it to /Flow?v=3&method=createFlow.

    https://www.iovox.com/api/rest/createFlow.html. Then attach the flow to a link with a mobile VoxNumber, in their
    portal or by attachSMSTemplateToLinks.

    Args:
        url: ours, for the sender that has this VoxNumber.
        secret: the provider's `verify` checks it.
        name: of the flow, unique in the account.
    """
    fields = _VARIABLES | {"token": secret}
    params = [xml.element("param", name=field, value=value) for field, value in fields.items()]
    parts = {"id": "1", "label": "To the team in Slack", "url": url, "requestMethod": "POST"}
    rule = xml.element("httpRequest", xml.element("params", *params), **parts)
    flow = xml.element("smsFlow", rule, name=name, notes="Brings the texts of contacts to the team in Slack.")
    return xml.write(xml.element("request", flow), indent=True).decode()
