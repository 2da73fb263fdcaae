"""Growth: the same measurements with a year of texts in the database; the start, and a start with waiting texts."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from benchmarks.generator import add_jobs, generate
from benchmarks.load import closed
from benchmarks.processes import until
from benchmarks.stage import Stage
from benchmarks.through import WAYS, Through, ceiling, pace

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.figures import Figures
    from benchmarks.scale import Scale

FILE = "threadline.db"
PATIENCE = 120.0  # seconds
ROUNDS = 2  # of the path: each takes twenty seconds on either database


async def measure(folder: Path, figures: Figures, scale: Scale) -> None:
    """Generates both databases, then runs the bot on them."""
    await write(folder, figures, scale)
    await compare(folder, figures, scale)


async def write(folder: Path, figures: Figures, scale: Scale) -> None:
    """Generates both databases, which takes most of a minute and none of the bot's core."""
    for name, (conversations, messages) in _sizes(scale).items():
        (inner := folder / name).mkdir()
        began = time.monotonic()
        await asyncio.to_thread(generate, inner / FILE, conversations, messages)
        figures.add(f"growth.{name}.generated", "s", time.monotonic() - began)
        size = (inner / FILE).stat().st_size
        figures.add(f"growth.{name}.bytes", "bytes per message", size / messages)


async def compare(folder: Path, figures: Figures, scale: Scale) -> None:
    """Compares both sizes in turn, with one start of each in every round."""
    sizes = list(_sizes(scale))
    for _ in range(scale.rounds):
        for name in sizes:
            await _start(folder / name, figures, name)
    await _paths(folder, figures, scale, sizes)
    await _waiting(folder, figures, scale)


def _sizes(scale: Scale) -> dict[str, tuple[int, int]]:
    return {"small": scale.small, "large": scale.large}


async def _start(folder: Path, figures: Figures, name: str) -> None:
    """Measures from the process start until texts can flow both ways."""
    async with Stage(folder) as stage:
        began = time.monotonic()
        await stage.start_bot()
        beside = "growth.small.start" if name == "large" else ""
        figures.add(f"growth.{name}.start", "s", time.monotonic() - began, reference=beside, aim="within 2 s")


async def _paths(folder: Path, figures: Figures, scale: Scale, sizes: list[str]) -> None:
    """Measures the door and each way through, on both databases in turn."""
    conversations = min(scale.small[0], scale.burst)
    async with AsyncExitStack() as stack:
        ways: dict[str, Through] = {}
        for name in sizes:
            stage = await stack.enter_async_context(Stage(folder / name))
            await stage.start_bot()
            ways[name] = Through(stage, conversations)
        for _ in range(min(scale.rounds, ROUNDS)):
            for name, through in ways.items():
                await _path(through, figures, scale, name, conversations)


async def _path(through: Through, figures: Figures, scale: Scale, name: str, conversations: int) -> None:
    requests = [through.stage.inbound(through.next(), n % conversations) for n in range(500)]
    answered = await closed(through.stage.port, iter(requests), 50, PATIENCE)
    figures.add(f"growth.{name}.door", "requests/s", answered.rate, **_beside(name, "door"))
    await through.stage.settled()
    reference = _beside(name, "")["reference"]
    await pace(through, figures, scale, f"growth.{name}", 0.0, reference)
    for way in WAYS:
        await ceiling(through, figures, scale, f"growth.{name}", way, 0.0, reference)


def _beside(name: str, figure: str) -> dict[str, str]:
    return {"reference": f"growth.small{'.' if figure else ''}{figure}" if name == "large" else ""}


async def _waiting(folder: Path, figures: Figures, scale: Scale) -> None:
    """Measures a start with waiting texts: when the first is posted, and the rate of the others."""
    inner = folder / "large"
    add_jobs(inner / FILE, scale.waiting)
    enough = min(scale.waiting, scale.burst)
    async with Stage(inner) as stage:
        began = time.monotonic()
        await stage.start_bot()
        ready = time.monotonic()

        async def are_posted() -> bool:
            calls = (await stage.ask("slack", "seen"))["calls"]
            return len([call for call in calls if call["kind"] == "text"]) >= enough

        await until(are_posted, PATIENCE, every=0.5)
        calls = [call for call in (await stage.ask("slack", "seen"))["calls"] if call["kind"] == "text"]
        first, last = (pick(call["arrived"] for call in calls) for pick in (min, max))
        figures.add("growth.waiting.ready", "s", ready - began)
        figures.add("growth.waiting.first", "s", first - began, aim="10,000 waiting jobs resume within 2 s of a start")
        figures.add("growth.waiting.rate", "texts/s", len(calls) / (last - first or 1.0))
