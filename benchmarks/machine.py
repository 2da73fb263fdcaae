"""The environment of a measurement: machine, versions, commit."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

PACKAGES = ("aiohttp", "aiosqlite", "httpx", "httpcore", "slack-bolt", "slack-sdk", "pydantic", "threadline")
SYNCS = 50
_KIB = 1024


def describe() -> dict[str, Any]:
    """Returns the description in JSON types."""
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "commit": _git("rev-parse", "HEAD"),
        "changed": bool(_git("status", "--porcelain", "--", "bot", "providers", "sms", "storage", "benchmarks")),
        "processor": _field("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory": f"{int(_field('/proc/meminfo', 'MemTotal').split()[0]) // _KIB} MiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "packages": {name: version(name) for name in PACKAGES},
        "fsync": f"{_sync() * 1000:.2f} ms",
        "load": [round(each, 2) for each in os.getloadavg()],
    }


def _git(*arguments: str) -> str:
    found = subprocess.run(  # noqa: S603 - the arguments are our own
        ["git", *arguments],  # noqa: S607 - whichever git there is
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip()


def _field(path: str, name: str) -> str:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "unknown")


def _sync() -> float:
    """Returns how long the disk takes to sync a page, in seconds: the minimum for every commit."""
    took = []
    with tempfile.TemporaryFile(buffering=0) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    return median(took)
