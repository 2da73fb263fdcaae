"""The intake row that caused the current work, kept in a context variable.

Each job and each message stores the id of that row, so that one id runs through the whole life of a text in the log.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

REASON: ContextVar[int | None] = ContextVar("reason", default=None)  # the id of the intake row; None: there is none


@contextmanager
def because(intake_id: int | None) -> Iterator[None]:
    """Records this intake row as the cause of everything that is written inside the `with` block."""
    token = REASON.set(intake_id)
    try:
        yield
    finally:
        REASON.reset(token)
