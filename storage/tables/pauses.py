"""Pauses that Slack or a provider asked for (`Retry-After`), stored so that they survive a restart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction


@dataclass(frozen=True, slots=True)
class Pause:
    """No request is made under this key before that time."""

    key: str
    until: int  # microseconds UTC
    length: int  # microseconds, as requested


async def pause(tx: Transaction, key: str, length: int) -> None:
    """Pauses `key` for this time (microseconds); a longer pause stays."""
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
    """Returns the current pauses. None lasts longer than requested, even after the clock was set back."""
    found = await connection.all(Pause, "SELECT key, until, length FROM pauses WHERE until > :now", now=now)
    return [replace(pause, until=min(pause.until, now + pause.length)) for pause in found]


async def set_length(tx: Transaction, key: str, length: int) -> None:
    """Pauses `key` for this time from now (microseconds), in place of any other pause."""
    await tx.run(
        """
        INSERT INTO pauses (key, until, length) VALUES (:key, :until, :length)
        ON CONFLICT (key) DO UPDATE SET until = excluded.until, length = excluded.length
        """,
        key=key,
        until=tx.now + length,
        length=length,
    )
