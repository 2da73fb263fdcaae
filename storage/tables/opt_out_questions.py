"""Texts that may be opt-outs: each waits for a user to decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

Decision = Literal["stop", "no"]


@dataclass(frozen=True, slots=True)
class OptOutQuestion:
    """A row of the table; times in microseconds UTC."""

    message_id: int
    conversation_id: int
    decision: Decision | None
    decided_by: str | None  # a Slack user id; None with a decision: the contact opted out in another way
    decided_at: int | None


async def raise_one(tx: Transaction, message_id: int, conversation_id: int) -> bool:
    """Asks about the text. Returns False if a question is open in this conversation already."""
    added = await tx.run(
        """
        INSERT INTO opt_out_questions (message_id, conversation_id, created_at)
        VALUES (:message_id, :conversation_id, :now)
        ON CONFLICT DO NOTHING
        """,
        message_id=message_id,
        conversation_id=conversation_id,
        now=tx.now,
    )
    return added == 1


async def get(connection: Connection, message_id: int) -> OptOutQuestion:
    """Returns the question about this text; raises LookupError if there is none."""
    found = await connection.one(
        OptOutQuestion,
        """
        SELECT message_id, conversation_id, decision, decided_by, decided_at FROM opt_out_questions
        WHERE message_id = :message_id
        """,
        message_id=message_id,
    )
    if found is None:
        raise LookupError(f"no opt-out question about {message_id}")
    return found


async def decide(tx: Transaction, message_id: int, decision: Decision, user: str) -> bool:
    """Records a user's decision. Returns False if somebody decided before."""
    changed = await tx.run(
        """
        UPDATE opt_out_questions SET decision = :decision, decided_by = :user, decided_at = :now
        WHERE message_id = :message_id AND decision IS NULL
        """,
        decision=decision,
        user=user,
        message_id=message_id,
        now=tx.now,
    )
    return changed == 1


async def end(tx: Transaction, conversation_id: int) -> list[int]:
    """Closes the conversation's open question, because the contact opted out. Returns the texts that it was about."""
    return await tx.all(
        _message,
        """
        UPDATE opt_out_questions SET decision = 'stop', decided_at = :now
        WHERE conversation_id = :conversation_id AND decision IS NULL RETURNING message_id
        """,
        conversation_id=conversation_id,
        now=tx.now,
    )


def _message(message_id: int) -> int:
    return message_id
