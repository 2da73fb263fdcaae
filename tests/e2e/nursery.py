"""Bots as child processes that start at once, because they are forked from a process that has imported the product."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from sandbox.bot import to_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

START = 60.0  # seconds for a start
STOP = 12.0  # seconds for a stop
ROOT = Path(__file__).parents[2]


class Nursery:
    """The process that forks them. One bot at a time.

    Args:
        module: what that process runs: `tests.e2e.child`, or another that forks with it.
    """

    def __init__(self, module: str = "tests.e2e.child") -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", module],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, order: Mapping[str, Any]) -> None:
        """Orders a bot."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    async def hear(self) -> dict[str, int]:
        """Returns the next answer: the pid of a bot, or its exit status."""
        assert self._process.stdout is not None
        return dict(json.loads(await asyncio.to_thread(self._process.stdout.readline)))

    def close(self) -> None:
        """Ends the process; a running bot ends with it."""
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._process.kill()
        self._process.wait()


class Child:
    """One installation, and its process while it runs.

    Args:
        nursery: forks it.
        folder: where its files are.
        settings: of its file.
        port: of its doors.
        options: of `run`.

    Attributes:
        starts: the number of starts.
        deaths: the number of ends by SIGKILL.
    """

    def __init__(self, nursery: Nursery, folder: Path, settings: Mapping[str, Any], port: int, *options: str) -> None:
        self.starts = self.deaths = 0
        self._nursery = nursery
        self._options = options
        self._file = folder / "threadline.toml"
        self._file.write_text(to_toml(settings), encoding="utf-8")
        self._log = folder / "bot.log"
        self._url = f"http://127.0.0.1:{port}"
        self._pid = 0
        self._end: asyncio.Task[int] | None = None

    @property
    def is_running(self) -> bool:
        """True while the process is alive."""
        return self._end is not None and not self._end.done()

    @property
    def log(self) -> str:
        """The complete output of the process."""
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    async def start(self, **environment: str) -> None:
        """Starts it with these variables, and returns once texts flow both ways, or it has killed itself before that.

        Raises:
            TimeoutError: it is not ready in time.
            RuntimeError: it ended by itself; with its last output.
        """
        self.starts += 1
        words = ["run", "--settings", str(self._file), *self._options]
        self._nursery.order({"words": words, "log": str(self._log), "environment": environment})
        self._pid = (await self._nursery.hear())["pid"]
        self._end = asyncio.create_task(self._ended())
        async with asyncio.timeout(START), aiohttp.ClientSession() as session:
            while self.is_running and not await self._is_ready(session):  # noqa: ASYNC110 - another process is waited for
                await asyncio.sleep(0.02)
        if not self.is_running and (status := await self._end) != -signal.SIGKILL:
            raise RuntimeError(f"The bot ended with {status}: {self.log[-3000:]}")

    async def wait(self) -> int:
        """Waits for its end; returns its exit code."""
        assert self._end is not None
        return await asyncio.shield(self._end)

    async def kill(self) -> None:
        """Kills it at once, at any point."""
        await self.signal(signal.SIGKILL)

    async def stop(self) -> int:
        """Asks it to end; returns its exit code.

        Raises:
            TimeoutError: it does not end in time.
        """
        async with asyncio.timeout(STOP):
            return await self.signal(signal.SIGTERM)

    async def signal(self, number: int) -> int:
        """Sends it a signal and waits for its end."""
        if self._end is None:
            return 0
        if not self._end.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, number)
        return await self.wait()

    async def _ended(self) -> int:
        status = (await self._nursery.hear())["status"]
        self.deaths += status == -signal.SIGKILL
        return status

    async def _is_ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self._url}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False
