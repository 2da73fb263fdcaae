"""IO Phone, API version 6 (https://rental.software/support/knowledge-base/article/api-sms-text-message-sending-and-recieving).

It sends texts with files from our own numbers, and posts receipts and inbound texts to one URL per number. It has no
queries: a webhook that does not arrive is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import httpx
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, HttpUrl, SecretStr

from providers import payload
from providers.errors import Refused, Unknown, Unreadable, Unsupported
from providers.http import request
from providers.iophone_errors import NO_TEXT, OPTED_OUT, failure, refusal
from providers.provider import (
    Accepted,
    Ask,
    Callbacks,
    Features,
    Limit,
    Model,
    Portal,
    Webhook,
    WebhookAnswer,
    read_options,
)
from sms.address import E164
from sms.message import InboundSms, Media, OutboundSms, Receipt, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

# --- settings and options ---------------------------------------------------------------------------------------------

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]  # ISO 3166-1 alpha-2


class IOPhoneSettings(Model):
    """An account, by one of its keys (http://rental.software/support/knowledge-base/article/api-setup-access)."""

    api_key: SecretStr = Field(
        min_length=1, title="API key", description="Create it at IO Phone under Settings, API Keys."
    )
    base_url: HttpUrl = Field(HttpUrl("https://rental.software/api6"), title="API address")


class IOPhoneOptions(Model):
    """The one parameter of `POST /text` that the user may set."""

    country: Country | None = Field(
        None,
        title="Country of the number",
        description="Two letters, such as AU. IO Phone advises it only for numbers without a country code.",
    )


# --- payloads ---------------------------------------------------------------------------------------------------------


def _urls(value: object) -> tuple[str, ...]:
    """Returns the URLs in `media`: their document calls it a string, and shows a list."""
    said = map(payload.text, value if isinstance(value, list) else [value])
    return tuple(url for url in said if url and url.startswith(_HTTP))


class _Payload(BaseModel):
    """The fields that answers and webhooks share; their names are read in any case (see the address at the top)."""

    model_config = ConfigDict(frozen=True, alias_generator=lambda name: name.replace("_", ""))

    id: payload.Text = None
    from_: payload.Party = None
    segment_count: payload.Count = None


class Answer(_Payload):
    """The answer to `POST /text`. A refusal has a `message`, an acceptance the other fields."""

    status: payload.Count = None
    message: payload.Text = Field(None, repr=False)


class Message(_Payload):
    """A webhook: one flat object for everything (see the address at the top).

    Its types and codes are Bandwidth's, whose message it flattens, with an id of IO Phone's own.
    """

    type: payload.Text = None
    time: payload.Moment = None  # with 3, 6 or 9 digits after the point
    description: payload.Text = Field(None, repr=False)  # Bandwidth's slug for a failure, else a sentence
    direction: payload.Text = None
    to: payload.Party = None
    text: payload.Text = Field(None, repr=False)
    custom_key: payload.Text = None  # missing in the test sender's simulated receipt
    media: Annotated[tuple[str, ...], BeforeValidator(_urls)] = Field((), repr=False)
    error_code: payload.Count = None


RECEIVED = "message-received"
STATUS: Mapping[str, Status] = {
    "message-sending": Status.SENT,  # not in their document: Bandwidth sends it, for texts with files only
    "message-delivered": Status.DELIVERED,  # "to carrier": no document says whether the phone has it
    "message-failed": Status.FAILED,
}


# --- the provider -----------------------------------------------------------------------------------------------------

_HTTP = ("http://", "https://")
_LONGEST_TEXT = 2048  # characters, also for the next two
_LONGEST_KEY = 32
_LONGEST_URL = 4096
_TEST_SENDER = E164("+19999999999")
_BY_HAND = Limit(1, 300)


class IOPhone:
    """An account at IO Phone. See `providers.provider.Provider`."""

    name: ClassVar[str] = "iophone"
    title: ClassVar[str] = "IO Phone"
    features: ClassVar[Features] = Features(
        receipts=True,
        delivered_means="handed to the carrier",
        inbound=True,  # after the first text from the number, which gives IO Phone our URL
        inbound_after_send=True,
        media_in=True,
        media_hosts=("rental.software",),  # where they host copies of received and sent files
        media_out=True,
        max_text=_LONGEST_TEXT,
        limits=(
            Limit(300, 300, "requests"),  # per key
            Limit(200, 3_600, after=_BY_HAND),  # this and the next two: per account, over all its numbers
            Limit(300, 86_400, after=_BY_HAND),
            Limit(1_500, 604_800, after=_BY_HAND),
        ),
    )
    Settings: ClassVar[type[Model]] = IOPhoneSettings
    Options: ClassVar[type[Model]] = IOPhoneOptions

    def __init__(self, settings: IOPhoneSettings, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client

    def verify(self, hook: Webhook) -> None:
        """IO Phone signs nothing: the token in the path is the only proof."""

    def parse(self, hook: Webhook) -> list[InboundSms | Receipt | Ask]:
        """Reads the one object of a webhook. Receipts of texts that others send from our number arrive here too.

        An unknown type about a text of ours is a receipt without a status. An unknown type about a contact's text is
        Unreadable: it may be a text that a person must see, and no document tells.

        Raises:
            Unreadable: not a JSON object, or one that is neither a receipt nor a contact's text.
        """
        said = payload.lower(payload.read_json(hook.body, hook.headers.get("content-type", "")))
        return [_event(Message.model_validate(said, context={"region": hook.region}), hook.attempt)]

    def answer(self, hook: Webhook) -> WebhookAnswer:
        """Returns an empty 200: no document asks for more."""
        return WebhookAnswer()

    @staticmethod
    def portal(sender: str, url: str, secret: str) -> Portal:
        """The portal has no field for a URL: IO Phone keeps the one from the number's newest text."""
        return Portal(
            "Nothing to paste: texts arrive once you have sent one from the number. "
            f"`threadline prime {sender} --to <a phone of yours>` sends one."
        )

    def check(self, sms: OutboundSms) -> None:
        """Checks the text against the documented rules of `POST /text`.

        Raises:
            Unsupported: the recipient is not a number, the sender is not one of our numbers, or an option is unknown.
            Refused: the text is empty or too long, or a file's URL is invalid or too long.
        """
        if not isinstance(sms.recipient, E164):
            raise Unsupported("recipient", "IO Phone sends to phone numbers only.")
        if not isinstance(sms.sender, E164):
            raise Unsupported("sender", "IO Phone sends from our own numbers only, not from leased numbers or names.")
        if len(sms.attempt) > _LONGEST_KEY:
            raise Unsupported("custom_key", "IO Phone accepts shorter ids than ours.")
        _check_text(sms.text)
        _check_media(sms.media)
        read_options(IOPhoneOptions, sms)

    async def send(self, sms: OutboundSms, callbacks: Callbacks) -> Accepted:
        """Posts to /text (see the address at the top)."""
        self.check(sms)
        key = self._settings.api_key.get_secret_value()
        url = f"{str(self._settings.base_url).rstrip('/')}/text"
        body = _send_body(sms, callbacks)
        response = await request(self._client, "POST", url, params={"apiKey": key}, json=body)
        return _accepted(response, sms.text, key)

    async def find_sent(self, sms: OutboundSms, since: datetime) -> list[Accepted]:
        """Unsupported: IO Phone has no API to query texts."""
        raise _no_records()

    async def look_up(self, provider_id: str) -> InboundSms | Receipt | None:
        """Unsupported, like `find_sent`."""
        raise _no_records()

    def list_inbound(self, since: datetime) -> AsyncIterator[InboundSms]:
        """Unsupported, like `find_sent`."""
        raise _no_records()


# --- before sending ---------------------------------------------------------------------------------------------------


def _check_text(text: str) -> None:
    if not text:
        raise Refused(*NO_TEXT)
    if len(text) > _LONGEST_TEXT:
        raise Refused("text_too_long", f"IO Phone accepts at most {_LONGEST_TEXT} characters. Shorten the text.")


def _check_media(media: tuple[Media, ...]) -> None:
    if not all(file.url.startswith(_HTTP) for file in media):
        raise Refused("media_url", "IO Phone fetches files from http and https addresses only.")
    if any(len(file.url) > _LONGEST_URL for file in media):
        raise Refused("media_url", f"IO Phone accepts file addresses of at most {_LONGEST_URL} characters.")


def _send_body(sms: OutboundSms, callbacks: Callbacks) -> dict[str, Any]:
    """Returns the body of `POST /text`.

    IO Phone keeps the callback URL per number, for inbound texts too. So we send the sender's URL with every text, and
    never an empty one, which would end all webhooks of the number.
    """
    if not callbacks.sender.startswith(_HTTP):
        raise Refused("no_callback_url", "IO Phone needs our public URL. The threadline operator must set it.")
    body: dict[str, Any] = {
        "toNumber": str(sms.recipient),
        "text": sms.text,
        "fromNumber": "(999) 999-9999" if sms.sender == _TEST_SENDER else str(sms.sender),  # as their page writes it
        "callbackUrl": callbacks.sender,
        "customKey": sms.attempt,
    }
    if country := read_options(IOPhoneOptions, sms).country:
        body["country"] = country
    if sms.media:
        body["media"] = [file.url for file in sms.media]
    return body


def _no_records() -> Unsupported:
    return Unsupported("no_records", "IO Phone has no API to look up texts.")


# --- parsing ----------------------------------------------------------------------------------------------------------


def _event(message: Message, attempt: str | None) -> InboundSms | Receipt:
    """Returns the event of a webhook. A known type tells the direction; `direction` decides for an unknown type.

    We give out no URL for an `attempt`. A webhook at such a URL cannot bring a contact's text.
    """
    word = (message.type or "").casefold()
    known = "in" if word == RECEIVED else "out" if word in STATUS else None
    way = (message.direction or known or "").casefold()
    if known == way == "in" and attempt is None:
        return _inbound(message)
    if word and known != "in" and way == "out":
        return _receipt(message, attempt or message.custom_key or None)
    raise Unreadable("the webhook is neither a receipt nor a contact's text")


def _inbound(message: Message) -> InboundSms:
    if message.from_ is None:
        raise Unreadable("the text has no sender")
    if message.text is None and not message.media:
        raise Unreadable("the text has neither words nor files")
    media = tuple(Media(url) for url in message.media)
    return InboundSms(message.from_, message.to, message.text or "", message.id, message.time, media)


def _receipt(message: Message, attempt: str | None) -> Receipt:
    if not message.id and not attempt:
        raise Unreadable("the receipt names no text")
    code = str(message.error_code) if message.error_code else None
    status = STATUS.get((message.type or "").casefold())
    return Receipt(
        word=message.type or "",
        status=status,
        provider_id=message.id,
        attempt=attempt,
        code=code,
        description=message.description,
        sentence=failure(code or "", message.description, message.text) if status is Status.FAILED else None,
        at=message.time,
        sender=message.from_,
        segments=message.segment_count or None,  # a failure has 0
        opted_out=code in OPTED_OUT,
    )


def _accepted(response: httpx.Response, *private: str) -> Accepted:
    """Parses an answer. An HTTP 200 may hold an error's number as `status`; a success has 202 there.

    Args:
        response: theirs.
        private: texts that a refusal may quote and that we must not show.
    """
    answer = _answer(response.content)
    number = max(response.status_code, answer.status or 0)
    if not response.is_success or number >= httpx.codes.BAD_REQUEST:
        raise refusal(number, answer.message, *private)
    if not answer.id:
        raise Unknown("unreadable_answer", "IO Phone sent an unreadable answer.")
    return Accepted(answer.id, Status.ACCEPTED, answer.from_, answer.segment_count)


def _answer(body: bytes) -> Answer:
    try:
        return Answer.model_validate(payload.lower(payload.read_json(body)))
    except Unreadable:
        return Answer()
