"""The contract that every provider fulfils, built in or from another package. `tests/contract/` proves it."""

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
    """The base of every settings and options model: it refuses unknown keys and keeps values out of errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


_Options = TypeVar("_Options", bound=Model)


def read_options(kind: type[_Options], sms: OutboundSms) -> _Options:
    """Returns the options of a text as its provider's own model.

    Raises:
        Unsupported: the provider does not have this option, or does not take this value.
    """
    try:
        return kind.model_validate(dict(sms.options))
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = ".".join(str(part) for part in fault["loc"])
        raise Unsupported("bad_option", f"The option {name} cannot be used: {fault['msg']}.") from None


@dataclass(frozen=True, slots=True)
class Limit:
    """How much an account may do in any period of so many seconds, as its provider documents it."""

    count: int
    seconds: int
    kind: Literal["requests", "texts"] = "texts"  # of texts, those that the provider bills
    after: Limit | None = None  # once this limit is used up, people may still send so many; automatic texts wait


@dataclass(frozen=True, slots=True)
class Features:
    """The capabilities of a provider's API, as data: the docs list them, and the contract suite proves them."""

    receipts: bool = False  # it reports the status of a text
    delivered_means: str = "delivered to the phone"  # or "handed to the carrier": shown beside the receipt
    inbound: bool = False  # texts from contacts reach our webhook
    inbound_after_send: bool = False  # … but only after a text with our URL was sent from the number
    media_in: bool = False
    media_hosts: tuple[str, ...] = ()  # names of the hosts that serve such files, besides that of `base_url`
    media_headers: bool = False  # such files need credentials: the class has `media_headers`
    media_out: bool = False
    leases: bool = False  # it can assign us a number for one contact
    max_leases: int | None = None  # live ones for one contact at a time; None where no limit is documented
    alphanumeric: bool = False  # it can send from a name
    schedule: bool = False  # it can send later (we cannot cancel that)
    expiry: bool = False  # it can stop trying after a time that we set
    find_sent: bool = False  # it can say whether a text of ours arrived there
    look_up: bool = False  # it can return one text by its id
    list_inbound: bool = False  # it can list texts that its webhook failed to bring
    clients: bool = False  # it can text a `client:` name
    max_text: int | None = None  # characters; None where no limit is documented
    concatenates: bool = True  # the phone joins the segments of a long text again
    limits: tuple[Limit, ...] = ()  # all of them apply
    unproved: frozenset[str] = frozenset()  # names of the above that no document of the provider states


@dataclass(frozen=True, slots=True)
class Callbacks:
    """The URLs of ours that may go out with one attempt, each with its unguessable token in the path."""

    receipts: str = field(repr=False)  # belongs to this attempt
    replies: str = field(repr=False)  # belongs to the conversation
    sender: str = field(repr=False)  # belongs to the sender, for a provider that keeps one URL per number
    secret: str = field(repr=False)  # for a header of ours, if the provider lets us set one


@dataclass(frozen=True, slots=True)
class Webhook:
    """One request from a provider, unchanged. The bot has checked the token in its path already."""

    method: str  # "POST" or "GET"
    query: tuple[tuple[str, str], ...] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)  # names in lower case
    body: bytes = field(repr=False)
    received_at: datetime  # aware, UTC
    secret: str = field(repr=False)  # the `Callbacks.secret` of this URL
    attempt: str | None = None  # the attempt that we made this URL for, if we made it for one
    # The public URL that the provider called, with its query: `public_url` and the request's path, for providers that
    # sign it. The Host header has no part in it. Empty where `parse` reads a stored webhook again.
    url: str = field(default="", repr=False)
    region: str | None = None  # ISO 3166-1 alpha-2: the country of numbers without a country code


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """The answer that a provider expects once its webhook is durable."""

    status: int = 200
    body: str = ""
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Portal:
    """A step for an operator in the provider's portal, so that texts to a sender reach us."""

    what: str  # a sentence
    paste: str = field(default="", repr=False)  # a URL or a document; empty if there is nothing to paste


@dataclass(frozen=True, slots=True)
class Ask:
    """The event of a webhook that says too little: the bot asks the provider. Exactly one of the three is set."""

    provider_id: str | None = None  # `look_up` this text
    attempt: str | None = None  # `look_up` the text of our attempt; our own rows have its provider id
    since: datetime | None = None  # `list_inbound` from then on


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took one part of a message."""

    provider_id: str
    status: Status  # ACCEPTED, or further if the answer already says so
    sender: Address | None = None  # the sender really used; with a lease, the number that was assigned
    segments: int | None = None
    no_receipt: bool = False  # the provider reports nothing about this text, whatever `features.receipts` says
    scheduled: datetime | None = None  # when the provider sends it, if not at once


@runtime_checkable
class Provider(Protocol):
    """One provider's API. An instance is one account of ours there; it keeps no state of its own."""

    name: ClassVar[str]  # as settings name it: "fonedynamics"
    title: ClassVar[str]  # as people write it: "Fone Dynamics"
    features: ClassVar[Features]
    Settings: ClassVar[type[Model]]  # the account: credentials, hosts
    Options: ClassVar[type[Model]]  # what may be set per sender and per message

    def __init__(self, settings: Model, client: httpx.AsyncClient) -> None:
        """Keeps the account's settings and the client for its requests; does no I/O."""

    def check(self, sms: OutboundSms) -> None:
        """Finds, before any request, what the provider would refuse or its API cannot express.

        Raises:
            Unsupported: the API cannot express it.
            Refused: the provider's document says that it refuses this.
        """

    async def send(self, sms: OutboundSms, callbacks: Callbacks) -> Accepted:
        """Offers one text to the provider, once, after `check`.

        The recipient is canonical (`sms/spellings.py`). A provider that needs the other number of a phone, such as
        Mexico's with a 1, respells it here; `payload.party` makes numbers in answers canonical again. The sender is
        spelled as the operator wrote it.

        Raises:
            NotSent, Throttled, Refused, Unknown: see `providers.errors`.
        """

    def verify(self, hook: Webhook) -> None:
        """Checks that the provider sent the webhook, beyond the token in its path.

        Raises:
            Forged: the proof is wrong. The bot answers 404 and stores nothing.
            Unverified: the proof is missing, and the token has to do. The bot stores the webhook and marks it.
        """

    def parse(self, hook: Webhook) -> list[InboundSms | Receipt | Ask]:
        """Returns the events of a webhook; an empty list if nothing happened.

        Pure: the same webhook gives equal events.

        Raises:
            Unreadable: the webhook makes no sense.
        """

    def answer(self, hook: Webhook) -> WebhookAnswer:
        """Returns the answer that this provider expects for a webhook that is durable here."""

    @staticmethod
    def portal(sender: str, url: str, secret: str) -> Portal:
        """Returns what an operator does in the provider's portal so that texts to a sender reach us.

        Args:
            sender: its name in the settings.
            url: of ours, for this sender.
            secret: `verify` finds it in `Webhook.secret`.
        """

    async def find_sent(self, sms: OutboundSms, since: datetime) -> list[Accepted]:
        """Returns the provider's texts that are this one, sent since then. An empty list is no proof of absence.

        Raises:
            Unsupported: unless `features.find_sent`. NotSent, Refused, Unknown: the provider did not answer this.
        """

    async def look_up(self, provider_id: str) -> InboundSms | Receipt | None:
        """Returns what the provider says now about one text, or None if it does not know it.

        Raises:
            Unsupported: unless `features.look_up`. NotSent, Refused, Unknown: the provider did not answer this.
        """

    def list_inbound(self, since: datetime) -> AsyncIterator[InboundSms]:
        """Yields the texts that contacts sent us since then, oldest first.

        Raises:
            Unsupported: unless `features.list_inbound`. NotSent, Refused, Unknown: the provider did not answer this.
        """


@runtime_checkable
class MediaHeaders(Protocol):
    """One more method, for a provider that gives a contact's files to its customer only."""

    @staticmethod
    def media_headers(settings: Model, url: str) -> Mapping[str, str]:
        """Returns the headers for the request of one file; empty if this URL needs none. Pure.

        The bot sends them to the server that the text named, if that is one of `features.media_hosts` over https or the
        account's `base_url`. A server to which it redirects gets none.

        Args:
            settings: of the account, an instance of the provider's `Settings`.
            url: absolute.
        """
