"""A team whose operator uses a terminal: the settings are in a file, and commands run beside the bot."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from bot.cli import main
from sandbox.bot import to_toml
from sandbox.timeouts import PATIENCE
from tests.e2e.team import Team

ROOT = Path(__file__).parents[3]


class Written(Team):
    """A team whose settings are also in a file."""

    def settings(self, port: int) -> dict[str, Any]:
        """The settings of an operator, written to the file."""
        self.written = super().settings(port)
        self.file = self._folder / "threadline.toml"
        self.file.write_text(to_toml(self.written), encoding="utf-8")
        return self.written

    async def command(self, *words: str) -> tuple[int, str, str]:
        """Runs the command in a thread of this process; returns its exit code, what it prints and its errors."""
        runner = CliRunner(env={"THREADLINE_SETTINGS": str(self.file)}, catch_exceptions=False)
        ended = await asyncio.to_thread(runner.invoke, main, words, prog_name="threadline")
        return ended.exit_code, ended.stdout, ended.stderr

    async def installed_command(self, *words: str) -> tuple[int, str, str]:
        """The same with the installed command, in a process of its own."""
        process = await self.begin(*words)
        try:
            out, errors = await asyncio.wait_for(process.communicate(), PATIENCE)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise AssertionError(f"`threadline {words[0]}` does not end") from None
        return process.returncode or 0, out.decode(), errors.decode()

    async def begin(self, *words: str) -> asyncio.subprocess.Process:
        """Starts the installed command."""
        return await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("threadline")),
            *words,
            env={"THREADLINE_SETTINGS": str(self.file), "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=_hear_ctrl_c,
        )


def _hear_ctrl_c() -> None:
    """Lets the command receive Ctrl-C, which a shell's background job and its children ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
