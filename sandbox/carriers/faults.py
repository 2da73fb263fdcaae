"""Faults that a carrier can have, injected on request."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

State = TypeVar("State")


class Trouble(Enum):
    """A kind of fault."""

    NOTHING = "nothing"  # a request succeeds, so that the next fault hits the one after it
    # Faults of a request. "After" means that the text was accepted and is sent nevertheless.
    REFUSE = "refuse"  # a permanent error in the provider's own words
    ERROR_BEFORE = "500 before accepting"
    ERROR_AFTER = "500 after accepting"
    HANG_BEFORE = "no answer before accepting"
    HANG_AFTER = "no answer after accepting"
    DROP_BEFORE = "connection dropped before accepting"
    DROP_AFTER = "connection dropped after accepting"
    THROTTLE = "429"
    # Faults of the receipts for one text.
    RECEIPTS_LATE = "receipts late"
    RECEIPTS_TWICE = "receipts twice"
    RECEIPTS_EARLY = "receipts before the answer to the send"
    RECEIPTS_REVERSED = "receipts out of order"
    RECEIPTS_CONTRADICT = "a last receipt that says the opposite"
    RECEIPTS_NEVER = "no receipts"
    # Faults of one webhook of any kind.
    WEBHOOK_TWICE = "webhook twice"
    WEBHOOK_LOST = "webhook never called"


REQUEST_TROUBLES = frozenset(
    {
        Trouble.REFUSE,
        Trouble.ERROR_BEFORE,
        Trouble.ERROR_AFTER,
        Trouble.HANG_BEFORE,
        Trouble.HANG_AFTER,
        Trouble.DROP_BEFORE,
        Trouble.DROP_AFTER,
        Trouble.THROTTLE,
    }
)
_OF_REQUESTS = REQUEST_TROUBLES | {Trouble.NOTHING}
AFTER = frozenset({Trouble.ERROR_AFTER, Trouble.HANG_AFTER, Trouble.DROP_AFTER})
RECEIPT_TROUBLES = frozenset(
    {
        Trouble.RECEIPTS_LATE,
        Trouble.RECEIPTS_TWICE,
        Trouble.RECEIPTS_EARLY,
        Trouble.RECEIPTS_REVERSED,
        Trouble.RECEIPTS_CONTRADICT,
        Trouble.RECEIPTS_NEVER,
    }
)


@dataclass(slots=True)
class Fault:
    """A fault that is still to happen."""

    trouble: Trouble
    times: int | None  # the remaining hits; None: until cleared
    on: str | None  # the kind of request ("send", "fetch", "list"); None: any


@dataclass(slots=True)
class Faults:
    """The faults of a carrier.

    Attributes:
        down: drop every request without an answer and call no webhook, though it may be retried later.
        hang_seconds: how long a request hangs before its connection is dropped.
        late_seconds: the delay of a late receipt.
        retry_after: seconds in a 429; None leaves it out.
        happened: the hits of each fault.
    """

    down: bool = False
    hang_seconds: float = 60.0
    late_seconds: float = 2.0
    retry_after: int | None = 1
    happened: defaultdict[Trouble, int] = field(default_factory=lambda: defaultdict(int))
    _queue: list[Fault] = field(default_factory=list)

    def next(self, trouble: Trouble, times: int | None = 1, *, on: str | None = "send") -> None:
        """Injects a fault.

        Args:
            trouble: the kind. Request faults hit one at a time, in the order of injection; others may coincide.
            times: the number of requests, texts or webhooks; None: all until `clear`.
            on: the kind of request: "send", "fetch", "list", or None for any. For request faults only.
        """
        self._queue.append(Fault(trouble, times, on if trouble in _OF_REQUESTS else None))

    def clear(self) -> None:
        """Removes all faults."""
        self._queue.clear()
        self.down = False

    def take_request(self, kind: str) -> Trouble | None:
        """Returns the fault that hits a request of this kind, and uses it up."""
        for fault in self._queue:
            if fault.trouble in _OF_REQUESTS and fault.on in (None, kind):
                trouble = self._use(fault)
                return None if trouble is Trouble.NOTHING else trouble
        return None

    def give_back(self, trouble: Trouble, kind: str) -> None:
        """Puts a fault back for the next request, because this one was refused anyway."""
        self.happened[trouble] -= 1
        self._queue.insert(0, Fault(trouble, 1, kind))

    def take_receipts(self) -> frozenset[Trouble]:
        """Returns the faults that hit the receipts of a text, and uses them up."""
        return frozenset(self._use(fault) for fault in self._first_of_each() if fault.trouble in RECEIPT_TROUBLES)

    def take(self, trouble: Trouble) -> bool:
        """Returns True if this fault hits now, and uses it up."""
        for fault in self._queue:
            if fault.trouble is trouble:
                self._use(fault)
                return True
        return False

    def _first_of_each(self) -> list[Fault]:
        return list({fault.trouble: fault for fault in reversed(self._queue)}.values())

    def _use(self, fault: Fault) -> Trouble:
        self.happened[fault.trouble] += 1
        if fault.times is not None:
            fault.times -= 1
            if not fault.times:
                self._queue.remove(fault)
        return fault.trouble


def receipts_by_state(states: list[State], opposite: State, troubles: frozenset[Trouble]) -> list[list[State]]:
    """Returns the receipts to send after each state of a text: one list per state.

    Args:
        states: the text's states in order; at least one.
        opposite: the state that a contradicting last receipt reports.
        troubles: the faults of this text's receipts.
    """
    if Trouble.RECEIPTS_NEVER in troubles:
        return [[] for _ in states]
    times = 2 if Trouble.RECEIPTS_TWICE in troubles else 1
    after = [[state] * times for state in states]
    if Trouble.RECEIPTS_CONTRADICT in troubles:
        after[-1].append(opposite)
    if not troubles & {Trouble.RECEIPTS_REVERSED, Trouble.RECEIPTS_LATE}:
        return after
    together = [state for group in after for state in group]
    if Trouble.RECEIPTS_REVERSED in troubles:
        together.reverse()
    return [[] for _ in states[:-1]] + [together]
