"""Growth: the same with a year's worth of texts in the file; how fast it starts, and what a start finds waiting."""

from __future__ import annotations

import asyncio
import time
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


async def measure(folder: Path, figures: Figures, scale: Scale) -> None:
    """Both sizes in turn, a start of each in every round."""
    sizes = {"small": scale.small, "large": scale.large}
    for name, (conversations, messages) in sizes.items():
        (inner := folder / name).mkdir()
        began = time.monotonic()
        await asyncio.to_thread(generate, inner / FILE, conversations, messages)
        figures.add(f"growth.{name}.generated", "s", time.monotonic() - began)
        size = (inner / FILE).stat().st_size
        figures.add(f"growth.{name}.bytes", "bytes per message", size / messages)
    for _ in range(scale.rounds):
        for name in sizes:
            await _start(folder / name, figures, name)
    for name, (conversations, _) in sizes.items():
        await _path(folder / name, figures, scale, name, min(conversations, scale.burst))
    await _waiting(folder, figures, scale)


async def _start(folder: Path, figures: Figures, name: str) -> None:
    """From the start of the process until texts flow both ways."""
    async with Stage(folder) as stage:
        began = time.monotonic()
        await stage.start_bot()
        beside = "growth.small.start" if name == "large" else ""
        figures.add(f"growth.{name}.start", "s", time.monotonic() - began, reference=beside, aim="within 2 s")


async def _path(folder: Path, figures: Figures, scale: Scale, name: str, conversations: int) -> None:
    """What is measured of the door and of each way through, on this database."""
    async with Stage(folder) as stage:
        await stage.start_bot()
        through = Through(stage, conversations, first=10_000_000 if name == "large" else 0)
        for _ in range(scale.rounds):
            requests = [stage.inbound(through.next(), n % conversations) for n in range(500)]
            answered = await closed(stage.port, iter(requests), 50, PATIENCE)
            figures.add(f"growth.{name}.door", "requests/s", answered.rate, **_beside(name, "door"))
            await stage.settled()
        await pace(through, figures, scale, f"growth.{name}", 0.0, reference=_beside(name, "")["reference"])
        for way in WAYS:
            await ceiling(through, figures, scale, f"growth.{name}", way, 0.0, **_beside(name, ""))


def _beside(name: str, figure: str) -> dict[str, str]:
    return {"reference": f"growth.small{'.' if figure else ''}{figure}" if name == "large" else ""}


async def _waiting(folder: Path, figures: Figures, scale: Scale) -> None:
    """Texts that wait for a start: when the first is at Slack, and how fast the others follow."""
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
