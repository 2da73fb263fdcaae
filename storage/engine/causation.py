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

_CURRENT: ContextVar[int | None] = ContextVar("reason", default=None)


def current() -> int | None:
    """The id of the row of the intake that is worked on now; None: nothing that came in is the reason."""
    return _CURRENT.get()


@contextmanager
def because(intake_id: int | None) -> Iterator[None]:
    """What is written within follows from this row of the intake."""
    token = _CURRENT.set(intake_id)
    try:
        yield
    finally:
        _CURRENT.reset(token)
