"""The scale of a run: enough to trust it within eight minutes, or a smoke test."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """The sizes.

    Attributes:
        rounds: of everything that is measured in turn.
        seconds: for each measurement of a door, and of latency at a rate.
        hold: seconds for which a highest rate must be held.
        burst: texts that are sent at once to find that rate.
        large: conversations and messages of the large database; the small one has a hundredth.
        waiting: jobs that wait at a start.
        idle: seconds of idle time.
        conversations: conversations opened to count calls.
    """

    rounds: int = 3
    seconds: float = 1.0
    hold: float = 30.0
    burst: int = 400
    large: tuple[int, int] = (100_000, 1_000_000)
    waiting: int = 10_000
    idle: float = 10.0
    conversations: int = 20

    @property
    def small(self) -> tuple[int, int]:
        """Conversations and messages of the small database."""
        return max(1, self.large[0] // 100), max(1, self.large[1] // 100)


FULL = Scale()
TINY = Scale(1, 0.2, 1.0, 50, (2000, 20_000), 100, 2.0, 2)
