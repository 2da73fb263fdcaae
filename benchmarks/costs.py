"""Costs: Slack calls per text, and the activity of the idle bot."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING

from benchmarks.load import closed
from benchmarks.processes import until
from benchmarks.stage import Stage

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.figures import Figures
    from benchmarks.scale import Scale

SETTLED = 8.0  # seconds until the start and its sweeps are over
PATIENCE = 30.0  # seconds
QUICK = {"status_line": 0.5, "card": 0.3}  # short timeouts of the bot, so that postponed calls happen while we count
MINUTE = 60.0


async def measure(folder: Path, figures: Figures, scale: Scale) -> None:
    """Counts the calls, then measures the idle bot."""
    (calls := folder / "calls").mkdir()
    async with Stage(calls, timeouts=QUICK) as stage:
        await stage.start_bot()
        await _calls(stage, figures, scale)
    (idle := folder / "idle").mkdir()
    counts = idle / "counts"
    async with Stage(idle, environment={"BENCH_COUNT": str(counts)}) as stage:
        await stage.start_bot()
        await _idle(stage, counts, figures, scale)


async def _calls(stage: Stage, figures: Figures, scale: Scale) -> None:
    """Counts calls by kind for a conversation's first text, a further one, and a reply with its receipt."""
    count = scale.conversations
    steps = {
        "first text": [stage.inbound(n, n) for n in range(count)],
        "further text": [stage.inbound(count + n, n) for n in range(count)],
    }
    for name, requests in steps.items():
        await stage.forget()
        await closed(stage.port, iter(requests), 1, PATIENCE)
        await _tell(stage, figures, name, count)
    await stage.forget()
    await stage.tell("slack", "play", {"replies": await _replies(stage, count), "rate": 0})
    await until(_has_taken(stage, count), PATIENCE)
    taken = await stage.ask("carrier", "taken")
    await closed(stage.port, iter([stage.receipt(each) for each in taken]), 1, PATIENCE)
    await _tell(stage, figures, "reply", count)


async def _replies(stage: Stage, count: int) -> list[tuple[str, str, str]]:
    """Sends one reply to each thread that the texts opened."""
    made = await stage.threads()
    return [
        (channel, ts, text) for (channel, ts), (_, _, text) in zip(made, stage.replies(0, count, count), strict=True)
    ]


def _has_taken(stage: Stage, count: int) -> object:
    async def has_taken() -> bool:
        return len(await stage.ask("carrier", "taken")) >= count

    return has_taken


async def _tell(stage: Stage, figures: Figures, name: str, count: int) -> None:
    """Waits for postponed calls too, then adds the figures."""
    await asyncio.sleep(max(QUICK.values()) * 2)
    await stage.settled()
    calls = (await stage.ask("slack", "seen"))["calls"]
    writes = [call for call in calls if call["method"].startswith("chat.")]
    found = Counter(f"{call['method']} ({call['kind']})" for call in writes)
    for kind, number in sorted(found.items()):
        figures.add(f"calls.{name}.{kind}", "calls per text", number / count)
    figures.add(f"calls.{name}", "calls per text", len(writes) / count)


async def _idle(stage: Stage, counts: Path, figures: Figures, scale: Scale) -> None:
    """Measures an idle process: its own counts and its CPU seconds."""
    await asyncio.sleep(SETTLED)
    before, began = stage.bot.cpu, len(_samples(counts))
    await asyncio.sleep(scale.idle)
    samples = _samples(counts)[began - 1 :]
    seconds = samples[-1]["at"] - samples[0]["at"]
    for what in ("statements", "wakes"):
        figures.add(f"idle.{what}", "per minute", (samples[-1][what] - samples[0][what]) / seconds * MINUTE)
    figures.add("idle.cpu", "CPU seconds per minute", (stage.bot.cpu - before) / scale.idle * MINUTE)
    figures.add("idle.memory", "MiB", stage.bot.memory)


def _samples(counts: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in counts.read_text(encoding="utf-8").splitlines()]
