"""The words for a text message and what becomes of it, as everything else here uses them.

Times are aware datetimes in UTC; storage turns them into microseconds. No `repr` shows a number or a body.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import total_ordering
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sms.address import Address


@total_ordering
class Status(Enum):
    """How far an attempt has come. The order of definition is the order of the statuses; none moves back."""

    QUEUED = "queued"  # written down here, not yet offered to anyone
    SENDING = "sending"  # the request is, or was, under way
    ACCEPTED = "accepted"  # the provider took it
    SENT = "sent"  # the provider handed it to the network
    BUFFERED = "buffered"  # the network waits for the phone
    EXPIRED = "expired"  # the network stopped waiting
    FAILED = "failed"  # somebody on the way gave up, and said so
    DELIVERED = "delivered"  # last: a later "delivered" beats an earlier "failed"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Status):
            return NotImplemented
        return _RANK[self] < _RANK[other]

    @property
    def is_final(self) -> bool:
        """Whether a person need not wait for anything after it (a late *delivered* may still come)."""
        return self >= Status.EXPIRED


_RANK = {status: rank for rank, status in enumerate(Status)}


def slowest(parts: list[Status]) -> Status:
    """The status of a message whose newest try has these parts (at least one).

    Failed as soon as one part failed or expired, else as far as the slowest part.
    """
    failed = [status for status in parts if status in (Status.EXPIRED, Status.FAILED)]
    return max(failed) if failed else min(parts)


@dataclass(frozen=True, slots=True)
class Media:
    """A file that came with a text or goes with it."""

    url: str = field(repr=False)
    content_type: str | None = None  # as the provider claims it; never trusted
    name: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class InboundSms:
    """A text from a contact to one of our senders (MO)."""

    sender: Address  # the contact
    recipient: Address | None  # ours; None where the provider does not say
    text: str = field(repr=False)
    provider_id: str | None = None  # None where the provider gives none
    sent_at: datetime | None = None  # as the provider says
    media: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """One thing that a provider said about one attempt (DLR).

    `word` is the provider's own; `status` is ours, or None for a word we do not know, which is kept and shown.
    """

    word: str
    status: Status | None
    provider_id: str | None = None
    attempt: str | None = None  # our attempt id, where the provider carries it for us (customKey, ExternalId)
    code: str | None = None
    description: str | None = field(default=None, repr=False)  # the provider's, which may name the number
    sentence: str | None = None  # for the thread: what a failure means and what to do
    at: datetime | None = None  # as the provider says
    sender: Address | None = None  # where it names the sender that was really used
    segments: int | None = None
    opted_out: bool = False  # the contact told the provider or the carrier to stop


@dataclass(frozen=True, slots=True)
class OutboundSms:
    """One part of a message on its way to a contact (MT)."""

    attempt: str  # our id of this try, 32 characters at most
    recipient: Address
    sender: Address | None  # None: a number that the provider leases to us for this contact
    text: str = field(repr=False)
    media: tuple[Media, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)  # validated by the provider's Options
