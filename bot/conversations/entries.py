"""The kinds of intake entries: a frozen dataclass for each, packed as JSON and unpacked here and nowhere else.

An entry keeps the names of its fields as JSON keys, so a row that an older version stored is read as well: a key that
is unknown is skipped, and a field with a default may be missing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from providers.provider import Ask
from sms.address import Address, from_canonical
from sms.message import InboundSms, Media, Receipt, Status
from storage.engine.clock import SECOND
from storage.tables.intake import Arrival

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from storage.tables.intake import Entry

    SlackJson = Mapping[str, Any]  # an object as Slack sent it
    SlackFile = SlackJson | str  # a file object, or its id only

# --- from the providers -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Inbound:
    """A contact texted us. `recovered` says how we found the text, if the provider did not tell us."""

    sms: InboundSms
    recovered: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryReceipt:
    """A provider reported the status of an attempt. `recovered` as for `Inbound`."""

    receipt: Receipt
    recovered: str | None = None


@dataclass(frozen=True, slots=True)
class LookUp:
    """A webhook says too little: the rest has to be fetched."""

    ask: Ask


ProviderEvent = Inbound | DeliveryReceipt | LookUp

# --- from Slack -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reply:
    """A person wrote in a thread. `found`: the sweep found it; no event came."""

    team: str
    channel: str
    thread_ts: str
    ts: str
    user: str
    message: SlackJson = field(repr=False)  # text, blocks, files, x_files, kinds of attachments
    found: bool = False

    @property
    def text(self) -> str:
        """The message's text in Slack's markup."""
        return self.message.get("text") or ""

    @property
    def files(self) -> list[SlackFile]:
        """The files that were dropped with it."""
        return [*(self.message.get("files") or ()), *(self.message.get("x_files") or ())]

    @property
    def written_at(self) -> int:
        """When Slack stored it (microseconds UTC)."""
        return int(float(self.ts) * SECOND)

    @property
    def digest(self) -> str:
        """Changes with the words and the files, so that an edit that changes neither is no edit for us."""
        ids = [file if isinstance(file, str) else file.get("id") for file in self.message.get("files") or ()]
        return hashlib.sha256(json.dumps([self.message.get("text"), ids]).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Edit(Reply):
    """A person edited a message in a thread; the message is the new one."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """A person deleted a message in a thread. Its words are not kept."""

    team: str
    channel: str
    thread_ts: str
    ts: str
    user: str


@dataclass(frozen=True, slots=True)
class CardDeleted:
    """A person deleted a card of ours."""

    team: str
    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """One of our channels was archived, left, deleted, renamed (`name`), given another id (`now`), or opened."""

    team: str
    channel: str
    became: str
    name: str | None = None
    now: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """`/sms <number> <text>`, or `threadline send`. All of it was checked before."""

    to: str  # canonical
    text: str = field(repr=False)
    inbox: str
    user: str | None  # None: the operator
    response_url: str | None = field(default=None, repr=False)
    via: str | None = None


@dataclass(frozen=True, slots=True)
class Composed:
    """The compose modal was submitted. All of it was checked before."""

    to: str  # canonical
    text: str = field(repr=False)
    inbox: str
    user: str
    via: str | None
    options: Mapping[str, object]
    at: int | None  # microseconds UTC; None: now
    files: Sequence[SlackFile] = field(repr=False)
    response_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class OpenThread:
    """`/sms open <number>`: a thread without a text."""

    to: str  # canonical
    inbox: str
    user: str
    response_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class OptOut:
    """An admin noted that a contact wants no texts."""

    to: str  # canonical
    user: str


@dataclass(frozen=True, slots=True)
class OptIn:
    """An admin noted that a contact wants texts again."""

    to: str  # canonical
    user: str


@dataclass(frozen=True, slots=True)
class Exported:
    """An admin got the links to everything that is kept about a contact."""

    user: str
    number: str  # its keyed hash


@dataclass(frozen=True, slots=True)
class TemplateChange:
    """A person saved a template, or removed it (`text` is None)."""

    name: str
    text: str | None = field(repr=False)
    inbox: str
    user: str


@dataclass(frozen=True, slots=True)
class ContactDetails:
    """The fields of *Contact…*."""

    name: str | None = field(repr=False)
    notes: str | None = field(repr=False)
    time_zone: str | None


@dataclass(frozen=True, slots=True)
class Action:
    """A person pressed a button or wrote a thread command.

    Attributes:
        do: names the handler (`bot/slack/app/actions.py`).
        subject: the id of the conversation, message, contact or alert that it is about.
        user: a Slack user id; empty: the operator.
        channel, thread_ts: where the person is, if they are anywhere.
        argument: the rest of a thread command's first line.
        text, files, ts: below a thread command: its text, its files, and the message itself.
        contact: the fields of *Contact…*.
        response_url: of an ephemeral message with the button, which the answer replaces.
    """

    do: str
    subject: int
    user: str
    channel: str | None = None
    thread_ts: str | None = None
    argument: str = ""
    text: str = field(default="", repr=False)
    files: Sequence[SlackFile] = field(default=(), repr=False)
    ts: str = ""
    contact: ContactDetails | None = None
    response_url: str | None = field(default=None, repr=False)


Content = (
    Inbound
    | DeliveryReceipt
    | LookUp
    | Reply
    | Edit
    | Deletion
    | CardDeleted
    | ChannelChange
    | Command
    | Composed
    | OpenThread
    | OptOut
    | OptIn
    | Exported
    | TemplateChange
    | Action
)

KINDS: dict[str, type[Content]] = {
    "inbound": Inbound,
    "receipt": DeliveryReceipt,
    "ask": LookUp,
    "reply": Reply,
    "edit": Edit,
    "deletion": Deletion,
    "loss": CardDeleted,
    "channel": ChannelChange,
    "command": Command,
    "composed": Composed,
    "open": OpenThread,
    "opt_out": OptOut,
    "opt_in": OptIn,
    "export": Exported,
    "template": TemplateChange,
    "action": Action,
}
UNREADABLE = "unreadable"  # the kind of a row that no type can hold: its body is kept as it came
_NAMES = {each: name for name, each in KINDS.items()}
_FIELDS = {each: tuple(one.name for one in fields(each)) for each in KINDS.values()}


def arrival(
    source: str,
    content: Content,
    dedup_key: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    callback: str | None = None,
) -> Arrival:
    """Packs an entry for the intake.

    Args:
        source: an account's name, "slack" or "command line".
        content: the entry.
        dedup_key: two arrivals with one key are one entry.
        body: the request as it came.
        headers: of the request, those that are kept.
        callback: the hash of the path token that it came with.
    """
    return Arrival(source, _NAMES[type(content)], dedup_key, body, pack(content), headers or {}, callback)


def pack(content: Content) -> dict[str, Any]:
    """Returns the entry in JSON types."""
    if isinstance(content, Inbound):
        return _with_recovered(_pack_sms(content.sms), content.recovered)
    if isinstance(content, DeliveryReceipt):
        return _with_recovered(_pack_receipt(content.receipt), content.recovered)
    if isinstance(content, LookUp):
        return pack_ask(content.ask)
    packed = {name: getattr(content, name) for name in _FIELDS[type(content)]}
    if isinstance(content, Action):
        packed["contact"] = None if content.contact is None else asdict(content.contact)
    return packed


def unpack(entry: Entry) -> Content:
    """Returns the content of an intake row.

    Raises:
        KeyError, TypeError, ValueError: the row holds something else.
    """
    packed = json.loads(entry.parsed)
    return _UNPACK[entry.kind](packed) if entry.kind in _UNPACK else _unpack_fields(entry.kind, packed)


def unpack_action(packed: Mapping[str, Any]) -> Action:
    """Returns the action that `pack` packed."""
    known = {name: packed[name] for name in _FIELDS[Action] if name in packed}
    if (contact := known.get("contact")) is not None:
        known["contact"] = ContactDetails(**contact)
    # Version 0.1.0 wrote null for the operator.
    return Action(**known | {"user": known["user"] or "", "files": tuple(known.get("files") or ())})


def provider_event(event: InboundSms | Receipt | Ask, recovered: str | None = None) -> ProviderEvent:
    """Wraps what a provider's parser found."""
    if isinstance(event, InboundSms):
        return Inbound(event, recovered)
    return DeliveryReceipt(event, recovered) if isinstance(event, Receipt) else LookUp(event)


def dedup_key(account: str, event: InboundSms | Receipt | Ask, fallback: str) -> str:
    """Returns the key that makes two reports of one event one entry.

    Args:
        account: the provider account.
        event: what the provider reported.
        fallback: identifies the webhook, for a provider that gives no id.
    """
    kind = "inbound" if isinstance(event, InboundSms) else "receipt" if isinstance(event, Receipt) else "ask"
    if not isinstance(event, Ask) and event.unverified:
        kind = f"unverified {kind}"  # it must not take the place of a verified one
    if event.provider_id is None:
        return f"{account}:{kind}:{fallback}"
    if isinstance(event, Receipt):
        at = "" if event.at is None else event.at.isoformat()
        return f"{account}:{kind}:{event.provider_id}:{event.word}:{event.code or ''}:{at}"
    return f"{account}:{kind}:{event.provider_id}" + (f":{fallback}" if isinstance(event, Ask) else "")


def marked(event: InboundSms | Receipt | Ask, *, unverified: bool) -> InboundSms | Receipt | Ask:
    """Returns the event, marked if its webhook lacked the provider's proof; an `Ask` needs no mark, because we ask."""
    return replace(event, unverified=True) if unverified and not isinstance(event, Ask) else event


def pack_media(media: Sequence[Media]) -> list[dict[str, Any]]:
    """Returns the media of a text in JSON types."""
    return [{"url": each.url, "content_type": each.content_type, "name": each.name} for each in media]


def pack_ask(ask: Ask) -> dict[str, Any]:
    """Returns the question to a provider in JSON types."""
    return {"provider_id": ask.provider_id, "attempt": ask.attempt, "since": _iso(ask.since)}


def unpack_ask(packed: Mapping[str, Any]) -> Ask:
    """Returns the question that `pack_ask` packed."""
    return Ask(packed["provider_id"], packed["attempt"], _moment(packed["since"]))


# --- how --------------------------------------------------------------------------------------------------------------


def _with_recovered(packed: dict[str, Any], recovered: str | None) -> dict[str, Any]:
    return packed if recovered is None else packed | {"recovered": recovered}


def _pack_sms(sms: InboundSms) -> dict[str, Any]:
    return {
        "sender": str(sms.sender),
        "recipient": None if sms.recipient is None else str(sms.recipient),
        "text": sms.text,
        "provider_id": sms.provider_id,
        "sent_at": _iso(sms.sent_at),
        "media": pack_media(sms.media),
        "unverified": sms.unverified,
    }


def _pack_receipt(receipt: Receipt) -> dict[str, Any]:
    packed: dict[str, Any] = {name: getattr(receipt, name) for name in Receipt.__dataclass_fields__}
    return packed | {
        "status": None if receipt.status is None else receipt.status.value,
        "at": _iso(receipt.at),
        "sender": None if receipt.sender is None else str(receipt.sender),
    }


def _unpack_inbound(packed: Mapping[str, Any]) -> Inbound:
    sms = InboundSms(
        sender=from_canonical(packed["sender"]),
        recipient=_address(packed["recipient"]),
        text=packed["text"],
        provider_id=packed["provider_id"],
        sent_at=_moment(packed["sent_at"]),
        media=tuple(Media(**media) for media in packed["media"]),
        unverified=packed.get("unverified", False),
    )
    return Inbound(sms, packed.get("recovered"))


def _unpack_receipt(packed: Mapping[str, Any]) -> DeliveryReceipt:
    receipt = Receipt(
        **{
            **{name: packed[name] for name in Receipt.__dataclass_fields__ if name in packed},
            "status": None if packed["status"] is None else Status(packed["status"]),
            "at": _moment(packed["at"]),
            "sender": _address(packed["sender"]),
        }
    )
    return DeliveryReceipt(receipt, packed.get("recovered"))


def _unpack_look_up(packed: Mapping[str, Any]) -> LookUp:
    return LookUp(unpack_ask(packed))


def _unpack_fields(kind: str, packed: Mapping[str, Any]) -> Content:
    made = KINDS[kind]
    return made(**{name: packed[name] for name in _FIELDS[made] if name in packed})


_UNPACK: dict[str, Callable[[Mapping[str, Any]], Content]] = {
    "inbound": _unpack_inbound,
    "receipt": _unpack_receipt,
    "ask": _unpack_look_up,
    "action": unpack_action,
}


def _address(text: str | None) -> Address | None:
    return None if text is None else from_canonical(text)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
