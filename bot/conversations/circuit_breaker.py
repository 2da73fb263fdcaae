"""A breaker for each account and method: after several failures in a row nothing is asked for a while, then one probe.

Its state is what an operator sees: a gauge at /metrics, and a pause of the account in storage, for Home and `status`.
Its time is the monotonic one, so that a clock that is set neither freezes a company nor lets it be asked too soon.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Literal, TypeVar

import structlog

from providers.errors import NotSent, ProviderError, Refused, Throttled
from storage.engine.clock import MINUTE, SECOND
from storage.tables import pauses

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from bot.telemetry.metrics import Metrics
    from providers.provider import Provider
    from storage.engine.database import Database

Method = Literal["send", "find_sent", "look_up", "list_inbound"]
Answer = TypeVar("Answer")

THRESHOLD = 5  # failures in a row
FIRST = 15 * SECOND  # how long it is open, doubled with each probe that fails
LONGEST = 5 * MINUTE
PATIENCE = MINUTE  # after which a probe of which nothing was heard does not count
PROBE = 2 * SECOND  # how long the others wait for a probe that is under way, before they look again
SEND: Method = "send"
FIND_SENT: Method = "find_sent"
LOOK_UP: Method = "look_up"
LIST_INBOUND: Method = "list_inbound"

log = structlog.get_logger("breaker")


class State(IntEnum):
    """As the gauge has it."""

    CLOSED = 0  # all is well
    HALF_OPEN = 1  # one request may try whether it is
    OPEN = 2


class LeftAlone(NotSent):
    """It was not asked at all: too many requests of the kind have failed just before."""


@dataclass(slots=True)
class _State:
    """The state of one account and method; times in microseconds of the monotonic clock."""

    failures: int = 0  # in a row
    until: int = 0  # 0: closed
    probing: int = 0  # since when a probe is under way; 0: none is


class CircuitBreaker:
    """All of them.

    Args:
        database: keeps how long an account is left alone, over a restart.
        metrics: shows the states.
        providers: by the name of their account.
    """

    def __init__(
        self, database: Database, metrics: Metrics, providers: Mapping[str, Provider | type[Provider]]
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._providers = providers
        self._states: dict[tuple[str, Method], _State] = {}

    async def load(self) -> None:
        """Remembers what was open before this start."""
        now = self._database.clock()
        async with self._database.read() as reader:
            lasting = {pause.key: pause.until for pause in await pauses.lasting(reader, now)}
        for account in self._providers:
            for method in self._methods(account):
                state = self._state(account, method)
                if (until := lasting.get(pause_key(account, method), 0)) > 0:
                    state.failures, state.until = THRESHOLD, _now() + until - now
                self._show(account, method, state)

    def waits(self, account: str, method: Method = SEND) -> int | None:
        """Until when the account is not asked (microseconds UTC); None: it may be asked. Changes nothing."""
        state = self._states.get((account, method))
        if state is None or not (state.until or state.probing):
            return None
        now = _now()
        if now < state.until:
            return self._database.clock() + state.until - now
        is_probed = state.probing and now < state.probing + PATIENCE
        return self._database.clock() + PROBE if is_probed else None

    def begin(self, account: str, method: Method = SEND) -> None:
        """A request begins; where the breaker was open, it is the one probe."""
        state = self._states.get((account, method))
        if state is not None and state.until:
            state.probing = _now()
            self._show(account, method, state)

    async def ask(self, account: str, method: Method, question: Callable[[], Awaitable[Answer]]) -> Answer:
        """Asks an account something that can be asked again, unless it is left alone.

        Raises:
            LeftAlone: it was not asked.
            providers.errors.ProviderError: as the provider raises it.
        """
        if self.waits(account, method) is not None:
            raise LeftAlone("left_alone", "It cannot be asked just now.")
        self.begin(account, method)
        try:
            answer = await question()
        except (Throttled, Refused):
            await self.worked(account, method)
            raise
        except ProviderError:
            await self.failed(account, method)
            raise
        await self.worked(account, method)
        return answer

    async def worked(self, account: str, method: Method = SEND) -> None:
        """They answered, be it with a refusal."""
        state = self._state(account, method)
        was_open = bool(state.until)
        state.failures = state.until = state.probing = 0
        if was_open:
            log.info("an account answers again", account=account, method=method)
            await self._keep(account, method, state, 0)

    async def failed(self, account: str, method: Method = SEND) -> None:
        """They could not be reached, or did not answer."""
        state = self._state(account, method)
        state.failures += 1
        state.probing = 0
        if state.failures < THRESHOLD:
            return
        pause = min(FIRST << min(state.failures - THRESHOLD, 8), LONGEST)
        state.until = _now() + pause
        log.warning("an account is left alone for a while", account=account, method=method, seconds=pause / SECOND)
        await self._keep(account, method, state, pause)

    def _methods(self, account: str) -> Iterable[Method]:
        """What the account can be asked."""
        features = self._providers[account].features
        yield SEND
        for method in (FIND_SENT, LOOK_UP, LIST_INBOUND):
            if getattr(features, method):
                yield method

    def _state(self, account: str, method: Method) -> _State:
        return self._states.setdefault((account, method), _State())

    def _show(self, account: str, method: Method, state: _State) -> None:
        shown = State.CLOSED if not state.until else State.HALF_OPEN if state.probing else State.OPEN
        self._metrics.breakers.labels(account, method).set(shown)

    async def _keep(self, account: str, method: Method, state: _State, pause: int) -> None:
        """Shown, and written down for the next start and for `status`."""
        self._show(account, method, state)
        async with self._database.transaction() as tx:
            await pauses.set_length(tx, pause_key(account, method), pause)


def pause_key(account: str, method: Method) -> str:
    """By which storage knows the pause: the account alone is that of sending."""
    return account if method == SEND else f"{account} {method}"


def _now() -> int:
    return time.monotonic_ns() // 1_000
