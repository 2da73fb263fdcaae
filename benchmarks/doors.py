"""The doors: everything received is on disk before it is answered. Measured in turn with a bare server."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from benchmarks.load import closed
from benchmarks.processes import Child
from benchmarks.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from benchmarks.figures import Figures
    from benchmarks.scale import Scale

CONCURRENCY = {"texts": (1, 50), "events": (1, 50), "texts-and-work": (50,)}  # of each kind
CONVERSATIONS = 1000
MOST = {1: 6_000, 50: 12_000}  # requests per second that are prepared, by concurrency
_AIMS = {"rate": "half of the bare server's rate", "p99": "p99 below three times the bare server's"}


async def measure(folder: Path, figures: Figures, scale: Scale, kinds: Iterable[str] = CONCURRENCY) -> None:
    """Measures texts with only the door open, signed events, and texts while the whole bot works on them."""
    bare = Child("benchmarks.counterparts.bare", log=folder / "bare.log", alone=True)
    await bare.start()
    try:
        port = await bare.port()
        for kind in kinds:
            (inner := folder / kind).mkdir()
            async with Stage(inner, socket=kind != "events") as stage:
                await (stage.start_door() if kind == "texts" else stage.start_bot())
                await _rounds(stage, port, kind, figures, scale)
    finally:
        await bare.stop()


async def _rounds(stage: Stage, bare: int, kind: str, figures: Figures, scale: Scale) -> None:
    numbers = itertools.count()
    for _ in range(scale.rounds):
        for concurrency in CONCURRENCY[kind]:
            count = int(MOST[concurrency] * scale.seconds)
            requests = [_request(stage, kind, next(numbers)) for _ in range(count)]
            plain, ours = f"doors.{kind}.bare.{concurrency}", f"doors.{kind}.{concurrency}"
            await _one(figures, plain, bare, requests, concurrency, scale.seconds)
            await _one(figures, ours, stage.port, requests, concurrency, scale.seconds, plain)


def _request(stage: Stage, kind: str, number: int) -> bytes:
    return stage.note(number) if kind == "events" else stage.inbound(number, number % CONVERSATIONS)


async def _one(
    figures: Figures, name: str, port: int, requests: list[bytes], concurrency: int, seconds: float, beside: str = ""
) -> None:
    answered = await closed(port, iter(requests), concurrency, seconds)
    aims = _AIMS if beside and concurrency > 1 else {}
    reference = beside and f"{beside}.rate"
    figures.add(f"{name}.rate", "requests/s", answered.rate, reference=reference, aim=aims.get("rate", ""))
    figures.add_latencies(name, answered.latencies, reference=beside, aim=aims.get("p99", ""))
    if answered.refused:
        figures.add(f"{name}.refused", "requests", answered.refused, note="not answered with 2xx")
