"""What a text costs in Slack calls, the scarce resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.team import CUSTOMER

if TYPE_CHECKING:
    from tests.e2e.team import Team

CARD = "chat.update"  # of the card, when the state of the conversation changed


async def test_a_first_text_costs_two_posts(team: Team) -> None:
    """The card and the text."""
    since = len(team.slack.calls)
    await team.conversation()
    await team.quiet()
    assert team.methods(since) == ["chat.postMessage", "chat.postMessage"]


async def test_a_text_into_a_thread_costs_one_post(team: Team) -> None:
    """Nothing but the text itself."""
    await team.conversation()
    await team.quiet()
    since = len(team.slack.calls)
    await team.phones.send(CUSTOMER, team.sydney, "Still here")
    await team.until(lambda: "Still here" in team.shown(CUSTOMER))
    await team.quiet()
    assert team.methods(since) == ["chat.postMessage"]


async def test_a_delivered_reply_costs_one_post(team: Team) -> None:
    """Its receipt line, which is posted when the outcome is known; and the card, as it is our turn no more.

    A reply that comes from another number than the one before costs a second post, which says so.
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
