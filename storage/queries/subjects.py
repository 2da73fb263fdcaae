"""Finds the conversation that an id, a thread or an address belongs to. Ids are unique across tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from storage.engine.database import Connection

_OF_ID = """
    SELECT id FROM conversations WHERE id = :id
    UNION ALL SELECT conversation_id FROM messages WHERE id = :id
    UNION ALL SELECT m.conversation_id FROM attempts AS a JOIN messages AS m ON m.id = a.message_id WHERE a.id = :id
    UNION ALL SELECT m.conversation_id FROM files AS f JOIN messages AS m ON m.id = f.message_id WHERE f.id = :id
    UNION ALL SELECT conversation_id FROM leases WHERE id = :id
    LIMIT 1
"""


async def conversation_of(connection: Connection, subject: int) -> int | None:
    """Returns the id of the conversation that a row belongs to, or None.

    Args:
        connection: read from here.
        subject: the id of a conversation, message, attempt, file or lease; of a contact, for its newest conversation.
    """
    found = await connection.value(_OF_ID, id=subject)
    if found is None:
        found = await connection.value("SELECT max(id) FROM conversations WHERE contact_id = :id", id=subject)
    return _id(found)


async def conversation_of_thread(connection: Connection, channel: str, ts: str) -> int | None:
    """Returns the id of the conversation whose thread begins, or began, with this message of our workspace, or None."""
    found = await connection.value(
        """
        SELECT id FROM conversations
        WHERE team IN (SELECT team FROM identity) AND channel = :channel AND thread_ts = :ts
        UNION ALL SELECT subject FROM posts
        WHERE team IN (SELECT team FROM identity) AND channel = :channel AND ts = :ts AND kind = 'card'
        LIMIT 1
        """,
        channel=channel,
        ts=ts,
    )
    return _id(found)


async def conversation_with(connection: Connection, address: str) -> int | None:
    """Returns the id of the newest conversation with the contact of this canonical address; None if there is none."""
    found = await connection.value(
        """
        SELECT c.id FROM contacts AS k JOIN conversations AS c ON c.contact_id = k.id WHERE k.address = :address
        ORDER BY c.id DESC LIMIT 1
        """,
        address=address,
    )
    return _id(found)


def _id(found: Any) -> int | None:
    return None if found is None else int(found)
