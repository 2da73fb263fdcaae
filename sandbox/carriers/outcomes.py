"""Results of texts, chosen by the last digits of the phone's number or by the sandbox's user."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Fate(Enum):
    """The network's result for a text that a carrier accepted."""

    DELIVERED = "delivered"
    FAILED = "failed"  # accepted but not delivered by the network
    REJECTED = "rejected"  # not accepted by the network
    OPTED_OUT = "opted out"  # the phone's owner has opted out
    BUFFERED = "buffered"  # the phone was off for a while: buffered if the carrier can report it, then delivered
    EXPIRED = "expired"  # the phone stayed off too long
    SILENT = "silent"  # arrives, but no receipt reports it

    @property
    def arrives(self) -> bool:
        """True if the phone gets the text in the end."""
        return self in (Fate.DELIVERED, Fate.BUFFERED, Fate.SILENT)


# The last four digits of a phone's number.
FATES = {
    "0001": Fate.FAILED,
    "0002": Fate.REJECTED,
    "0003": Fate.OPTED_OUT,
    "0004": Fate.BUFFERED,
    "0005": Fate.EXPIRED,
    "0007": Fate.SILENT,
}
NO_ALPHANUMERIC = "0008"  # the phone's network accepts no sender names (Fone Dynamics leases a number instead)
REFUSED_AT_ONCE = "0009"  # the carrier refuses the number in its answer to the send


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one text."""

    fate: Fate
    code: str | None = None  # the carrier's error code; None: its usual one for this fate


class Outcomes:
    """The results of texts by phone."""

    def __init__(self) -> None:
        self._set: dict[str, tuple[Outcome, int | None]] = {}

    def set(self, number: str, fate: Fate, *, code: str | None = None, times: int | None = None) -> None:
        """Sets the result of the next texts to a phone.

        Args:
            number: the phone, `+` and digits.
            fate: the result.
            code: the carrier's error code, if the fate has one.
            times: the number of texts; None: from now on.
        """
        self._set[number] = (Outcome(fate, code), times)

    def take(self, number: str) -> Outcome:
        """Returns the result for a text to this phone."""
        if number not in self._set:
            return Outcome(FATES.get(number[-4:], Fate.DELIVERED))
        outcome, times = self._set[number]
        if times is not None:
            self._set[number] = (outcome, times - 1)
            if times <= 1:
                del self._set[number]
        return outcome
