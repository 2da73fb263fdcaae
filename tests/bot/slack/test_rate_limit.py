"""We never call Slack faster than it allows, or earlier than it asked for, also after a restart."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from bot.settings.sections import SlackSettings
from bot.slack.client.rate_limit import MARGIN, RateLimits
from sandbox.timeouts import PATIENCE
from storage.engine.clock import HOUR, system_clock
from storage.engine.database import open_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from storage.engine.database import Database

POST = "chat.postMessage"
PAUSE = 1.0  # seconds; much longer than a commit on a busy machine
GAP = 0.02  # seconds between two posts in a channel here


def settings(**changes: Any) -> SlackSettings:
    """Returns Slack's limits, fifty times as fast."""
    written = {"bot_token": "xoxb-1", "alert_channel": "C0ALERTS", "posts_per_second": 1 / GAP} | changes
    return SlackSettings(**{"posts_per_minute": 60_000.0} | written)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Yields the database that keeps pauses."""
    database = await open_database(tmp_path / "threadline.db")
    yield database
    await database.close()


@pytest.fixture
def rate_limits(database: Database) -> RateLimits:
    """Returns the rate limits."""
    return RateLimits(database, settings())


async def ask(rate_limits: RateLimits, times: list[float], method: str = POST, channel: str | None = "C0A") -> None:
    """Makes a call in its turn and records when."""
    async with rate_limits.turn(method, channel):
        times.append(time.monotonic())


async def many(rate_limits: RateLimits, count: int, method: str = POST, channel: str | None = "C0A") -> list[float]:
    """Returns when many calls that start at once are made (monotonic seconds)."""
    times: list[float] = []
    await asyncio.gather(*(ask(rate_limits, times, method, channel) for _ in range(count)))
    return times


async def test_posts_in_a_channel_are_a_second_apart(rate_limits: RateLimits) -> None:
    """Posts are slightly more than a second apart, because two clocks never agree."""
    assert MARGIN > 1
    times = await many(rate_limits, 6)
    assert times[-1] - times[0] >= 5 * GAP * 0.9


async def test_what_is_done_in_a_turn_brings_no_two_requests_closer(rate_limits: RateLimits) -> None:
    """A slow commit before one request and a quick one before the next bring them no closer together."""
    left: list[float] = []

    async def post(seconds: float) -> None:
        async with rate_limits.turn(POST, "C0A") as leaves:
            await asyncio.sleep(seconds)
            leaves()
            left.append(time.monotonic())

    await asyncio.gather(*(post(seconds) for seconds in (GAP, 0, GAP, 0)))
    assert min(later - earlier for earlier, later in pairwise(left)) >= GAP


async def test_channels_do_not_wait_for_each_other(database: Database) -> None:
    """Each channel has its own second."""
    rate_limits = RateLimits(database, settings(posts_per_second=1.0))
    times: list[float] = []
    began = time.monotonic()
    await asyncio.gather(*(ask(rate_limits, times, channel=f"C{number}") for number in range(20)))
    assert max(times) - began < 19


async def test_in_a_channel_the_first_to_ask_is_the_first_to_post(rate_limits: RateLimits) -> None:
    """The order stays, however long each post takes."""
    order: list[int] = []

    async def post(number: int) -> None:
        async with rate_limits.turn(POST, "C0A"):
            order.append(number)
            await asyncio.sleep(0.005 * (number % 3))
            assert order[-1] == number

    await asyncio.gather(*(post(number) for number in range(10)))
    assert order == list(range(10))


async def test_one_who_gives_up_does_not_hold_the_channel_up(rate_limits: RateLimits) -> None:
    """A job that is cancelled in the queue, before its turn or during it, holds nobody up."""
    async with rate_limits.turn(POST, "C0A"):
        waiting = [asyncio.create_task(ask(rate_limits, [])) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
    await asyncio.sleep(0)
    waiting[1].cancel()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*waiting, return_exceptions=True)
        await ask(rate_limits, [])


async def test_the_workspace_has_a_limit_of_its_own(database: Database) -> None:
    """A tenth of a minute's posts may go at once over all channels, then one by one."""
    rate_limits = RateLimits(database, settings(posts_per_minute=3_000.0))  # 300 at once, then 50 in a second
    times: list[float] = []
    began = time.monotonic()
    await asyncio.gather(*(ask(rate_limits, times, channel=f"C{number}") for number in range(310)))
    assert sorted(times)[299] - began < 300 / 50
    assert sorted(times)[309] - began >= 10 / 50 * 0.9


async def test_a_method_has_the_limit_of_its_tier(rate_limits: RateLimits) -> None:
    """Calls of usergroups.list wait for seconds after hardly more than one."""
    times: list[float] = []
    asking = [asyncio.create_task(ask(rate_limits, times, "usergroups.list", None)) for _ in range(3)]
    while not times:  # noqa: ASYNC110 - what has had its turn tells nobody
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert len(times) == 1
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


async def test_what_is_in_no_tier_goes_at_once(rate_limits: RateLimits) -> None:
    """A method without a tier, like auth.test, goes at once, because we call it only once."""
    began = time.monotonic()
    assert max(await many(rate_limits, 50, "auth.test", None)) - began < 10  # with a tier: a minute


# --- pauses -----------------------------------------------------------------------------------------------------------


async def test_a_pause_holds_the_method_back_and_no_other(rate_limits: RateLimits) -> None:
    """The pause holds for every channel, for as long as Slack said."""
    began = time.monotonic()
    await rate_limits.pause(POST, PAUSE)
    (update,) = await many(rate_limits, 1, "chat.update")
    (one,), (other,) = await asyncio.gather(many(rate_limits, 1), many(rate_limits, 1, channel="C0B"))
    assert update - began < PAUSE
    assert PAUSE <= one - began < PAUSE * 10
    assert PAUSE <= other - began < PAUSE * 10


async def test_after_a_pause_nothing_goes_out_in_a_burst(rate_limits: RateLimits) -> None:
    """After a pause, posts in a channel are as far apart as before."""
    began = time.monotonic()
    await rate_limits.pause(POST, PAUSE)
    times = await many(rate_limits, 4)
    assert times[0] - began >= PAUSE
    assert times[-1] - times[0] >= 3 * GAP * 0.9


async def test_a_pause_that_comes_while_one_waits_is_heeded(rate_limits: RateLimits) -> None:
    """The second call in the queue respects the pause that the first one got."""
    async with rate_limits.turn(POST, "C0A"):
        second = asyncio.create_task(many(rate_limits, 1))
        await asyncio.sleep(GAP / 4)
        began = time.monotonic()
        await rate_limits.pause(POST, PAUSE)
    assert (await second)[0] - began >= PAUSE


async def test_a_pause_is_never_shortened(rate_limits: RateLimits) -> None:
    """The longest pause that Slack asked for counts."""
    began = time.monotonic()
    await rate_limits.pause("chat.update", PAUSE)
    await rate_limits.pause("chat.update", PAUSE / 10)
    assert (await many(rate_limits, 1, "chat.update"))[0] - began >= PAUSE


async def test_a_pause_outlives_a_restart(database: Database, rate_limits: RateLimits) -> None:
    """The next process reads the pause before it calls anything; a pause that is over holds nothing back."""
    began = time.monotonic()
    await rate_limits.pause(POST, PAUSE * 2)
    await rate_limits.pause("users.info", 0.0)
    restarted = RateLimits(database, settings())
    await restarted.load()
    (post,), (user,) = await asyncio.gather(many(restarted, 1), many(restarted, 1, "users.info"))
    assert post - began >= PAUSE * 2
    assert user - began < PAUSE * 2


async def test_a_clock_that_was_set_back_makes_no_pause_longer(tmp_path: Path) -> None:
    """Nobody waits longer than Slack asked for, in this process or after a restart."""
    wrong = 0
    database = await open_database(tmp_path / "clock.db", lambda: system_clock() + wrong)
    rate_limits = RateLimits(database, settings())
    began = time.monotonic()
    await rate_limits.pause(POST, PAUSE)
    wrong = -HOUR
    restarted = RateLimits(database, settings())
    await restarted.load()
    async with asyncio.timeout(60):
        (post,), (again,) = await asyncio.gather(many(rate_limits, 1), many(restarted, 1))
    assert post - began >= PAUSE
    assert again - began >= PAUSE
    await database.close()
