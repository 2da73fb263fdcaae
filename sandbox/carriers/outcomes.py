"""What becomes of a text, decided by the last digits of the phone's number or by whoever runs the sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Fate(Enum):
    """What the network makes of a text that a carrier took."""

    DELIVERED = "delivered"
    FAILED = "failed"  # the network took it and could not deliver it
    REJECTED = "rejected"  # the network would not even take it
    OPTED_OUT = "opted out"  # the phone's owner asked for no more texts
    BUFFERED = "buffered"  # the phone was off for a while: buffered where the carrier can say so, then delivered
    EXPIRED = "expired"  # the phone stayed off for too long
    SILENT = "silent"  # it arrives, and no receipt ever says so

    @property
    def arrives(self) -> bool:
        """Whether the phone shows the text in the end."""
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
NO_ALPHANUMERIC = "0008"  # the phone's operator takes no alphanumeric sender (Fone Dynamics leases a number instead)
REFUSED_AT_ONCE = "0009"  # the carrier refuses the number in the answer to the send, in its own words


@dataclass(frozen=True, slots=True)
class Outcome:
    """What will become of one text."""

    fate: Fate
    code: str | None = None  # the carrier's own error code; None: its usual one for this fate


class Outcomes:
    """What becomes of texts, by the phone they go to."""

    def __init__(self) -> None:
        self._set: dict[str, tuple[Outcome, int | None]] = {}

    def set(self, number: str, fate: Fate, *, code: str | None = None, times: int | None = None) -> None:
        """Decides what becomes of the next texts to a phone.

        Args:
            number: the phone, `+` and digits.
            fate: what becomes of them.
            code: the carrier's own error code, where the fate has one.
            times: for so many texts; None: from now on.
        """
        self._set[number] = (Outcome(fate, code), times)

    def take(self, number: str) -> Outcome:
        """What becomes of the text that is just going to this phone."""
        if number not in self._set:
            return Outcome(FATES.get(number[-4:], Fate.DELIVERED))
        outcome, times = self._set[number]
        if times is not None:
            self._set[number] = (outcome, times - 1)
            if times <= 1:
                del self._set[number]
        return outcome
