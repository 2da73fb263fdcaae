"""A breaker for each account and method: after several failures in a row nothing is asked for a while, then one probe.

Its state is what an operator sees: a gauge at /metrics, and a pause of the account in storage, for Home and `status`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import structlog

from storage import pauses
from storage.clock import MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.metrics import Metrics
    from storage.database import Database

THRESHOLD = 5  # failures in a row
FIRST = 15 * SECOND  # how long it is open, doubled with each probe that fails
LONGEST = 5 * MINUTE
PATIENCE = MINUTE  # after which a probe of which nothing was heard does not count
PROBE = 2 * SECOND  # how long the others wait for a probe that is under way, before they look again
SEND = "send"

log = structlog.get_logger("breaker")


class State(IntEnum):
    """As the gauge has it."""

    CLOSED = 0  # all is well
    HALF_OPEN = 1  # one request may try whether it is
    OPEN = 2


@dataclass(slots=True)
class _Line:
    """One account and method."""

    failures: int = 0  # in a row
    until: int = 0  # microseconds UTC; 0: closed
    probing: int = 0  # since when a probe is under way (microseconds UTC); 0: none is


class Breaker:
    """All of them.

    Args:
        database: keeps how long an account is left alone, over a restart.
        metrics: shows the states.
        accounts: by the names that the settings give them.
    """

    def __init__(self, database: Database, metrics: Metrics, accounts: Iterable[str]) -> None:
        self._database = database
        self._metrics = metrics
        self._accounts = list(accounts)
        self._lines: dict[tuple[str, str], _Line] = {}

    async def load(self) -> None:
        """Remembers what was open before this start."""
        async with self._database.read() as reader:
            lasting = {pause.key: pause.until for pause in await pauses.lasting(reader, self._database.clock())}
        for account in self._accounts:
            line = self._line(account, SEND)
            if (until := lasting.get(account, 0)) > 0:
                line.failures, line.until = THRESHOLD, until
            self._show(account, SEND, line)

    def waits(self, account: str, method: str = SEND) -> int | None:
        """Until when the account is not asked (microseconds UTC); None: it may be asked. Changes nothing."""
        line, now = self._line(account, method), self._database.clock()
        if now < line.until:
            return line.until
        is_probed = line.probing and now < line.probing + PATIENCE
        return now + PROBE if is_probed else None

    def begin(self, account: str, method: str = SEND) -> None:
        """A request begins; where the breaker was open, it is the one probe."""
        line = self._line(account, method)
        if line.until:
            line.probing = self._database.clock()
            self._show(account, method, line)

    async def worked(self, account: str, method: str = SEND) -> None:
        """They answered, be it with a refusal."""
        line = self._line(account, method)
        was_open = bool(line.until)
        line.failures = line.until = line.probing = 0
        if was_open:
            log.info("an account answers again", account=account, method=method)
            self._show(account, method, line)
            await self._keep(account, method, self._database.clock())

    async def failed(self, account: str, method: str = SEND) -> None:
        """They could not be reached, or did not answer."""
        line = self._line(account, method)
        line.failures += 1
        line.probing = 0
        if line.failures < THRESHOLD:
            return
        pause = min(FIRST << min(line.failures - THRESHOLD, 8), LONGEST)
        line.until = self._database.clock() + pause
        log.warning("an account is left alone for a while", account=account, method=method, seconds=pause / SECOND)
        self._show(account, method, line)
        await self._keep(account, method, line.until)

    def _line(self, account: str, method: str) -> _Line:
        return self._lines.setdefault((account, method), _Line())

    def _show(self, account: str, method: str, line: _Line) -> None:
        state = State.CLOSED if not line.until else State.HALF_OPEN if line.probing else State.OPEN
        self._metrics.breakers.labels(account, method).set(state)

    async def _keep(self, account: str, method: str, until: int) -> None:
        """Only sending is kept: the others are asked by nobody who waits."""
        if method == SEND:
            async with self._database.transaction() as tx:
                await pauses.set_until(tx, account, until)
