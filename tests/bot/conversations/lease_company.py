"""A simulated provider that leases numbers, for the state machine that tests the leases."""

from __future__ import annotations

from dataclasses import dataclass, field

from storage.engine.clock import DAY

POOL = tuple(f"+6148800010{number}" for number in range(7))
VALID = 30 * DAY
MOST = 5


class Refuses(Exception):
    """The provider refuses a text from this address."""


@dataclass(slots=True)
class Held:
    """One number for one phone, until a time (microseconds UTC)."""

    number: str
    until: int


@dataclass(slots=True)
class Company:
    """A provider that can behave either way on every point that the documents leave open.

    Attributes:
        fresh: each blank `From` gets another number; else the phone keeps its number.
        renews: a lease begins again with each text from it; else only when it is given.
        nameless: phones that cannot show names.
        asked_sixth: the number of blank `From`s with five live leases.
    """

    fresh: bool
    renews: bool
    nameless: frozenset[str]
    asked_sixth: int = 0
    known: dict[str, list[Held]] = field(default_factory=dict)

    def live(self, phone: str, now: int) -> list[Held]:
        """Returns the phone's leases that have not ended, oldest first."""
        return [each for each in self.known.get(phone, []) if each.until > now]

    def take(self, phone: str, asked: str | None, now: int) -> str:
        """Sends a text from this address, None for a lease; returns the real sender.

        Raises:
            Refuses: it is not sent.
        """
        if asked is None or (not asked.startswith("+") and phone in self.nameless):
            return self._give(phone, now, counts=asked is None)
        if not asked.startswith("+"):
            return asked
        lease = next((each for each in self.live(phone, now) if each.number == asked), None)
        if lease is None:
            raise Refuses
        if self.renews:
            lease.until = now + VALID
        return asked

    def _give(self, phone: str, now: int, *, counts: bool) -> str:
        live = self.live(phone, now)
        if live and not self.fresh:
            live[-1].until = now + VALID if self.renews else live[-1].until
            return live[-1].number
        if len(live) >= MOST:
            self.asked_sixth += counts
            raise Refuses
        taken = {each.number for each in live}
        number = next(each for each in POOL if each not in taken)
        self.known.setdefault(phone, []).append(Held(number, now + VALID))
        return number
