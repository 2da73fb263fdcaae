"""A whole conversation, read some messages at a time: for an export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.tables.messages import COLUMNS, Message

if TYPE_CHECKING:
    from storage.engine.database import Connection


async def page(connection: Connection, conversation_id: int, after: int, limit: int) -> list[Message]:
    """The conversation's next messages behind the one of this id, oldest first."""
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
    """How many messages the conversation has."""
    return int(
        await connection.value(
            "SELECT count(*) FROM messages WHERE conversation_id = :conversation_id", conversation_id=conversation_id
        )
    )
