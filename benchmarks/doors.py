"""The doors: what comes in is on disk before it is answered. Beside them a bare server, in turn, in the same run."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from benchmarks import events
from benchmarks.load import closed
from benchmarks.processes import Child
from benchmarks.stage import Stage, contact, sender

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.figures import Figures
    from benchmarks.scale import Scale

CONCURRENCY = (1, 50)
CONVERSATIONS = 1000
MOST = 12_000  # requests a second that are made beforehand


async def measure(folder: Path, figures: Figures, scale: Scale) -> None:
    """Texts while only the door is open, then texts and signed events while all of the bot works."""
    bare = Child("benchmarks.counterparts.bare", log=folder / "bare.log")
    await bare.start()
    try:
        port = await bare.port()
        for name, socket in {"alone": True, "working": False}.items():
            (inner := folder / name).mkdir()
            async with Stage(inner, socket=socket) as stage:
                await (stage.start_door() if name == "alone" else stage.start_bot())
                await _rounds(stage, port, name, figures, scale)
    finally:
        await bare.stop()


async def _rounds(stage: Stage, bare: int, name: str, figures: Figures, scale: Scale) -> None:
    numbers = itertools.count()
    kinds: dict[str, Callable[[int], bytes]] = {"texts": lambda n: stage.inbound(n, n % CONVERSATIONS)}
    if name == "working":
        kinds["events"] = stage.note
    for _ in range(scale.rounds):
        for concurrency in CONCURRENCY:
            for kind, make in kinds.items():
                requests = [make(next(numbers)) for _ in range(int(MOST * scale.seconds) if concurrency > 1 else 4000)]
                ours = f"doors.{kind}{'.working' if kind == 'texts' and name == 'working' else ''}"
                plain = f"{ours}.bare.{concurrency}"
                for where, port in ((plain, bare), (f"{ours}.{concurrency}", stage.port)):
                    answered = await closed(port, iter(requests), concurrency, scale.seconds)
                    beside = plain if port != bare else ""
                    figures.add(f"{where}.rate", "requests/s", answered.rate, reference=beside and f"{beside}.rate")
                    figures.add_latencies(where, answered.latencies, reference=beside)
                    if answered.refused:
                        figures.add(f"{where}.refused", "requests", answered.refused)


def plain_text(number: int) -> bytes:
    """A text for the bare server."""
    body = events.inbound(number, contact(number % CONVERSATIONS), sender(number), "Hello")
    return events.request("/hook", body)
