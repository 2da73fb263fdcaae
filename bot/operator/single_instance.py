"""One bot on one database: two would send each text twice. The lock is a file beside the database."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class AlreadyRunning(Exception):
    """Another process works on the database."""


@contextmanager
def alone(database: Path) -> Iterator[None]:
    """Holds the lock.

    Raises:
        NotAlone: another process holds it.
    """
    with database.with_name(f"{database.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AlreadyRunning(str(database)) from None
        yield
