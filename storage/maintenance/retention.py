"""What is dropped when its time has come: bodies and raw payloads, some rows at a time. The rows stay, and are counted.

Each function does one small transaction's work and says what it did, so that the writer is never held for long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Transaction

_REMOVED = "text = NULL, typed = NULL, written = NULL, parts = NULL, media = '[]', removed_at = :now"


async def drop_texts(tx: Transaction, before: int, limit: int) -> list[int]:
    """Drops the texts of messages that are over and older than `before` (microseconds UTC); returns these messages.

    One that is still to go out, or still to be shown, keeps its text.
    """
    dropped = await tx.all(
        _id,
        f"""
        UPDATE messages SET {_REMOVED} WHERE id IN (
            SELECT id FROM messages WHERE removed_at IS NULL AND created_at < :before
                AND (direction = 'out' OR post_id IS NOT NULL)
                AND (state IN ('cancelled', 'asked') OR (state IS NULL AND coalesce(status, 'received') NOT IN
                    ('queued', 'sending')))
            ORDER BY created_at LIMIT :limit
        ) RETURNING id
        """,
        before=before,
        limit=limit,
        now=tx.now,
    )
    for message_id in dropped:
        await tx.run("UPDATE attempts SET text = NULL WHERE message_id = :id", id=message_id)
        await tx.run(
            """
            UPDATE receipts SET description = NULL
            WHERE attempt_id IN (SELECT id FROM attempts WHERE message_id = :id)
            """,
            id=message_id,
        )
        await tx.run("UPDATE files SET name = NULL, source = '' WHERE message_id = :id", id=message_id)
    return dropped


async def drop_payloads(tx: Transaction, before: int, limit: int) -> int:
    """Drops what came in and was done with before then (microseconds UTC), as it came; returns of how many rows."""
    return await tx.run(
        """
        UPDATE intake SET headers = '{}', body = NULL, parsed = NULL WHERE id IN (
            SELECT id FROM intake WHERE state = 'done' AND body IS NOT NULL AND done_at < :before
            ORDER BY done_at LIMIT :limit
        )
        """,
        before=before,
        limit=limit,
    )


async def drop_dead(tx: Transaction, before: int, limit: int) -> int:
    """The same for what nobody could read or handle; it can be replayed no more."""
    return await tx.run(
        """
        UPDATE intake SET headers = '{}', body = NULL, parsed = NULL WHERE id IN (
            SELECT id FROM intake WHERE state = 'dead' AND body IS NOT NULL AND received_at < :before
            ORDER BY id LIMIT :limit
        )
        """,
        before=before,
        limit=limit,
    )


def _id(id: int) -> int:  # noqa: A002 - the column's name
    return id
