"""An event loop whose time passes at once: what would take minutes is proved in a moment, and to the millisecond."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

TICK = 1e-7  # seconds that each round of the loop takes, or what is due at once would be due for ever


class _NoWaiting(selectors.DefaultSelector):
    """Where the loop would wait, its clock goes on instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """What is ready, at once."""
        found = super().select(0)
        self.now += TICK + (timeout or 0.0 if not found else 0.0)
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """Only for what neither talks to anybody nor uses threads: their time would stand still."""

    def __init__(self) -> None:
        self._virtual = _NoWaiting()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Seconds since it began."""
        return self._virtual.now


def run(work: Coroutine[Any, Any, Any]) -> None:
    """Runs something in such a loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(work)
