"""A database file that another process holds for a moment, longer than a transaction waits for it."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

from storage.engine import connection, patience

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

HELD = 0.3  # seconds


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes transactions wait for a held file for much less than `HELD`."""
    monkeypatch.setattr(connection, "_WAIT", "PRAGMA busy_timeout = 20")
    monkeypatch.setattr(patience, "PAUSE", 0.05)


def hold(path: Path) -> asyncio.Task[None]:
    """Takes the file now, and lets go of it after `HELD` seconds, when the task ends."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    return asyncio.create_task(_let_go(other))


async def _let_go(other: sqlite3.Connection) -> None:
    await asyncio.sleep(HELD)
    other.execute("COMMIT")
    other.close()
