"""The progress of a text through its parts, which go out one after the other. A text may have one part only. Pure.

A part is out once a provider accepted one of its attempts and no receipt says that this one failed; the results of its
other attempts do not matter. The bot never sends such a part again by itself. A part that may be out stops the rest: it
is better to ask a person than to text a part twice, or the end before the beginning.
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

EXPIRED = "expired"  # the code of a question about a text that waited too long
_LOST = (Status.EXPIRED, Status.FAILED)


@dataclass(frozen=True, slots=True)
class Progress:
    """The status of each part.

    Attributes:
        texts: the parts; empty if the text was not cut, so that it has one part.
        newest: the attempt that counts for each part that has one, in order: one that is out, else the newest.
        decided_at: when somebody last decided to send the text (microseconds UTC).
        count: the number of parts.
        begun: the last part that is out, or None. The rest uses the same sender.
        next: the first part that is not out; None if all are out, or if this decision sends no more.
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
        """Returns the status of the slowest part, or *failed* if one failed.

        Args:
            now: the message's status. A part without an attempt counts as *sending*; if `now` is *failed*, the gate
                stopped it, and it counts as failed.
        """
        ahead = Status.FAILED if now == Status.FAILED.value else Status.SENDING
        known = [each.status for each in self.newest if not self._waits(each)]
        return slowest([*known, *[ahead] * (self.count - len(known))])

    def has(self, part: int) -> bool:
        """True if this part is out, by any of its attempts."""
        return any(each.part == part and is_out(each) for each in self.newest)

    def depends_on(self, tried: Attempt) -> bool:
        """True if this attempt decides about its part: none counts more, and nobody has decided since."""
        return tried.started_at >= self.decided_at and any(each.id == tried.id for each in self.newest)

    def _waits(self, tried: Attempt) -> bool:
        """True if the part goes out again, by itself or because of a newer decision."""
        if is_out(tried) or tried.outcome == "unknown":
            return False
        return tried.outcome == "not sent" or tried.started_at < self.decided_at


def is_out(tried: Attempt) -> bool:
    """True if the provider accepted it and no receipt says that it failed."""
    return tried.outcome == "accepted" and tried.status not in _LOST


def progress(message: Message, tries: Sequence[Attempt]) -> Progress:
    """Returns the progress of a message.

    Args:
        message: the message.
        tries: all its attempts, by part and number. Attempts of parts from an earlier cut, which the message no longer
            has, do not count.
    """
    texts = tuple(json.loads(message.parts)) if message.parts else ()
    count = max(1, len(texts))
    known = _that_count([each for each in tries if each.part <= count])
    out = [each for each in known if is_out(each)]
    stopped = any(_stops(each, message.decided_at) for each in known if not is_out(each))
    sent = {each.part for each in out}
    ahead = None if stopped else next((part for part in range(1, count + 1) if part not in sent), None)
    return Progress(texts, known, message.decided_at, count, out[-1] if out else None, ahead, len(out) == count)


def _that_count(tries: Sequence[Attempt]) -> tuple[Attempt, ...]:
    """Returns the attempt that counts for each part: one that is delivered, else that is out, else the newest."""
    found: dict[int, Attempt] = {}
    for each in tries:
        if each.part not in found or _proof(each) >= _proof(found[each.part]):
            found[each.part] = each
    return tuple(found.values())


def _proof(tried: Attempt) -> int:
    return is_out(tried) + (is_out(tried) and tried.status is Status.DELIVERED)


def _stops(tried: Attempt, decided_at: int) -> bool:
    """True if nothing follows this attempt: it may be out, or it failed after the newest decision."""
    if tried.outcome is None:
        return True
    return tried.started_at >= decided_at and tried.outcome != "not sent"


def of_part(found: Progress, part: int, sentence: str) -> str:
    """Returns a sentence about one part, which says the part's number if there are several."""
    if found.count == 1:
        return sentence
    return f"Part {part} of {found.count}: {sentence.removeprefix('Not sent: ')}"


def is_parked(message: Message) -> bool:
    """True if the rest of the text waits or is cancelled, whatever the status of the parts that are out."""
    return message.state in {"held", "scheduled", "cancelled"} or (message.state == "asked" and message.code == EXPIRED)
