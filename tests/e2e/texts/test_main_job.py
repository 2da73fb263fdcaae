"""The main job: a customer's text becomes a thread, the reply becomes a text, the receipt comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.team import CUSTOMER

if TYPE_CHECKING:
    from tests.e2e.team import Team


async def test_a_text_its_replies_and_the_answer(team: Team) -> None:
    """A first text makes one card and is once below it; two replies arrive in order; each line says delivered."""
    root = await team.conversation(CUSTOMER, "Hi <!channel> *bold* & https://example.com")
    assert team.shown(CUSTOMER) == "Hi <!channel> *bold* & https://example.com"
    assert len(team.below(root)) == 1
    await team.reply(root, "One :wave: & two")
    await team.reply(root, "Three")
    assert await team.received(CUSTOMER, 2) == ["One 👋 & two", "Three"]
    await team.until(lambda: [line.count("✓✓") for line in team.lines(root)] == [1, 1])
    await team.phones.send(CUSTOMER, team.phones.received(CUSTOMER)[0].from_number, "It is me")
    await team.until(lambda: "It is me" in team.shown(CUSTOMER))
    assert team.roots(CUSTOMER) == [root]
