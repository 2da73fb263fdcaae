"""When somebody told us to wait (a `Retry-After`), kept so that a restart does not forget it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is asked under this key before that time."""

    key: str
    until: int  # microseconds UTC
    length: int  # microseconds, as it was asked for


async def pause(tx: Transaction, key: str, length: int) -> None:
    """Wait with `key` for so long (microseconds), or longer if that was said before."""
    await tx.run(
        """
        INSERT INTO pauses (key, until, length) VALUES (:key, :until, :length)
        ON CONFLICT (key) DO UPDATE SET until = excluded.until, length = excluded.length
        WHERE excluded.until > pauses.until OR pauses.until > :now + pauses.length
        """,
        key=key,
        until=tx.now + length,
        length=length,
        now=tx.now,
    )


async def lasting(connection: Connection, now: int) -> list[Pause]:
    """The pauses that are not over. None lasts longer than was asked for, also where the clock was set back since."""
    found = await connection.all(Pause, "SELECT key, until, length FROM pauses WHERE until > :now", now=now)
    return [replace(pause, until=min(pause.until, now + pause.length)) for pause in found]


async def set_length(tx: Transaction, key: str, length: int) -> None:
    """Wait with `key` for so long from now on (microseconds), and no longer, whatever was said before."""
    await tx.run(
        """
        INSERT INTO pauses (key, until, length) VALUES (:key, :until, :length)
        ON CONFLICT (key) DO UPDATE SET until = excluded.until, length = excluded.length
        """,
        key=key,
        until=tx.now + length,
        length=length,
    )
