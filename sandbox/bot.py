"""Runs the real bot as a child process: start, kill, stop and query it as an operator would."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Mapping

START = 60.0  # seconds that a start may take
STOP = 12.0  # seconds that a stop may take


class BotProcess:
    """One installation: a settings file, a database next to it, and the process while it runs.

    Args:
        folder: where its files are.
        settings: written to the settings file.
        port: of its HTTP server.
        options: of the command `run`.

    Attributes:
        starts: how many times it was started.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], port: int, *options: str) -> None:
        self.starts = 0
        self._file = folder / "threadline.toml"
        self._file.write_text(to_toml(settings), encoding="utf-8")
        self._log = folder / "bot.log"
        self._options = options
        self._url = f"http://127.0.0.1:{port}"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def is_running(self) -> bool:
        """True if the process is alive."""
        return self._process is not None and self._process.returncode is None

    @property
    def log(self) -> str:
        """Everything that it has printed."""
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    async def start(self) -> None:
        """Starts the bot and returns once texts can flow both ways.

        Raises:
            TimeoutError: it is not ready in time.
            RuntimeError: it exited instead; the message has the end of its log.
        """
        self.starts += 1
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *_command("run", self._file), *self._options, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        async with asyncio.timeout(START), aiohttp.ClientSession() as session:
            while not await self._is_ready(session):
                if not self.is_running:
                    raise RuntimeError(f"The bot exited at start: {self.log[-2000:]}")
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """Kills the process at once (SIGKILL)."""
        if self._process is not None and self.is_running:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> int:
        """Stops the process (SIGTERM) and returns its exit code.

        Raises:
            TimeoutError: it does not stop in time.
        """
        if self._process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP):
            return await self._process.wait()

    async def ask(self, *arguments: str) -> Any:
        """Runs a command of the bot that prints JSON, and returns its output.

        Raises:
            RuntimeError: the command failed; the message has its output.
        """
        command = await asyncio.create_subprocess_exec(
            *_command(arguments[0], self._file),
            *arguments[1:],
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, errors = await command.communicate()
        if command.returncode != 0:
            raise RuntimeError(f"{arguments[0]} failed: {errors.decode()}")
        return json.loads(out)

    async def _is_ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self._url}/readyz") as answer:
                return answer.status == 200  # noqa: PLR2004 - OK
        except aiohttp.ClientError:
            return False


def to_toml(settings: Mapping[str, Any]) -> str:
    """Returns nested settings as TOML. Strings and numbers are written as in JSON."""
    lines: list[str] = []
    for path, table in _tables((), settings):
        lines += ["", f"[{'.'.join(path)}]"] if path else []
        lines += [f"{key} = {_value(value)}" for key, value in table.items() if not isinstance(value, dict)]
    return "\n".join(lines).strip() + "\n"


def _value(value: Any) -> str:
    """Writes a value; a table inside a list goes on one line."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_value(each)}' for key, each in value.items())} }}"
    return f"[{', '.join(map(_value, value))}]" if isinstance(value, list | tuple) else json.dumps(value)


def _tables(path: tuple[str, ...], table: Mapping[str, Any]) -> list[tuple[tuple[str, ...], Mapping[str, Any]]]:
    below = [_tables((*path, key), value) for key, value in table.items() if isinstance(value, dict)]
    return [(path, table), *(each for tables in below for each in tables)]


def _command(name: str, settings: Path) -> list[str]:
    """Returns the installed command, which is next to the Python that runs the sandbox."""
    return [str(Path(sys.executable).with_name("threadline")), name, "--settings", str(settings)]
