"""Each kind of request has a circuit breaker; its time is monotonic, and operators can see its state."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import providers
from bot.conversations import circuit_breaker
from bot.conversations.circuit_breaker import THRESHOLD, CircuitBreaker, CircuitOpen, Method, State, pause_key
from bot.telemetry.metrics import Metrics
from providers.errors import NotSent, ProviderError, Refused, Throttled, Unknown
from storage.engine.clock import HOUR, SECOND, system_clock
from storage.engine.database import open_database
from storage.tables import pauses

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from storage.engine.database import Database

ACCOUNT = "fone"
METHODS: tuple[Method, ...] = ("send", "find_sent", "look_up", "list_inbound")
ASKED = METHODS[1:]


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.wrong = 0  # microseconds

    def __call__(self) -> int:
        """Returns the time now."""
        return system_clock() + self.wrong


class Company:
    """A provider that answers as the test says, and counts the requests."""

    def __init__(self) -> None:
        self.asked = 0
        self.trouble: ProviderError | None = None

    async def answer(self) -> str:
        """Answers one request."""
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        return "here"


@pytest.fixture
def clock() -> Clock:
    """The clock of the database."""
    return Clock()


@pytest.fixture
async def database(tmp_path: Path, clock: Clock) -> AsyncIterator[Database]:
    """The database that keeps the pauses."""
    database = await open_database(tmp_path / "threadline.db", clock)
    yield database
    await database.close()


@pytest.fixture
def metrics() -> Metrics:
    """The metrics that an operator reads."""
    return Metrics()


@pytest.fixture
async def breakers(database: Database, metrics: Metrics) -> CircuitBreaker:
    """The breakers of one account that supports every request."""
    return await started(database, metrics)


async def started(database: Database, metrics: Metrics) -> CircuitBreaker:
    """Returns the breakers as a start builds them."""
    made = CircuitBreaker(database, metrics, {ACCOUNT: providers.load("fonedynamics")})
    await made.load()
    return made


async def fail(breakers: CircuitBreaker, method: Method, company: Company) -> None:
    """Fails as often in a row as it takes to open the breaker."""
    company.trouble = Unknown("timeout", "No answer came.")
    for _ in range(THRESHOLD):
        with pytest.raises(Unknown):
            await breakers.ask(ACCOUNT, method, company.answer)


def shown(metrics: Metrics, method: Method) -> float | None:
    """Returns the value of the gauge."""
    return metrics.registry.get_sample_value("threadline_breaker", {"account": ACCOUNT, "method": method})


async def kept(database: Database) -> set[str]:
    """Returns the accounts that `status` shows as paused."""
    async with database.read() as reader:
        return {pause.key for pause in await pauses.lasting(reader, database.clock())}


async def test_every_method_is_shown_from_the_start(breakers: CircuitBreaker, metrics: Metrics) -> None:
    """The gauges show closed while all is well."""
    assert breakers.waits(ACCOUNT) is None
    assert [shown(metrics, method) for method in METHODS] == [State.CLOSED] * len(METHODS)


@pytest.mark.parametrize("method", ASKED)
async def test_after_failures_in_a_row_nothing_is_asked(
    breakers: CircuitBreaker, database: Database, metrics: Metrics, method: Method
) -> None:
    """The bot stops requests of this method only; /metrics and `status` show it, also after a restart."""
    company = Company()
    await fail(breakers, method, company)
    for each in (breakers, await started(database, metrics)):
        with pytest.raises(CircuitOpen):
            await each.ask(ACCOUNT, method, company.answer)
        assert each.waits(ACCOUNT) is None
    assert company.asked == THRESHOLD
    assert shown(metrics, method) == State.OPEN
    assert await kept(database) == {pause_key(ACCOUNT, method)}


async def test_what_is_an_answer_opens_nothing(breakers: CircuitBreaker, metrics: Metrics) -> None:
    """A refusal and a throttle show that the provider is there."""
    company = Company()
    for trouble in (Refused("no", "No."), Throttled("429", "Later.")):
        company.trouble = trouble
        for _ in range(2 * THRESHOLD):
            with pytest.raises(type(trouble)):
                await breakers.ask(ACCOUNT, "look_up", company.answer)
    company.trouble = NotSent("down", "It is down.")
    for _ in range(THRESHOLD - 1):
        with pytest.raises(NotSent):
            await breakers.ask(ACCOUNT, "look_up", company.answer)
    company.trouble = None
    assert await breakers.ask(ACCOUNT, "look_up", company.answer) == "here"
    assert shown(metrics, "look_up") == State.CLOSED


async def test_one_probe_closes_it(
    breakers: CircuitBreaker, database: Database, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the pause one request probes, and the others wait for its result."""
    monkeypatch.setattr(circuit_breaker, "FIRST", SECOND // 20)
    company = Company()
    await fail(breakers, "find_sent", company)
    while breakers.waits(ACCOUNT, "find_sent") is not None:  # noqa: ASYNC110 - time is waited for
        await asyncio.sleep(0.01)
    hears = asyncio.Event()

    async def probe() -> None:
        await hears.wait()

    probing = asyncio.create_task(breakers.ask(ACCOUNT, "find_sent", probe))
    await asyncio.sleep(0)
    assert shown(metrics, "find_sent") == State.HALF_OPEN
    with pytest.raises(CircuitOpen):
        await breakers.ask(ACCOUNT, "find_sent", company.answer)
    hears.set()
    await probing
    assert shown(metrics, "find_sent") == State.CLOSED
    assert await kept(database) == set()


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
async def test_a_clock_that_is_set_changes_nothing(
    breakers: CircuitBreaker, database: Database, clock: Clock, metrics: Metrics, jump: int
) -> None:
    """The clock jumps by an hour: the pause keeps its length, and `waits` gives its end by the new clock."""
    company = Company()
    await fail(breakers, "look_up", company)
    clock.wrong = jump
    until = breakers.waits(ACCOUNT, "look_up")
    assert until is not None
    assert 0 < until - database.clock() <= circuit_breaker.FIRST
    restarted = await started(database, metrics)
    again = restarted.waits(ACCOUNT, "look_up")
    assert again is None or again - database.clock() <= circuit_breaker.FIRST


async def test_one_text_opens_no_breaker(breakers: CircuitBreaker) -> None:
    """However often the question about one text fails, others are asked; five texts that fail open it."""
    company = Company()
    company.trouble = Unknown("http_500", "An error.")
    for _ in range(3 * THRESHOLD):
        with pytest.raises(Unknown):
            await breakers.ask(ACCOUNT, "look_up", company.answer, about="M1")
    assert breakers.waits(ACCOUNT, "look_up") is None
    for name in "ABCD":
        with pytest.raises(Unknown):
            await breakers.ask(ACCOUNT, "look_up", company.answer, about=name)
    assert breakers.waits(ACCOUNT, "look_up") is not None


async def test_an_answer_that_cannot_be_read_is_an_answer(breakers: CircuitBreaker) -> None:
    """The provider works, so it is asked about other texts."""
    company = Company()
    company.trouble = Unknown("unreadable_answer", "It sent an unreadable answer.")
    for number in range(3 * THRESHOLD):
        with pytest.raises(Unknown):
            await breakers.ask(ACCOUNT, "look_up", company.answer, about=f"M{number}")
    assert breakers.waits(ACCOUNT, "look_up") is None
