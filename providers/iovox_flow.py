"""How texts of contacts leave IOVOX: an SMS Flow with the rule `httpRequest`, attached to a link.

https://www.iovox.com/api/sms-flow/httpRequest.html lets us name the fields, and has variables for three of them: none
for an id, none for a time. It does not say how a POST is written, so any form will do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from providers import payload, xml
from providers.errors import Unreadable
from sms.message import InboundSms

if TYPE_CHECKING:
    from providers.provider import Webhook

_VARIABLES = {"origin": "$_smsOrigin", "destination": "$_smsDestination", "content": "$_smsMessage"}


class InboundText(BaseModel):
    """What the rule brings: the fields that `flow_xml` names. Numbers come without their plus."""

    model_config = ConfigDict(frozen=True)

    origin: payload.Party = None
    destination: payload.Party = None
    content: payload.Text = Field(None, repr=False)
    token: payload.Text = Field(None, repr=False)


def read(hook: Webhook) -> InboundText:
    """The fields, from the query and from the body, which wins.

    Raises:
        Unreadable: a body that is neither JSON nor a form.
    """
    # PHP, which their answers come from, writes a POST as multipart where it is handed an array
    body = payload.read_fields(hook.headers.get("content-type", ""), hook.body)
    return InboundText.model_validate(payload.lower(dict(hook.query)) | body)


def tokens(hook: Webhook) -> list[str]:
    """What may be the token: its field, or else every word there is.

    A body in a form that nobody foresaw is then unreadable, which is kept and told, and not forged, which is lost.
    """
    try:
        token = read(hook).token
    except Unreadable:
        token = None
    said = " ".join([*(value for _, value in hook.query), hook.body.decode("latin-1")])
    return re.findall(r"[\w-]+", said) if token is None else [token]


def inbound(said: InboundText) -> InboundSms:
    """The text of a contact.

    Raises:
        Unreadable: it names no sender, or has no text.
    """
    if said.origin is None or said.content is None:
        raise Unreadable("the text has no sender or no words")
    return InboundSms(said.origin, said.destination, said.content)


def flow_xml(url: str, secret: str, name: str = "threadline") -> str:
    """The document that creates such a flow: POST it to /Flow?v=3&method=createFlow.

    https://www.iovox.com/api/rest/createFlow.html; afterwards the flow is attached to a link with a mobile VoxNumber,
    in their portal or by attachSMSTemplateToLinks.

    Args:
        url: of ours, for the sender that has this VoxNumber.
        secret: what the provider's `verify` wants to see.
        name: of the flow, unique in the account.
    """
    fields = _VARIABLES | {"token": secret}
    params = [xml.element("param", name=field, value=value) for field, value in fields.items()]
    parts = {"id": "1", "label": "To the team in Slack", "url": url, "requestMethod": "POST"}
    rule = xml.element("httpRequest", xml.element("params", *params), **parts)
    flow = xml.element("smsFlow", rule, name=name, notes="Brings the texts of contacts to the team in Slack.")
    return xml.write(xml.element("request", flow), indent=True).decode()
