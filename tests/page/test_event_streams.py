"""The page's event stream and its recipients."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from sandbox.timeouts import PATIENCE
from tests.page.company import PHONE

if TYPE_CHECKING:
    from sandbox.page.server import Server
    from tests.page.company import Company
    from tests.page.conftest import Reader, Visitor


def says_loud(page: Reader) -> bool:
    """Returns True if the loud message is shown."""
    return any(one["text"] == "loud" for one in page.like("message:"))


async def test_a_page_first_gets_everything(visitor: Visitor, company: Company) -> None:
    """A new page gets the current workspace and phones."""
    ts = await company.slack.say(company.ben, company.support, "hello")
    async with visitor.watching() as page:
        assert page.pieces["me"] == company.anna
        assert [one["name"] for one in page.pieces["people"]] == ["anna", "ben"]
        assert [one["name"] for one in page.pieces["channels"]] == ["support", "sms-alerts"]
        assert page.pieces[f"message:{company.support}:{ts}"]["text"] == "hello"
        assert {"number": PHONE, "fate": "", "company": "Fone Dynamics"} in page.pieces["phones"]
        assert {
            "number": "+61488020001",
            "fate": "Texts to this phone fail",
            "company": "Fone Dynamics",
        } in page.pieces["phones"]
        assert {"company": "IO Phone", "pictures": True, "number": "+15551112222", "phone": None} in page.pieces[
            "lines"
        ]
        assert page.pieces["bot"] == {"running": False, "connections": 0}


async def test_then_only_what_changes(visitor: Visitor, company: Company) -> None:
    """A new message and an edit are one piece each; nothing is sent without a change, and removals are named."""
    first = await company.slack.say(company.ben, company.support, "one")
    async with visitor.watching() as page:
        ts = await company.slack.say(company.ben, company.support, "two")
        name = f"message:{company.support}:{ts}"
        await page.until(lambda: name in page.pieces)
        assert page.last == ({name}, set())
        await company.slack.edit(company.ben, company.support, ts, "three")
        await page.until(lambda: page.pieces[name]["text"] == "three")
        assert page.last == ({name}, set())
        events = page.events
        await asyncio.sleep(0.1)
        assert page.events == events
        await company.slack.delete(company.ben, company.support, first)
        await page.until(lambda: len(page.like(f"message:{company.support}")) == 1)
        assert page.last == (set(), {f"message:{company.support}:{first}"})


async def test_texts_wake_the_page_too(visitor: Visitor, company: Company) -> None:
    """A text on a phone, and its lease, are sent at once."""
    async with visitor.watching() as page:
        assert await company.send("Your parcel is here") == 200
        text = (await page.until(lambda: page.like(f"text:{PHONE}")))[0]
        assert (text["direction"], text["text"], text["company"]) == ("in", "Your parcel is here", "Fone Dynamics")
        leased = [one for one in page.pieces["lines"] if one["phone"] == PHONE]
        assert [one["number"] for one in leased] == [text["line"]]


async def test_what_is_private_is_told_its_reader_only(visitor: Visitor, company: Company) -> None:
    """Ephemeral messages and Home tabs are sent only to their user."""
    async with visitor.watching("anna") as annas, visitor.watching("ben") as bens:
        await company.bot.web.chat_postEphemeral(channel=company.support, user=company.anna, text="psst")
        home = {"type": "home", "blocks": [{"type": "divider"}]}
        await company.bot.web.views_publish(user_id=company.anna, view=home)
        await company.slack.say(company.ben, company.support, "loud")
        for page in (annas, bens):
            await page.until(partial(says_loud, page))
        assert [one["text"] for one in annas.like("message:")] == ["psst", "loud"]
        assert [one["text"] for one in bens.like("message:")] == ["loud"]
        assert annas.pieces["home"]["blocks"][0]["type"] == "divider"
        assert bens.pieces["home"] is None


async def test_who_is_not_of_the_team_looks_as_its_first_member(visitor: Visitor, company: Company) -> None:
    """An unknown name gets Anna's page."""
    async with visitor.watching("mallory") as page:
        assert page.pieces["me"] == company.anna


async def test_strangers_and_bots_are_nobody_to_be(visitor: Visitor, company: Company) -> None:
    """The person at the page can be a member of the team, but not a stranger or a bot."""
    company.slack.add_user("stranger", stranger=True)
    company.slack.add_user("robot", bot=True)
    async with visitor.watching() as page:
        assert [one["name"] for one in page.pieces["people"]] == ["anna", "ben"]


async def test_a_page_that_goes_is_forgotten(visitor: Visitor, company: Company, server: Server) -> None:
    """Closing the page ends its stream."""
    async with visitor.watching():
        assert server.live.open == 1
    await company.slack.say(company.ben, company.support, "anybody there?")
    async with asyncio.timeout(PATIENCE):
        while server.live.open:
            await company.slack.say(company.ben, company.support, "still?")
            await asyncio.sleep(0.02)
