"""An event loop in virtual time: minutes pass at once, exact to the millisecond."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

TICK = 1e-7  # seconds for each round of the loop; at 0, timers that are due at once would never end


class _NoWaiting(selectors.DefaultSelector):
    """Moves the loop's clock forward instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Returns the ready events at once."""
        found = super().select(0)
        self.now += TICK + (timeout or 0.0 if not found else 0.0)
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop for code without I/O and threads, because their time would stand still."""

    def __init__(self) -> None:
        self._virtual = _NoWaiting()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Returns the seconds since the loop started."""
        return self._virtual.now


def run(work: Coroutine[Any, Any, Any]) -> None:
    """Runs a coroutine in such a loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(work)
