"""How a carrier can misbehave, on request."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

State = TypeVar("State")


class Trouble(Enum):
    """One way to misbehave."""

    NOTHING = "nothing"  # a request goes well, so that the next trouble is for the one after it
    # What becomes of a request. "After" means that the text was taken and goes out all the same.
    REFUSE = "refuse"  # a permanent error in the company's own words
    ERROR_BEFORE = "500 before accepting"
    ERROR_AFTER = "500 after accepting"
    HANG_BEFORE = "no answer before accepting"
    HANG_AFTER = "no answer after accepting"
    DROP_BEFORE = "connection dropped before accepting"
    DROP_AFTER = "connection dropped after accepting"
    THROTTLE = "429"
    # What becomes of the receipts of one text.
    RECEIPTS_LATE = "receipts late"
    RECEIPTS_TWICE = "receipts twice"
    RECEIPTS_EARLY = "receipts before the answer to the send"
    RECEIPTS_REVERSED = "receipts out of order"
    RECEIPTS_CONTRADICT = "a last receipt that says the opposite"
    RECEIPTS_NEVER = "no receipts"
    # What becomes of one webhook, of any kind.
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
    """A trouble that is still to happen."""

    trouble: Trouble
    times: int | None  # so many more; None: until cleared
    on: str | None  # the kind of request ("send", "fetch", "list"); None: any


@dataclass(slots=True)
class Faults:
    """What will go wrong at one carrier.

    Attributes:
        down: every request is dropped without an answer; no webhook is called, though it may be tried again later.
        hang_seconds: how long a request hangs before its connection is dropped.
        late_seconds: how much later a late receipt comes.
        retry_after: seconds, said with a 429; None: not said.
        happened: how often each trouble has happened.
    """

    down: bool = False
    hang_seconds: float = 60.0
    late_seconds: float = 2.0
    retry_after: int | None = 1
    happened: defaultdict[Trouble, int] = field(default_factory=lambda: defaultdict(int))
    _queue: list[Fault] = field(default_factory=list)

    def next(self, trouble: Trouble, times: int | None = 1, *, on: str | None = "send") -> None:
        """Makes a trouble happen.

        Args:
            trouble: which. Troubles of requests happen one at a time, in the order asked for; others may coincide.
            times: to the next so many requests, texts or webhooks; None: to all until `clear`.
            on: to which kind of request: "send", "fetch", "list", or None for any. Only for troubles of requests.
        """
        self._queue.append(Fault(trouble, times, on if trouble in _OF_REQUESTS else None))

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._queue.clear()
        self.down = False

    def take_request(self, kind: str) -> Trouble | None:
        """The trouble that a request of this kind meets, used up."""
        for fault in self._queue:
            if fault.trouble in _OF_REQUESTS and fault.on in (None, kind):
                trouble = self._use(fault)
                return None if trouble is Trouble.NOTHING else trouble
        return None

    def give_back(self, trouble: Trouble, kind: str) -> None:
        """The request was refused anyway, so its trouble is for the next one."""
        self.happened[trouble] -= 1
        self._queue.insert(0, Fault(trouble, 1, kind))

    def take_receipts(self) -> frozenset[Trouble]:
        """The troubles that the receipts of one text meet, used up."""
        return frozenset(self._use(fault) for fault in self._first_of_each() if fault.trouble in RECEIPT_TROUBLES)

    def take(self, trouble: Trouble) -> bool:
        """Whether this trouble happens now, used up."""
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


def told(states: list[State], opposite: State, troubles: frozenset[Trouble]) -> list[list[State]]:
    """Which receipts are sent after each state that a text reaches: as many lists as there are states.

    Args:
        states: what the text goes through, in order; at least one.
        opposite: what a contradicting last receipt says.
        troubles: what the receipts of this text meet.
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
