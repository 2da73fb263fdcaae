"""When and in which parts an outbound message is sent. The rows are in `messages`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Transaction


async def hold(tx: Transaction, message_id: int, until: int, code: str, sentence: str, expires_at: int) -> None:
    """Holds the message until then; after `expires_at` a user is asked about it (both microseconds UTC)."""
    await tx.run(
        """
        UPDATE messages SET state = 'held', not_before = :until, code = :code, sentence = :sentence,
            expires_at = :expires_at
        WHERE id = :id
        """,
        until=until,
        code=code,
        sentence=sentence,
        expires_at=expires_at,
        id=message_id,
    )


async def schedule(tx: Transaction, message_id: int, until: int) -> None:
    """Schedules the message for the time that its author chose (microseconds UTC)."""
    await tx.run(
        "UPDATE messages SET state = 'scheduled', not_before = :until, expires_at = NULL WHERE id = :id",
        until=until,
        id=message_id,
    )


async def cut(tx: Transaction, message_id: int, parts: str | None, segments: int) -> None:
    """Stores the parts of a message (a JSON list; None: one part) and their segments in total."""
    await tx.run(
        "UPDATE messages SET parts = :parts, segments = :segments WHERE id = :id",
        parts=parts,
        segments=segments,
        id=message_id,
    )
