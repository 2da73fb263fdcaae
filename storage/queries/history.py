"""Reads the conversation around a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.tables.messages import COLUMNS, NOT_OUT, Message

if TYPE_CHECKING:
    from storage.engine.database import Connection


async def before(connection: Connection, conversation_id: int, message_id: int) -> Message | None:
    """Returns the conversation's newest message before this one, in either direction."""
    return await connection.one(
        Message,
        f"""
        SELECT {COLUMNS} FROM messages WHERE conversation_id = :conversation_id AND id < :message_id
        ORDER BY id DESC LIMIT 1
        """,
        conversation_id=conversation_id,
        message_id=message_id,
    )


async def newest_reply(connection: Connection, conversation_id: int) -> Message | None:
    """Returns our newest text in the conversation that answers the contact, and that a person wrote.

    One that failed, that stays in the team or waits for a decision or its time is none; nor is one of a person who may
    not text, whose refusal may still be under way.
    """
    return await connection.one(
        Message,
        f"""
        SELECT {COLUMNS} FROM messages
        WHERE conversation_id = :conversation_id AND direction = 'out' AND author IS NOT NULL
            AND coalesce(status, '') NOT IN ('failed', 'expired')
            AND NOT (coalesce(state, '') IN ('cancelled', 'asked', 'scheduled') AND {NOT_OUT})
            AND NOT EXISTS (
                SELECT 1 FROM users WHERE users.team = messages.team AND users.id = messages.author
                    AND (users.bot = 1 OR users.guest = 1 OR users.stranger = 1 OR users.removed = 1)
            )
        ORDER BY id DESC LIMIT 1
        """,
        conversation_id=conversation_id,
    )


async def newest_sent_text(connection: Connection, conversation_id: int, since: int) -> str | None:
    """Returns our newest text to the contact that was sent after `since` (microseconds UTC), or None."""
    found = await connection.value(
        """
        SELECT a.text FROM messages m JOIN attempts a ON a.message_id = m.id
        WHERE m.conversation_id = :conversation_id AND m.direction = 'out' AND a.started_at > :since
            AND m.origin NOT IN ('confirmation', 'help') AND a.text IS NOT NULL
        ORDER BY a.id DESC LIMIT 1
        """,
        conversation_id=conversation_id,
        since=since,
    )
    return None if found is None else str(found)


async def newest_of_origin(connection: Connection, conversation_id: int, origin: str) -> int | None:
    """Returns when the conversation's newest text of this origin was made (microseconds UTC), or None."""
    found = await connection.value(
        """
        SELECT created_at FROM messages WHERE conversation_id = :conversation_id AND origin = :origin
        ORDER BY id DESC LIMIT 1
        """,
        conversation_id=conversation_id,
        origin=origin,
    )
    return None if found is None else int(found)


async def failed(connection: Connection, conversation_id: int) -> list[Message]:
    """Returns our failed and expired texts in the conversation that nobody has decided about, oldest first."""
    return await connection.all(
        Message,
        f"""
        SELECT {COLUMNS} FROM messages
        WHERE conversation_id = :conversation_id AND direction = 'out' AND status IN ('failed', 'expired')
            AND state IS NULL
        ORDER BY id
        """,
        conversation_id=conversation_id,
    )


async def wants_decision(connection: Connection, conversation_id: int) -> bool:
    """Returns True if a text of ours failed or may not have gone out, and nobody has decided about it."""
    found = await connection.value(
        """
        SELECT 1 FROM messages
        WHERE conversation_id = :conversation_id AND direction = 'out'
            AND ((status IN ('failed', 'expired') AND state IS NULL)
                OR (state = 'asked' AND (status <> 'queued' OR code = 'restored')))
        LIMIT 1
        """,
        conversation_id=conversation_id,
    )
    return found is not None
