"""The status of an attempt from all its receipts, which may come in any order.

A provider may report each segment of a long text on its own, under the one id of the text. Then a failed segment counts
until as many segments are reported as delivered as the text has: the phone shows no text with a hole. A text of one
segment is delivered once a receipt says so, even if an earlier one said that it failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sms.message import Receipt, Status
from sms.segments import measure
from storage.tables import attempts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.engine.database import Transaction
    from storage.tables.attempts import Attempt

_LOST = (Status.EXPIRED, Status.FAILED)
_IN_PART = "A segment of this text failed, though another was delivered."


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one result of all receipts.

    Attributes:
        status: of the attempt.
        receipt: the first that says so; None if none does.
        unverified: True if only unverified receipts say so.
        sentence: for the thread; None if nothing is wrong.
    """

    status: Status
    receipt: Receipt | None
    unverified: bool
    sentence: str | None


def verdict(attempt: Attempt, said: Sequence[Receipt]) -> Verdict:
    """Returns what an attempt's receipts say together. Once one is verified, unverified ones do not count.

    Args:
        attempt: with the status that it has now.
        said: all its receipts, oldest first.
    """
    known = [receipt for receipt in said if receipt.status is not None]
    trusted = [receipt for receipt in known if not receipt.unverified]
    counted = trusted or known
    status = _status(attempt, counted, replaces=bool(trusted) and attempt.unverified)
    receipt = next((each for each in counted if each.status is status), None)
    sentence = receipt.sentence if receipt is not None else None
    if status in _LOST and any(each.status is Status.DELIVERED for each in counted):
        sentence = f"{_IN_PART} {sentence or ''}".strip()
    return Verdict(status, receipt, bool(counted) and not trusted, sentence)


async def store(tx: Transaction, attempt: Attempt, found: Verdict) -> bool:
    """Stores the verdict about an attempt. Returns True if that changes what the thread shows.

    Args:
        tx: the open transaction.
        attempt: as it is now.
        found: about it.
    """
    before = (attempt.status, attempt.unverified, attempt.sentence)
    if found.receipt is None or before == (found.status, found.unverified, found.sentence):
        return False
    await attempts.set_status(tx, attempt.id, found.status, unverified=found.unverified)
    await attempts.explain(tx, attempt.id, found.receipt.code, found.sentence)
    return True


def _status(attempt: Attempt, counted: Sequence[Receipt], *, replaces: bool) -> Status:
    statuses = [receipt.status for receipt in counted if receipt.status is not None]
    lost = [status for status in statuses if status in _LOST]
    segments = attempt.segments or measure(attempt.text or "").count
    if lost and segments > 1 and statuses.count(Status.DELIVERED) < segments:
        return max(lost)
    before = Status.ACCEPTED if replaces else attempt.status
    return max([before, *statuses])
