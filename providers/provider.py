"""The contract that every provider fulfils, ours and other people's. `tests/contract/` proves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict, ValidationError

from providers.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    import httpx

    from sms.address import Address
    from sms.message import InboundSms, OutboundSms, Receipt, Status


class Model(BaseModel):
    """What every settings and options model here is built on: unknown keys are mistakes, values stay out of errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


_Options = TypeVar("_Options", bound=Model)


def read_options(kind: type[_Options], sms: OutboundSms) -> _Options:
    """The options of a text, as its provider's own model.

    Raises:
        Unsupported: an option that this provider does not have, or a value that it cannot take.
    """
    try:
        return kind.model_validate(dict(sms.options))
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = ".".join(str(part) for part in fault["loc"])
        raise Unsupported("bad_option", f"The option {name} cannot be used: {fault['msg']}.") from None


@dataclass(frozen=True, slots=True)
class Limit:
    """How much an account may do in any stretch of time, as its company documents it."""

    count: int
    seconds: int
    kind: Literal["requests", "texts"] = "texts"  # of texts, those that are billed
    after: Limit | None = None  # what people may still send, and nothing automatic may, once this one is used up


@dataclass(frozen=True, slots=True)
class Features:
    """What a company's API can do, as data: the docs' table is generated from it, the contract suite proves it."""

    receipts: bool = False  # tells us what became of a text
    delivered_means: str = "delivered to the phone"  # or "handed to the carrier": shown beside the receipt
    inbound: bool = False  # texts from contacts reach our webhook
    inbound_after_send: bool = False  # … but only once a text was sent from the number with our URL
    media_in: bool = False
    media_hosts: tuple[str, ...] = ()  # names of the hosts that such files lie on, beside that of an account's base_url
    media_out: bool = False
    leases: bool = False  # can assign us a number for one contact
    max_leases: int | None = None  # live ones for one contact at a time; None where no limit is documented
    alphanumeric: bool = False  # can send from a name
    schedule: bool = False  # can be told to send later (not cancellable)
    expiry: bool = False  # can be told when to give up
    find_sent: bool = False  # can be asked whether a text of ours arrived there
    look_up: bool = False  # can be asked for one text by its id
    list_inbound: bool = False  # can be asked for texts that its webhook failed to bring
    clients: bool = False  # can text a `client:` name
    max_text: int | None = None  # characters; None where no limit is documented
    concatenates: bool = True  # a text longer than one segment is joined again on the phone
    limits: tuple[Limit, ...] = ()  # each of them holds
    unproved: frozenset[str] = frozenset()  # names of the above that rest on no document


@dataclass(frozen=True, slots=True)
class Callbacks:
    """The URLs of ours that may go out with one attempt, each with its unguessable token in the path."""

    receipts: str = field(repr=False)  # belongs to this attempt
    replies: str = field(repr=False)  # belongs to the conversation
    sender: str = field(repr=False)  # belongs to the sender, for a company that keeps one URL per number
    secret: str = field(repr=False)  # for a header of ours, where the company lets us set one


@dataclass(frozen=True, slots=True)
class Webhook:
    """One request from a company, as it came. Its path token has been checked before a provider sees it."""

    method: str  # "POST" or "GET"
    query: tuple[tuple[str, str], ...] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)  # names in lower case
    body: bytes = field(repr=False)
    received_at: datetime  # aware, UTC
    secret: str = field(repr=False)  # what `Callbacks.secret` was for this URL
    attempt: str | None = None  # the attempt that this URL was made for, if it was made for one


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """What a company wants to hear once its webhook is durable."""

    status: int = 200
    body: str = ""
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Portal:
    """What an operator does at the company so that texts to a sender reach us."""

    what: str  # a sentence
    paste: str = field(default="", repr=False)  # a URL or a document; empty where nothing is pasted


@dataclass(frozen=True, slots=True)
class Ask:
    """A webhook that says too little: ask the company instead. Exactly one of the three is set."""

    provider_id: str | None = None  # `look_up` this text
    attempt: str | None = None  # `look_up` what our attempt became; its provider id is in our own rows
    since: datetime | None = None  # `list_inbound` from then on


@dataclass(frozen=True, slots=True)
class Accepted:
    """The company took one part of a message."""

    provider_id: str
    status: Status  # ACCEPTED, or further where the answer already says so
    sender: Address | None = None  # the sender really used; with a lease, the number that was assigned
    segments: int | None = None


@runtime_checkable
class Provider(Protocol):
    """One company's API. An instance is one account of ours there; it keeps no state of its own."""

    name: ClassVar[str]  # as settings name it: "fonedynamics"
    title: ClassVar[str]  # as people write it: "Fone Dynamics"
    features: ClassVar[Features]
    Settings: ClassVar[type[Model]]  # the account: credentials, hosts
    Options: ClassVar[type[Model]]  # what may be set per sender and per message

    def __init__(self, settings: Model, client: httpx.AsyncClient) -> None:
        """Keeps the account's settings and the client that its requests go through; does no I/O."""

    def check(self, sms: OutboundSms) -> None:
        """Says before any request what the company would refuse or cannot be told.

        Raises:
            Unsupported: the API has no way to say it.
            Refused: the document says that it is refused.
        """

    async def send(self, sms: OutboundSms, callbacks: Callbacks) -> Accepted:
        """Offers one text to the company, once, after `check`.

        Raises:
            NotSent, Throttled, Refused, Unknown: see `providers.errors`.
        """

    def verify(self, hook: Webhook) -> None:
        """Raises `Forged` unless the webhook shows what only the company can know, beyond the token in its path."""

    def parse(self, hook: Webhook) -> list[InboundSms | Receipt | Ask]:
        """What a webhook says. Pure: the same webhook gives equal events; none means nothing happened.

        Raises:
            Unreadable: if it makes no sense.
        """

    def answer(self, hook: Webhook) -> WebhookAnswer:
        """What this company wants to hear for a webhook that is durable here."""

    @staticmethod
    def portal(sender: str, url: str, secret: str) -> Portal:
        """What an operator does at the company so that texts to a sender reach us.

        Args:
            sender: by the name the settings give it.
            url: of ours, for this sender.
            secret: what `verify` will find in `Webhook.secret`.
        """

    async def find_sent(self, sms: OutboundSms, since: datetime) -> list[Accepted]:
        """Texts at the company that are this one, sent since then. An empty list is no proof of absence.

        Raises:
            Unsupported: unless `features.find_sent`. NotSent, Refused, Unknown: the question could not be asked.
        """

    async def look_up(self, provider_id: str) -> InboundSms | Receipt | None:
        """What the company says now of one text, or None if it does not know it.

        Raises:
            Unsupported: unless `features.look_up`. NotSent, Refused, Unknown: the question could not be asked.
        """

    def list_inbound(self, since: datetime) -> AsyncIterator[InboundSms]:
        """Texts that contacts sent us since then, oldest first.

        Raises:
            Unsupported: unless `features.list_inbound`. NotSent, Refused, Unknown: the question could not be asked.
        """
