"""A burst at Slack's real rate, in virtual time: how many posts it takes, and when the last text appears."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, cast

import pytest

from bot.settings.sections import SlackSettings
from bot.slack.client.rate_limit import GATHERED, MARGIN, RateLimits
from tests.bot.slack import virtual_time

if TYPE_CHECKING:
    from storage.engine.database import Database

POST = "chat.postMessage"
CHANNEL = "C0A"
CONTACTS = 300
MINUTE = 60.0
MOST_LATE = 1.1  # times the seconds that so many posts take at least


def real() -> RateLimits:
    """Returns rate limits as strict as Slack's: one post a second. Without pauses they need no database."""
    return RateLimits(cast("Database", None), SlackSettings(bot_token="xoxb-1", alert_channel="C0ALERTS"))


class Burst:
    """New contacts who text into one channel, each in its own lane: a card, then posts of the texts so far.

    Attributes:
        posts: when each post was made.
        seen: when each text was shown, by contact.
    """

    def __init__(self, rate_limits: RateLimits) -> None:
        self.posts: list[float] = []
        self.seen: dict[int, list[tuple[float, float]]] = {}  # contact: when each came, and when it was shown
        self._rate_limits = rate_limits

    async def contact(self, number: int, arrivals: list[float]) -> None:
        """Returns the texts of a contact at these seconds."""
        loop = asyncio.get_running_loop()
        shown = self.seen[number] = []
        await self._wait(arrivals[0])
        await self._post(opens=True)
        while len(shown) < len(arrivals):
            await self._wait(arrivals[len(shown)])
            async with self._rate_limits.turn(POST, CHANNEL):
                now = loop.time()
                self.posts.append(now)
                shown += [(came, now) for came in arrivals[len(shown) :] if came <= now]

    async def _post(self, *, opens: bool) -> None:
        async with self._rate_limits.turn(POST, CHANNEL, opens=opens):
            self.posts.append(asyncio.get_running_loop().time())

    async def _wait(self, until: float) -> None:
        await asyncio.sleep(max(0.0, until - asyncio.get_running_loop().time()))


def arrivals(how: str) -> list[list[float]]:
    """Returns when each contact texts: twice within the minute."""
    dice = random.Random(how)  # noqa: S311 - chance for a test
    if how == "at once":
        return [[0.0, 0.0]] * CONTACTS
    if how == "one after the other":
        return [[number * 0.1, 30 + number * 0.1] for number in range(CONTACTS)]
    return [sorted((dice.uniform(0, MINUTE), dice.uniform(0, MINUTE))) for _ in range(CONTACTS)]


@pytest.mark.parametrize("how", ["at once", "one after the other", "by chance"])
def test_600_texts_of_300_new_contacts_cost_600_posts(how: str) -> None:
    """Each contact gets a card and one merged text, all within as many seconds plus a tenth, never two in a second."""

    async def storm() -> None:
        burst = Burst(real())
        await asyncio.gather(*(burst.contact(number, times) for number, times in enumerate(arrivals(how))))
        assert len(burst.posts) <= 2 * CONTACTS
        assert max(burst.posts) <= 2 * CONTACTS * MOST_LATE
        gaps = [later - earlier for earlier, later in zip(burst.posts, burst.posts[1:], strict=False)]
        assert min(gaps) >= 1.0
        assert all(len(shown) == 2 and shown[0][1] <= shown[1][1] for shown in burst.seen.values())

    virtual_time.run(storm())


def test_no_text_waits_for_ever_behind_new_threads() -> None:
    """With an endless stream of new contacts, texts still get their turn after a minute's worth of posts."""

    async def storm() -> None:
        burst = Burst(real())
        tasks = [asyncio.create_task(burst.contact(number, [number * 0.5])) for number in range(4 * GATHERED)]
        await asyncio.sleep(2 * GATHERED * MARGIN + 1)
        waited = [shown - came for contact in burst.seen.values() for came, shown in contact]
        assert len(waited) >= GATHERED / 2
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    virtual_time.run(storm())


def test_those_who_give_up_in_the_line_hold_nobody_up() -> None:
    """Jobs that are cancelled before, at or during their turn hold nobody up: all others run in their order."""

    async def storm() -> None:
        rate_limits, order = real(), []

        async def post(number: int) -> None:
            async with rate_limits.turn(POST, CHANNEL, opens=number % 5 == 0):
                await asyncio.sleep(0.3)
                order.append(number)

        dice = random.Random(1)  # noqa: S311 - chance for a test
        tasks = [asyncio.create_task(post(number)) for number in range(100)]
        gone = dice.sample(range(100), 40)
        for number in gone:
            await asyncio.sleep(dice.uniform(0, 2))
            tasks[number].cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        came = [number for number, what in enumerate(done) if what is None]
        assert sorted(order) == came
        assert set(range(100)) - set(gone) <= set(came)
        texts = [number for number in order if number % 5]
        assert texts == sorted(texts)

    virtual_time.run(storm())


def test_a_change_that_is_only_cosmetic_sees_that_others_wait() -> None:
    """A cosmetic change waits while somebody posts into the channel or edits anything."""

    async def storm() -> None:
        rate_limits = real()
        assert not rate_limits.is_behind(CHANNEL)
        async with rate_limits.turn(POST, CHANNEL):
            assert rate_limits.is_behind(CHANNEL)
            assert not rate_limits.is_behind("C0B")
        async with rate_limits.turn("chat.update", CHANNEL):
            assert rate_limits.is_behind(CHANNEL)
            assert rate_limits.is_behind("C0B")
        assert not rate_limits.is_behind(CHANNEL)

    virtual_time.run(storm())
