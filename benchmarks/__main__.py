"""`make bench`: runs all measurements, writes the document and the pictures, and prints them with a short table."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import costs, doors, growth, machine, memory, report, through
from benchmarks.figures import Figures
from benchmarks.processes import leave_a_core
from benchmarks.scale import FULL, TINY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from benchmarks.scale import Scale

    Part = Callable[[Path, Figures, Scale], Awaitable[None]]

RESULTS = Path(__file__).parent / "results"
PARTS = {
    "doors": doors.measure,
    "through": through.measure,
    "growth": growth.measure,
    "costs": costs.measure,
}


async def growth_and_costs(folder: Path, figures: Figures, scale: Scale) -> None:
    """Counts the costs while the large database is generated: neither affects the other."""
    (counted := folder / "costs").mkdir()
    await asyncio.gather(growth.write(folder, figures, scale), costs.measure(counted, figures, scale))
    await growth.compare(folder, figures, scale)


WHOLE = {"doors": doors.measure, "through": through.measure, "growth and costs": growth_and_costs}


def main() -> int:
    """Reads the arguments and runs the measurements."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"the parts to run: {', '.join(PARTS)}; default: all")
    parser.add_argument("--tiny", action="store_true", help="run only briefly, as a smoke test")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the document and the pictures")
    parser.add_argument("--memory", type=int, metavar="TEXTS", help="measure the memory after this many texts instead")
    given = parser.parse_args()
    if unknown := set(given.parts) - PARTS.keys():
        parser.error(f"unknown part: {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}")
    scale = TINY if given.tiny else FULL
    leave_a_core()
    if given.memory is not None:
        asyncio.run(memory.measure(given.memory))
        return 0
    document = asyncio.run(measure(scale, {name: PARTS[name] for name in given.parts} or WHOLE))
    given.results.mkdir(parents=True, exist_ok=True)
    (given.results / "latest.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    report.draw(document, given.results)
    sys.stdout.write(json.dumps({name: each for name, each in document.items() if name != "distributions"}) + "\n")
    sys.stdout.write(report.short(document))
    return 0


async def measure(scale: Scale, parts: Mapping[str, Part]) -> dict[str, Any]:
    """Runs the parts and returns the document."""
    figures = Figures()
    described = machine.describe()
    began = time.monotonic()
    for name, part in parts.items():
        with tempfile.TemporaryDirectory(prefix="bench") as folder:
            sys.stderr.write(f"{name} …\n")
            await part(Path(folder), figures, scale)
    seconds = round(time.monotonic() - began, 1)
    document = {"machine": described, "seconds": seconds, "rounds": scale.rounds, "figures": figures.as_json()}
    return document | {"distributions": figures.shapes()}


if __name__ == "__main__":
    sys.exit(main())
