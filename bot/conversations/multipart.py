"""How far a text has come that goes out in several parts, one after the other; a text of one part too. Pure.

A part is out once a provider took it and nobody said since that it failed. What is out is never sent again by itself,
and what may be out stops the rest: a customer who gets a part twice, or the end before the beginning, is worse than a
question.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sms.message import Status, slowest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.tables.attempts import Attempt
    from storage.tables.messages import Message

_LOST = (Status.EXPIRED, Status.FAILED)


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of each part.

    Attributes:
        texts: the parts as they were cut; empty if the text was not cut, so that there is one part.
        newest: the newest try of each part that was tried, in their order.
        decided_at: when a person last decided that the text goes out (microseconds UTC).
        count: how many parts there are.
        begun: the last part that is out, if any is: the rest goes the same way.
        next: the first part that is not out; None: all are, or nothing more may go by this decision.
        is_out: True if every part is out.
    """

    texts: tuple[str, ...]
    newest: tuple[Attempt, ...]
    decided_at: int
    count: int
    begun: Attempt | None
    next: int | None
    is_out: bool

    def status(self, now: str | None) -> Status:
        """Returns the status of the slowest part, or *failed* as soon as one part has failed.

        Args:
            now: the message's status. A part that is still to go is under way, unless the message is *failed*: then the
                gate stopped it.
        """
        ahead = Status.FAILED if now == Status.FAILED.value else Status.SENDING
        known = [each.status for each in self.newest if not self._waits(each)]
        return slowest([*known, *[ahead] * (self.count - len(known))])

    def _waits(self, tried: Attempt) -> bool:
        """True if a newer decision lets the part be tried once more."""
        return tried.started_at < self.decided_at and tried.outcome != "unknown" and not is_out(tried)


def is_out(tried: Attempt) -> bool:
    """Whether the provider has it, and nobody said that it failed."""
    return tried.outcome == "accepted" and tried.status not in _LOST


def progress(message: Message, newest: Sequence[Attempt]) -> Progress:
    """Returns how far the message has come.

    Args:
        message: the message.
        newest: the newest try of each of its parts, in their order. Parts of an earlier cut do not count.
    """
    texts = tuple(json.loads(message.parts)) if message.parts else ()
    count = max(1, len(texts))
    known = tuple(each for each in newest if each.part <= count)
    out = [each for each in known if is_out(each)]
    stopped = any(_stops(each, message.decided_at) for each in known if not is_out(each))
    sent = {each.part for each in out}
    ahead = None if stopped else next((part for part in range(1, count + 1) if part not in sent), None)
    return Progress(texts, known, message.decided_at, count, out[-1] if out else None, ahead, len(out) == count)


def _stops(tried: Attempt, decided_at: int) -> bool:
    """True if nothing more goes out after this try: it may be out, or it ended badly by this very decision."""
    if tried.outcome is None:
        return True
    return tried.started_at >= decided_at and tried.outcome != "not sent"


def of_part(found: Progress, part: int, sentence: str) -> str:
    """A sentence about one part, which says so where there are several."""
    if found.count == 1:
        return sentence
    return f"Part {part} of {found.count}: {sentence.removeprefix('Not sent: ')}"
