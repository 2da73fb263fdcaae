"""The Home tab shows unanswered conversations, failures and counts to members, and changes only on request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.e2e.team import CUSTOMER, UNLUCKY

if TYPE_CHECKING:
    from tests.e2e.team import Team


async def opened(team: Team, user: str) -> str:
    """Opens the tab; returns the words that the user reads."""
    before = len(team.slack.calls.of("views.publish"))
    await team.slack.open_home(user)
    await team.until(lambda: len(team.slack.calls.of("views.publish")) > before and team.slack.home(user))
    return words(team, user)


def words(team: Team, user: str) -> str:
    """Returns the words in a user's tab."""
    shown = team.slack.home(user)
    assert shown is not None
    return team.slack.words(shown)


def blocks(team: Team, user: str) -> list[dict[str, Any]]:
    """Returns the blocks of a user's tab."""
    shown = team.slack.home(user)
    assert shown is not None
    return list(shown["blocks"])


async def test_it_shows_who_waits_what_failed_and_the_numbers(team: Team) -> None:
    """The tab shows the thread's link, the failed text with its reason, the counts of the day, the accounts."""
    root = await team.conversation(CUSTOMER)
    unlucky = await team.conversation(UNLUCKY)
    await team.reply(unlucky, "Can you hear me?")
    await team.until(lambda: any("✗" in line for line in team.lines(unlucky)))
    await team.quiet()
    shown = await opened(team, team.anna)
    assert f"p{root.replace('.', '')}" in json.dumps(blocks(team, team.anna))
    assert "Waiting" in shown
    assert "Failed" in shown
    assert "2 in, 1 out, 0 delivered, 1 failed" in shown
    assert "Fone Dynamics" in shown


async def test_refresh_brings_it_up_to_date_and_nothing_else_does(team: Team) -> None:
    """A text that comes while it is open appears after *Refresh*, and costs no call before."""
    assert "Nobody is waiting" in await opened(team, team.anna)
    await team.conversation(CUSTOMER)
    await team.quiet()
    assert len(team.slack.calls.of("views.publish")) == 1
    assert not (await team.slack.press(team.anna, "home:refresh", home=True)).error
    await team.until(lambda: "Waiting" in words(team, team.anna))


async def test_new_sms_opens_the_modal(team: Team) -> None:
    """The button of the tab opens the compose modal."""
    await opened(team, team.anna)
    assert not (await team.slack.press(team.anna, "home:new", home=True)).error
    await team.until(lambda: team.slack.modal(team.anna))


async def test_a_guest_sees_no_data(team: Team) -> None:
    """A user who is not a full member reads the reason, and nothing about any customer."""
    guest = team.slack.add_user("gil", guest=True)
    await team.conversation(CUSTOMER)
    shown = await opened(team, guest)
    assert "only full members" in shown.lower()
    assert "Waiting" not in shown
    assert len(blocks(team, guest)) == 1
