"""IO Phone, API version 6 (https://rental.software/support/knowledge-base/article/api-sms-text-message-sending-and-recieving).

Texts with files from numbers of our own, receipts and inbound texts at one URL per number. Nothing can be asked for
afterwards: what its webhooks fail to bring is lost.
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

# --- what can be set --------------------------------------------------------------------------------------------------

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]  # ISO 3166-1 alpha-2


class IOPhoneSettings(Model):
    """One account there, by one of its keys (http://rental.software/support/knowledge-base/article/api-setup-access)."""

    api_key: SecretStr = Field(min_length=1, title="API key", description="Made there under Settings, API Keys.")
    base_url: HttpUrl = Field(HttpUrl("https://rental.software/api6"), title="Address of the API")


class IOPhoneOptions(Model):
    """The one parameter of `POST /text` that is neither ours to fill in nor the text itself."""

    country: Country | None = Field(
        None,
        title="Read the number as one of",
        description="Two letters, as in AU. IO Phone advises it for numbers that lack their country code only.",
    )


# --- what they say ----------------------------------------------------------------------------------------------------


def _urls(value: object) -> tuple[str, ...]:
    """The addresses in `media`: their document calls it a string, and shows a list of them."""
    said = map(payload.text, value if isinstance(value, list) else [value])
    return tuple(url for url in said if url and url.startswith(_HTTP))


class _Payload(BaseModel):
    """What answers and webhooks share, whatever the case of its names (see the address at the top)."""

    model_config = ConfigDict(frozen=True, alias_generator=lambda name: name.replace("_", ""))

    id: payload.Text = None
    from_: payload.Party = None
    segment_count: payload.Count = None


class Answer(_Payload):
    """The answer to `POST /text`; `message` is there when it is refused, the others when it is accepted."""

    status: payload.Count = None
    message: payload.Text = Field(None, repr=False)


class Message(_Payload):
    """A webhook: one flat object for everything (see the address at the top).

    Its words and codes are Bandwidth's, whose message it flattens, under an id of IO Phone's own.
    """

    type: payload.Text = None
    time: payload.Moment = None  # with 3, 6 or 9 digits after the point
    description: payload.Text = Field(None, repr=False)  # of a failure Bandwidth's slug, else a sentence
    direction: payload.Text = None
    to: payload.Party = None
    text: payload.Text = Field(None, repr=False)
    custom_key: payload.Text = None  # the simulated receipt of the test sender lacks it
    media: Annotated[tuple[str, ...], BeforeValidator(_urls)] = Field((), repr=False)
    error_code: payload.Count = None


RECEIVED = "message-received"
STATUS: Mapping[str, Status] = {
    "message-sending": Status.SENT,  # not in their document: Bandwidth has it, for texts with files only
    "message-delivered": Status.DELIVERED,  # "to carrier": nobody says whether the phone has it
    "message-failed": Status.FAILED,
}


# --- the provider -----------------------------------------------------------------------------------------------------

_HTTP = ("http://", "https://")
_LONGEST_TEXT = 2048  # characters, as are the next two
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
        inbound=True,  # once a text has gone out from the number: only that tells IO Phone our URL
        inbound_after_send=True,
        media_in=True,
        media_hosts=("rental.software",),  # where they host what came, and what went out, anew
        media_out=True,
        max_text=_LONGEST_TEXT,
        limits=(
            Limit(300, 300, "requests"),  # per key
            Limit(200, 3_600, after=_BY_HAND),  # this and the next two per account, over all its numbers
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
        """IO Phone shows nothing that only it can know: the token in the path is all there is."""

    def parse(self, hook: Webhook) -> list[InboundSms | Receipt | Ask]:
        """Reads the one object of a webhook. What others send from our number brings its receipts here too.

        A type that we do not know is a receipt without a status where it is about a text of ours. Where it is about one
        of a contact it is Unreadable: it may be a text, which a person must see, or none, which nobody has said.

        Raises:
            Unreadable: no JSON object, or one that is neither a receipt nor a text of a contact.
        """
        return [_event(Message.model_validate(payload.lower(payload.read_json(hook.body))), hook.attempt)]

    def answer(self, hook: Webhook) -> WebhookAnswer:
        """An empty 200: no document asks for more."""
        return WebhookAnswer()

    @staticmethod
    def portal(sender: str, url: str, secret: str) -> Portal:
        """There is no place for a URL: they keep the one that came with the newest text from the number."""
        return Portal(
            "Nothing to paste: texts come in once one was sent from the number. "
            f"`threadline prime {sender} --to <a phone of yours>` sends one."
        )

    def check(self, sms: OutboundSms) -> None:
        """Says what the document of `POST /text` rules out.

        Raises:
            Unsupported: recipients that are no number, senders that are none of our numbers, unknown options.
            Refused: no text or one that is too long, addresses of files that are none or too long.
        """
        if not isinstance(sms.recipient, E164):
            raise Unsupported("recipient", "IO Phone sends to phone numbers only.")
        if not isinstance(sms.sender, E164):
            raise Unsupported("sender", "IO Phone sends from our own numbers only: it leases none and takes no names.")
        if len(sms.attempt) > _LONGEST_KEY:
            raise Unsupported("custom_key", "IO Phone cannot carry an id as long as ours.")
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
        """Unsupported: no document knows a way to ask for texts."""
        raise _no_records()

    async def look_up(self, provider_id: str) -> InboundSms | Receipt | None:
        """Unsupported, as `find_sent`."""
        raise _no_records()

    def list_inbound(self, since: datetime) -> AsyncIterator[InboundSms]:
        """Unsupported, as `find_sent`."""
        raise _no_records()


# --- before sending ---------------------------------------------------------------------------------------------------


def _check_text(text: str) -> None:
    if not text:
        raise Refused(*NO_TEXT)
    if len(text) > _LONGEST_TEXT:
        raise Refused("text_too_long", f"IO Phone takes {_LONGEST_TEXT} characters at most.")


def _check_media(media: tuple[Media, ...]) -> None:
    if not all(file.url.startswith(_HTTP) for file in media):
        raise Refused("media_url", "IO Phone fetches files from http and https addresses only.")
    if any(len(file.url) > _LONGEST_URL for file in media):
        raise Refused("media_url", f"IO Phone takes addresses of files of {_LONGEST_URL} characters at most.")


def _send_body(sms: OutboundSms, callbacks: Callbacks) -> dict[str, Any]:
    """The body of `POST /text`.

    The callback URL is kept there per number, for inbound texts too: it is the sender's, it goes out with every text,
    and never empty, since an empty one ends all webhooks of the number.
    """
    if not callbacks.sender.startswith(_HTTP):
        raise Refused("no_callback_url", "IO Phone needs a URL of ours to call: whoever runs threadline has to set it.")
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
    return Unsupported("no_records", "IO Phone cannot be asked about texts.")


# --- reading ----------------------------------------------------------------------------------------------------------


def _event(message: Message, attempt: str | None) -> InboundSms | Receipt:
    """What a webhook means. Its type says which way it went; `direction` decides where we do not know the type.

    We give out no URL for an `attempt`; one that came to such a URL all the same could not speak as a contact.
    """
    word = (message.type or "").casefold()
    known = "in" if word == RECEIVED else "out" if word in STATUS else None
    way = (message.direction or known or "").casefold()
    if known == way == "in" and attempt is None:
        return _inbound(message)
    if word and known != "in" and way == "out":
        return _receipt(message, attempt or message.custom_key or None)
    raise Unreadable("neither a receipt nor a text of a contact")


def _inbound(message: Message) -> InboundSms:
    if message.from_ is None:
        raise Unreadable("a text of nobody")
    if message.text is None and not message.media:
        raise Unreadable("a text without words and files")
    media = tuple(Media(url) for url in message.media)
    return InboundSms(message.from_, message.to, message.text or "", message.id, message.time, media)


def _receipt(message: Message, attempt: str | None) -> Receipt:
    if not message.id and not attempt:
        raise Unreadable("a receipt of no text")
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
        segments=message.segment_count or None,  # a failure says 0
        opted_out=code in OPTED_OUT,
    )


def _accepted(response: httpx.Response, *private: str) -> Accepted:
    """What an answer says. An HTTP 200 may hold an error's number as `status`; a success holds 202 there.

    Args:
        response: theirs.
        private: what a refusal may quote and must not show.
    """
    answer = _answer(response.content)
    number = max(response.status_code, answer.status or 0)
    if not response.is_success or number >= httpx.codes.BAD_REQUEST:
        raise refusal(number, answer.message, *private)
    if not answer.id:
        raise Unknown("unreadable_answer", "IO Phone answered, but the answer cannot be read.")
    return Accepted(answer.id, Status.ACCEPTED, answer.from_, answer.segment_count)


def _answer(body: bytes) -> Answer:
    try:
        return Answer.model_validate(payload.lower(payload.read_json(body)))
    except Unreadable:
        return Answer()
