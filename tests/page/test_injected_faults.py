"""Faults injected from the page, and detection of their recovery."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from slack_sdk.errors import SlackApiError

from sandbox.carriers.faults import Trouble
from sandbox.page.injected_faults import CARRIER_FAULTS, SLACK_FAULTS

if TYPE_CHECKING:
    from tests.page.company import Company
    from tests.page.conftest import Reader, Visitor


def states(page: Reader) -> list[str]:
    """Returns the states of the faults, newest first."""
    return [one["state"] for one in page.pieces["mishaps"]]


async def test_everything_that_can_go_wrong_is_offered(visitor: Visitor) -> None:
    """The panel offers Slack's and each provider's faults as sentences."""
    async with visitor.watching() as page:
        offered = {(one["where"], one["name"]): one["what"] for one in page.pieces["possible"]}
    assert len(offered) == len(SLACK_FAULTS) + 2 * len(CARRIER_FAULTS)
    assert offered["slack", "ratelimit"] == "Slack answers the next post with 429"
    assert offered["iophone", "REFUSE"] == "IO Phone refuses the next text"


async def test_a_429_waits_happens_and_heals(visitor: Visitor, company: Company) -> None:
    """A 429 waits for the bot's next post, then happens, and is healed once a post succeeds."""
    async with visitor.watching() as page:
        await visitor.do("mishap", where="slack", name="ratelimit")
        await page.until(lambda: states(page) == ["waiting"])
        with pytest.raises(SlackApiError) as refused:
            await company.post("one")
        assert refused.value.response.status_code == 429
        await page.until(lambda: states(page) == ["happened"])
        company.slack.faults.clear()
        await company.bot.web.conversations_history(channel=company.support)
        await page.until(lambda: states(page) == ["healed"])
        assert page.pieces["mishaps"][0]["at"] > 0


async def test_a_post_that_was_answered_500_stands(visitor: Visitor, company: Company) -> None:
    """A post that was answered with 500 is in the channel."""
    async with visitor.watching() as page:
        await visitor.do("mishap", where="slack", name="fail")
        with pytest.raises(SlackApiError):
            await company.post("one")
        await page.until(lambda: states(page) == ["happened"] and page.like(f"message:{company.support}"))


@pytest.mark.parametrize("trouble", [Trouble.THROTTLE, Trouble.REFUSE, Trouble.HANG_AFTER, Trouble.HANG_BEFORE])
async def test_a_company_that_does_not_take_a_text(visitor: Visitor, company: Company, trouble: Trouble) -> None:
    """A fault hits the next text, and is healed once another text is accepted."""
    async with visitor.watching() as page:
        await visitor.do("mishap", where="fonedynamics", name=trouble.name)
        company.fone.faults.hang_seconds = 0.05
        assert await company.send("one") != 200
        await page.until(lambda: states(page) == ["happened"])
        assert await company.send("two") == 200
        await page.until(lambda: states(page) == ["healed"])


async def test_a_socket_that_drops_heals_when_the_bot_is_back(visitor: Visitor, company: Company) -> None:
    """The bot's own client reconnects after a dropped socket."""
    await company.bot.start()
    async with visitor.watching() as page:
        await visitor.do("mishap", where="slack", name="sockets")
        await page.until(lambda: states(page) == ["healed"])
        assert page.pieces["bot"]["connections"] == 1


async def test_the_bot_is_killed_and_started(visitor: Visitor, company: Company) -> None:
    """Killing and starting the bot are shown, and neither happens twice."""
    await company.bot.start()
    async with visitor.watching() as page:
        for _ in range(2):
            await visitor.do("power", where="bot", on=False)
        await page.until(lambda: states(page) == ["happened"] and not page.pieces["bot"]["running"])
        for _ in range(2):
            await visitor.do("power", where="bot", on=True)
        await page.until(lambda: states(page) == ["healed"] and page.pieces["bot"]["connections"] == 1)
    assert company.bot.starts == 2


async def test_everything_is_put_right(visitor: Visitor, company: Company) -> None:
    """Clearing removes waiting faults and brings everything back up."""
    await company.bot.start()
    async with visitor.watching() as page:
        await visitor.do("mishap", where="slack", name="redeliver")
        await visitor.do("mishap", where="iophone", name="REFUSE")
        await visitor.do("power", where="iophone", on=False)
        await visitor.do("power", where="slack", on=False)
        await page.until(lambda: not page.pieces["slack"]["up"] and page.pieces["companies"][1]["down"])
        await visitor.do("takeback")
        await page.until(lambda: page.pieces["slack"]["up"] and not page.pieces["companies"][1]["down"])
        await page.until(lambda: states(page)[-2:] == ["taken back", "taken back"])
        await page.until(lambda: states(page)[0] == "healed")


async def test_only_the_newest_are_shown(visitor: Visitor) -> None:
    """The list has a limit, newest first."""
    async with visitor.watching() as page:
        for _ in range(10):
            await visitor.do("mishap", where="iophone", name="THROTTLE")
        numbers = await page.until(
            lambda: (found := [one["number"] for one in page.pieces["mishaps"]])[:1] == [10] and found
        )
        assert numbers == [10, 9, 8, 7, 6, 5, 4, 3]
