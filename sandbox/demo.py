"""`threadline demo`: everything on this machine, either with a page to try it, or as an automatic check."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
from pathlib import Path

from sandbox import page, scenario
from sandbox.demo_environment import DemoEnvironment


def play(port: int) -> int:
    """Runs until Ctrl-C and returns the exit code.

    Args:
        port: of the page; 0 for a free one.
    """
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_play(port))
    return 0


def check() -> int:
    """Runs the scenario and prints one JSON line. Returns 0 if everything was as expected."""
    with tempfile.TemporaryDirectory(prefix="threadline-") as folder:
        result = asyncio.run(scenario.run(Path(folder)))
    sys.stdout.write(json.dumps(result.figures) + "\n")
    for fault in result.faults:
        sys.stderr.write(f"{fault}\n")
    return 1 if result.faults else 0


async def _play(port: int) -> None:
    with tempfile.TemporaryDirectory(prefix="threadline-") as folder:
        async with DemoEnvironment(Path(folder)) as environment:
            await page.serve(environment, port)
