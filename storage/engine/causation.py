"""Why something is written: the row of the intake that it follows from, carried along by whoever works on it.

A job keeps it for the work that comes later, a message for everything that becomes of it, so that one id leads through
the whole life of a text.
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
    """What is written within follows from this row of the intake."""
    token = REASON.set(intake_id)
    try:
        yield
    finally:
        REASON.reset(token)
