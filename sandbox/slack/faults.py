"""How the pretend Slack misbehaves on request. Every fault counts how often it struck."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict, Unpack

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.slack.errors import Json

HTML = "<!DOCTYPE html><html><head><title>Server Error</title></head><body><h1>Server Error</h1></body></html>"


class When(TypedDict, total=False):
    """Which calls or events a fault strikes, as the fields of `Fault` have it."""

    times: int | None
    skip: int
    chance: float
    match: Callable[[Json], bool] | None


class WhenOfCall(When, total=False):
    """The same for a call."""

    after: bool


@dataclass
class Fault:
    """One way to misbehave towards calls of a method, or towards events.

    Args:
        kind: "ratelimit", "fail", "drop", "error" or "delay"; for events "lose", "redeliver", "ignore_ack".
        method: "chat.postMessage" …, or "*" for every method; "response_url", "upload" and "download" also count.
        times: how many calls it strikes; None for all.
        skip: how many it first lets pass.
        after: the call is carried out first, and only the answer is spoilt.
        status: HTTP status of a "fail".
        error: Slack's word of an "error".
        copies: of a "redeliver".
        seconds: of a "delay", or the `Retry-After` of a "ratelimit".
        chance: between 0 and 1, for each call it could strike.
        match: looks at the arguments of the call, or at the event; strikes only where it says yes.
        hits: how often it struck.
    """

    kind: str
    method: str = "*"
    times: int | None = 1
    skip: int = 0
    after: bool = False
    status: int = 500
    error: str = "internal_error"
    copies: int = 1
    seconds: float = 0.0
    chance: float = 1.0
    match: Callable[[Json], bool] | None = field(default=None, repr=False)
    hits: int = 0

    def strikes(self, method: str, subject: Json, dice: random.Random) -> bool:
        """Whether it strikes now; if so, that is counted."""
        if self.method not in ("*", method) or (self.times is not None and self.hits >= self.times):
            return False
        if self.match is not None and not self.match(subject):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if dice.random() >= self.chance:
            return False
        self.hits += 1
        return True


class Faults:
    """The faults that are set. Each setter returns the `Fault`, whose `hits` can be watched.

    Args:
        seed: of the dice, for faults with a chance, and for reordering.
    """

    def __init__(self, seed: int = 0) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - chance for tests, not for secrets
        self.calls: list[Fault] = []
        self.events: list[Fault] = []
        self.reorder_window = 0  # events held back and mixed; 0 or 1 keeps their order
        self.reorder_seconds = 0.3  # after which a window that is not full is let go
        self.refuse_tickets = 0  # so many of the next sockets are answered 404
        self.refused_tickets = 0
        self.share_delay = 0.0  # seconds until a completed upload is shared
        self.never_share = 0  # so many of the next completed uploads are not shared
        self.lose_without_socket = False  # an event that finds no connection is never sent again
        self.may_send = asyncio.Event()  # cleared: events are held back
        self.may_send.set()

    def ratelimit(self, method: str = "*", *, seconds: int = 1, **how: Unpack[When]) -> Fault:
        """The call is not carried out but answered 429; so is whatever else comes before `Retry-After` is over."""
        return self._add_call(Fault("ratelimit", method, seconds=float(seconds), **how))

    def fail(self, method: str = "*", *, status: int = 500, **how: Unpack[WhenOfCall]) -> Fault:
        """The answer is a 5xx with an HTML page; `after=True`: what was asked has been done."""
        return self._add_call(Fault("fail", method, status=status, **how))

    def drop(self, method: str = "*", **how: Unpack[WhenOfCall]) -> Fault:
        """The connection is reset instead of an answer; `after=True`: what was asked has been done."""
        return self._add_call(Fault("drop", method, **how))

    def error(self, method: str, error: str = "internal_error", **how: Unpack[WhenOfCall]) -> Fault:
        """The answer is `ok: false` with this word; `after=True`: what was asked has been done all the same."""
        return self._add_call(Fault("error", method, error=error, **how))

    def delay(self, method: str = "*", *, seconds: float, **how: Unpack[WhenOfCall]) -> Fault:
        """The call is carried out after so many seconds; `after=True`: at once, but answered later."""
        return self._add_call(Fault("delay", method, seconds=seconds, **how))

    def lose(self, **how: Unpack[When]) -> Fault:
        """The event is never sent."""
        return self._add_event(Fault("lose", **how))

    def redeliver(self, *, copies: int = 1, **how: Unpack[When]) -> Fault:
        """The event is sent so many times more, although it was acknowledged."""
        how.setdefault("times", None)
        return self._add_event(Fault("redeliver", copies=copies, **how))

    def ignore_acks(self, **how: Unpack[When]) -> Fault:
        """The acknowledgement is lost on the way, so the event comes again as the schedule has it."""
        return self._add_event(Fault("ignore_ack", **how))

    def hold_events(self) -> None:
        """Nothing is sent until `release_events`."""
        self.may_send.clear()

    def release_events(self) -> None:
        """What was held is sent."""
        self.may_send.set()

    def clear(self) -> None:
        """Ends every fault that is set."""
        self.calls.clear()
        self.events.clear()
        self.reorder_window = self.refuse_tickets = self.never_share = 0
        self.share_delay = 0.0
        self.lose_without_socket = False
        self.release_events()

    def for_call(self, method: str, arguments: Json, *, after: bool) -> list[Fault]:
        """The faults that strike this call, before it is carried out or after."""
        return [fault for fault in self.calls if fault.after == after and fault.strikes(method, arguments, self.dice)]

    def for_event(self, kind: str, event: Json) -> list[Fault]:
        """The faults of this kind that strike this event."""
        return [fault for fault in self.events if fault.kind == kind and fault.strikes("*", event, self.dice)]

    def _add_call(self, fault: Fault) -> Fault:
        self.calls.append(fault)
        return fault

    def _add_event(self, fault: Fault) -> Fault:
        self.events.append(fault)
        return fault
