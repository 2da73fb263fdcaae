"""A circuit breaker for each account and method: after several failures in a row it pauses requests, then lets one try.

Operators see its state as a gauge at /metrics and, through a pause in storage, on Home and in `threadline status`. It
uses the monotonic clock, so that setting the clock neither blocks a provider nor ends a pause too soon.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
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
FIRST = 15 * SECOND  # the first pause; each failed probe doubles it
LONGEST = 5 * MINUTE
PROBE_TIMEOUT = MINUTE  # a probe without a result by then does not count
PROBE = 2 * SECOND  # pause of the other requests while a probe is under way
SEND: Method = "send"
FIND_SENT: Method = "find_sent"
LOOK_UP: Method = "look_up"
LIST_INBOUND: Method = "list_inbound"
UNREADABLE = "unreadable_answer"  # the code of an answer that a provider's parser cannot read

log = structlog.get_logger("breaker")


class State(IntEnum):
    """The state of a breaker, with the gauge's values."""

    CLOSED = 0  # requests pass
    HALF_OPEN = 1  # one request tries
    OPEN = 2  # no request passes


class CircuitOpen(NotSent):
    """The breaker is open, so we made no request."""


@dataclass(slots=True)
class _State:
    """The state of one account and method; times in microseconds of the monotonic clock."""

    failures: int = 0  # in a row
    about: set[str] = field(default_factory=set)  # the texts that they were about: one bad text is one failure
    until: int = 0  # end of the pause; 0: closed
    probing: int = 0  # start of the probe under way; 0: none


class CircuitBreaker:
    """Circuit breakers by account and method.

    Args:
        database: stores the pauses, so they survive a restart.
        metrics: shows the states.
        providers: by account name.
    """

    def __init__(
        self, database: Database, metrics: Metrics, providers: Mapping[str, Provider | type[Provider]]
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._providers = providers
        self._states: dict[tuple[str, Method], _State] = {}

    async def load(self) -> None:
        """Loads the pauses that have not ended since the last run."""
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
        """Returns the end of the account's pause (microseconds UTC), or None if it has none. Changes nothing."""
        state = self._states.get((account, method))
        if state is None or not (state.until or state.probing):
            return None
        now = _now()
        if now < state.until:
            return self._database.clock() + state.until - now
        is_probed = state.probing and now < state.probing + PROBE_TIMEOUT
        return self._database.clock() + PROBE if is_probed else None

    def begin(self, account: str, method: Method = SEND) -> None:
        """Notes that a request begins. After a pause it is the one probe."""
        state = self._states.get((account, method))
        if state is not None and state.until:
            state.probing = _now()
            self._show(account, method, state)

    async def ask(
        self, account: str, method: Method, question: Callable[[], Awaitable[Answer]], about: str | None = None
    ) -> Answer:
        """Makes a request that is safe to repeat, unless the account has a pause.

        Args:
            account: by name.
            method: of the provider.
            question: makes the request.
            about: the one text that it is about; None if it is about many. However often the question about one text
                fails, that is one failure: the provider may have trouble with this text only.

        Raises:
            CircuitOpen: the account has a pause.
            providers.errors.ProviderError: from the provider.
        """
        if self.waits(account, method) is not None:
            raise CircuitOpen("circuit_open", "The bot makes no requests to the provider just now.")
        self.begin(account, method)
        try:
            answer = await question()
        except (Throttled, Refused):
            await self.worked(account, method)
            raise
        except ProviderError as error:
            if error.code == UNREADABLE:  # the provider answered, so others can be asked
                await self.worked(account, method)
            else:
                await self.failed(account, method, about)
            raise
        await self.worked(account, method)
        return answer

    async def worked(self, account: str, method: Method = SEND) -> None:
        """Notes that the provider answered, even if it refused."""
        state = self._state(account, method)
        was_open = bool(state.until)
        state.failures = state.until = state.probing = 0
        state.about.clear()
        if was_open:
            log.info("the circuit breaker closed", account=account, method=method)
            await self._keep(account, method, state, 0)

    async def failed(self, account: str, method: Method = SEND, about: str | None = None) -> None:
        """Notes that the provider could not be reached, or did not answer, perhaps about one text."""
        state = self._state(account, method)
        is_repeat = about is not None and about in state.about and not state.probing
        state.failures += not is_repeat
        state.probing = 0
        if about is not None:
            state.about.add(about)
        if state.failures < THRESHOLD:
            return
        pause = min(FIRST << min(state.failures - THRESHOLD, 8), LONGEST)
        state.until = _now() + pause
        log.warning("the circuit breaker opened", account=account, method=method, seconds=pause / SECOND)
        await self._keep(account, method, state, pause)

    def _methods(self, account: str) -> Iterable[Method]:
        """Yields the methods of the account's provider."""
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
        """Shows the state, and stores the pause for the next start and for `status`."""
        self._show(account, method, state)
        async with self._database.transaction() as tx:
            await pauses.set_length(tx, pause_key(account, method), pause)


def pause_key(account: str, method: Method) -> str:
    """Returns the storage key of the pause: for sending the account alone."""
    return account if method == SEND else f"{account} {method}"


def _now() -> int:
    return time.monotonic_ns() // 1_000
