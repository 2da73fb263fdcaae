"""Fone Dynamics, REST API v2 (https://www.fonedynamics.com/docs/rest-api/send-sms).

It offers leased numbers, names as senders, receipts, scheduling and a searchable record of all texts. No document shows
the bodies of its webhooks, so `parse` accepts any form and returns an `Ask` if the webhook says too little.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import httpx
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, HttpUrl, SecretStr

from providers import fonedynamics_errors as errors
from providers import payload
from providers.errors import Refused, Unknown, Unreadable, Unsupported
from providers.http import request
from providers.provider import Accepted, Ask, Callbacks, Features, Model, Portal, Webhook, WebhookAnswer, read_options
from sms.address import E164, Alphanumeric
from sms.message import InboundSms, OutboundSms, Receipt, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

# --- settings and options ---------------------------------------------------------------------------------------------

Sid = Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$")]
Method = Literal["POST", "GET"]
Number = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{4,14}$")]


def _number_or_name(said: str) -> str:
    if said and not re.fullmatch(r"\+[1-9][0-9]{4,14}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}", said):
        raise ValueError("write a number such as +61400000000, or a name of letters, digits and spaces with a letter")
    return said


NumberOrName = Annotated[str, AfterValidator(_number_or_name)]  # blank, as in their example, is the default
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]


class FoneDynamicsSettings(Model):
    """An account, with the property that texts are sent from."""

    account_sid: Sid = Field(title="Account SID")
    token: SecretStr = Field(title="Token", description="The account's API token.")
    property_sid: Sid = Field(title="Property SID", description="Fone Dynamics client services enable it for SMS.")
    base_url: HttpUrl = Field(HttpUrl("https://api.fonedynamics.com"), title="API address")


class FoneDynamicsOptions(Model):
    """The optional parameters of the send request. Those about replies apply to leased senders only."""

    schedule: AwareDatetime | None = Field(
        None, title="Send at", description="Fone Dynamics sends it then, at most 14 days ahead. You cannot cancel it."
    )
    delivery_receipt: bool = Field(True, title="Delivery receipt", description="Request delivery receipts.")
    delivery_receipt_method: Method = Field("POST", title="Receipt method", description="HTTP method of receipts.")
    webhook_method: Method = Field("POST", title="Reply method", description="HTTP method of replies to a lease.")
    forward_to_sms: Number | None = Field(None, title="Forward replies to", description="Such as +61400000000.")
    forward_from_sms: NumberOrName | None = Field(
        None, title="… from", description="A number or a name. Default: the contact's number."
    )
    forward_to_email: Email | None = Field(None, title="Forward replies by email to", description="An email address.")
    forward_from_email: Email | None = Field(None, title="… by email from", description="Default: one of theirs.")


_FORWARDS = {
    "forward_to_sms": "ForwardToSms",
    "forward_from_sms": "ForwardFromSms",
    "forward_to_email": "ForwardToEmail",
    "forward_from_email": "ForwardFromEmail",
}

# --- payloads ---------------------------------------------------------------------------------------------------------


class Message(BaseModel):
    """The Message resource; its field names are read in any case (https://www.fonedynamics.com/docs/rest-api/get-sms/).

    The answer to a send has at least the first four fields and the account's ids. Webhooks are parsed as one.
    """

    model_config = ConfigDict(frozen=True, alias_generator=lambda name: name.replace("_", ""))

    message_sid: payload.Text = None
    from_: payload.Party = None
    to: payload.Party = None
    text: payload.Text = Field(None, repr=False)
    external_id: payload.Text = None
    status: payload.Text = None
    direction: payload.Text = None
    num_segments: payload.Count = None
    error_code: payload.Text = None
    delivery_receipt: payload.Text = None  # "true" or "false"
    scheduled: payload.Moment = None
    created: payload.Moment = None
    submitted: payload.Moment = None
    delivered: payload.Moment = None
    received: payload.Moment = None

    @property
    def is_inbound(self) -> bool | None:
        """True if a contact sent it; None if neither direction nor status tells."""
        word = (self.direction or self.status or "").casefold()
        if word in ("receive", "received"):
            return True
        return False if word == "transmit" or word in STATUS else None


# In lower case. `Received` is missing: it marks contacts' texts. https://www.fonedynamics.com/docs/rest-api/find-sms/
STATUS: Mapping[str, Status] = {
    "processing": Status.ACCEPTED,
    "submitted": Status.SENT,
    "delivered": Status.DELIVERED,
    "failed": Status.FAILED,  # could not be submitted within a reasonable time
}

_UNREADABLE = "Fone Dynamics sent an unreadable answer."

# --- the provider -----------------------------------------------------------------------------------------------------

_FURTHEST = timedelta(days=14)
_LATEST = timedelta(hours=1)
_NO_NAMES = frozenset({"US", "CA"})  # "notably": there the contact would see a leased number instead of the name
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_PAGE = 200  # their default for Results_Count
_SKEW = timedelta(minutes=5)  # largest difference between their clock and ours, and delay of a webhook


class FoneDynamics:
    """An account at Fone Dynamics. See `providers.provider.Provider`."""

    name: ClassVar[str] = "fonedynamics"
    title: ClassVar[str] = "Fone Dynamics"
    features: ClassVar[Features] = Features(
        receipts=True,
        inbound=True,  # replies to leased numbers; a dedicated number's webhook is set in their portal
        leases=True,
        max_leases=5,
        alphanumeric=True,
        schedule=True,
        find_sent=True,
        look_up=True,
        list_inbound=True,
        unproved=frozenset({"receipts", "inbound"}),  # no document shows the body of a webhook
    )
    Settings: ClassVar[type[Model]] = FoneDynamicsSettings
    Options: ClassVar[type[Model]] = FoneDynamicsOptions

    def __init__(self, settings: FoneDynamicsSettings, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client

    def verify(self, hook: Webhook) -> None:
        """Fone Dynamics signs nothing: the token in the path is the only proof."""

    def parse(self, hook: Webhook) -> list[InboundSms | Receipt | Ask]:
        """Reads Message resources from JSON, a form or the query, and returns an `Ask` for each that says too little.

        Raises:
            Unreadable: the body is neither a form nor JSON with an object in it. An empty body gives an `Ask`.
        """
        query = payload.lower(dict(hook.query))
        said = [query | fields for fields in _body(hook)] or [query]
        return [_event(Message.model_validate(fields, context={"region": hook.region}), hook) for fields in said]

    def answer(self, hook: Webhook) -> WebhookAnswer:
        """Returns an empty 200: no document asks for more."""
        return WebhookAnswer()

    @staticmethod
    def portal(sender: str, url: str, secret: str) -> Portal:
        """A dedicated number's webhook is set in their portal; a leased number gets it with each text."""
        return Portal("Set this as the number's webhook in the Fone Dynamics portal. A leased number needs none.", url)

    def check(self, sms: OutboundSms) -> None:
        """Checks the text against the documented rules of the send request.

        Raises:
            Unsupported: files, other kinds of recipients and senders, or reply options without a leased sender.
            Refused: an invalid name, a country that shows no names, or a send time outside the window.
        """
        if sms.media:
            raise Unsupported("media", "Fone Dynamics cannot send files.")
        if not isinstance(sms.recipient, E164):
            raise Unsupported("recipient", "Fone Dynamics sends to phone numbers only.")
        if isinstance(sms.sender, Alphanumeric):
            _check_name(sms.sender, sms.recipient)
        elif not isinstance(sms.sender, E164 | None):
            raise Unsupported("sender", "Fone Dynamics sends from numbers, names and leased numbers only.")
        _check_options(read_options(FoneDynamicsOptions, sms), leased=sms.sender is None or sms.is_leased)

    async def send(self, sms: OutboundSms, callbacks: Callbacks) -> Accepted:
        """Posts to /v2/Properties/{PropertySid}/Messages (https://www.fonedynamics.com/docs/rest-api/send-sms)."""
        self.check(sms)
        response = await self._request("POST", self._messages, json=_send_body(sms, callbacks))
        options = read_options(FoneDynamicsOptions, sms)
        accepted = _accepted(_only(_read(response, sms.text)))
        return replace(accepted, no_receipt=not options.delivery_receipt, scheduled=_later(options.schedule))

    async def find_sent(self, sms: OutboundSms, since: datetime) -> list[Accepted]:
        """Searches for the attempt as `ExternalId`; if no text has it, for the recipient, text and sender."""
        found = await self._find("Transmit", since)
        ours = [message for message in found if message.external_id == sms.attempt]
        alike = [message for message in found if _is_like(message, sms, since)]
        return [_accepted(message) for message in ours or alike]

    async def look_up(self, provider_id: str) -> InboundSms | Receipt | None:
        """Gets /v2/Messages/{MessageSid} (https://www.fonedynamics.com/docs/rest-api/get-sms/)."""
        if not re.fullmatch(r"[A-Za-z0-9]+", provider_id):
            return None  # an id from a webhook, which would become a part of the path
        try:
            message = _only(_read(await self._request("GET", f"/v2/Messages/{provider_id}")))
        except Refused as refused:
            if refused.code in errors.SENTENCES or not refused.code.endswith(("_NOT_FOUND", "_404")):
                raise
            return None  # the readable part of their error table does not name the code
        event = _inbound(message) if message.is_inbound else _receipt(message)
        if event is None:
            raise Unknown("unreadable_answer", _UNREADABLE)
        return event

    async def list_inbound(self, since: datetime) -> AsyncIterator[InboundSms]:
        """Yields texts that Find lists as received since then, oldest first. Skips those without a sender or a text."""
        messages = await self._find("Receive", since)
        found = [_inbound(message) for message in messages if message.is_inbound is not False]
        for sms in sorted(filter(None, found), key=lambda sms: sms.sent_at or since):
            yield sms

    @property
    def _messages(self) -> str:
        return f"/v2/Properties/{self._settings.property_sid}/Messages"

    async def _request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        auth = httpx.BasicAuth(self._settings.account_sid, self._settings.token.get_secret_value())
        url = f"{str(self._settings.base_url).rstrip('/')}{path}"
        return await request(self._client, method, url, auth=auth, headers={"Accept": "application/json"}, **arguments)

    async def _find(self, direction: str, since: datetime) -> list[Message]:
        """Returns all pages of Find (https://www.fonedynamics.com/docs/rest-api/find-sms/).

        That page shows the parameters as a JSON object; a working client sends them as a query.
        """
        window = {"Date_From": _epoch(since - _SKEW), "Date_To": _epoch(datetime.now(UTC) + _SKEW)}
        found: dict[str | None, Message] = {}
        while True:
            paging = {"Direction": direction, "Results_Count": _PAGE, "Results_Skip": len(found)}
            page = _read(await self._request("GET", self._messages, params=window | paging))
            if all(message.message_sid in found for message in page):
                return list(found.values())
            found |= {message.message_sid: message for message in page}


# --- before sending ---------------------------------------------------------------------------------------------------


def _check_name(sender: Alphanumeric, recipient: E164) -> None:
    if not _NAME.fullmatch(sender.name):
        raise Refused("sender_name", "A sender name has up to 11 letters, digits and spaces, and at least one letter.")
    if recipient.region in _NO_NAMES:
        raise Refused("sender_name_country", "The US and Canada show no sender names. Use a number there.")


def _check_options(options: FoneDynamicsOptions, *, leased: bool) -> None:
    lease_only = [name for name in _FORWARDS if getattr(options, name)]
    lease_only += ["webhook_method"] if options.webhook_method != "POST" else []
    if lease_only and not leased:
        raise Unsupported("needs_lease", f"Fone Dynamics accepts {', '.join(lease_only)} for leased senders only.")
    ahead = options.schedule - datetime.now(UTC) if options.schedule else timedelta()
    if ahead > _FURTHEST:
        raise Refused("schedule_too_far", "Fone Dynamics schedules texts at most 14 days ahead.")
    if ahead <= -_LATEST:
        raise Refused("schedule_past", "The send time of this text has passed.")


def _send_body(sms: OutboundSms, callbacks: Callbacks) -> dict[str, Any]:
    options = read_options(FoneDynamicsOptions, sms)
    body: dict[str, Any] = {"From": str(sms.sender or ""), "To": str(sms.recipient), "Text": sms.text}
    if options.schedule:
        body["Schedule"] = _epoch(options.schedule)
    body["DeliveryReceipt"] = options.delivery_receipt
    if options.delivery_receipt:
        body["DeliveryReceiptWebhookUri"] = callbacks.receipts
        body["DeliveryReceiptWebhookMethod"] = options.delivery_receipt_method
    if sms.sender is None:  # no document says what these do with a given sender
        body |= {theirs: value for ours, theirs in _FORWARDS.items() if (value := getattr(options, ours))}
        body |= {"WebhookUri": callbacks.replies, "WebhookMethod": options.webhook_method}
    return body | {"ExternalId": sms.attempt}


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


# --- parsing ----------------------------------------------------------------------------------------------------------


def _body(hook: Webhook) -> list[dict[str, object]]:
    """Returns the objects in a webhook's body; none if it is empty."""
    content_type = hook.headers.get("content-type", "")
    if payload.is_json(hook.body):
        return _objects(payload.read_json(hook.body, content_type))
    fields = payload.read_form(hook.body, content_type)
    return [payload.lower(fields)] if fields else []


def _objects(said: object) -> list[dict[str, object]]:
    """Returns the objects in JSON: one, a list of them, or either of these under `Message` or `Messages`."""
    fields = payload.lower(said)
    inner = fields.get("message", fields.get("messages"))
    said = inner if isinstance(inner, dict | list) else said
    items = said if isinstance(said, list) else [said]
    if not all(isinstance(item, dict) for item in items):
        raise Unreadable("the body contains no object")
    return [payload.lower(item) for item in items]


def _event(message: Message, hook: Webhook) -> InboundSms | Receipt | Ask:
    """Returns the event for a message at the webhook's URL. At an attempt's URL only receipts count."""
    is_inbound = hook.attempt is None and message.is_inbound is not False
    event = _inbound(message) if is_inbound else _receipt(message, hook.attempt)
    if event or message.message_sid:
        return event or Ask(provider_id=message.message_sid)
    return Ask(attempt=hook.attempt) if hook.attempt else Ask(since=hook.received_at - _SKEW)


def _inbound(message: Message) -> InboundSms | None:
    if message.from_ is None or message.text is None:
        return None
    at = message.received or message.created
    return InboundSms(message.from_, message.to, message.text, message.message_sid, at)


def _receipt(message: Message, attempt: str | None = None) -> Receipt | None:
    if not message.status or message.is_inbound:
        return None
    status = STATUS.get(message.status.casefold())
    times = {Status.ACCEPTED: message.created, Status.SENT: message.submitted, Status.DELIVERED: message.delivered}
    return Receipt(
        word=message.status,
        status=status,
        provider_id=message.message_sid,
        attempt=attempt or message.external_id,
        code=message.error_code,
        sentence=errors.failure(message.error_code) if status is Status.FAILED else None,
        at=times.get(status) if status else None,
        sender=message.from_,
        segments=message.num_segments,
    )


def _accepted(message: Message) -> Accepted:
    status = STATUS.get((message.status or "").casefold(), Status.ACCEPTED)
    return Accepted(
        message.message_sid or "",
        status,
        message.from_,
        message.num_segments,
        no_receipt=message.delivery_receipt == "false",
        scheduled=_later(message.scheduled),
    )


def _later(moment: datetime | None) -> datetime | None:
    """Returns the time of a text that Fone Dynamics still has to send; None for any other."""
    return moment if moment is not None and moment > datetime.now(UTC) else None


def _is_like(message: Message, sms: OutboundSms, since: datetime) -> bool:
    """Returns True if a message without `ExternalId` may be this text; one created before `since` is not."""
    if message.external_id or (message.created or since) < since.replace(microsecond=0):
        return False
    return (message.to, message.text) == (sms.recipient, sms.text) and sms.sender in (None, message.from_)


def _read(response: httpx.Response, *private: str) -> list[Message]:
    """Parses the messages in an answer. `private` lists texts that a refusal may quote and that we must not show."""
    if not response.is_success:
        raise errors.refusal(response, *private)
    try:
        return [Message.model_validate(fields) for fields in _objects(payload.read_json(response.content))]
    except Unreadable:
        raise Unknown("unreadable_answer", _UNREADABLE) from None


def _only(messages: list[Message]) -> Message:
    if not messages or not messages[0].message_sid:
        raise Unknown("unreadable_answer", _UNREADABLE)
    return messages[0]
