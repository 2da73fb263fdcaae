"""Leased numbers: assigned to one phone each time, valid for so long, at most five per phone at a time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

MAX_PER_PHONE = 5


class TooManyLeases(Exception):
    """The phone has five live leases already."""


@dataclass(slots=True)
class Lease:
    """One number for one phone.

    Attributes:
        lifetime: how long it is valid.
        options: the lease options of the newest text that carried some: where replies go.
    """

    number: str = field(repr=False)
    phone: str = field(repr=False)
    since: datetime
    lifetime: timedelta
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    def is_live(self, now: datetime) -> bool:
        """Whether it has not ended yet."""
        return now < self.ends

    @property
    def ends(self) -> datetime:
        """When it is no longer the phone's."""
        return self.since + self.lifetime


class Leases:
    """All leases there were; a number of the pool may serve several phones, but each phone only once at a time."""

    def __init__(self, pool: tuple[str, ...]) -> None:
        if len(pool) <= MAX_PER_PHONE:
            raise ValueError("The pool needs more numbers than one phone may have.")
        self.pool = pool
        self.all: list[Lease] = []
        self._of: defaultdict[str, list[Lease]] = defaultdict(list)  # by phone

    def live(self, phone: str, now: datetime) -> list[Lease]:
        """The live leases of one phone, oldest first."""
        return [lease for lease in self._of[phone] if lease.is_live(now)]

    def find(self, number: str, phone: str) -> Lease | None:
        """The newest lease of this number for this phone, live or ended."""
        matching = [lease for lease in self._of[phone] if lease.number == number]
        return matching[-1] if matching else None

    def grant(self, phone: str, now: datetime, lifetime: timedelta, *, keep: bool, reuse: bool) -> Lease:
        """A lease for one phone.

        Args:
            phone: whom it is for.
            now: when it begins.
            lifetime: how long it is valid.
            keep: whether a live one is used again rather than a new one given.
            reuse: whether the oldest live one is used again instead of a sixth.

        Raises:
            TooManyLeases: if it has five, and none may be used again.
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
        """The number that this phone did not have for longest: old and new texts are not mixed on it."""
        last = {lease.number: position for position, lease in enumerate(self._of[phone])}
        taken = {lease.number for lease in live}
        return min((number for number in self.pool if number not in taken), key=lambda number: last.get(number, -1))
