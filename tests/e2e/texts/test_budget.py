"""The number of Slack calls per text: these calls are the scarce resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.team import CUSTOMER

if TYPE_CHECKING:
    from tests.e2e.team import Team

CARD = "chat.update"  # the edit of the card when the state of the conversation changed


async def test_a_first_text_costs_two_posts(team: Team) -> None:
    """The card and the text."""
    since = len(team.slack.calls)
    await team.conversation()
    await team.quiet()
    assert team.methods(since) == ["chat.postMessage", "chat.postMessage"]


async def test_a_text_into_a_thread_costs_one_post(team: Team) -> None:
    """It needs only the post of the text."""
    await team.conversation()
    await team.quiet()
    since = len(team.slack.calls)
    await team.phones.send(CUSTOMER, team.sydney, "Still here")
    await team.until(lambda: "Still here" in team.shown(CUSTOMER))
    await team.quiet()
    assert team.methods(since) == ["chat.postMessage"]


async def test_a_delivered_reply_costs_one_post(team: Team) -> None:
    """The reply needs its status line, once the result is known, and at most one edit of the card.

    If the reply comes from a new number, a notice costs a second post.
    """
    team.fone.settings.new_lease_for = "recipient"
    root = await team.conversation()
    await team.reply(root, "The first, after which Anna is known")
    await team.until(lambda: len(team.lines(root)) == 1)
    await team.quiet()
    since = len(team.slack.calls)
    await team.reply(root, "The second")
    await team.until(lambda: len(team.lines(root)) == 2)
    await team.quiet()
    assert [method for method in team.methods(since) if method != CARD] == ["chat.postMessage"]
    assert team.methods(since).count(CARD) <= 1
