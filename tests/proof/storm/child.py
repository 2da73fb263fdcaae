"""Runs the bot for the storm: the real product, with its seams wrapped from outside, so that it can kill itself.

A seam is a COMMIT, named after the function that opened the transaction, or a request, named after the method that is
called. `STORM_SEAM` names one ("after commit:Gate.send"; "*" is any), `STORM_NTH` at which passage the process ends by
SIGKILL, and `STORM_TRACE` a file that gets one line for each passage. The product knows nothing of this.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from slack_sdk.web.async_client import AsyncWebClient

from storage.engine.clock import SECOND
from storage.engine.database import Database
from storage.engine.patience import until_written
from tests.e2e import child

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from storage.engine.clock import Clock
    from storage.engine.database import Transaction


class World:
    """The faults of the machine: the disk is full while the file `full` exists, and the clock jumps.

    Args:
        folder: the folder of these files; `clock` holds the seconds by which the clock is wrong.
    """

    def __init__(self, folder: Path) -> None:
        self._full = folder / "full"
        self._clock = folder / "clock"
        self._is_full = False

    def wrap(self) -> None:
        """Gives every database a clock that can be wrong."""
        original = Database.__init__

        def begin(database: Database, writer: Any, readers: Any, clock: Clock) -> None:
            original(database, writer, readers, lambda: clock() + self._wrong())

        Database.__init__ = begin  # type: ignore[assignment,method-assign]  # this is what the file is for

    async def look(self, database: Database) -> None:
        """Sets or lifts the limit of the database's size."""
        if (is_full := self._full.exists()) != self._is_full:
            self._is_full = is_full
            ((pages,),) = await database._writer.execute_fetchall("PRAGMA page_count")
            await database._writer.execute(f"PRAGMA max_page_count = {pages if is_full else 1 << 30}")

    def _wrong(self) -> int:
        return int(self._clock.read_text(encoding="utf-8")) * SECOND if self._clock.exists() else 0


class Seams:
    """Counts the passages, and kills the process at the chosen one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seam = os.environ.get("STORM_SEAM", "")
        self._nth = int(os.environ.get("STORM_NTH", "1"))
        self._trace = os.environ.get("STORM_TRACE", "")
        self._seen: Counter[str] = Counter()

    def passes(self, seam: str) -> None:
        """Counts one passage of a seam; does not return at the chosen one."""
        self._seen[seam] += 1
        if self._trace:
            with Path(self._trace).open("a", encoding="utf-8") as trace:
                trace.write(f"{seam}\n")
        count = self._seen.total() if self._seam == "*" else self._seen[seam] if self._seam == seam else 0
        if count == self._nth:
            os.kill(os.getpid(), signal.SIGKILL)

    def wrap(self) -> None:
        """Puts itself before and after every COMMIT and every request of the product."""
        self._wrap_transactions()
        self._wrap_calls(AsyncWebClient, "api_call", lambda args: f"slack:{args[0]}")
        self._wrap_calls(httpx.AsyncClient, "send", lambda args: f"provider:{args[0].method}")

    def _wrap_transactions(self) -> None:
        original = Database.transaction

        def transaction(database: Database, **how: bool) -> AbstractAsyncContextManager[Transaction]:
            frame = sys._getframe(1)
            who = frame.f_code.co_qualname.replace(".<locals>", "")
            if who == until_written.__qualname__:
                write = frame.f_locals["write"]
                who = getattr(write, "func", write).__qualname__.partition(".<locals>")[0]
            return self._watched(database, original(database, **how), f"commit:{who}")

        Database.transaction = transaction  # type: ignore[assignment,method-assign]  # this is what the file is for

    @asynccontextmanager
    async def _watched(
        self, database: Database, opened: AbstractAsyncContextManager[Transaction], name: str
    ) -> AsyncIterator[Transaction]:
        await self._world.look(database)
        async with opened as tx:
            yield tx
            self.passes(f"before {name}")
        self.passes(f"after {name}")

    def _wrap_calls(self, owner: type, method: str, name: Any) -> None:
        original = getattr(owner, method)

        async def call(this: Any, *args: Any, **how: Any) -> Any:
            self.passes(f"before {name(args)}")
            answer = await original(this, *args, **how)
            self.passes(f"after {name(args)}")
            return answer

        setattr(owner, method, call)


def run(order: child.Order) -> None:
    """Runs the command in a process that was forked for it, with its seams wrapped."""
    os.environ.update(order["environment"])
    world = World(Path(order["log"]).parent)
    world.wrap()
    Seams(world).wrap()
    child.run(order)


if __name__ == "__main__":
    child.nurse(run)
