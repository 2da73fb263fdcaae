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
    """What has become of each part.

    Attributes:
        texts: the parts as they were cut; empty where the text was not cut, so that there is one.
        newest: the newest try of each of these parts that was tried, in their order.
        decided_at: when somebody last decided that the text goes out (microseconds UTC).
    """

    texts: tuple[str, ...]
    newest: tuple[Attempt, ...]
    decided_at: int

    @property
    def count(self) -> int:
        """How many parts there are."""
        return max(1, len(self.texts))

    @property
    def begun(self) -> Attempt | None:
        """The last part that is out, if any is: the rest goes the same way."""
        return next((each for each in reversed(self.newest) if is_out(each)), None)

    @property
    def next(self) -> int | None:
        """The first part that is not out; None: all are, or nothing more may go by this decision."""
        if any(self._stops(each) for each in self.newest):
            return None
        out = {each.part for each in self.newest if is_out(each)}
        return next((part for part in range(1, self.count + 1) if part not in out), None)

    @property
    def is_out(self) -> bool:
        """Whether every part is."""
        return sum(map(is_out, self.newest)) == self.count

    def status(self, now: str | None) -> Status:
        """As far as the slowest part, or failed as soon as one has.

        Args:
            now: the status that the message has. A part that is still to go is under way, unless that is *failed*: then
                the gate stopped it.
        """
        ahead = Status.FAILED if now == Status.FAILED.value else Status.SENDING
        waiting = [each for each in self.newest if self._waits(each)]
        told = [each.status for each in self.newest if each not in waiting]
        return slowest([*told, *[ahead] * (self.count - len(told))])

    def _waits(self, tried: Attempt) -> bool:
        """Whether the part is to be tried once more by a newer decision."""
        return not is_out(tried) and tried.started_at < self.decided_at and tried.outcome != "unknown"

    def _stops(self, tried: Attempt) -> bool:
        """Whether nothing more goes out after this try: it may be out, or it ended badly by this very decision."""
        if tried.outcome is None:
            return True
        return tried.started_at >= self.decided_at and tried.outcome != "not sent" and not is_out(tried)


def is_out(tried: Attempt) -> bool:
    """Whether the provider has it, and nobody said that it failed."""
    return tried.outcome == "accepted" and tried.status not in _LOST


def progress(message: Message, newest: Sequence[Attempt]) -> Progress:
    """How far the message has come.

    Args:
        message: whose.
        newest: the newest try of each of its parts, in their order; of parts that it was cut into before and is no
            more, they do not count.
    """
    texts = tuple(json.loads(message.parts or "[]"))
    known = tuple(each for each in newest if each.part <= max(1, len(texts)))
    return Progress(texts, known, message.decided_at)


def of_part(found: Progress, part: int, sentence: str) -> str:
    """A sentence about one part, which says so where there are several."""
    if found.count == 1:
        return sentence
    return f"Part {part} of {found.count}: {sentence.removeprefix('Not sent: ')}"
