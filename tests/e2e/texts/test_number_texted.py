"""A customer is answered from the number that they texted; a number that the settings do not name is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.carriers.outcomes import Fate
from tests.e2e.team import CUSTOMER, Team

if TYPE_CHECKING:
    from pathlib import Path

PERTH = "+61499009991"
STRAY = "+61499009992"


def two_numbers(settings: dict[str, Any]) -> None:
    """Gives the inbox a second number after the leases and the first."""
    settings["senders"]["perth"] = {"account": "fone", "address": PERTH}
    settings["inboxes"]["support"]["senders"] = ["leased", "sydney", "perth"]


async def froms(team: Team, count: int) -> list[str]:
    """Returns the numbers of the first texts on the phone, once so many have arrived."""
    await team.received(CUSTOMER, count)
    return [text.from_number for text in team.phones.received(CUSTOMER)]


def stage(folder: Path) -> Team:
    """Returns a team whose account has three numbers, of which the settings name two."""
    team = Team(folder, two_numbers)
    team.fone.settings.numbers = (team.sydney, PERTH, STRAY)
    return team


async def test_a_customer_is_answered_from_the_number_that_they_texted(tmp_path: Path) -> None:
    """Not from the inbox's first sender; a text to another number changes it, which the card and the thread show."""
    async with stage(tmp_path) as team:
        root = await team.conversation(CUSTOMER, "Hello")
        await team.until(lambda: "Texts come from +61 499 009 990" in team.card(root))
        await team.reply(root, "One")
        assert await froms(team, 1) == [team.sydney]
        await team.phones.send(CUSTOMER, PERTH, "To the other")
        await team.until(lambda: "Texts come from +61 499 009 991" in team.card(root))
        assert any("to +61 499 009 991" in str(post) for post in team.below(root))
        await team.reply(root, "Two")
        assert (await froms(team, 2))[1:] == [PERTH]
        await team.until(lambda: any("Texts now come from +61 499 009 991" in said for said in team.notices(root)))


async def test_via_and_another_sender_hold_for_one_text(tmp_path: Path) -> None:
    """The text below `!via` leaves from that sender, as does one that failed; the next ones do not."""
    async with stage(tmp_path) as team:
        root = await team.conversation(CUSTOMER, "Hello")
        await team.reply(root, "!via perth\nFrom Perth")
        await team.received(CUSTOMER, 1)
        await team.reply(root, "From the number that you texted")
        assert await froms(team, 2) == [PERTH, team.sydney]
        await team.quiet()
        team.fone.outcome(CUSTOMER, Fate.FAILED, times=1)
        await team.reply(root, "This fails first")
        await team.until(lambda: any("✗" in line for line in team.lines(root)))
        line = next(post for post in team.below(root) if "✗" in post["text"])
        await team.slack.click(team.anna, team.support, line["ts"], "do:other")
        other = (await froms(team, 3))[2]
        assert other != team.sydney
        await team.reply(root, "And on")
        assert (await froms(team, 4))[3] == team.sydney


async def test_via_without_a_text_changes_nothing_and_says_so(tmp_path: Path) -> None:
    """The person learns privately where to pin a sender; an unknown sender is named with those that there are."""
    async with stage(tmp_path) as team:
        root = await team.conversation(CUSTOMER, "Hello")
        await team.reply(root, "!via perth")
        await team.until(lambda: any("Change sender" in said for said in team.told()))
        await team.reply(root, "!via nobody\nHello")
        await team.until(lambda: any("leased, sydney, perth" in said for said in team.told()))
        await team.quiet()
        assert not team.requests()


async def test_a_text_to_a_number_that_the_settings_do_not_name(tmp_path: Path) -> None:
    """It is shown with its number, answered as before, and one alert says how to add the number."""
    async with stage(tmp_path) as team:
        root = await team.conversation(CUSTOMER, "Hello")
        for text in ("Anybody there?", "Hello?"):
            await team.phones.send(CUSTOMER, STRAY, text)
        await team.until(lambda: "Hello?" in team.shown(CUSTOMER))
        assert any("to +61 499 009 992 (not in the settings)" in str(post) for post in team.below(root))
        await team.until(lambda: any("don't name" in said for said in team.alerted()))
        await team.reply(root, "Here we are")
        assert await froms(team, 1) == [team.sydney]
        await team.quiet()
        assert len(team.alerted()) == 1
        assert STRAY not in str(team.rows("SELECT cause, sentence FROM alerts"))
