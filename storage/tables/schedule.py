"""How a message of ours is to go out: until when it waits, and in which parts. Its row is one of `messages`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Transaction


async def hold(tx: Transaction, message_id: int, until: int, code: str, sentence: str, expires_at: int) -> None:
    """It waits until then, for this reason, and is asked about after `expires_at` (both microseconds UTC)."""
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
    """It waits until then (microseconds UTC), as its author wishes."""
    await tx.run(
        "UPDATE messages SET state = 'scheduled', not_before = :until, expires_at = NULL WHERE id = :id",
        until=until,
        id=message_id,
    )


async def cut(tx: Transaction, message_id: int, parts: str | None, segments: int) -> None:
    """It goes out in these parts (a JSON list; None: in one), which cost so many segments in all."""
    await tx.run(
        "UPDATE messages SET parts = :parts, segments = :segments WHERE id = :id",
        parts=parts,
        segments=segments,
        id=message_id,
    )
