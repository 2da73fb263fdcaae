"""Runs the bot for the benchmarks: the product, with Slack's rate limits lifted from outside.

`BENCH_COUNT` names a file that gets the counts of statements and loop wake-ups once a second. `BENCH_PROFILE` names a
file that gets a profile at the end. The product knows neither.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import os
import selectors
import sqlite3
import sys
import threading
import time
from pathlib import Path
from typing import Any

from bot import app
from bot.settings.loading import load
from bot.slack.client import rate_limit
from bot.telemetry import logs


class Counts:
    """Counts of what the process does while idle."""

    def __init__(self) -> None:
        self.statements = 0
        self.wakes = 0

    def wrap(self) -> None:
        """Counts every SQLite statement and every return of the loop's selector."""
        self._wrap_sqlite()
        self._wrap_selector()

    def _wrap_sqlite(self) -> None:
        connect: Any = sqlite3.connect

        def counted(*args: Any, **how: Any) -> Any:
            connection = connect(*args, **how)
            connection.set_trace_callback(self._ran)
            return connection

        setattr(sqlite3, "connect", counted)  # noqa: B010 - its overloads have no type that could be written here

    def _wrap_selector(self) -> None:
        select: Any = selectors.DefaultSelector.select

        def counted(selector: Any, timeout: float | None = None) -> Any:
            self.wakes += 1
            return select(selector, timeout)

        setattr(selectors.DefaultSelector, "select", counted)  # noqa: B010 - the same

    def _ran(self, _: str) -> None:
        self.statements += 1

    def write(self, path: Path) -> None:
        """Writes the counts to the file once a second, from a thread that wakes no other."""
        while True:
            counts = {"at": time.monotonic(), "statements": self.statements, "wakes": self.wakes}
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(counts) + "\n")
            time.sleep(1)


def main() -> None:
    """Runs the bot on a settings file."""
    rate_limit._TIERS.clear()  # noqa: SLF001 - the counterpart has no rate limit
    if counting := os.environ.get("BENCH_COUNT"):
        counts = Counts()
        counts.wrap()
        threading.Thread(target=counts.write, args=(Path(counting),), daemon=True).start()
    logs.configure(as_json=True)  # as in deploy/threadline.service
    if profiling := os.environ.get("BENCH_PROFILE"):
        profile = cProfile.Profile()
        profile.runcall(_run)
        profile.dump_stats(profiling)
    else:
        _run()


def _run() -> None:
    asyncio.run(app.run(load(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
