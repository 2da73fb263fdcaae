"""The installed command as a process of its own, as an operator starts it, or the logging that `run` sets up here."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import structlog

from bot.telemetry.logs import QUIET
from sandbox.timeouts import PATIENCE
from tests.bot.installation import changed, write

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = str(Path(sys.executable).with_name("threadline"))


def environment(**more: str) -> dict[str, str]:
    """Returns the environment of this process without our settings."""
    ours = {name: value for name, value in os.environ.items() if not name.upper().startswith("THREADLINE_")}
    return ours | more


def call(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs a command in the folder until it ends."""
    return subprocess.run(  # noqa: S603 - our own command
        [COMMAND, *arguments],
        cwd=folder,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def free_port() -> int:
    """Returns a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Running:
    """A bot that runs in a folder and takes webhooks; there is no Slack.

    Attributes:
        url: the base URL of its HTTP server.
        log: the file with its output.
    """

    def __init__(self, folder: Path, port: int, *options: str, **changes: Any) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "bot.log"
        nowhere = f"http://127.0.0.1:{free_port()}/api/"
        write(folder, changed(http={"port": port}, public_url=self.url, slack__api_url=nowhere, **changes))
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [COMMAND, "run", *options], cwd=folder, env=environment(), stdout=log, stderr=log
            )

    def wait(self) -> None:
        """Waits until the bot answers."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self._process.poll() is None, self.log.read_text()
            try:
                if httpx.get(f"{self.url}/healthz").status_code == httpx.codes.OK:
                    return
            except httpx.ConnectError:
                time.sleep(0.05)
        raise TimeoutError

    def stop(self) -> int:
        """Stops the bot as a supervisor does, and returns its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(PATIENCE)
        finally:
            self._process.kill()


@contextmanager
def running(folder: Path, *options: str, **changes: Any) -> Iterator[Running]:
    """Starts a bot, and yields it once it answers HTTP."""
    bot = Running(folder, free_port(), *options, **changes)
    try:
        bot.wait()
        yield bot
    finally:
        bot.stop()


@contextmanager
def as_it_was() -> Iterator[None]:
    """Takes back what is done inside to the logging of this process."""
    root, raising, ours = logging.getLogger(), logging.raiseExceptions, structlog.get_config()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in QUIET}
    try:
        yield
    finally:
        structlog.configure(**ours)
        logging.raiseExceptions = raising
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, before in levels.items():
            logging.getLogger(name).setLevel(before)
