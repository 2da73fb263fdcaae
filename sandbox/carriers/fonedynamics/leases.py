"""Leased numbers: each lease is for one phone, for a limited time, at most five per phone at once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

MAX_PER_PHONE = 5


class TooManyLeases(Exception):
    """The phone already has five live leases."""


@dataclass(slots=True)
class Lease:
    """A number leased to a phone.

    Attributes:
        lifetime: how long it is valid.
        options: the lease options of the newest text that had some: the targets of replies.
    """

    number: str = field(repr=False)
    phone: str = field(repr=False)
    since: datetime
    lifetime: timedelta
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    def is_live(self, now: datetime) -> bool:
        """Returns True if it has not ended yet."""
        return now < self.ends

    @property
    def ends(self) -> datetime:
        """When it ends."""
        return self.since + self.lifetime


class Leases:
    """All leases. A number of the pool may serve several phones, but each phone only once at a time."""

    def __init__(self, pool: tuple[str, ...]) -> None:
        if len(pool) <= MAX_PER_PHONE:
            raise ValueError("The pool needs more numbers than one phone may have.")
        self.pool = pool
        self.all: list[Lease] = []
        self._of: defaultdict[str, list[Lease]] = defaultdict(list)  # by phone

    def live(self, phone: str, now: datetime) -> list[Lease]:
        """Returns the live leases of a phone, oldest first."""
        return [lease for lease in self._of[phone] if lease.is_live(now)]

    def find(self, number: str, phone: str) -> Lease | None:
        """Returns the newest lease of this number for this phone, live or ended."""
        matching = [lease for lease in self._of[phone] if lease.number == number]
        return matching[-1] if matching else None

    def grant(self, phone: str, now: datetime, lifetime: timedelta, *, keep: bool, reuse: bool) -> Lease:
        """Grants a phone a lease.

        Args:
            phone: the phone.
            now: when it begins.
            lifetime: how long it is valid.
            keep: True to reuse a live lease instead of granting a new one.
            reuse: True to reuse the oldest live lease instead of granting a sixth.

        Raises:
            TooManyLeases: it has five, and none may be reused.
        """
        live = self.live(phone, now)
        if keep and live:
            return live[-1]
        if len(live) >= MAX_PER_PHONE:
            if reuse:
                return live[0]
            raise TooManyLeases
        lease = Lease(self._longest_unused(phone, live), phone, now, lifetime)
        self.all.append(lease)
        self._of[phone].append(lease)
        return lease

    def _longest_unused(self, phone: str, live: list[Lease]) -> str:
        """Returns the number that this phone has not had for the longest time, to keep old and new texts apart."""
        last = {lease.number: position for position, lease in enumerate(self._of[phone])}
        taken = {lease.number for lease in live}
        return min((number for number in self.pool if number not in taken), key=lambda number: last.get(number, -1))
