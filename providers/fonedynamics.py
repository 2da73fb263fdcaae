"""Fone Dynamics, REST API v2 (https://www.fonedynamics.com/docs/rest-api/send-sms).

Numbers leased for one contact, names as senders, receipts, scheduling, and a record of all texts that can be asked for.
What its webhooks carry is documented nowhere: `parse` takes any form, and asks the company where that says too little.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, HttpUrl, SecretStr

from providers import payload
from providers.errors import Refused, Unknown, Unreadable, Unsupported
from providers.http import request
from providers.provider import Accepted, Ask, Callbacks, Features, Model, Portal, Webhook, WebhookAnswer, read_options
from sms.address import E164, Alphanumeric
from sms.message import InboundSms, OutboundSms, Receipt, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

# --- what can be set --------------------------------------------------------------------------------------------------

Sid = Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$")]
Method = Literal["POST", "GET"]
Number = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{4,14}$")]
NumberOrName = Annotated[str, Field(pattern=r"^(\+[1-9][0-9]{4,14}|[A-Za-z0-9 ]{1,11})$")]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]


class FoneDynamicsSettings(Model):
    """One account there, and the property of it that texts are sent from."""

    account_sid: Sid = Field(title="Account SID")
    token: SecretStr = Field(title="Token", description="The account's API token.")
    property_sid: Sid = Field(title="Property SID", description="Their client services enable it for SMS.")
    base_url: HttpUrl = Field(HttpUrl("https://api.fonedynamics.com"), title="Address of the API")


class FoneDynamicsOptions(Model):
    """The optional parameters of the send request. Those about replies are for leased senders."""

    schedule: AwareDatetime | None = Field(
        None, title="Send at", description="By them, at most 14 days ahead. It cannot be cancelled."
    )
    delivery_receipt: bool = Field(True, title="Delivery receipt", description="Ask what became of the text.")
    delivery_receipt_method: Method = Field("POST", title="Receipt method", description="How receipts reach us.")
    webhook_method: Method = Field("POST", title="Reply method", description="How replies to a lease reach us.")
    forward_to_sms: Number | None = Field(None, title="Forward replies to", description="A number: +61 and so on.")
    forward_from_sms: NumberOrName | None = Field(None, title="… from", description="Else the contact's own number.")
    forward_to_email: Email | None = Field(None, title="Forward replies by email to", description="An address.")
    forward_from_email: Email | None = Field(None, title="… by email from", description="Else an address of theirs.")


_FORWARDS = {
    "forward_to_sms": "ForwardToSms",
    "forward_from_sms": "ForwardFromSms",
    "forward_to_email": "ForwardToEmail",
    "forward_from_email": "ForwardFromEmail",
}

# --- what they say ----------------------------------------------------------------------------------------------------


class Message(BaseModel):
    """The Message resource, whatever the case of its names (https://www.fonedynamics.com/docs/rest-api/get-sms/).

    A send is answered with the first four at least and the account's ids. Webhooks are read as if they were one.
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
    created: payload.Moment = None
    submitted: payload.Moment = None
    delivered: payload.Moment = None
    received: payload.Moment = None

    @property
    def is_inbound(self) -> bool | None:
        """Whether a contact sent it; None where neither direction nor status tells."""
        word = (self.direction or self.status or "").casefold()
        if word in ("receive", "received"):
            return True
        return False if word == "transmit" or word in STATUS else None


class Fault(BaseModel):
    """What stands under `ResponseStatus` when they refuse (https://www.fonedynamics.com/docs/rest-api/errors)."""

    code: payload.Text = Field(None, alias="errorcode")
    message: payload.Text = Field(None, repr=False)


# In lower case. `Received` is missing: it marks what contacts sent. https://www.fonedynamics.com/docs/rest-api/find-sms/
STATUS: Mapping[str, Status] = {
    "processing": Status.ACCEPTED,
    "submitted": Status.SENT,
    "delivered": Status.DELIVERED,
    "failed": Status.FAILED,  # could not be submitted within a reasonable time
}

# https://www.fonedynamics.com/docs/rest-api/errors, as far as that page could be read: other codes are carried through.
SENTENCES: Mapping[str, str] = {
    "http_401": "Fone Dynamics does not accept our account SID and token: whoever runs threadline has to correct them.",
    "ACCOUNT_NOT_FOUND": "Fone Dynamics does not know our account: whoever runs threadline has to correct it.",
    "CONFLICTING_PARAMETERS": "Fone Dynamics says that the options of this text contradict each other.",
    "COUNTRY_NOT_FOUND": "Fone Dynamics does not know the country of this number.",
    "COUNTRY_UNAVAILABLE": "Our Fone Dynamics account cannot send to this country.",
    "FORBIDDEN": "Fone Dynamics does not allow this for our account: its client services can enable it.",
}

_UNREADABLE = "Fone Dynamics answered, but the answer cannot be read."

# --- the provider -----------------------------------------------------------------------------------------------------

_FURTHEST = timedelta(days=14)
_LATEST = timedelta(hours=1)
_NO_NAMES = frozenset({"US", "CA"})  # "notably": there a leased number would be shown in place of the name
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_PAGE = 200  # their default for Results_Count
_SKEW = timedelta(minutes=5)  # how far their clock may be from ours, and how late a webhook may come


class FoneDynamics:
    """An account at Fone Dynamics. See `providers.provider.Provider`."""

    name: ClassVar[str] = "fonedynamics"
    title: ClassVar[str] = "Fone Dynamics"
    features: ClassVar[Features] = Features(
        receipts=True,
        inbound=True,  # replies to leased numbers; the webhook of a dedicated number is set in their portal
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
        """Fone Dynamics shows nothing that only it can know: the token in the path is all there is."""

    def parse(self, hook: Webhook) -> list[InboundSms | Receipt | Ask]:
        """Reads JSON, a form or the query as Message resources, and asks for what they leave out.

        Raises:
            Unreadable: a body that is neither JSON with an object in it nor a form. An empty one is an `Ask`.
        """
        query = payload.lower(dict(hook.query))
        said = [query | fields for fields in _body(hook.body)] or [query]
        return [_event(Message.model_validate(fields), hook) for fields in said]

    def answer(self, hook: Webhook) -> WebhookAnswer:
        """An empty 200: no document asks for more."""
        return WebhookAnswer()

    @staticmethod
    def portal(sender: str, url: str, secret: str) -> Portal:
        """A number of ours has its webhook in their portal; a leased one gets it with each text."""
        return Portal("Set this as the webhook of the number in their portal. A leased number needs none.", url)

    def check(self, sms: OutboundSms) -> None:
        """Says what the document of the send request rules out.

        Raises:
            Unsupported: files, recipients and senders of other kinds, options for replies without a leased sender.
            Refused: names that break the rules or go where names are not shown, times outside the window.
        """
        if sms.media:
            raise Unsupported("media", "Fone Dynamics cannot send files.")
        if not isinstance(sms.recipient, E164):
            raise Unsupported("recipient", "Fone Dynamics sends to phone numbers only.")
        if isinstance(sms.sender, Alphanumeric):
            _check_name(sms.sender, sms.recipient)
        elif not isinstance(sms.sender, E164 | None):
            raise Unsupported("sender", "Fone Dynamics sends from numbers, names and leased numbers only.")
        _check_options(read_options(FoneDynamicsOptions, sms), leased=sms.sender is None)

    async def send(self, sms: OutboundSms, callbacks: Callbacks) -> Accepted:
        """Posts to /v2/Properties/{PropertySid}/Messages (https://www.fonedynamics.com/docs/rest-api/send-sms)."""
        self.check(sms)
        response = await self._request("POST", self._messages, json=_send_body(sms, callbacks))
        return _accepted(_only(_read(response, sms.text)))

    async def find_sent(self, sms: OutboundSms, since: datetime) -> list[Accepted]:
        """Looks for the attempt as `ExternalId`; where they have none, for its recipient, text and sender."""
        found = await self._find("Transmit", since)
        ours = [message for message in found if message.external_id == sms.attempt]
        alike = [message for message in found if _is_like(message, sms, since)]
        return [_accepted(message) for message in ours or alike]

    async def look_up(self, provider_id: str) -> InboundSms | Receipt | None:
        """Gets /v2/Messages/{MessageSid} (https://www.fonedynamics.com/docs/rest-api/get-sms/)."""
        if not re.fullmatch(r"[A-Za-z0-9]+", provider_id):
            return None  # it may come from a webhook, and becomes a part of the path
        try:
            message = _only(_read(await self._request("GET", f"/v2/Messages/{provider_id}")))
        except Refused as refused:
            if refused.code in SENTENCES or not refused.code.endswith(("_NOT_FOUND", "_404")):
                raise
            return None  # which code it is stands in the part of their table that could not be read
        event = _inbound(message) if message.is_inbound else _receipt(message)
        if event is None:
            raise Unknown("unreadable_answer", _UNREADABLE)
        return event

    async def list_inbound(self, since: datetime) -> AsyncIterator[InboundSms]:
        """What Find knows as received since then. One that names no sender, or has no text, is left out."""
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
        """All pages of Find (https://www.fonedynamics.com/docs/rest-api/find-sms/).

        That page shows the parameters as a JSON object; a client that works sends them as a query.
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
        raise Refused("sender_name", "A name may have up to 11 letters, digits and spaces, and needs a letter.")
    if recipient.region in _NO_NAMES:
        raise Refused("sender_name_country", "Names are not shown in the US and Canada: use a number there.")


def _check_options(options: FoneDynamicsOptions, *, leased: bool) -> None:
    lease_only = [name for name in _FORWARDS if getattr(options, name)]
    lease_only += ["webhook_method"] if options.webhook_method != "POST" else []
    if lease_only and not leased:
        raise Unsupported("needs_lease", f"Fone Dynamics takes {', '.join(lease_only)} for leased senders only.")
    ahead = options.schedule - datetime.now(UTC) if options.schedule else timedelta()
    if ahead > _FURTHEST:
        raise Refused("schedule_too_far", "Fone Dynamics takes a text at most 14 days ahead of its time.")
    if ahead <= -_LATEST:
        raise Refused("schedule_past", "The time to send this text at has passed.")


def _send_body(sms: OutboundSms, callbacks: Callbacks) -> dict[str, Any]:
    options = read_options(FoneDynamicsOptions, sms)
    body: dict[str, Any] = {"From": str(sms.sender or ""), "To": str(sms.recipient), "Text": sms.text}
    if options.schedule:
        body["Schedule"] = _epoch(options.schedule)
    body["DeliveryReceipt"] = options.delivery_receipt
    if options.delivery_receipt:
        body["DeliveryReceiptWebhookUri"] = callbacks.receipts
        body["DeliveryReceiptWebhookMethod"] = options.delivery_receipt_method
    if sms.sender is None:  # what happens to these with a given sender is not documented
        body |= {theirs: value for ours, theirs in _FORWARDS.items() if (value := getattr(options, ours))}
        body |= {"WebhookUri": callbacks.replies, "WebhookMethod": options.webhook_method}
    return body | {"ExternalId": sms.attempt}


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


# --- reading ----------------------------------------------------------------------------------------------------------


def _body(body: bytes) -> list[dict[str, object]]:
    """The objects in a webhook's body, none if it is empty."""
    body = body.strip()
    if body.startswith((b"{", b"[")):
        return _objects(payload.read_json(body))
    return [payload.lower(payload.read_form(body))] if body else []


def _objects(said: object) -> list[dict[str, object]]:
    """The objects in JSON: one, a list of them, or either of these under `Message` or `Messages`."""
    fields = payload.lower(said)
    inner = fields.get("message", fields.get("messages"))
    said = inner if isinstance(inner, dict | list) else said
    items = said if isinstance(said, list) else [said]
    if not all(isinstance(item, dict) for item in items):
        raise Unreadable("the body has no object in it")
    return [payload.lower(item) for item in items]


def _event(message: Message, hook: Webhook) -> InboundSms | Receipt | Ask:
    """What a message means at the URL it came to: one that was made for an attempt brings its receipts only."""
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
        sentence=_failure(message) if status is Status.FAILED else None,
        at=times.get(status) if status else None,
        sender=message.from_,
        segments=message.num_segments,
    )


def _failure(message: Message) -> str:
    reason = f" ({message.error_code})" if message.error_code else ""
    return SENTENCES.get(message.error_code or "", f"Fone Dynamics could not deliver it{reason}.")


def _accepted(message: Message) -> Accepted:
    status = STATUS.get((message.status or "").casefold(), Status.ACCEPTED)
    return Accepted(message.message_sid or "", status, message.from_, message.num_segments)


def _is_like(message: Message, sms: OutboundSms, since: datetime) -> bool:
    """Whether a message without an `ExternalId` may be this one; an earlier one that says the same is not."""
    if message.external_id or (message.created or since) < since.replace(microsecond=0):
        return False
    return (message.to, message.text) == (sms.recipient, sms.text) and sms.sender in (None, message.from_)


def _read(response: httpx.Response, *private: str) -> list[Message]:
    """The messages in an answer; `private` is what a refusal may quote and must not show."""
    if not response.is_success:
        raise _refusal(response, *private)
    try:
        return [Message.model_validate(fields) for fields in _objects(payload.read_json(response.content))]
    except Unreadable:
        raise Unknown("unreadable_answer", _UNREADABLE) from None


def _only(messages: list[Message]) -> Message:
    if not messages or not messages[0].message_sid:
        raise Unknown("unreadable_answer", _UNREADABLE)
    return messages[0]


def _refusal(response: httpx.Response, *private: str) -> Refused:
    http, fault = f"http_{response.status_code}", _fault(response.content)
    code = fault.code if fault.code and re.fullmatch(r"[A-Z_]{1,60}", fault.code) else http
    said = payload.masked(fault.message, *private) or f"HTTP {response.status_code}, without a reason."
    return Refused(code, SENTENCES.get(http) or SENTENCES.get(code) or f"Fone Dynamics refused it: {said}")


def _fault(body: bytes) -> Fault:
    try:
        return Fault.model_validate(payload.lower(payload.lower(payload.read_json(body)).get("responsestatus")))
    except Unreadable:
        return Fault()
