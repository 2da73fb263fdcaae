"""How far something of another side has been read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction


async def get(connection: Connection, key: str) -> str | None:
    """How far, as it was kept; None if it was never read."""
    found = await connection.value("SELECT value FROM watermarks WHERE key = :key", key=key)
    return None if found is None else str(found)


async def move(tx: Transaction, key: str, value: str) -> None:
    """It has been read so far; say so in the transaction that stores what was read."""
    await tx.run(
        """
        INSERT INTO watermarks (key, value) VALUES (:key, :value)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value
        """,
        key=key,
        value=value,
    )
