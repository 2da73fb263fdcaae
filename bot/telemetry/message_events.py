"""Events of a text, for the log and the metrics. The database delivers them once their transaction commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.engine.commit_events import Ended, Received, Said, Shown, Stopped, Tried
from storage.engine.ids import made_at
from storage.tables import messages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sms.message import Status
    from storage.engine.database import Transaction
    from storage.tables.attempts import Attempt
    from storage.tables.intake import Entry
    from storage.tables.messages import Message


def received(tx: Transaction, entry: Entry, message_id: int) -> None:
    """Records that a contact's text became a message."""
    tx.tell(Received(entry.id, message_id, entry.source))


def tried(tx: Transaction, message: Message, attempt: Attempt) -> None:
    """Records that we are about to send a request to a provider."""
    tx.tell(Tried(message.intake_id, message.id, attempt.id, attempt.account, attempt.sender))


def ended(tx: Transaction, message: Message, attempt: Attempt, end: str, *, is_answer: bool = False) -> None:
    """Records the end of an attempt: from the provider's answer (`is_answer`), or from a later receipt or lookup."""
    waited = max(0, tx.now - _wanted_at(message)) if is_answer else None
    tx.tell(Ended(message.intake_id, message.id, attempt.id, attempt.account, end, waited))


def stopped(tx: Transaction, message: Message, code: str) -> None:
    """Records that the gate stopped a text."""
    tx.tell(Stopped(message.intake_id, message.id, code))


async def said(tx: Transaction, account: str, attempt: Attempt | None, status: Status | None) -> None:
    """Records a receipt, also for an attempt or with a status that we don't know."""
    origin = None if attempt is None else (await messages.get(tx, attempt.message_id)).intake_id
    tx.tell(Said(origin, account, None if status is None else status.value))


def shown(tx: Transaction, posted: Iterable[Message]) -> None:
    """Records that these messages are in Slack; those of a contact count."""
    for message in posted:
        if message.direction == "in":
            waited = None if message.intake_id is None else max(0, tx.now - made_at(message.intake_id))
            tx.tell(Shown(message.intake_id, message.id, waited))


def _wanted_at(message: Message) -> int:
    """Returns when the text should go out: once stored, once decided about, or when scheduled (microseconds UTC)."""
    stored_at = message.created_at if message.intake_id is None else made_at(message.intake_id)
    return max(stored_at, message.decided_at, message.not_before or 0)
