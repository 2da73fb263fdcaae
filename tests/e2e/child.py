"""The bot as a child process: a process that has imported the product forks one bot for each order that it reads.

Each order is one JSON object a line: the `words` of the command, the `log` that gets what it prints, and what its
`environment` has more. Each is answered with the pid and, once that bot has ended, its exit status.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

from bot.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_EVERY = 0.005  # seconds

Order = dict[str, Any]


def run(order: Order) -> None:
    """Runs the command in a process that was forked for it.

    Raises:
        SystemExit: with its exit code.
    """
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.environ.update(order["environment"])
    main(order["words"], prog_name="threadline")


def nurse(run: Callable[[Order], None]) -> None:
    """Forks a process for each order, says its pid, and then its exit status; ends with the process that started it."""
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _live(run, json.loads(line))
        _say({"pid": pid})
        _say({"status": _end_of(pid)})


def _live(run: Callable[[Order], None], order: Order) -> NoReturn:
    """The forked process ends here, however that is."""
    status = 1
    try:
        run(order)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001 - whatever it was
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _say(answer: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _end_of(pid: int) -> int:
    """Its exit code, negative for a signal."""
    parent = os.getppid()
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if os.getppid() != parent:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            sys.exit(1)
        time.sleep(LOOK_EVERY)


if __name__ == "__main__":
    nurse(run)
