"""Memory use over many texts, on its own because it takes long: `python -m benchmarks --memory 100000`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from benchmarks.generator import generate
from benchmarks.stage import Stage
from benchmarks.through import Through

STEP = 5_000  # texts between two readings
CONVERSATIONS = 5_000


async def measure(texts: int) -> None:
    """Prints the process's memory in MiB as texts go through, half of them in, half out."""
    with tempfile.TemporaryDirectory(prefix="bench-memory") as folder:
        await asyncio.to_thread(generate, Path(folder) / "threadline.db", CONVERSATIONS, CONVERSATIONS)
        async with Stage(Path(folder)) as stage:
            await stage.start_bot()
            through = Through(stage, CONVERSATIONS)
            while through.texts < texts:
                sys.stdout.write(f"{through.texts} texts: {stage.bot.memory:.1f} MiB\n")
                sys.stdout.flush()
                for way in ("inbound", "outbound"):
                    await through.run(way, STEP // 2, 0)
            sys.stdout.write(f"{through.texts} texts: {stage.bot.memory:.1f} MiB, {stage.bot.peak:.1f} at most\n")
