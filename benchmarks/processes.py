"""Processes under measurement: start, port, CPU seconds, memory and stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]
STOP = 20.0  # seconds
LOOK_EVERY = 0.005  # seconds
_TICKS = os.sysconf("SC_CLK_TCK")


def leave_a_core() -> None:
    """Leaves the last core to the measured process, for this process and its children, if there are several cores.

    Linux only; does nothing elsewhere.
    """
    if hasattr(os, "sched_setaffinity") and len(cores := sorted(os.sched_getaffinity(0))) > 1:
        os.sched_setaffinity(0, cores[:-1])


class Child:
    """A Python module as a process.

    Args:
        module: its name.
        arguments: for the module.
        log: the file for its standard error.
        environment: in addition to ours.
        alone: True for the measured process, which gets the reserved core.
    """

    def __init__(
        self, module: str, *arguments: str, log: Path, environment: Mapping[str, str] | None = None, alone: bool = False
    ) -> None:
        self._command = [sys.executable, "-m", module, *arguments]
        self._log = log
        self._alone = alone
        self._environment = {**os.environ, **(environment or {})}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Starts the process."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        if self._alone and hasattr(os, "sched_setaffinity"):
            left = set(range(os.cpu_count() or 1)) - os.sched_getaffinity(0)
            os.sched_setaffinity(self._process.pid, left or os.sched_getaffinity(0))

    async def port(self) -> int:
        """Returns the port that it prints."""
        assert self._process is not None  # noqa: S101 - it is started
        assert self._process.stdout is not None  # noqa: S101 - it is piped
        return int(json.loads(await self._process.stdout.readline())["port"])

    async def ready(self, port: int, seconds: float = 30.0) -> None:
        """Waits until `/readyz` answers 200.

        Raises:
            TimeoutError: it does not in time.
            RuntimeError: the process exited; the message has the end of its output.
        """
        async with asyncio.timeout(seconds), aiohttp.ClientSession() as session:
            while not await _is_ready(session, port):
                if self._process is None or self._process.returncode is not None:
                    raise RuntimeError(self._log.read_text(encoding="utf-8")[-3000:])
                await asyncio.sleep(LOOK_EVERY)

    async def stop(self) -> None:
        """Stops the process (SIGTERM), and kills it if it does not stop."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    @property
    def cpu(self) -> float:
        """Returns the CPU seconds that it has used, in user mode and in the kernel."""
        fields = self._proc("stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def memory(self) -> float:
        """Returns its memory in MiB."""
        return self._status("VmRSS")

    @property
    def peak(self) -> float:
        """Returns its peak memory in MiB."""
        return self._status("VmHWM")

    def _status(self, name: str) -> float:
        line = next(line for line in self._proc("status").splitlines() if line.startswith(name))
        return int(line.split()[1]) / 1024

    def _proc(self, name: str) -> str:
        assert self._process is not None  # noqa: S101 - it is started
        return Path(f"/proc/{self._process.pid}/{name}").read_text(encoding="utf-8")


async def _is_ready(session: aiohttp.ClientSession, port: int) -> bool:
    try:
        async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
            return answer.status == 200  # noqa: PLR2004 - OK
    except aiohttp.ClientError:
        return False


async def until(holds: object, seconds: float, every: float = 0.02) -> None:
    """Waits until an asynchronous predicate is true.

    Raises:
        TimeoutError: it is not in time.
    """
    assert callable(holds)  # noqa: S101 - a question
    end = time.monotonic() + seconds
    while not await holds():
        if time.monotonic() > end:
            raise TimeoutError
        await asyncio.sleep(every)
