"""Faults of the simulated Slack, injected on request. Every fault counts its hits."""

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
    """Selects the calls or events for a fault; see the fields of `Fault`."""

    times: int | None
    skip: int
    chance: float
    match: Callable[[Json], bool] | None


class WhenOfCall(When, total=False):
    """Selects the calls for a fault."""

    after: bool


@dataclass
class Fault:
    """One fault for calls of a method, or for events.

    Args:
        kind: "ratelimit", "fail", "drop", "error" or "delay"; for events "lose", "redeliver", "ignore_ack".
        method: "chat.postMessage" …, or "*" for every method; "response_url", "upload" and "download" also count.
        times: the number of calls that it hits; None for all.
        skip: the number of calls that it lets pass first.
        after: run the call first, and spoil only the answer.
        status: HTTP status of a "fail".
        error: Slack's error code of an "error".
        copies: of a "redeliver".
        seconds: of a "delay", or the `Retry-After` of a "ratelimit".
        chance: between 0 and 1, for each call that it could hit.
        match: gets the arguments of the call, or the event; the fault hits only if it returns True.
        hits: the number of hits so far.
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
        """Returns True if the fault hits this call or event, and counts the hit."""
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
    """The injected faults. Each setter returns the `Fault`, whose `hits` can be watched.

    Args:
        seed: for faults with a chance, and for reordering.
    """

    def __init__(self, seed: int = 0) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - chance for tests, not for secrets
        self.calls: list[Fault] = []
        self.events: list[Fault] = []
        self.reorder_window = 0  # events held back and shuffled; 0 or 1 keeps their order
        self.reorder_seconds = 0.3  # after which an incomplete window is released
        self.refuse_tickets = 0  # the number of next sockets that get a 404
        self.refused_tickets = 0
        self.share_delay = 0.0  # seconds until a completed upload is shared
        self.never_share = 0  # the number of next completed uploads that are not shared
        self.lose_without_socket = False  # True: an event without a connection is lost
        self.may_send = asyncio.Event()  # cleared: events are held back
        self.may_send.set()

    def ratelimit(self, method: str = "*", *, seconds: int = 1, **how: Unpack[When]) -> Fault:
        """Answers 429 without running the call, and any other call before `Retry-After` is over as well."""
        return self._add_call(Fault("ratelimit", method, seconds=float(seconds), **how))

    def fail(self, method: str = "*", *, status: int = 500, **how: Unpack[WhenOfCall]) -> Fault:
        """Answers 5xx with an HTML page; with `after=True`, the call was run."""
        return self._add_call(Fault("fail", method, status=status, **how))

    def drop(self, method: str = "*", **how: Unpack[WhenOfCall]) -> Fault:
        """Resets the connection instead of answering; with `after=True`, the call was run."""
        return self._add_call(Fault("drop", method, **how))

    def error(self, method: str, error: str = "internal_error", **how: Unpack[WhenOfCall]) -> Fault:
        """Answers `ok: false` with this code; with `after=True`, the call was run nevertheless."""
        return self._add_call(Fault("error", method, error=error, **how))

    def delay(self, method: str = "*", *, seconds: float, **how: Unpack[WhenOfCall]) -> Fault:
        """Runs the call after this many seconds; with `after=True` at once, but answers later."""
        return self._add_call(Fault("delay", method, seconds=seconds, **how))

    def lose(self, **how: Unpack[When]) -> Fault:
        """Never sends the event."""
        return self._add_event(Fault("lose", **how))

    def redeliver(self, *, copies: int = 1, **how: Unpack[When]) -> Fault:
        """Sends the event this many times more, although it was acknowledged."""
        how.setdefault("times", None)
        return self._add_event(Fault("redeliver", copies=copies, **how))

    def ignore_acks(self, **how: Unpack[When]) -> Fault:
        """Loses the acknowledgement, so that the event is retried on schedule."""
        return self._add_event(Fault("ignore_ack", **how))

    def hold_events(self) -> None:
        """Holds all events until `release_events`."""
        self.may_send.clear()

    def release_events(self) -> None:
        """Sends the held events."""
        self.may_send.set()

    def clear(self) -> None:
        """Removes every fault."""
        self.calls.clear()
        self.events.clear()
        self.reorder_window = self.refuse_tickets = self.never_share = 0
        self.share_delay = 0.0
        self.lose_without_socket = False
        self.release_events()

    def for_call(self, method: str, arguments: Json, *, after: bool) -> list[Fault]:
        """Returns the faults that hit this call, before it runs or after."""
        return [fault for fault in self.calls if fault.after == after and fault.strikes(method, arguments, self.dice)]

    def for_event(self, kind: str, event: Json) -> list[Fault]:
        """Returns the faults of this kind that hit this event."""
        return [fault for fault in self.events if fault.kind == kind and fault.strikes("*", event, self.dice)]

    def _add_call(self, fault: Fault) -> Fault:
        self.calls.append(fault)
        return fault

    def _add_event(self, fault: Fault) -> Fault:
        self.events.append(fault)
        return fault
