"""Twilio, the Messages API 2010-04-01 (https://www.twilio.com/docs/messaging/api/message-resource).

Texts and files both ways from numbers, short codes and names, receipts, scheduling, and a record of all texts. Twilio
signs its webhooks, and gives a contact's files to its customer only.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar
from urllib.parse import urlsplit

import httpx
from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field, HttpUrl, SecretStr

from providers import payload
from providers.errors import Forged, Refused, Unknown, Unreadable, Unsupported
from providers.http import request
from providers.provider import Accepted, Ask, Callbacks, Features, Model, Portal, Webhook, WebhookAnswer, read_options
from sms.address import E164, Alphanumeric, ShortCode
from sms.message import InboundSms, Media, OutboundSms, Receipt, Status
from threadline_twilio import errors
from threadline_twilio.signing import is_signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

# --- what can be set --------------------------------------------------------------------------------------------------

AccountSid = Annotated[str, Field(pattern=r"^AC[0-9a-fA-F]{32}$")]
ServiceSid = Annotated[str, Field(pattern=r"^MG[0-9a-fA-F]{32}$")]


class TwilioSettings(Model):
    """One account or subaccount (https://www.twilio.com/docs/iam/api/account)."""

    account_sid: AccountSid = Field(title="Account SID")
    auth_token: SecretStr = Field(
        min_length=1, title="Auth token", description="The primary one: Twilio signs its webhooks with it."
    )
    base_url: HttpUrl = Field(HttpUrl("https://api.twilio.com"), title="Address of the API")


class TwilioOptions(Model):
    """The optional parameters of the send request that are for SMS and MMS, save StatusCallback, which is ours."""

    messaging_service_sid: ServiceSid | None = Field(
        None, title="Messaging Service", description="Its SID. The sender has to be one of its sender pool."
    )
    schedule: AwareDatetime | None = Field(
        None, title="Send at", description="By Twilio, 5 minutes to 35 days ahead. It needs a Messaging Service."
    )
    expiry: int | None = Field(
        None, ge=1, le=600, title="Give up after", description="Minutes, if Twilio could not pass it on by then."
    )
    smart_encoded: bool = Field(
        False, title="Plain characters", description="Twilio replaces curly quotes and the like, for fewer segments."
    )
    shorten_urls: bool = Field(
        False, title="Short links", description="Twilio shortens links. It needs a Messaging Service with a domain."
    )


# --- what they say ----------------------------------------------------------------------------------------------------


class Message(BaseModel):
    """The Message resource, and a webhook read as if it were one: `_fields` has made their names alike.

    https://www.twilio.com/docs/messaging/guides/webhook-request is about texts of contacts, and
    https://www.twilio.com/docs/messaging/guides/track-outbound-message-status about ours. Two fields are not read:
    `RawDlrDoneDate` is the carrier's time in a zone that nobody names, `OptOutType` has no place in our contract.
    """

    model_config = ConfigDict(frozen=True, alias_generator=lambda name: name.replace("_", ""))

    sid: payload.Text = Field(None, validation_alias=AliasChoices("sid", "messagesid"))
    from_: payload.Party = None
    to: payload.Party = None
    body: payload.Text = Field(None, repr=False)
    status: payload.Text = Field(None, validation_alias=AliasChoices("status", "messagestatus"))
    direction: payload.Text = None
    error_code: payload.Text = None
    error_message: payload.Text = Field(None, repr=False)
    num_segments: payload.Count = None
    num_media: payload.Count = None
    date_created: payload.Moment = None
    date_sent: payload.Moment = None
    date_updated: payload.Moment = None

    @property
    def is_inbound(self) -> bool:
        """True if a contact sent it. A webhook has no direction; with a `MessageStatus` it is about a text of ours."""
        return self.direction == "inbound" if self.direction else self.status in (None, "receiving", "received")


# https://www.twilio.com/docs/messaging/api/message-resource#message-status-values. `receiving` and `received` are
# missing: they are about texts of contacts. Callbacks are not sent in order, and none for the first status.
STATUS: Mapping[str, Status] = {
    "accepted": Status.ACCEPTED,  # a Messaging Service chooses the sender
    "scheduled": Status.ACCEPTED,
    "queued": Status.ACCEPTED,
    "sending": Status.ACCEPTED,  # not yet with the carrier
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.DELIVERED,  # RCS only, which a Messaging Service may send in place of an SMS
    "undelivered": Status.FAILED,  # the carrier said so
    "failed": Status.FAILED,  # it never left Twilio
    "canceled": Status.FAILED,  # a scheduled one, in the Console
}

_UNREADABLE = "Twilio answered, but the answer cannot be read."

# --- the provider -----------------------------------------------------------------------------------------------------

_LONGEST = 1600  # characters
_MOST_FILES = 10
_EARLIEST, _LATEST = timedelta(minutes=5), timedelta(days=35)
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}")  # no full stop
_SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
_FILE = re.compile(rf"{_SID.pattern}/Media/ME[0-9a-fA-F]{{32}}")
_SKEW = timedelta(minutes=5)  # how far Twilio's clock may be from ours


class Twilio:
    """An account at Twilio. See `providers.provider.Provider`."""

    name: ClassVar[str] = "twilio"
    title: ClassVar[str] = "Twilio"
    features: ClassVar[Features] = Features(
        receipts=True,
        delivered_means="confirmed by the carrier",  # "and, where available, the destination handset"
        inbound=True,
        media_in=True,
        media_hosts=("api.twilio.com", "mms.twiliocdn.com"),  # the first redirects to a signed address at the second
        media_headers=True,
        media_out=True,
        alphanumeric=True,
        schedule=True,
        expiry=True,
        find_sent=True,
        look_up=True,
        list_inbound=True,
        max_text=_LONGEST,
    )
    Settings: ClassVar[type[Model]] = TwilioSettings
    Options: ClassVar[type[Model]] = TwilioOptions

    def __init__(self, settings: TwilioSettings, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client
        self._account = f"/2010-04-01/Accounts/{settings.account_sid}"

    def verify(self, hook: Webhook) -> None:
        """Raises `Forged` unless `X-Twilio-Signature` fits (https://www.twilio.com/docs/usage/security)."""
        token = self._settings.auth_token.get_secret_value()
        if not is_signed(hook.headers.get("x-twilio-signature", ""), token, hook.url, hook.body):
            raise Forged

    def parse(self, hook: Webhook) -> list[InboundSms | Receipt | Ask]:
        """Reads the form of a POST, or the query of a GET: the Console offers both for a number.

        Raises:
            Unreadable: neither a receipt nor a text from somebody.
        """
        content_type = hook.headers.get("content-type", "")
        said = payload.read_form(hook.body, content_type) if hook.method == "POST" else dict(hook.query)
        fields = _fields(said)
        message = Message.model_validate(fields, context={"region": hook.region})
        is_inbound = hook.attempt is None and message.is_inbound
        event = _inbound(message, _files(fields)) if is_inbound else _receipt(message, hook.attempt)
        if event is None:
            raise Unreadable("there is neither a status nor a text with its sender in it")
        return [event]

    def answer(self, hook: Webhook) -> WebhookAnswer:
        """TwiML that asks for nothing (https://www.twilio.com/docs/messaging/twiml).

        Twilio would text a plain body to the contact, and warns in its Console of a receipt that gets no XML.
        """
        return WebhookAnswer(body="<Response></Response>", content_type="text/xml")

    @staticmethod
    def portal(sender: str, url: str, secret: str) -> Portal:
        """A number keeps one webhook; in a Messaging Service, the service keeps it for all of its numbers."""
        return Portal(
            'In the Twilio Console, set this as the webhook of the number under "A message comes in", with HTTP POST. '
            "If the number is in a Messaging Service, set it there, under Integration.",
            url,
        )

    @staticmethod
    def media_headers(settings: TwilioSettings, url: str) -> Mapping[str, str]:
        """The account's credentials for one of its files, and for nothing else that the API would give out."""
        place = urlsplit(url).path.removeprefix(f"/2010-04-01/Accounts/{settings.account_sid}/Messages/")
        if not _FILE.fullmatch(place):
            return {}
        pair = f"{settings.account_sid}:{settings.auth_token.get_secret_value()}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def check(self, sms: OutboundSms) -> None:
        """Finds what the document of the send request rules out.

        Raises:
            Unsupported: recipients that are no number, senders that are left to Twilio, options without their service.
            Refused: no text and no files, too much of either, a name that breaks the rules, times outside the window.
        """
        if not isinstance(sms.recipient, E164):
            raise Unsupported("recipient", "Twilio sends to phone numbers only.")
        if not isinstance(sms.sender, E164 | ShortCode | Alphanumeric):
            raise Unsupported("sender", "Twilio sends from numbers, short codes and names of ours only.")
        if isinstance(sms.sender, Alphanumeric) and not _NAME.fullmatch(sms.sender.name):
            raise Refused("sender_name", "A name may have 11 letters, digits, spaces, - and &, and needs a letter.")
        _check_content(sms)
        _check_options(read_options(TwilioOptions, sms))

    async def send(self, sms: OutboundSms, callbacks: Callbacks) -> Accepted:
        """Posts to /Accounts/{AccountSid}/Messages.json. Twilio carries no id of ours."""
        self.check(sms)
        response = await self._request("POST", f"{self._account}/Messages.json", data=_send_form(sms, callbacks))
        return _accepted(_identified(_read(response, sms.text)))

    async def find_sent(self, sms: OutboundSms, since: datetime) -> list[Accepted]:
        """Looks for its sender, recipient and text. A text that still waits at Twilio has no date and is not found."""
        found = self._list(since - _SKEW, To=str(sms.recipient), From=str(sms.sender or ""))
        return [_accepted(message) async for message in found if _is_like(message, sms, since)]

    async def look_up(self, provider_id: str) -> InboundSms | Receipt | None:
        """Gets /Accounts/{AccountSid}/Messages/{Sid}.json, and the list of its files if a contact sent some."""
        if not _SID.fullmatch(provider_id):
            return None  # it may come from a webhook, and becomes a part of the path
        response = await self._request("GET", f"{self._account}/Messages/{provider_id}.json")
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        message = _identified(_read(response))
        if event := await self._received(message) if message.is_inbound else _receipt(message):
            return event
        raise Unknown("unreadable_answer", _UNREADABLE)

    async def list_inbound(self, since: datetime) -> AsyncIterator[InboundSms]:
        """Yields what the list has from contacts, for which it has no filter."""
        start = since - _SKEW
        listed = [message async for message in self._list(start) if message.is_inbound and message.sid]
        for message in reversed(listed):
            if (message.date_sent or start) >= start and (sms := await self._received(message)):
                yield sms

    def _at(self, path: str) -> str:
        return f"{str(self._settings.base_url).rstrip('/')}{path}"

    async def _request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        auth = httpx.BasicAuth(self._settings.account_sid, self._settings.auth_token.get_secret_value())
        return await request(self._client, method, self._at(path), auth=auth, **arguments)

    async def _list(self, since: datetime, **filters: str) -> AsyncIterator[Message]:
        """Yields all pages, newest first. Twilio compares whole days, in GMT."""
        query = filters | {"DateSent>": f"{since.astimezone(UTC):%Y-%m-%d}", "PageSize": "200"}
        response = await self._request("GET", f"{self._account}/Messages.json", params=query)
        asked = {""}
        while True:
            page = _read(response)
            for fields in _listed(page, "messages"):
                yield Message.model_validate(fields)
            path = payload.text(page.get("nextpageuri")) or ""  # nothing is skipped or repeated if texts arrive
            if path in asked or not path.startswith("/"):
                return
            asked.add(path)
            response = await self._request("GET", path)

    async def _received(self, message: Message) -> InboundSms | None:
        """A contact's text. The Message resource only counts its files: another one lists them.

        https://www.twilio.com/docs/messaging/api/media-resource
        """
        if not message.num_media:
            return _inbound(message)
        said = _read(await self._request("GET", f"{self._account}/Messages/{message.sid}/Media.json"))
        files = [(payload.text(each.get("uri")), each.get("contenttype")) for each in _listed(said, "medialist")]
        found = [Media(self._at(uri.removesuffix(".json")), payload.text(kind)) for uri, kind in files if uri]
        return _inbound(message, found)


# --- before sending ---------------------------------------------------------------------------------------------------


def _check_content(sms: OutboundSms) -> None:
    if not sms.text and not sms.media:
        raise Refused("no_text", "Twilio sends nothing without words or files.")
    if len(sms.text) > _LONGEST:
        raise Refused("text_too_long", f"Twilio takes {_LONGEST} characters at most.")
    if len(sms.media) > _MOST_FILES:
        raise Refused("too_many_files", f"Twilio takes {_MOST_FILES} files at most.")
    if not all(file.url.startswith(("http://", "https://")) for file in sms.media):
        raise Refused("media_url", "Twilio fetches files from http and https addresses only.")


def _check_options(options: TwilioOptions) -> None:
    if (options.schedule or options.shorten_urls) and not options.messaging_service_sid:
        raise Unsupported("needs_service", "Twilio schedules texts and shortens links in a Messaging Service only.")
    if options.schedule and not _EARLIEST <= options.schedule - datetime.now(UTC) <= _LATEST:
        raise Refused("schedule_window", "Twilio takes a text from 5 minutes to 35 days ahead of its time.")


def _send_form(sms: OutboundSms, callbacks: Callbacks) -> dict[str, Any]:
    options = read_options(TwilioOptions, sms)
    at = options.schedule and f"{options.schedule.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    form = {
        "To": str(sms.recipient),
        "From": str(sms.sender),
        "MessagingServiceSid": options.messaging_service_sid,
        "Body": sms.text,
        "MediaUrl": [file.url for file in sms.media],
        "StatusCallback": callbacks.receipts,
        "ScheduleType": "fixed" if at else None,
        "SendAt": at,
        "ValidityPeriod": options.expiry and options.expiry * 60,  # seconds
        "SmartEncoded": options.smart_encoded,
        "ShortenUrls": options.shorten_urls,
    }
    return {name: value for name, value in form.items() if value}


# --- reading ----------------------------------------------------------------------------------------------------------


def _fields(said: object) -> dict[str, object]:
    """An object with its names alike: the API writes error_code, a webhook ErrorCode."""
    return {name.replace("_", ""): value for name, value in payload.lower(said).items()}


def _inbound(message: Message, files: Iterable[Media] = ()) -> InboundSms | None:
    media = tuple(files)
    if message.from_ is None or (message.body is None and not media):
        return None
    return InboundSms(message.from_, message.to, message.body or "", message.sid, message.date_sent, media)


def _files(fields: Mapping[str, object]) -> list[Media]:
    """The files that an inbound webhook names: MediaUrl0, MediaContentType0 and so on, without a gap."""
    found: list[Media] = []
    while url := payload.text(fields.get(f"mediaurl{len(found)}")):
        found.append(Media(url, payload.text(fields.get(f"mediacontenttype{len(found)}"))))
    return found


def _receipt(message: Message, attempt: str | None = None) -> Receipt | None:
    if not message.status or not (message.sid or attempt):
        return None
    status, code = STATUS.get(message.status.casefold()), message.error_code
    return Receipt(
        word=message.status,
        status=status,
        provider_id=message.sid,
        attempt=attempt,
        code=code,
        description=message.error_message,
        sentence=errors.failure(code, message.error_message, message.body) if status is Status.FAILED else None,
        at=message.date_updated,
        sender=message.from_,
        segments=message.num_segments or None,  # 0 until a Messaging Service has chosen the sender
        opted_out=code in errors.OPTED_OUT,
    )


def _accepted(message: Message) -> Accepted:
    status = STATUS.get((message.status or "").casefold(), Status.ACCEPTED)
    return Accepted(message.sid or "", status, message.from_, message.num_segments or None)


def _is_like(message: Message, sms: OutboundSms, since: datetime) -> bool:
    """True if it may be this text. The times that Twilio gives have no fraction of a second."""
    same = (message.from_, message.to, message.body or "") == (sms.sender, sms.recipient, sms.text)
    is_new = (message.date_created or since) >= since.replace(microsecond=0)
    return bool(same and is_new and message.sid and not message.is_inbound)


def _read(response: httpx.Response, *private: str) -> dict[str, object]:
    """Reads an answer; a refusal may quote `private`, which must not be shown."""
    if not response.is_success:
        raise errors.refusal(response, *private)
    try:
        return _fields(payload.read_json(response.content))
    except Unreadable:
        raise Unknown("unreadable_answer", _UNREADABLE) from None


def _identified(fields: dict[str, object]) -> Message:
    message = Message.model_validate(fields)
    if not message.sid:
        raise Unknown("unreadable_answer", _UNREADABLE)
    return message


def _listed(fields: dict[str, object], name: str) -> list[dict[str, object]]:
    """The resources in a page of a list."""
    listed = fields.get(name)
    if not isinstance(listed, list):
        raise Unknown("unreadable_answer", _UNREADABLE)
    return [_fields(each) for each in listed]
