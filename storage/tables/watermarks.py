"""How far we have read a source, such as a Slack thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction


async def get(connection: Connection, key: str) -> str | None:
    """Returns the stored position, or None if the source was never read."""
    found = await connection.value("SELECT value FROM watermarks WHERE key = :key", key=key)
    return None if found is None else str(found)


async def move(tx: Transaction, key: str, value: str) -> None:
    """Stores a new position, in the transaction that stores what was read."""
    await tx.run(
        """
        INSERT INTO watermarks (key, value) VALUES (:key, :value)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value
        """,
        key=key,
        value=value,
    )
