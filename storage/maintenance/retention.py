"""Deletes texts and raw payloads after the retention time, some rows at a time. The rows stay, and still count.

Each function does one small transaction's work and returns what it did, so that no one holds the writer for long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Transaction

_REMOVED = "text = NULL, typed = NULL, written = NULL, parts = NULL, media = '[]', removed_at = :now"


async def drop_texts(tx: Transaction, before: int, limit: int) -> list[int]:
    """Deletes the texts of finished messages older than `before` (microseconds UTC). Returns the ids of these messages.

    A message that is still to be sent, or to be shown whole, keeps its text.
    """
    dropped = await tx.all(
        _id,
        f"""
        UPDATE messages SET {_REMOVED} WHERE id IN (
            SELECT id FROM messages WHERE removed_at IS NULL AND created_at < :before
                AND (direction = 'out' OR post_id IS NOT NULL)
                AND (state IN ('cancelled', 'asked') OR (state IS NULL AND coalesce(status, 'received') NOT IN
                    ('queued', 'sending')))
                AND NOT EXISTS (SELECT 1 FROM posts WHERE id = post_id AND state IN ('waiting', 'sending'))
                AND NOT EXISTS (
                    SELECT 1 FROM jobs
                    WHERE lane = 'slack:' || conversation_id AND kind = 'rest'
                        AND json_extract(payload, '$.post') = post_id
                )
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
    """Deletes the payloads of intake rows handled before then (microseconds UTC). Returns the number of rows."""
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
    """Deletes the payloads of dead intake rows older than that (microseconds UTC). They cannot be replayed any more."""
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
