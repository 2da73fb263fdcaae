"""A lock that keeps a second bot off a database, because two bots would send each text twice."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class AlreadyRunning(Exception):
    """Another process holds the lock of the database."""


@contextmanager
def hold_lock(database: Path) -> Iterator[None]:
    """Holds the lock, a file beside the database.

    Raises:
        AlreadyRunning: another process holds it.
    """
    with database.with_name(f"{database.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AlreadyRunning(str(database)) from None
        yield
