"""IOVOX, REST API v3 (https://www.iovox.com/api/rest/sendSms.html).

Texts of one segment from numbers and names, receipts, and a call read out in place of a text that fails. It gives what
contacts send no id, and writes times in London's wall time. Its answers about texts are documented nowhere: it is not
asked unless the account's settings say so.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, SecretStr

from providers import iovox_flow, payload, xml
from providers.errors import Forged, Refused, Unknown, Unreadable, Unsupported
from providers.http import request
from providers.iovox_sms_data import LONDON, Row, ask
from providers.provider import Accepted, Ask, Callbacks, Features, Model, Portal, Webhook, WebhookAnswer, read_options
from sms.address import E164, Address, Alphanumeric, Client
from sms.message import InboundSms, OutboundSms, Receipt, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    import httpx

# --- what can be set --------------------------------------------------------------------------------------------------


def _printable(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]+", secret.get_secret_value()):
        raise ValueError("it goes out as a header: no spaces, no line breaks, ASCII only")
    return secret


class IovoxSettings(Model):
    """One account there. The key works from the IP addresses only that are named under API Settings in their portal."""

    username: str = Field(title="Username", pattern=r"^[!-~]([ -~]*[!-~])?$")
    secure_key: Annotated[SecretStr, AfterValidator(_printable)] = Field(
        title="Secure key", description="From api@iovox.com; sandbox and production have one each."
    )
    base_url: HttpUrl = Field(
        HttpUrl("https://api.iovox.com:444"),
        title="Address of the API",
        description="The sandbox is https://sandboxapi.iovox.com:444; both speak HTTPS on port 444 only.",
    )
    use_get_sms_data: bool = Field(
        False,
        title="Ask for texts",
        description="Settle open texts and catch up with getSmsData. What it answers is documented nowhere.",
    )


class IovoxOptions(Model):
    """The optional nodes of the send request."""

    expiry: int | None = Field(
        None, ge=1, title="Give up after", description="Minutes. The network may still deliver it after that."
    )
    c2c_failover_link_id: str | None = Field(
        None,
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        coerce_numbers_to_str=True,
        title="Read it out instead, link",
        description="The ID of a link: where the text fails or expires, it is read out in a call.",
    )


# --- what they say ----------------------------------------------------------------------------------------------------


class DeliveryReceipt(BaseModel):
    """What is posted to `callback_url` (https://www.iovox.com/api/rest/sendSms.html), JSON under any content type.

    `status_reason` is a number as text. In the samples it is what Kannel has for the same event: 1 delivered, 2 failed,
    4 buffered, 8 accepted by the SMS centre, 16 rejected by it.
    """

    model_config = ConfigDict(frozen=True)

    sms_activity_id: payload.Text = None
    delivery_status: payload.Text = Field(None, repr=False)
    status_reason: payload.Text = None
    receipt_timestamp: payload.Text = None  # London's wall time, without an offset
    status: payload.Text = None


STATUS: Mapping[str, Status] = {
    "ACKNOWLEDGED": Status.SENT,
    "DELIVERED": Status.DELIVERED,
    "FAILED": Status.FAILED,
    "BUFFERED": Status.BUFFERED,
    "EXPIRED": Status.EXPIRED,  # missing in their list of values, named under `expiry`
}

_OURS = "IOVOX did not understand the request of threadline: please report that."

# By what their sentences begin with: there are no codes. https://www.iovox.com/api/rest/sendSms.html; the first is from
# https://www.iovox.com/api/rest/index.html, where a wrong key and a wrong IP address get the same words.
SENTENCES: Mapping[str, str] = {
    "HTTP 401": "IOVOX does not accept our username and secure key, or not from this IP address: whoever runs "
    "threadline has to correct them here, or the IP address under API Settings in IOVOX's portal.",
    "API Version Empty": _OURS,
    "API Version Invalid": _OURS,
    "Request Method must be": _OURS,
    "XML Empty": _OURS,
    "XML parse error": _OURS,
    "Request Empty": _OURS,
    "Origin Empty": "IOVOX wants a sender.",
    "Origin Invalid": "IOVOX does not take this sender.",
    "Destination Empty": "IOVOX wants the number of the contact.",
    "Destination Invalid": "IOVOX does not take the number of this contact.",
    "Message Empty": "IOVOX sends no empty texts.",
    "Message must be less than 160": "IOVOX takes fewer than 160 characters: shorten the text.",
}

_UNREADABLE = "IOVOX answered, but the answer cannot be read."

# --- the provider -----------------------------------------------------------------------------------------------------

_LONGEST = 160  # they say "less than 160", where one SMS has room for 160: whether that passes is theirs to say
_NAME = re.compile(r"[A-Za-z0-9 .]{1,11}")  # their cap is for names: the number in their own sample has 12 digits
_HEADER = "X-Threadline-Secret"
_LOOK_BACK = timedelta(days=366)  # without a start, getSmsData begins with the current month


class Iovox:
    """An account at IOVOX. See `providers.provider.Provider`.

    With `use_get_sms_data` an instance has `features` of its own: the three questions too, unproved.
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
            self.features = replace(  # type: ignore[misc]  # what an account turns on is true of its instance only
                self.features,
                find_sent=True,
                look_up=True,
                list_inbound=True,
                unproved=frozenset({"find_sent", "look_up", "list_inbound"}),
            )

    def verify(self, hook: Webhook) -> None:
        """Wants our secret: in a header of ours where a receipt comes, in the field `token` where a text comes."""
        shown = iovox_flow.tokens(hook) if hook.attempt is None else [hook.headers.get(_HEADER.lower(), "")]
        wanted = hook.secret.encode()
        if not any(hmac.compare_digest(said.encode("utf-8", "surrogatepass"), wanted) for said in shown if said):
            raise Forged

    def parse(self, hook: Webhook) -> list[InboundSms | Receipt | Ask]:
        """A URL that was made for an attempt brings a receipt, any other one a text.

        Raises:
            Unreadable: no JSON or no status in it; neither JSON nor a form, no sender or no text in it.
        """
        if hook.attempt is None:
            return [iovox_flow.inbound(iovox_flow.read(hook))]
        said = DeliveryReceipt.model_validate(payload.lower(payload.read_json(hook.body)))
        if receipt := _receipt(said, hook.received_at, hook.attempt):
            return [receipt]
        raise Unreadable("the receipt has no status")

    def answer(self, hook: Webhook) -> WebhookAnswer:
        """An empty 200: no document asks for more."""
        return WebhookAnswer()

    @staticmethod
    def portal(sender: str, url: str, secret: str) -> Portal:
        """An SMS Flow of its own for each sender (https://www.iovox.com/api/sms-flow/index.html)."""
        what = "Create this SMS Flow (POST it to /Flow?v=3&method=createFlow); attach it to the link of the VoxNumber."
        return Portal(what, iovox_flow.flow_xml(url, secret, f"threadline {sender}"))

    def check(self, sms: OutboundSms) -> None:
        """Says what the document of the send request rules out.

        Raises:
            Unsupported: files, leased senders, recipients that are no numbers, characters that XML has no way to say.
            Refused: empty texts, texts of more than 160 characters, names that break the rules.
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
        """Looks for the recipient, text and sender among what getSmsData has since then; without a time, none is it."""
        rows = await self._ask({"direction": "OUT", "destination": _plain(sms.recipient)}, since)
        found = [row for row in rows if row.is_like(sms) and row.at and row.at >= since]
        return [Accepted(row.sms_activity_id or "", _status(row.status) or Status.ACCEPTED) for row in found]

    async def look_up(self, provider_id: str) -> InboundSms | Receipt | None:
        """Asks getSmsData for one `sms_activity_id` of the last year."""
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
        """What getSmsData has as IN since then or up to an hour before. One without a sender or text is left out."""
        found = [row.inbound for row in await self._ask({"direction": "IN"}, since)]
        for sms in sorted(filter(None, found), key=lambda sms: sms.sent_at or since):
            yield sms

    async def _ask(self, query: Mapping[str, str], since: datetime) -> list[Row]:
        if not self._settings.use_get_sms_data:
            raise Unsupported("get_sms_data_off", "IOVOX is not asked about texts: use_get_sms_data is off.")

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
        raise Unsupported("lease", "IOVOX leases no numbers: choose a sender.")
    if isinstance(sender, Client):
        raise Unsupported("sender", "IOVOX sends from numbers and names only.")
    if isinstance(sender, Alphanumeric) and not _NAME.fullmatch(sender.name):
        raise Refused("sender_name", "A name may have up to 11 letters, digits, spaces and full stops.")


def _check_text(text: str) -> None:
    if not text:
        raise Refused("message_empty", SENTENCES["Message Empty"])
    if len(text) > _LONGEST:
        raise Refused("message_too_long", f"IOVOX takes {_LONGEST} characters at most, and this has {len(text)}.")
    if not xml.can_carry(text):
        raise Unsupported("unsayable", "The text has an invisible character in it that IOVOX cannot be sent.")


def _send_body(sms: OutboundSms, callbacks: Callbacks) -> bytes:
    """The nodes in the order of the samples, those that are not set left out."""
    options = read_options(IovoxOptions, sms)
    nodes = {
        "origin": _plain(sms.sender),
        "destination": _plain(sms.recipient),
        "message": sms.text,
        "callback_url": callbacks.receipts,
        # a comma separates headers, and nothing quotes one: no value may hold it
        "callback_url_headers": f"Content-Type: application/json,{_HEADER}: {callbacks.secret}",
        "expiry": options.expiry,
        "c2c_failover_link_id": options.c2c_failover_link_id,
    }
    made = [xml.element(name, str(value)) for name, value in nodes.items() if value is not None]
    return xml.write(xml.element("request", *made))


def _plain(address: Address | None) -> str:
    """An address as IOVOX writes it: a number without its plus."""
    return address.digits if isinstance(address, E164) else str(address)


# --- reading ----------------------------------------------------------------------------------------------------------


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
        sentence=_failure(status, said),
        at=payload.wall_time(said.receipt_timestamp, LONDON, received_at),
    )


def _status(word: str | None) -> Status | None:
    return STATUS.get((word or "").strip().upper())


def _failure(status: Status | None, said: DeliveryReceipt) -> str | None:
    if status is Status.EXPIRED:
        return "It was not delivered in the time it was given. It may still arrive."
    reason = payload.masked(said.delivery_status or said.status_reason)
    return f"IOVOX could not deliver it{f' ({reason})' if reason else ''}." if status is Status.FAILED else None


def _read(response: httpx.Response, *private: str) -> xml.Element:
    """The document in an answer; `private` is what a refusal may quote and must not show."""
    faults = _faults(response.content)
    if faults or not response.is_success:
        raise _refusal(response, faults, *private)
    try:
        return xml.read(response.content)
    except Unreadable:
        raise Unknown("unreadable_answer", _UNREADABLE) from None


def _faults(body: bytes) -> list[str]:
    """What stands under `errors`, in XML (https://www.iovox.com/api/rest/index.html) or in JSON, of any shape there.

    Raises:
        Unknown: a `status` there says that it is a fault of theirs, whatever the status of the answer.
    """
    try:
        root = xml.read(body)
    except Unreadable:
        return _json_faults(body)
    errors = list(root.iter("error")) if root.tag in ("errors", "error") else []
    if any((payload.count(error.get("status")) or 0) >= 500 for error in errors):  # noqa: PLR2004  as in HTTP
        raise Unknown("http_500", "The provider had a fault of its own.")
    return [said for error in errors if (said := (error.text or "").strip())]


def _json_faults(body: bytes) -> list[str]:
    """Of their JSON one client shows the key `errors`, and none what is under it.

    https://github.com/Yproximite/IovoxBundle @eabb437 src/Exception/Api/BadResponseReturnException.php
    """
    try:
        said = payload.texts(payload.lower(payload.read_json(body)).get("errors"))
    except Unreadable:
        return []
    return [text for text in said if re.search(r"[A-Za-z]", text)]  # others are a status


def _refusal(response: httpx.Response, faults: list[str], *private: str) -> Refused:
    http = f"HTTP {response.status_code}"
    words = faults or [_raw(response.content) or f"{http}, without a reason"]
    told = [_told(word, *private) for word in ([http] if http in SENTENCES else words)]
    sentences = dict.fromkeys(sentence for _, sentence in told)
    return Refused(told[0][0] or _slug(http), " ".join(sentences))


def _raw(body: bytes) -> str:
    """An answer that is neither XML nor JSON, as some are; a page of some proxy is no reason."""
    said = body.decode("utf-8", "replace").strip()
    return "" if said.startswith(("<", "{", "[")) or "\N{REPLACEMENT CHARACTER}" in said else said


def _told(word: str, *private: str) -> tuple[str, str]:
    """The code and the sentence for what they said; no code where it is not in their table."""
    prefix = next((prefix for prefix in SENTENCES if word.casefold().startswith(prefix.casefold())), None)
    if prefix:
        return _slug(prefix), SENTENCES[prefix]
    return "", f"IOVOX refused it: {payload.masked(word, *private).rstrip('.')}."


def _slug(words: str) -> str:
    return re.sub(r"\W+", "_", words.casefold())
