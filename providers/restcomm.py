"""Restcomm, REST API 2012-04-24 (https://cloud.restcomm.com/docs/api/sms-api.html).

It sends texts from numbers and short codes to phones and SIP clients, posts receipts, and has a searchable record of
all texts. Where that page is silent, we follow the open-source server that the hosted platform comes from, marked
*source* here: https://github.com/RestComm/Restcomm-Connect. It tries a webhook only once: `list_inbound` and `look_up`
recover lost ones.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar

import httpx
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
    model_validator,
)

from providers import payload
from providers import restcomm_errors as errors
from providers.errors import Refused, Unknown, Unreadable, Unsupported
from providers.http import request
from providers.provider import Accepted, Callbacks, Features, Model, Portal, Webhook, WebhookAnswer, read_options
from sms.address import E164, Alphanumeric, Client, from_canonical
from sms.message import InboundSms, OutboundSms, Receipt, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from providers.provider import Ask
    from sms.address import Address

# --- settings and options ---------------------------------------------------------------------------------------------


class RestcommSettings(Model):
    """An account at an organisation's Restcomm. A number's SmsUrl, set in its console, receives inbound texts."""

    base_url: HttpUrl = Field(title="Address of the organisation", description="https://<organisation>.restcomm.com")
    # The page uses /api/… for itself and /restcomm/… in all its examples; the source answers at the latter.
    prefix: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._-]+)*$")] = Field(
        "/restcomm/2012-04-24", title="API path", description="Including the version."
    )
    account_sid: Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$")] = Field(title="Account SID")
    auth_token: SecretStr = Field(title="Auth token")


class RestcommOptions(Model):
    """The optional parameters of the send request, except StatusCallback, which we set."""

    status_callback_method: Literal["POST", "GET"] = Field(
        "POST",
        title="Receipt method",
        description="HTTP method of delivery receipts. The open-source server always uses POST.",
    )
    encoding: Literal["GSM", "UCS-2", "UTF-8"] | None = Field(
        None,
        title="Encoding",
        description="Only for the open-source server, which may lose characters outside GSM unless this is UCS-2.",
    )


# --- payloads ---------------------------------------------------------------------------------------------------------


class Message(BaseModel):
    """The SMS resource; webhooks are parsed as it too (https://cloud.restcomm.com/docs/api/sms-api.html).

    `uri` is ignored: its prefix differs between samples. `date_sent` is ISO 8601, and the other dates are RFC 5322 with
    one-digit days. Keys without a value are null in the table and absent in the samples.
    """

    model_config = ConfigDict(frozen=True)

    # An inbound webhook has SmsSid (source: SmsInterpreter.java), a status callback MessageSid.
    sid: payload.Text = Field(None, validation_alias=AliasChoices("sid", "messagesid", "smssid"))
    from_: payload.Party = Field(None, alias="from")
    to: payload.Party = None
    body: payload.Text = Field(None, repr=False)
    status: payload.Text = Field(None, validation_alias=AliasChoices("status", "messagestatus", "smsstatus"))
    direction: payload.Text = None
    # A number, a name, or "the exact format of the error may depend on the provider": free text.
    error_code: payload.Text = Field(None, validation_alias=AliasChoices("error_code", "errorcode"), repr=False)
    error_message: payload.Text = Field(None, repr=False)
    num_segments: payload.Count = None
    date_created: payload.Moment = None
    date_updated: payload.Moment = None
    date_sent: payload.Moment = None

    @model_validator(mode="before")
    @classmethod
    def _lower(cls, fields: object) -> dict[str, object]:
        return payload.lower(fields)

    @property
    def is_inbound(self) -> bool | None:
        """True if a contact sent it; None if neither direction nor status tells."""
        direction, status = (self.direction or "").casefold(), (self.status or "").casefold()
        if direction in ("inbound", "incoming") or (not direction and status == "received"):
            return True
        return False if direction.startswith("outbound") or status in STATUS else None


class Page(BaseModel):
    """A page of the list (https://cloud.restcomm.com/docs/api/sms-api.html).

    Its URLs of other pages are ignored: they drop the filters, and a missing one is the word "null".
    """

    messages: list[Message]
    num_pages: payload.Count = None  # their sample of a list omits it

    def is_last(self, number: int) -> bool:
        """Returns True if no page follows the page with this number.

        `num_pages` is rounded down, and the first page has the number 0: 34 texts at 10 per page end on page 3 of 3. If
        the division is even, the last page is empty. Without `num_pages`, a page that is not full is the last.
        """
        if self.num_pages is None:
            return len(self.messages) < _PAGE
        return not self.messages or number >= self.num_pages


# `received` is missing: it marks contacts' texts. https://cloud.restcomm.com/docs/api/sms-api.html
STATUS: Mapping[str, Status] = {
    "queued": Status.ACCEPTED,
    "sending": Status.ACCEPTED,
    "sent": Status.SENT,  # may come twice: the network's ACCEPTD and UNKNOWN become it too (TelestaxDlrParser.java)
    "failed": Status.FAILED,  # expired, rejected or deleted, at Restcomm or later
    "undelivered": Status.FAILED,
    "delivered": Status.DELIVERED,
}

_UNREADABLE = "Restcomm sent an unreadable answer."

# --- the provider -----------------------------------------------------------------------------------------------------

_PAGE = 50  # their default
_DAY = timedelta(days=1)
_SKEW = timedelta(minutes=5)  # largest difference between their clock and ours


class Restcomm:
    """An account at Restcomm. See `providers.provider.Provider`."""

    name: ClassVar[str] = "restcomm"
    title: ClassVar[str] = "Restcomm"
    features: ClassVar[Features] = Features(
        receipts=True,
        inbound=True,
        alphanumeric=True,
        find_sent=True,
        look_up=True,
        list_inbound=True,
        clients=True,  # without receipts
        # Only the source shows the body of an inbound webhook. `From` is "phone number or short code" in the page's
        # tables, but a name ("dev-test") in its sample of a text sent through the API.
        unproved=frozenset({"inbound", "alphanumeric"}),
    )
    Settings: ClassVar[type[Model]] = RestcommSettings
    Options: ClassVar[type[Model]] = RestcommOptions

    def __init__(self, settings: RestcommSettings, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client

    def verify(self, hook: Webhook) -> None:
        """Restcomm signs nothing: the token in the path is the only proof."""

    def parse(self, hook: Webhook) -> list[InboundSms | Receipt | Ask]:
        """Reads the form of a POST or the query of a GET. At an attempt's URL only receipts count.

        A status callback has its `Body` twice, and our URL's query is moved into the form (source:
        SmsStatusNotifier.java, HttpRequestDescriptor.java), so the first value of a repeated name counts.

        Raises:
            Unreadable: neither a receipt nor a text with a sender.
        """
        pairs = [*payload.read_pairs(hook.body, hook.headers.get("content-type", "")), *hook.query]
        message = Message.model_validate(dict(reversed(pairs)), context={"region": hook.region})
        if hook.attempt is None and message.is_inbound is not False:
            event: InboundSms | Receipt | None = _inbound(message)
        else:
            event = _receipt(message, hook.attempt)
        if event is None:
            raise Unreadable("it contains neither a status nor a text with a sender")
        return [event]

    def answer(self, hook: Webhook) -> WebhookAnswer:
        """Returns RCML that does nothing, with exactly 200 (https://cloud.restcomm.com/docs/rcml/sms-rcml.html).

        Any other answer sends an inbound text to the number's fallback address. For a receipt it does no harm: Restcomm
        ignores the answer, or logs it if it is not XML.
        """
        return WebhookAnswer(body="<Response></Response>", content_type="text/xml")

    @staticmethod
    def portal(sender: str, url: str, secret: str) -> Portal:
        """The number's `SmsUrl` (https://cloud.restcomm.com/docs/api/incoming-phone-numbers-api.html)."""
        return Portal("Set this as the number's SMS URL, with the method POST.", url)

    def check(self, sms: OutboundSms) -> None:
        """Checks the text against the documented rules of the send request.

        Raises:
            Unsupported: files, a name as the recipient, or a leased or client sender.
        """
        if sms.media:
            raise Unsupported("media", "Restcomm cannot send files.")
        if isinstance(sms.recipient, Alphanumeric):
            raise Unsupported("recipient", "Restcomm sends to phone numbers, short codes and SIP clients only.")
        if sms.sender is None or isinstance(sms.sender, Client):
            raise Unsupported("sender", "Restcomm sends from numbers, short codes and names only.")
        read_options(RestcommOptions, sms)

    async def send(self, sms: OutboundSms, callbacks: Callbacks) -> Accepted:
        """Posts to /Accounts/{accountSid}/SMS/Messages (https://cloud.restcomm.com/docs/api/sms-api.html)."""
        self.check(sms)
        response = await self._request("POST", "", data=_send_form(sms, callbacks))
        message = _identified(_read(Message, response, sms.text))
        accepted = _accepted(message)
        if accepted.status is Status.FAILED:
            raise Refused(errors.code(message.error_code) or "failed", _failure(message))
        return replace(accepted, no_receipt=isinstance(sms.recipient, Client))

    async def find_sent(self, sms: OutboundSms, since: datetime) -> list[Accepted]:
        """Searches for the sender, recipient and text: Restcomm stores no id of ours."""
        self.check(sms)
        found = await self._list(since, From=_bare(sms.sender), To=_bare(sms.recipient))
        return [_accepted(message) for message in found if _is_like(message, sms)]

    async def look_up(self, provider_id: str) -> InboundSms | Receipt | None:
        """Gets /Accounts/{accountSid}/SMS/Messages/{MessageSid} (https://cloud.restcomm.com/docs/api/sms-api.html)."""
        if not re.fullmatch(r"[A-Za-z0-9]+", provider_id):
            return None  # an id from a webhook, which would become a part of the path
        response = await self._request("GET", f"/{provider_id}")
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        message = _identified(_read(Message, response))
        event = _inbound(message) if message.is_inbound else _receipt(message)
        if event is None:
            raise Unknown("unreadable_answer", _UNREADABLE)
        return event

    async def list_inbound(self, since: datetime) -> AsyncIterator[InboundSms]:
        """Yields inbound texts in the list since then, oldest first. Skips those without a sender or a text."""
        listed = reversed(await self._list(since - _SKEW))  # reversed first, to order texts of the same second
        found = [_inbound(message) for message in listed if message.is_inbound]
        for sms in sorted(filter(None, found), key=lambda sms: sms.sent_at or since):
            yield sms

    async def _request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Sends a request to a `.json` URL; without the suffix the answer is always XML (source: AcceptFilter.java)."""
        auth = httpx.BasicAuth(self._settings.account_sid, self._settings.auth_token.get_secret_value())
        base = f"{str(self._settings.base_url).rstrip('/')}{self._settings.prefix}"
        url = f"{base}/Accounts/{self._settings.account_sid}/SMS/Messages{path}.json"
        return await request(self._client, method, url, auth=auth, headers={"Accept": "application/json"}, **arguments)

    async def _list(self, since: datetime, **filters: str) -> list[Message]:
        """Returns all texts created since then that match the filters, newest first.

        Newest first, so that we fetch no page older than `since`, a text that arrives meanwhile pushes none past us,
        and their cap on the whole list (`Limit`: in their sample not the one that was requested) drops only the oldest.
        """
        found: dict[str, Message] = {}
        number = 0
        while True:
            paging = {"Page": number, "PageSize": _PAGE, "SortBy": "DateCreated:desc"}
            response = await self._request("GET", "", params=filters | _days(since) | paging)
            if number and response.status_code == httpx.codes.BAD_REQUEST:
                break  # past the last page, if Restcomm rounds `num_pages` up
            page = _read(Page, response)
            found |= {message.sid: message for message in page.messages if message.sid}
            if page.is_last(number) or not _is_since(page.messages[-1], since):
                break
            number += 1
        return [message for message in found.values() if _is_since(message, since)]


# --- before sending ---------------------------------------------------------------------------------------------------


def _send_form(sms: OutboundSms, callbacks: Callbacks) -> dict[str, str]:
    options = read_options(RestcommOptions, sms)
    form = {"From": str(sms.sender), "To": str(sms.recipient), "Body": sms.text}
    if not isinstance(sms.recipient, Client):  # "not applicable to messages addressed to CPaaS Clients"
        form |= {"StatusCallback": callbacks.receipts, "StatusCallbackMethod": options.status_callback_method}
    return form | ({"Encoding": options.encoding} if options.encoding else {})


# --- queries ----------------------------------------------------------------------------------------------------------


def _bare(address: Address | None) -> str:
    """Returns an address as filters have it in their samples. It matches every number with this ending (source)."""
    return str(address).removeprefix("+")


def _days(since: datetime) -> dict[str, str]:
    """Returns the days from `since` to now, plus one before and two after, because no document gives their time zone.

    The page documents ISO 8601 with a time; the source reads only the date.
    """
    first, last = since.astimezone(UTC) - _DAY, datetime.now(UTC) + 2 * _DAY
    return {"StartTime": f"{first:%Y-%m-%d}", "EndTime": f"{last:%Y-%m-%d}"}


def _is_since(message: Message, since: datetime) -> bool:
    return message.date_created is None or message.date_created >= since


def _is_like(message: Message, sms: OutboundSms) -> bool:
    own = sms.sender  # may have an older spelling
    sender = from_canonical(own.number) if isinstance(own, E164) else own
    same = (message.from_, message.to, message.body) == (sender, sms.recipient, sms.text)
    return same and message.is_inbound is False


# --- parsing ----------------------------------------------------------------------------------------------------------

_Model = TypeVar("_Model", Message, Page)


def _inbound(message: Message) -> InboundSms | None:
    if message.from_ is None or message.body is None:
        return None
    at = message.date_sent or message.date_created
    return InboundSms(message.from_, message.to, message.body, message.sid, at)


def _receipt(message: Message, attempt: str | None = None) -> Receipt | None:
    if not message.status:
        return None
    status, code = STATUS.get(message.status.casefold()), errors.code(message.error_code)
    return Receipt(
        word=message.status,
        status=status,
        provider_id=message.sid,
        attempt=attempt,
        code=code,
        description=message.error_message or (None if code else message.error_code),
        sentence=_failure(message) if status is Status.FAILED else None,
        at=message.date_updated,
        sender=message.from_,
        segments=message.num_segments,
    )


def _failure(message: Message) -> str:
    return errors.failure(message.error_code, message.error_message, message.body)


def _accepted(message: Message) -> Accepted:
    status = STATUS.get((message.status or "").casefold(), Status.ACCEPTED)
    return Accepted(message.sid or "", status, message.from_, message.num_segments)


def _read(kind: type[_Model], response: httpx.Response, *private: str) -> _Model:
    """Parses an answer. `private` lists texts that a refusal may quote and that we must not show."""
    if not response.is_success:
        raise errors.refusal(response, *private)
    try:
        return kind.model_validate(payload.lower(payload.read_json(response.content)))
    except (Unreadable, ValidationError):
        raise Unknown("unreadable_answer", _UNREADABLE) from None


def _identified(message: Message) -> Message:
    if not message.sid:
        raise Unknown("unreadable_answer", _UNREADABLE)
    return message
