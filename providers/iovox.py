"""IOVOX, REST API v3 (https://www.iovox.com/api/rest/sendSms.html).

It sends texts of one segment from numbers and names, posts receipts, and can read out a failed text in a call. Its
inbound texts have no id, and its times are London wall time. Its queries about texts have undocumented answers, so we
use them only if the account's settings say so.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, SecretStr

from providers import iovox_errors as errors
from providers import iovox_flow, payload, xml
from providers.errors import Refused, Unknown, Unreadable, Unsupported, Unverified
from providers.http import request
from providers.iovox_sms_data import LONDON, Row, ask
from providers.provider import Accepted, Ask, Callbacks, Features, Model, Portal, Webhook, WebhookAnswer, read_options
from sms.address import E164, Address, Alphanumeric, Client
from sms.message import InboundSms, OutboundSms, Receipt, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    import httpx

# --- settings and options ---------------------------------------------------------------------------------------------


def _printable(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]+", secret.get_secret_value()):
        raise ValueError("it is sent as a header: use ASCII without spaces or line breaks")
    return secret


class IovoxSettings(Model):
    """An account. Its key works only from the IP addresses listed under API Settings in the IOVOX portal."""

    username: str = Field(title="Username", pattern=r"^[!-~]([ -~]*[!-~])?$")
    secure_key: Annotated[SecretStr, AfterValidator(_printable)] = Field(
        title="Secure key", description="From api@iovox.com; sandbox and production have separate keys."
    )
    base_url: HttpUrl = Field(
        HttpUrl("https://api.iovox.com:444"),
        title="API address",
        description="The sandbox is https://sandboxapi.iovox.com:444; both use HTTPS on port 444 only.",
    )
    use_get_sms_data: bool = Field(
        False,
        title="Query texts",
        description="Reconcile unknown texts and recover missed ones with getSmsData. Its answers are undocumented.",
    )


class IovoxOptions(Model):
    """The optional nodes of the send request."""

    expiry: int | None = Field(
        None, ge=1, title="Give up after", description="Minutes. The network may still deliver it later."
    )
    c2c_failover_link_id: str | None = Field(
        None,
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        coerce_numbers_to_str=True,
        title="Voice fallback link",
        description="The ID of a link. If the text fails or expires, a call reads it out.",
    )


# --- payloads ---------------------------------------------------------------------------------------------------------


class DeliveryReceipt(BaseModel):
    """The body posted to `callback_url` (https://www.iovox.com/api/rest/sendSms.html), JSON under any content type.

    `status_reason` is a number as text. In the samples it matches Kannel's number for the event: 1 delivered, 2 failed,
    4 buffered, 8 accepted by the SMS centre, 16 rejected by it.
    """

    model_config = ConfigDict(frozen=True)

    sms_activity_id: payload.Text = None
    delivery_status: payload.Text = Field(None, repr=False)
    status_reason: payload.Text = None
    receipt_timestamp: payload.Text = None  # London wall time, without an offset
    status: payload.Text = None


STATUS: Mapping[str, Status] = {
    "ACKNOWLEDGED": Status.SENT,
    "DELIVERED": Status.DELIVERED,
    "FAILED": Status.FAILED,
    "BUFFERED": Status.BUFFERED,
    "EXPIRED": Status.EXPIRED,  # missing in their list of values, named under `expiry`
}

_UNREADABLE = "IOVOX sent an unreadable answer."

# --- the provider -----------------------------------------------------------------------------------------------------

_LONGEST = 159  # "Message must be less than 160 characters long"
_NAME = re.compile(r"[A-Za-z0-9 .]{1,11}")  # their limit is for names: the number in their own sample has 12 digits
_HEADER = "X-Threadline-Secret"
_LOOK_BACK = timedelta(days=366)  # without a start, getSmsData begins with the current month


class Iovox:
    """An account at IOVOX. See `providers.provider.Provider`.

    With `use_get_sms_data`, an instance has its own `features`, with the three queries, unproved.
    """

    name: ClassVar[str] = "iovox"
    title: ClassVar[str] = "IOVOX"
    features: ClassVar[Features] = Features(
        receipts=True,
        inbound=True,  # through an SMS Flow: see `portal`
        alphanumeric=True,
        expiry=True,
        max_text=_LONGEST,
        concatenates=False,
    )
    Settings: ClassVar[type[Model]] = IovoxSettings
    Options: ClassVar[type[Model]] = IovoxOptions

    def __init__(self, settings: IovoxSettings, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client
        if settings.use_get_sms_data:
            self.features = replace(  # type: ignore[misc]  # an account's setting applies to its instance only
                self.features,
                find_sent=True,
                look_up=True,
                list_inbound=True,
                unproved=frozenset({"find_sent", "look_up", "list_inbound"}),
            )

    def verify(self, hook: Webhook) -> None:
        """Checks our secret: a receipt has it in our header, an inbound text in the field `token`.

        Raises:
            Unverified: it has not. A flow that somebody made by hand has no such field, and no document says that the
                header comes back exactly.
        """
        shown = iovox_flow.tokens(hook) if hook.attempt is None else [hook.headers.get(_HEADER.lower(), "")]
        wanted = hook.secret.encode()
        if not any(hmac.compare_digest(said.encode("utf-8", "surrogatepass"), wanted) for said in shown if said):
            raise Unverified

    def parse(self, hook: Webhook) -> list[InboundSms | Receipt | Ask]:
        """Reads a receipt at an attempt's URL, and a contact's text at any other URL.

        Raises:
            Unreadable: a receipt without JSON or status, or a text without fields, sender or words.
        """
        if hook.attempt is None:
            return [iovox_flow.inbound(iovox_flow.read(hook))]
        fields = payload.lower(payload.read_json(hook.body, hook.headers.get("content-type", "")))
        said = DeliveryReceipt.model_validate(fields)
        if receipt := _receipt(said, hook.received_at, hook.attempt):
            return [receipt]
        raise Unreadable("the receipt has no status")

    def answer(self, hook: Webhook) -> WebhookAnswer:
        """Returns an empty 200: no document asks for more."""
        return WebhookAnswer()

    @staticmethod
    def portal(sender: str, url: str, secret: str) -> Portal:
        """Each sender gets its own SMS Flow (https://www.iovox.com/api/sms-flow/index.html)."""
        what = "Create this SMS Flow (POST it to /Flow?v=3&method=createFlow) and attach it to the VoxNumber's link."
        return Portal(what, iovox_flow.flow_xml(url, secret, f"threadline {sender}"))

    def check(self, sms: OutboundSms) -> None:
        """Checks the text against the documented rules of the send request.

        Raises:
            Unsupported: files, leased senders, recipients that are not numbers, or characters that XML cannot
                represent.
            Refused: an empty text, one of 160 characters or more, or an invalid name.
        """
        if sms.media:
            raise Unsupported("media", "IOVOX cannot send files.")
        if not isinstance(sms.recipient, E164):
            raise Unsupported("recipient", "IOVOX sends to phone numbers only.")
        _check_sender(sms.sender)
        _check_text(sms.text)
        read_options(IovoxOptions, sms)

    async def send(self, sms: OutboundSms, callbacks: Callbacks) -> Accepted:
        """Posts to /SMS?v=3&method=sendSms (https://www.iovox.com/api/rest/sendSms.html)."""
        self.check(sms)
        form = {"content": _send_body(sms, callbacks), "headers": {"Content-Type": "application/xml"}}
        response = await self._request("POST", "sendSms", **form)
        root = _read(response, sms.text, callbacks.receipts, callbacks.secret)
        provider_id = xml.text(root, "sms_activity_id")
        if provider_id is None:
            raise Unknown("unreadable_answer", _UNREADABLE)
        return Accepted(provider_id, Status.ACCEPTED)

    async def find_sent(self, sms: OutboundSms, since: datetime) -> list[Accepted]:
        """Searches getSmsData since then for the recipient, text and sender. Skips rows without a time."""
        rows = await self._ask({"direction": "OUT", "destination": _plain(sms.recipient)}, since)
        found = [row for row in rows if row.is_like(sms) and row.at and row.at >= since]
        return [Accepted(row.sms_activity_id or "", _status(row.status) or Status.ACCEPTED) for row in found]

    async def look_up(self, provider_id: str) -> InboundSms | Receipt | None:
        """Queries getSmsData for one `sms_activity_id` of the last year."""
        rows = await self._ask({"sms_activity_id": provider_id}, datetime.now(UTC) - _LOOK_BACK)
        row = next((row for row in rows if row.sms_activity_id == provider_id), None)
        if row is None:
            return None
        said = DeliveryReceipt.model_validate(row, from_attributes=True)
        event = row.inbound if row.way == "IN" else _receipt(said, datetime.now(UTC))
        if event is None:
            raise Unknown("unreadable_answer", _UNREADABLE)
        return event

    async def list_inbound(self, since: datetime) -> AsyncIterator[InboundSms]:
        """Yields inbound texts in getSmsData since then or up to an hour before. Skips those without sender or text."""
        found = [row.inbound for row in await self._ask({"direction": "IN"}, since)]
        for sms in sorted(filter(None, found), key=lambda sms: sms.sent_at or since):
            yield sms

    async def _ask(self, query: Mapping[str, str], since: datetime) -> list[Row]:
        if not self._settings.use_get_sms_data:
            raise Unsupported("get_sms_data_off", "IOVOX queries are off: see use_get_sms_data.")

        async def get(params: Mapping[str, str]) -> xml.Element:
            return _read(await self._request("GET", "getSmsData", params=params))

        try:
            return await ask(get, query, since)
        except Unreadable:
            raise Unknown("unreadable_answer", _UNREADABLE) from None

    async def _request(self, method: str, name: str, **arguments: Any) -> httpx.Response:
        headers = {"username": self._settings.username, "secureKey": self._settings.secure_key.get_secret_value()}
        headers |= arguments.pop("headers", {})
        query = {"v": "3", "method": name} | arguments.pop("params", {})
        url = f"{str(self._settings.base_url).rstrip('/')}/SMS"
        return await request(self._client, method, url, params=query, headers=headers, **arguments)


# --- before sending ---------------------------------------------------------------------------------------------------


def _check_sender(sender: Address | None) -> None:
    if sender is None:
        raise Unsupported("lease", "IOVOX leases no numbers. Choose a sender.")
    if isinstance(sender, Client):
        raise Unsupported("sender", "IOVOX sends from numbers and names only.")
    if isinstance(sender, Alphanumeric) and not _NAME.fullmatch(sender.name):
        raise Refused("sender_name", "A sender name has up to 11 letters, digits, spaces and full stops.")


def _check_text(text: str) -> None:
    if not text:
        raise Refused("message_empty", errors.SENTENCES["Message Empty"])
    if len(text) > _LONGEST:
        raise Refused("message_too_long", f"IOVOX accepts at most {_LONGEST} characters; this text has {len(text)}.")
    if not xml.can_carry(text):
        raise Unsupported("unsayable", "The text contains an invisible character that IOVOX cannot send.")


def _send_body(sms: OutboundSms, callbacks: Callbacks) -> bytes:
    """Returns the request's nodes in the order of the samples, without those that are not set."""
    options = read_options(IovoxOptions, sms)
    nodes = {
        "origin": _plain(sms.sender),
        "destination": _plain(sms.recipient),
        "message": sms.text,
        "callback_url": callbacks.receipts,
        # a comma separates headers and cannot be quoted, so no value may contain one
        "callback_url_headers": f"Content-Type: application/json,{_HEADER}: {callbacks.secret}",
        "expiry": options.expiry,
        "c2c_failover_link_id": options.c2c_failover_link_id,
    }
    made = [xml.element(name, str(value)) for name, value in nodes.items() if value is not None]
    return xml.write(xml.element("request", *made))


def _plain(address: Address | None) -> str:
    """Returns an address as IOVOX writes it: a number without its plus."""
    return address.digits if isinstance(address, E164) else str(address)


# --- parsing ----------------------------------------------------------------------------------------------------------


def _receipt(said: DeliveryReceipt, received_at: datetime, attempt: str | None = None) -> Receipt | None:
    word = payload.masked(said.status or said.delivery_status)
    if not word:
        return None
    status = _status(said.status)
    return Receipt(
        word=word,
        status=status,
        provider_id=said.sms_activity_id,
        attempt=attempt,
        code=said.status_reason,
        description=said.delivery_status,
        sentence=errors.failure(status, said.status_reason, said.delivery_status),
        at=payload.wall_time(said.receipt_timestamp, LONDON, received_at),
    )


def _status(word: str | None) -> Status | None:
    return STATUS.get((word or "").strip().upper())


def _read(response: httpx.Response, *private: str) -> xml.Element:
    """Parses the document in an answer. `private` lists texts that a refusal may quote and that we must not show."""
    faults = errors.faults(response.content)
    if faults or not response.is_success:
        raise errors.refusal(response, faults, *private)
    try:
        return xml.read(response.content)
    except Unreadable:
        raise Unknown("unreadable_answer", _UNREADABLE) from None
