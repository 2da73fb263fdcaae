"""When somebody told us to wait (a `Retry-After`), kept so that a restart does not forget it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.database import Connection, Transaction


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is asked under this key before that time (microseconds UTC)."""

    key: str
    until: int


async def pause(tx: Transaction, key: str, until: int) -> None:
    """Wait with `key` until then, or longer if that was said before."""
    await tx.run(
        """
        INSERT INTO pauses (key, until) VALUES (:key, :until)
        ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE excluded.until > pauses.until
        """,
        key=key,
        until=until,
    )


async def lasting(connection: Connection, now: int) -> list[Pause]:
    """The pauses that are not over."""
    return await connection.all(Pause, "SELECT key, until FROM pauses WHERE until > :now", now=now)


async def set_until(tx: Transaction, key: str, until: int) -> None:
    """Wait with `key` until then, and no longer, whatever was said before."""
    await tx.run(
        """
        INSERT INTO pauses (key, until) VALUES (:key, :until)
        ON CONFLICT (key) DO UPDATE SET until = excluded.until
        """,
        key=key,
        until=until,
    )
