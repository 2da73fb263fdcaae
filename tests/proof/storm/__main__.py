"""The long form, `python -m tests.proof.storm`: prints one JSON line.

Failed checks go to stderr, with exit code 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from bot.cli.console import ProgressBars
from tests.e2e.nursery import Nursery
from tests.proof.storm.burst import burst
from tests.proof.storm.weather import Weather


def main() -> int:
    """Reads the arguments and storms."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof.storm", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--keep", type=Path, help="keep the database and the log of the bot here")
    given = parser.parse_args()
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # the sandbox meets connections that died under it
    nursery = Nursery("tests.proof.storm.child")
    folder = Path(tempfile.mkdtemp(prefix="storm"))
    try:
        return asyncio.run(_storm(nursery, folder, given.seed, given.minutes))
    finally:
        nursery.close()
        if given.keep is not None:
            shutil.copytree(folder, given.keep, dirs_exist_ok=True)
        shutil.rmtree(folder)


async def _storm(nursery: Nursery, folder: Path, seed: int, minutes: float) -> int:
    (folder / "burst").mkdir()
    bursting = asdict(await burst(folder / "burst", nursery, seed))
    weather = Weather(folder, nursery, seed)
    showing = asyncio.create_task(_show(int(minutes * 60)))
    found = await weather.blow(minutes * 60)
    showing.cancel()
    counted = asdict(found)
    wrong = bursting.pop("wrong") + counted.pop("wrong")
    sys.stderr.writelines(f"{sentence}\n" for sentence in wrong)
    told = {"kills": weather.storm.child.deaths, "faults": weather.faults, **counted, "burst": bursting, "seed": seed}
    sys.stdout.write(json.dumps(told) + "\n")
    return 1 if wrong else 0


async def _show(seconds: int) -> None:
    """Shows the progress of the storm on a terminal."""
    with ProgressBars() as report:
        for passed in range(seconds + 1):
            report("storm", passed, seconds)
            await asyncio.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
