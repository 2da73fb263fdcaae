"""The main job: a customer's text becomes a thread, the reply becomes a text, the receipt comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.team import CUSTOMER, UNLUCKY

if TYPE_CHECKING:
    from tests.e2e.team import Team


async def test_a_text_opens_a_thread_with_a_card(team: Team) -> None:
    """A first text makes one card and appears once below it, literally."""
    root = await team.conversation(CUSTOMER, "Hi <!channel> *bold* & https://example.com")
    assert team.shown(CUSTOMER) == "Hi <!channel> *bold* & https://example.com"
    assert len(team.below(root)) == 1
    assert not team.slack.pings(team.below(root)[0])


async def test_a_second_text_costs_one_call(team: Team) -> None:
    """A further text into a thread is one post and nothing else."""
    await team.conversation()
    before = len(team.slack.calls)
    await team.phones.send(CUSTOMER, team.sydney, "And another thing")
    await team.until(lambda: "And another thing" in team.shown(CUSTOMER))
    await team.quiet()
    assert team.methods(before) == ["chat.postMessage"]


async def test_replies_go_out_in_order_with_their_receipts(team: Team) -> None:
    """Two replies arrive on the phone in order; each has one line that says delivered."""
    root = await team.conversation()
    await team.reply(root, "One :wave: & two")
    await team.reply(root, "Three")
    assert await team.received(CUSTOMER, 2) == ["One 👋 & two", "Three"]
    await team.until(lambda: [line.count("✓✓") for line in team.lines(root)] == [1, 1])


async def test_an_answer_to_the_lease_lands_in_the_thread(team: Team) -> None:
    """A text to the number of a reply reaches the same thread."""
    root = await team.conversation()
    await team.reply(root, "Who is there?")
    await team.received(CUSTOMER, 1)
    leased = team.phones.received(CUSTOMER)[0].from_number
    assert leased != team.sydney
    await team.phones.send(CUSTOMER, leased, "It is me")
    await team.until(lambda: "It is me" in team.shown(CUSTOMER))
    assert team.roots(CUSTOMER) == [root]


async def test_a_failure_is_told_in_the_thread_and_in_the_alert_channel(team: Team) -> None:
    """If the network fails a text, both places show the reason."""
    root = await team.conversation(UNLUCKY)
    await team.reply(root, "Can you hear me?")
    await team.until(lambda: any("✗" in line for line in team.lines(root)))
    await team.until(lambda: len(team.alerted()) == 1)
