"""From one side to the other: latency at a fixed rate, and the highest rate that one process holds.

A text is timed from when it is sent to the bot until the other side has answered the bot's request. Without the other
side's own time, the rest is the bot's.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.generator import generate
from benchmarks.load import paced
from benchmarks.processes import until
from benchmarks.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.figures import Figures
    from benchmarks.scale import Scale

PACE = 20.0  # per second
DELAYS = (0.0, 0.15)  # seconds for the other side's answers
WAYS = ("inbound", "outbound", "receipt")
PATIENCE = 120.0  # seconds to work off a backlog
LAG = 1.0  # seconds that the newest texts may be behind at a held rate
LOST = 1.5  # seconds behind at which a rate is given up
LOOK_EVERY = 0.5  # seconds between two checks of that
_FIRST = {"inbound": 0.8, "outbound": 0.7, "receipt": 0.8}  # of a burst's rate; status lines come after the burst
_BACK_OFF = 0.85
_HEARD = {"inbound": ("slack", "text"), "outbound": ("carrier", "send"), "receipt": ("slack", "line")}


@dataclass(slots=True)
class Passed:
    """The texts that came through.

    Attributes:
        sent: when each was sent (monotonic seconds).
        arrived: when the other side received each, in the same order.
        answered: when the other side had answered each.
    """

    sent: list[float]
    arrived: list[float]
    answered: list[float]

    @property
    def latencies(self) -> list[float]:
        """The times from sent to answered, in seconds."""
        return [end - begin for begin, end in zip(self.sent, self.answered, strict=True)]

    @property
    def rate(self) -> float:
        """Texts per second, from the first one sent to the last one arrived."""
        return len(self.sent) / (max(self.arrived) - min(self.sent))

    @property
    def lag(self) -> float:
        """By how many seconds the last tenth was behind; it grows at a rate that is not held."""
        newest = self.latencies[-max(1, len(self.sent) // 10) :]
        return sorted(newest)[len(newest) // 2]


class Through:
    """The three ways through one installation.

    Args:
        stage: an installation whose database has conversations.
        conversations: the number of them to use.
        first: the number of the first text.

    Attributes:
        texts: the number of texts that went through.
    """

    def __init__(self, stage: Stage, conversations: int, first: int = 0) -> None:
        self.stage = stage
        self.texts = 0
        self._conversations = conversations
        self._number = first

    def next(self) -> int:
        """Returns the number of one more text that is not timed."""
        self._number += 1
        return self._number - 1

    async def held(self, way: str, count: int, rate: float) -> Passed | None:
        """Runs like `run`, or returns None with an idle installation if it falls too far behind."""
        running = asyncio.create_task(self.run(way, count, rate))
        lost = asyncio.create_task(self._falls_behind(way, count, rate))
        await asyncio.wait({running, lost}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            lost.cancel()
            return running.result()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        lost.result()
        await self.stage.tell("slack", "stop", {})
        await self.stage.settled()
        await self.stage.forget()
        return None

    async def run(self, way: str, count: int, rate: float) -> Passed:
        """Sends texts at this rate (0: all at once) and waits until all are through."""
        ways: dict[str, Callable[[int, int, float], Any]] = {
            "inbound": self._inbound,
            "outbound": self._outbound,
            "receipt": self._receipt,
        }
        first, self._number = self._number, self._number + count
        self.texts += count
        found: Passed = await ways[way](first, count, rate)
        return found

    async def prepare(self, way: str, count: int) -> None:
        """Sends the texts that receipts need, less those of the last measurement that have no receipt yet."""
        if way != "receipt":
            await self.stage.forget()
            return
        there = await self._heard("outbound")
        missing = max(0, count - there)
        replies = self.stage.replies(self._number, missing, self._conversations)
        self._number += missing
        await self.stage.tell("slack", "play", {"replies": replies, "rate": 0})
        await self._arrivals("outbound", set(range(self._number - missing, self._number)), self._texts, there)
        await self.stage.settled()

    async def _falls_behind(self, way: str, count: int, rate: float) -> None:
        """Returns once too few texts have come through for the time since the first."""
        before = await self._heard(way)

        async def has_begun() -> bool:
            return await self._heard(way) != before

        async def is_lost() -> bool:
            return await self._heard(way) < min(count, (time.monotonic() - began - LOST) * rate)

        await until(has_begun, PATIENCE, LOOK_EVERY)
        began = time.monotonic()
        await until(is_lost, math.inf, LOOK_EVERY)

    async def _inbound(self, first: int, count: int, rate: float) -> Passed:
        numbers = range(first, first + count)
        requests = [self.stage.inbound(n, n % self._conversations) for n in numbers]
        sent, _ = await paced(self.stage.port, requests, rate)
        seen = await self._arrivals("inbound", set(numbers), self._posts)
        return _matched(dict(zip(numbers, sent, strict=True)), seen)

    async def _outbound(self, first: int, count: int, rate: float) -> Passed:
        replies = self.stage.replies(first, count, self._conversations)
        await self.stage.tell("slack", "play", {"replies": replies, "rate": rate})
        seen = await self._arrivals("outbound", set(range(first, first + count)), self._texts)
        sent = (await self.stage.ask("slack", "seen"))["sent"]
        return _matched({int(n): at for n, at in sent.items()}, seen)

    async def _receipt(self, _: int, count: int, rate: float) -> Passed:
        """Sends a receipt for each reply that was sent before."""
        taken = sorted(await self.stage.ask("carrier", "taken"), key=lambda each: each["marks"])[:count]
        messages = await self.stage.messages()
        await self.stage.forget()
        sent, _answered = await paced(self.stage.port, [self.stage.receipt(each) for each in taken], rate)
        numbers = [messages[each["attempt"]] for each in taken]
        seen = await self._arrivals("receipt", set(numbers), self._lines)
        return _matched(dict(zip(numbers, sent, strict=True)), seen)

    # --- records of the other side ------------------------------------------------------------------------------------

    async def _arrivals(
        self, way: str, wanted: set[int], look: Callable[[], Any], before: int = 0
    ) -> dict[int, tuple[float, float]]:
        """Returns when each text arrived and was answered; fetches the records, which is slow, once complete."""
        found: dict[int, tuple[float, float]] = {}

        async def are_there() -> bool:
            if await self._heard(way) >= before + len(wanted):
                found.update(await look())
            return wanted <= found.keys()

        await until(are_there, PATIENCE, every=0.2)
        return found

    async def _heard(self, way: str) -> int:
        whom, what = _HEARD[way]
        return int((await self.stage.ask(whom, "heard")).get(what, 0))

    async def _posts(self) -> dict[int, tuple[float, float]]:
        calls = (await self.stage.ask("slack", "seen"))["calls"]
        return {mark: (call["arrived"], call["answered"]) for call in calls for mark in call["marks"]}

    async def _texts(self) -> dict[int, tuple[float, float]]:
        taken = await self.stage.ask("carrier", "taken")
        return {mark: (each["arrived"], each["answered"]) for each in taken for mark in each["marks"]}

    async def _lines(self) -> dict[int, tuple[float, float]]:
        """Returns the status lines by the id of their message."""
        calls = (await self.stage.ask("slack", "seen"))["calls"]
        lines = [call for call in calls if call["kind"] == "line"]
        return {int(call["key"].removeprefix("line:")): (call["arrived"], call["answered"]) for call in lines}


def _matched(sent: dict[int, float], seen: dict[int, tuple[float, float]]) -> Passed:
    numbers = sorted(sent, key=lambda number: sent[number])
    return Passed([sent[n] for n in numbers], [seen[n][0] for n in numbers], [seen[n][1] for n in numbers])


async def measure(folder: Path, figures: Figures, scale: Scale) -> None:
    """Measures each way at a fixed rate and at full speed, in turn, on a small database."""
    conversations = scale.small[0]
    await asyncio.to_thread(generate, folder / "threadline.db", *scale.small)
    async with Stage(folder) as stage:
        await stage.start_bot()
        through = Through(stage, conversations)
        figures.add("memory.start", "MiB", stage.bot.memory)
        for _ in range(scale.rounds):
            for delay in DELAYS:
                await pace(through, figures, scale, "through", delay)
            for way in WAYS:
                await ceiling(through, figures, scale, "through", way, 0.0)
        for delay in DELAYS:
            for way in WAYS:
                if delay:
                    await ceiling(through, figures, scale, "through", way, delay)
                await hold(through, figures, scale, "through", way, delay)
        figures.add("memory.end", "MiB", stage.bot.memory, note=f"after {through.texts} texts")


async def pace(through: Through, figures: Figures, scale: Scale, name: str, delay: float, reference: str = "") -> None:
    """Measures latency at 20 texts per second with this delay of the other side, which is subtracted."""
    await through.stage.delay(delay)
    for way in WAYS:
        count = max(10, int(PACE * scale.seconds * 1.5))
        await through.prepare(way, count)
        passed = await through.run(way, count, PACE)
        over = [each - delay for each in passed.latencies]
        figure = f"{way}.{_spell(delay)}"
        beside = reference and f"{reference}.{figure}"
        figures.add_latencies(f"{name}.{figure}", over, reference=beside, aim="p50 at most 5 ms")
    await through.stage.delay(0)


async def ceiling(
    through: Through, figures: Figures, scale: Scale, name: str, way: str, delay: float, reference: str = ""
) -> None:
    """Measures the rate at which a burst is worked off, and its CPU use."""
    await through.stage.delay(delay)
    await through.prepare(way, scale.burst)
    before, began = through.stage.bot.cpu, time.monotonic()
    passed = await through.run(way, scale.burst, 0)
    seconds, used = time.monotonic() - began, through.stage.bot.cpu - before
    found = {
        "burst": ("texts/s", passed.rate),
        "cpu": ("CPU seconds per 1,000 texts", used / len(passed.sent) * 1000),
        "busy": ("of one core", used / seconds),
    }
    for what, (unit, value) in found.items():
        figure = f"{way}.{_spell(delay)}.{what}"
        figures.add(f"{name}.{figure}", unit, value, reference=reference and f"{reference}.{figure}")
    await through.stage.delay(0)


async def hold(through: Through, figures: Figures, scale: Scale, name: str, way: str, delay: float) -> None:
    """Finds the highest rate that is held: begins a little below a burst's rate and goes down."""
    figure = f"{name}.{way}.{_spell(delay)}"
    await through.stage.delay(delay)
    rate, passed = figures.median(f"{figure}.burst") * _FIRST[way] / _BACK_OFF, None
    while passed is None or passed.lag - delay > LAG:
        rate *= _BACK_OFF
        count = int(rate * scale.hold)
        await through.prepare(way, count)
        passed = await through.held(way, count, rate)
    figures.add(f"{figure}.held", "texts/s", passed.rate, aim="400 texts a second on one core")
    await through.stage.delay(0)


def _spell(delay: float) -> str:
    return f"{delay * 1000:.0f}ms"
