"""What a post shows, before it is Block Kit: frozen, and built from our rows by whoever posts.

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
    """What their texts come from."""

    provider: str  # as people write it: "Fone Dynamics"
    address: str | None = field(default=None, repr=False)  # None: leased with the next text
    leased: bool = False
    lease_ends: int | None = None

    @property
    def is_name(self) -> bool:
        """Whether it is no number, so that nobody can answer a text from it."""
        return self.address is not None and isinstance(from_canonical(self.address), Alphanumeric)


@dataclass(frozen=True, slots=True)
class InboundText:
    """One text of a contact."""

    text: str = field(repr=False)
    at: int
    late: bool = False  # it is shown more than a minute after it came, so its time is told
    possibly_repeat: bool = False
    recovered_from: str = ""  # how it was found, as a sentence, if it did not come by itself
    attachments: int = 0


@dataclass(frozen=True, slots=True)
class OutboundView:
    """A text of ours that no reply in the thread shows."""

    author: str | None  # a Slack user id; None: nobody, it went by itself
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
    waiting_since: int | None = None  # since when the contact waits for us
    mode: Mode = "reply"
    earlier: str = ""  # where the contact's conversation before this one is
    newer: str = ""  # where their conversation goes on


class Stage(Enum):
    """What a receipt line tells: the statuses of a message by their names, its other states, and three ends."""

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
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StatusLineView:
    """What has become of one message of ours."""

    stage: Stage
    sender: SenderView | None = None
    sent_at: int | None = None  # when the provider took it
    at: int | None = None  # when the stage was reached; held or scheduled: until when
    sentence: str | Marked = field(default="", repr=False)  # why it is held, failed, asked about, …
    segments: int | None = None
    attempt: int = 1  # from 1
    parts: int = 1
    delivered_parts: int = 0
    delivered_means: str = "delivered to the phone"  # as the provider's features say
    attachments: int = 0
    word: str = ""  # the provider's own, where it is none that we know
    recovered: str = ""  # how it, or what became of it, was found, if that did not come by itself


@dataclass(frozen=True, slots=True)
class AlertView:
    """Something that went wrong, with everything that went wrong for the same reason."""

    sentence: str | Marked
    count: int
    first_at: int
    last_at: int
    links: Sequence[tuple[str, str]] = field(default=(), repr=False)  # label and address, newest last
    resolved_at: int | None = None
    acknowledged_by: str | None = None  # a Slack user id
