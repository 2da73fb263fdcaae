"""The walk of one text through our code: how many calls, in how many files, with how many changes of file.

    python -m benchmarks.walk

A profile hook counts the calls into `bot`, `providers`, `sms` and `storage` while one text comes in, one reply goes out
and one receipt comes back, in a conversation that has a thread already. The hook sees a coroutine again each time it
goes on after a wait; such a return counts as no call. `--calls` lists the functions in their order.
"""

from __future__ import annotations

import argparse
import asyncio
import dis
import sys
import tempfile
import threading
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import structlog

from bot import app, worker
from bot.conversations.callbacks import portal
from bot.settings.loading import check
from bot.settings.model import Settings
from sandbox.demo_environment import DemoEnvironment

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import CodeType, FrameType

ROOT = Path(__file__).parents[1]
OURS = tuple(f"{ROOT / name}/" for name in ("bot", "providers", "sms", "storage"))
QUIET = 0.5  # seconds without a call of ours, after which a step is over
PHONE = "+61488023555"
_COMPREHENSIONS = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}


class Walk:
    """Counts calls while it is entered."""

    def __init__(self) -> None:
        self.calls: list[CodeType] = []

    def __enter__(self) -> Self:
        threading.setprofile(self._hook)
        sys.setprofile(self._hook)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _hook(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and _is_ours(code) and frame.f_lasti <= _entry(code):
            self.calls.append(code)

    @property
    def files(self) -> list[str]:
        """The file of each call, below the repository."""
        return [str(Path(code.co_filename).relative_to(ROOT)) for code in self.calls]

    @property
    def changes(self) -> int:
        """How often the next call is in another file."""
        return sum(one != other for one, other in pairwise(self.files))


@cache
def _is_ours(code: CodeType) -> bool:
    """True for functions in our files; a comprehension is part of the function it is written in."""
    return code.co_filename.startswith(OURS) and code.co_name not in _COMPREHENSIONS


@cache
def _entry(code: CodeType) -> int:
    """The offset at which a call of this function begins; a coroutine that goes on is behind it."""
    return next(each.offset for each in dis.get_instructions(code) if each.opname == "RESUME" and each.arg == 0)


class Street(DemoEnvironment):
    """The simulated world with the bot in this process; nothing happens in it but the steps of the walk."""

    def settings(self, port: int) -> dict[str, Any]:
        """Nothing is looked for or edited by itself while a step is counted."""
        written = super().settings(port)
        written["timeouts"] = {"status_line": 3600.0, "card": 3600.0}
        written["sweep"] = {"every": 3600.0}
        return written

    async def _install_bot(self, port: int) -> None:
        ready = check(Settings(**self.settings(port)))
        self.set_up_portals({name: portal(ready, name) for name in ready.senders})
        await (await self._stack.enter_async_context(app.running(ready)))
        await self.slack.connected()


async def walk(folder: Path) -> dict[str, Walk]:
    """Counts each way once, after one round that warms everything up."""
    async with Street(folder) as street:
        street.fone.settings.receipt_delay = QUIET * 4
        for _ in range(2):
            found = await _round(street)
        return found


async def _round(street: Street) -> dict[str, Walk]:
    """One text in, one reply out, one receipt back."""

    async def text() -> None:
        await street.phones.send(PHONE, street.sydney, "Hello, is my order on its way?")

    async def reply() -> None:
        (root, *_) = [post["ts"] for post in street.slack.see(street.support) if post.get("bot_id")]
        await street.slack.say(street.anna, street.support, "Yes, it left this morning.", thread_ts=root)

    async def receipt() -> None:
        await street.fone.settle()

    return {name: await _counted(step) for name, step in (("inbound", text), ("reply", reply), ("receipt", receipt))}


async def _counted(step: Callable[[], Awaitable[None]]) -> Walk:
    """Counts until nothing of ours is called for a while."""
    found = Walk()
    with found:
        await step()
        seen = -1
        while seen != len(found.calls):
            seen = len(found.calls)
            await asyncio.sleep(QUIET)
    return found


def main() -> None:
    """Prints a line for each way."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.walk", description=__doc__)
    parser.add_argument("--calls", action="store_true", help="list the functions too")
    options = parser.parse_args()
    worker.LOOK_EVERY = 3600.0  # no other process writes
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with tempfile.TemporaryDirectory() as folder:
        for name, found in asyncio.run(walk(Path(folder))).items():
            told = f"{len(found.calls)} calls in {len(set(found.files))} files, {found.changes} changes of file"
            sys.stdout.write(f"{name}: {told}\n")
            if options.calls:
                for code, file in zip(found.calls, found.files, strict=True):
                    sys.stdout.write(f"  {file}:{code.co_firstlineno} {code.co_qualname}\n")


if __name__ == "__main__":
    main()
