"""What happens to a text, told for the log and for what is counted; each is told only once it is committed."""

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
    """A contact's text has its message."""
    tx.tell(Received(entry.id, message_id, entry.source))


def tried(tx: Transaction, message: Message, attempt: Attempt) -> None:
    """A request to a provider is about to be made."""
    tx.tell(Tried(message.intake_id, message.id, attempt.id, attempt.account, attempt.sender))


def ended(tx: Transaction, message: Message, attempt: Attempt, end: str, *, is_answer: bool = False) -> None:
    """The attempt ended so; as the provider answered our request, or as was said of it afterwards."""
    waited = max(0, tx.now - _wanted_at(message)) if is_answer else None
    tx.tell(Ended(message.intake_id, message.id, attempt.id, attempt.account, end, waited))


def stopped(tx: Transaction, message: Message, code: str) -> None:
    """The gate does not let the text out."""
    tx.tell(Stopped(message.intake_id, message.id, code))


async def said(tx: Transaction, account: str, attempt: Attempt | None, status: Status | None) -> None:
    """A provider said something about an attempt, known or not."""
    origin = None if attempt is None else (await messages.get(tx, attempt.message_id)).intake_id
    tx.tell(Said(origin, account, None if status is None else status.value))


def shown(tx: Transaction, posted: Iterable[Message]) -> None:
    """These messages are in Slack; those of a contact count."""
    for message in posted:
        if message.direction == "in":
            waited = None if message.intake_id is None else max(0, tx.now - made_at(message.intake_id))
            tx.tell(Shown(message.intake_id, message.id, waited))


def _wanted_at(message: Message) -> int:
    """When the text was to go out: as soon as it was taken in, decided about, or for later (microseconds UTC)."""
    taken_in = message.created_at if message.intake_id is None else made_at(message.intake_id)
    return max(taken_in, message.decided_at, message.not_before or 0)
