"""Through: from one side to the other. How long a text takes at a pace, and how many a second one process holds.

Every text is timed from the moment when it is sent to the bot until the other side has answered what the bot asked of
it. What is left when that side's own time is taken off is the bot's.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.load import paced
from benchmarks.processes import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.figures import Figures
    from benchmarks.scale import Scale
    from benchmarks.stage import Stage

PACE = 20.0  # a second
WAYS = ("inbound", "outbound", "receipt")
PATIENCE = 120.0  # seconds for a backlog to be worked off
LAG = 1.0  # seconds by which the newest texts may be behind where a rate is held
_BACK_OFF = 0.8


@dataclass(slots=True)
class Passed:
    """What came through.

    Attributes:
        latencies: of each text, in seconds.
        sent: when each was sent, in the same order (monotonic seconds).
        arrived: when the other side heard of it.
        answered: when it had answered.
    """

    sent: list[float]
    arrived: list[float]
    answered: list[float]

    @property
    def latencies(self) -> list[float]:
        """From sent to answered."""
        return [end - begin for begin, end in zip(self.sent, self.answered, strict=True)]

    @property
    def rate(self) -> float:
        """Texts a second, from the first that was sent to the last that arrived."""
        return len(self.sent) / (max(self.arrived) - min(self.sent))

    @property
    def lag(self) -> float:
        """By how much the last tenth was behind, in seconds: what a rate that is not held lets grow."""
        newest = self.latencies[-max(1, len(self.sent) // 10) :]
        return sorted(newest)[len(newest) // 2]


class Through:
    """The three ways on one stage.

    Args:
        stage: with a database that has conversations.
        conversations: how many.
    """

    def __init__(self, stage: Stage, conversations: int) -> None:
        self.stage = stage
        self.texts = 0  # that went through
        self._conversations = conversations
        self._number = 0

    async def run(self, way: str, count: int, rate: float) -> Passed:
        """Sends so many at this rate (0: all at once) and waits until all are through."""
        ways: dict[str, Callable[[int, int, float], Any]] = {
            "inbound": self._inbound,
            "outbound": self._outbound,
            "receipt": self._receipt,
        }
        first, self._number = self._number, self._number + count
        self.texts += count
        await self.stage.forget()
        found: Passed = await ways[way](first, count, rate)
        return found

    async def _inbound(self, first: int, count: int, rate: float) -> Passed:
        numbers = range(first, first + count)
        requests = [self.stage.inbound(n, n % self._conversations) for n in numbers]
        sent, _ = await paced(self.stage.port, requests, rate)
        seen = await self._arrivals(count, self._posts)
        return _matched(dict(zip(numbers, sent, strict=True)), seen)

    async def _outbound(self, first: int, count: int, rate: float) -> Passed:
        replies = self.stage.replies(first, count, self._conversations)
        await self.stage.tell("slack", "play", {"replies": replies, "rate": rate})
        seen = await self._arrivals(count, self._texts)
        sent = (await self.stage.ask("slack", "seen"))["sent"]
        return _matched({int(n): at for n, at in sent.items()}, seen)

    async def _receipt(self, first: int, count: int, rate: float) -> Passed:
        """Each for a reply that went out before; its line is the thread's first news."""
        count = min(count, self._conversations)
        for begin in range(0, count, self._conversations):
            replies = self.stage.replies(first + begin, min(count - begin, self._conversations), self._conversations)
            await self.stage.tell("slack", "play", {"replies": replies, "rate": 0})
        await self._arrivals(count, self._texts)
        await self.stage.settled()
        taken = sorted(await self.stage.ask("carrier", "taken"), key=lambda each: each["marks"])
        await self.stage.tell("slack", "forget", {})
        sent, _ = await paced(self.stage.port, [self.stage.receipt(each) for each in taken], rate)
        seen = await self._arrivals(count, self._lines)
        numbers = [each["marks"][0] % self._conversations for each in taken]
        return _matched(dict(zip(numbers, sent, strict=True)), seen)

    # --- what the other side has seen ---------------------------------------------------------------------------------

    async def _arrivals(self, count: int, look: Callable[[], Any]) -> dict[int, tuple[float, float]]:
        found: dict[int, tuple[float, float]] = {}

        async def are_there() -> bool:
            found.update(await look())
            return len(found) >= count

        await until(are_there, PATIENCE, every=0.2)
        return found

    async def _posts(self) -> dict[int, tuple[float, float]]:
        calls = (await self.stage.ask("slack", "seen"))["calls"]
        return {mark: (call["arrived"], call["answered"]) for call in calls for mark in call["marks"]}

    async def _texts(self) -> dict[int, tuple[float, float]]:
        taken = await self.stage.ask("carrier", "taken")
        return {mark: (each["arrived"], each["answered"]) for each in taken for mark in each["marks"]}

    async def _lines(self) -> dict[int, tuple[float, float]]:
        """By the conversation whose thread they came into."""
        calls = (await self.stage.ask("slack", "seen"))["calls"]
        lines = [call for call in calls if call["kind"] == "line" and call["thread"]]
        return {int(call["thread"].split(".")[1]): (call["arrived"], call["answered"]) for call in lines}


def _matched(sent: dict[int, float], seen: dict[int, tuple[float, float]]) -> Passed:
    numbers = sorted(sent, key=lambda number: sent[number])
    return Passed([sent[n] for n in numbers], [seen[n][0] for n in numbers], [seen[n][1] for n in numbers])


async def pace(through: Through, figures: Figures, scale: Scale, name: str, delay: float) -> None:
    """How long each way takes at 20 a second, the other side answering after so long."""
    await through.stage.delay(delay)
    for way in WAYS:
        passed = await through.run(way, max(10, int(PACE * scale.seconds * 2)), PACE)
        over = [each - delay for each in passed.latencies]
        figures.add_latencies(f"{name}.{way}.{int(delay * 1000)}ms", over, aim="p50 at most 5 ms" if not delay else "")
    await through.stage.delay(0)


async def ceiling(through: Through, figures: Figures, scale: Scale, name: str, way: str, delay: float) -> float:
    """What a burst is worked off at; returns texts a second."""
    await through.stage.delay(delay)
    before, began = through.stage.bot.cpu, time.monotonic()
    passed = await through.run(way, scale.burst, 0)
    seconds = time.monotonic() - began
    used = through.stage.bot.cpu - before
    figures.add(f"{name}.{way}.{int(delay * 1000)}ms.burst", "texts/s", passed.rate)
    figures.add(
        f"{name}.{way}.{int(delay * 1000)}ms.cpu", "CPU seconds per 1,000 texts", used / len(passed.sent) * 1000
    )
    figures.add(f"{name}.{way}.{int(delay * 1000)}ms.busy", "of one core", used / seconds)
    await through.stage.delay(0)
    return passed.rate


async def hold(through: Through, figures: Figures, scale: Scale, name: str, way: str, rate: float) -> None:
    """The highest rate that is held: what a burst was worked off at, or less until the last texts are not behind."""
    while True:
        passed = await through.run(way, int(rate * scale.hold), rate)
        if passed.lag <= LAG:
            figures.add(f"{name}.{way}.held", "texts/s", passed.rate, aim="400 texts a second on one core")
            return
        rate *= _BACK_OFF
