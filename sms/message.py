"""The types for text messages and their status, used by all other packages.

Times are aware datetimes in UTC; storage converts them to microseconds. No `repr` shows a number or a body.
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
    """The progress of an attempt. The order of definition is the order of the statuses; a status never moves back."""

    QUEUED = "queued"  # stored here, not yet offered to a provider
    SENDING = "sending"  # the request is, or was, under way
    ACCEPTED = "accepted"  # accepted by the provider
    SENT = "sent"  # handed to the network by the provider
    BUFFERED = "buffered"  # waiting in the network for the phone
    EXPIRED = "expired"  # dropped by the network after waiting
    FAILED = "failed"  # reported as failed by the provider or the network
    DELIVERED = "delivered"  # last, so that a later "delivered" replaces an earlier "failed"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Status):
            return NotImplemented
        return _RANK[self] < _RANK[other]

    @property
    def is_final(self) -> bool:
        """True if no further receipt is expected (a late *delivered* may still arrive)."""
        return self in _FINAL

    @property
    def earlier(self) -> tuple[Status, ...]:
        """The statuses before this one."""
        return _EARLIER[self]


_RANK = {status: rank for rank, status in enumerate(Status)}
_FINAL = frozenset({Status.EXPIRED, Status.FAILED, Status.DELIVERED})
_EARLIER = {status: tuple(Status)[:rank] for status, rank in _RANK.items()}


def slowest(parts: list[Status]) -> Status:
    """Returns the status of a message from the newest attempts of its parts (at least one).

    A failed or expired part makes the message failed or expired; otherwise the slowest part counts.
    """
    failed = [status for status in parts if status in (Status.EXPIRED, Status.FAILED)]
    return max(failed) if failed else min(parts)


@dataclass(frozen=True, slots=True)
class Media:
    """A file that came with a text or will be sent with one."""

    url: str = field(repr=False)
    content_type: str | None = None  # as stated by the provider; never trusted
    name: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class InboundSms:
    """A text from a contact to one of our senders (MO)."""

    sender: Address  # the contact
    recipient: Address | None  # ours; None if the provider does not say
    text: str = field(repr=False)
    provider_id: str | None = None  # None if the provider gives none
    sent_at: datetime | None = None  # by the provider's clock
    media: tuple[Media, ...] = ()
    unverified: bool = False  # only the token in the URL shows that the provider sent it


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery receipt (DLR): one report from a provider about one attempt.

    `word` is the provider's status word. `status` is ours, or None for an unknown word, which is stored and shown.
    """

    word: str
    status: Status | None
    provider_id: str | None = None
    attempt: str | None = None  # our attempt id, if the provider returns it (customKey, ExternalId)
    code: str | None = None
    description: str | None = field(default=None, repr=False)  # the provider's; may contain the number
    sentence: str | None = None  # for the thread: what a failure means and what to do
    at: datetime | None = None  # by the provider's clock
    sender: Address | None = None  # the sender that was really used, if reported
    segments: int | None = None
    opted_out: bool = False  # the contact opted out at the provider or the carrier
    unverified: bool = False  # only the token in the URL shows that the provider sent it

    @property
    def is_proof(self) -> bool:
        """True if it proves that the provider took the text and has not lost it."""
        return self.status is not None and self.status not in (Status.EXPIRED, Status.FAILED)


@dataclass(frozen=True, slots=True)
class OutboundSms:
    """One part of a message to be sent to a contact (MT)."""

    attempt: str  # our id of this attempt, at most 32 characters
    recipient: Address
    sender: Address | None  # None: a number that the provider leases for this contact
    text: str = field(repr=False)
    media: tuple[Media, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)  # validated by the provider's Options
    is_leased: bool = False  # the sender, if it is given, is a number that the provider leased for this contact
