"""The decisions of the gate: `Send`, `Hold`, `Stop`, `Ask` or `Done`. A decision is a value, never an exception."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from providers.provider import Callbacks
    from sms.message import OutboundSms
    from storage.tables.attempts import Attempt
    from storage.tables.quotas import Window

Reason = Literal["scheduled", "quiet", "limit", "unreachable"]


@dataclass(frozen=True, slots=True)
class Send:
    """The text goes out now: its attempt is written, and this is the request."""

    attempt: Attempt
    sms: OutboundSms
    callbacks: Callbacks


@dataclass(frozen=True, slots=True)
class Hold:
    """The text may go out, but not before `until`.

    Attributes:
        until: microseconds UTC.
        reason: its time has not come, quiet hours, a limit is used up, or the provider can't be reached.
        sentence: for the thread.
        waits_for: the name of the limit, so that other texts see that one waits already.
        window: of that limit.
    """

    until: int
    reason: Reason
    sentence: str = field(default="", repr=False)
    waits_for: str | None = None
    window: Window | None = None

    def after(self, others: int) -> int:
        """Returns its turn (microseconds UTC) behind so many other texts."""
        return self.until + (others // self.window.count * self.window.length if self.window else 0)


@dataclass(frozen=True, slots=True)
class Stop:
    """The text does not go out. `code` is stable; `sentence` is for the thread."""

    code: str
    sentence: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ask:
    """The text waited too long: a person decides. `sentence` is the question."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to send: it was taken back, a person was asked, or all of it is out."""


Decision = Send | Hold | Stop | Ask | Done
