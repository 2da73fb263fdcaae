"""The data that a post shows, before it becomes Block Kit. `bot/slack/threads/presenter.py` builds it from our rows.

Times are microseconds UTC; addresses are canonical (`+61400000000`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal

from sms.address import Alphanumeric, from_canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.slack.views.blocks import Marked

Mode = Literal["reply", "mention", "confirm", "off"]


@dataclass(frozen=True, slots=True)
class ContactView:
    """The person on the other end."""

    name: str | None = field(repr=False)
    address: str = field(repr=False)  # canonical
    region: str | None = None  # ISO 3166-1 alpha-2
    opted_out: bool = False
    notes: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SenderView:
    """The sender of our texts to a contact."""

    provider: str  # as people write it: "Fone Dynamics"
    address: str | None = field(default=None, repr=False)  # None: we lease one with the next text
    leased: bool = False
    lease_ends: int | None = None
    pinned: bool = False  # a person pinned it with *Change sender…*

    @property
    def is_name(self) -> bool:
        """True if it is a name instead of a number, so that nobody can reply to a text from it."""
        return self.address is not None and isinstance(from_canonical(self.address), Alphanumeric)


@dataclass(frozen=True, slots=True)
class InboundText:
    """One text of a contact."""

    text: str = field(repr=False)
    at: int
    late: bool = False  # we show it more than a minute after it came, so the post has its time
    possibly_repeat: bool = False
    recovered_from: str = ""  # a sentence on how we found it, if the provider's webhook did not bring it
    to: str = field(default="", repr=False)  # the number that it went to, if that is another than before; canonical
    is_unlisted: bool = False  # the settings do not name that number
    attachments: int = 0


@dataclass(frozen=True, slots=True)
class OutboundView:
    """A text of ours that was not a reply in the thread."""

    author: str | None  # a Slack user id; None: it was sent automatically
    origin: str  # "by /sms", "from the compose window", "as the confirmation of their STOP"; may be empty
    text: str = field(repr=False)
    at: int
    late: bool = False
    attachments: int = 0


@dataclass(frozen=True, slots=True)
class CardView:
    """The first post of a thread."""

    contact: ContactView
    sender: SenderView | None = None
    is_open: bool = True
    assignee: str | None = None  # a Slack user id
    waiting_since: int | None = None  # when the contact began to wait for our answer
    mode: Mode = "reply"
    earlier: str = ""  # URL of the contact's previous conversation
    newer: str = ""  # URL of their next conversation


class Stage(Enum):
    """The stage that a status line shows: a message's status or state by its name, or one of four more."""

    QUEUED = "queued"
    HELD = "held"
    SCHEDULED = "scheduled"
    ASKED = "asked"
    CANCELLED = "cancelled"
    SENDING = "sending"
    ACCEPTED = "accepted"
    SENT = "sent"
    BUFFERED = "buffered"
    EXPIRED = "expired"
    FAILED = "failed"
    DELIVERED = "delivered"
    REFUSED = "refused"
    NO_RECEIPT = "no receipt"
    SCHEDULED_THERE = "scheduled there"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class QuotedReply:
    """A reply that is in another thread than its status line, because the card of its thread was deleted."""

    author: str | None  # a Slack user id
    text: str = field(repr=False)
    url: str  # of the reply


@dataclass(frozen=True, slots=True)
class StatusLineView:
    """The status of one message of ours."""

    stage: Stage
    sender: SenderView | None = None
    sent_at: int | None = None  # when the provider accepted it
    at: int | None = None  # when it reached the stage; held or scheduled: until when
    sentence: str | Marked = field(default="", repr=False)  # why it is held, failed, asked about, …
    segments: int | None = None
    attempt: int = 1  # from 1
    parts: int = 1
    delivered_parts: int = 0
    delivered_means: str = "delivered to the phone"  # from the provider's features
    attachments: int = 0
    word: str = ""  # the provider's status word, if we don't know it
    recovered: str = ""  # how we found it or its status, if no event or webhook brought it
    no_receipt: bool = False  # the provider reports nothing about it
    unverified: bool = False  # only receipts without the provider's proof tell its status
    reply: QuotedReply | None = None  # above the line, if the reply is elsewhere


@dataclass(frozen=True, slots=True)
class AlertView:
    """One cause of failures, and how often it occurred."""

    sentence: str | Marked
    count: int
    first_at: int
    last_at: int
    links: Sequence[tuple[str, str]] = field(default=(), repr=False)  # label and address, newest last
    resolved_at: int | None = None
    acknowledged_by: str | None = None  # a Slack user id
