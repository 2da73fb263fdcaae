"""Reads a whole conversation for an export, a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.tables.messages import COLUMNS, Message

if TYPE_CHECKING:
    from storage.engine.database import Connection


async def page(connection: Connection, conversation_id: int, after: int, limit: int) -> list[Message]:
    """Returns the conversation's next messages after this id, oldest first."""
    return await connection.all(
        Message,
        f"""
        SELECT {COLUMNS} FROM messages WHERE conversation_id = :conversation_id AND id > :after
        ORDER BY id LIMIT :limit
        """,
        conversation_id=conversation_id,
        after=after,
        limit=limit,
    )


async def count(connection: Connection, conversation_id: int) -> int:
    """Counts the conversation's messages."""
    return int(
        await connection.value(
            "SELECT count(*) FROM messages WHERE conversation_id = :conversation_id", conversation_id=conversation_id
        )
    )
