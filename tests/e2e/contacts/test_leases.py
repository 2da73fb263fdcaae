"""Numbers that a provider leases for one contact: recorded, shown, at most five, and never forgotten."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.carriers.faults import Trouble
from storage.engine.clock import DAY
from tests.e2e.team import ANOTHER, CUSTOMER, Team, ask_each_time, by_order

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Team]:
    """A team whose texts come from leases first."""
    async with Team(tmp_path, by_order) as team:
        yield team


async def reply_times(team: Team, root: str, count: int) -> list[str]:
    """Sends so many replies one after the other; returns the numbers that they came from."""
    for number in range(count):
        await team.reply(root, f"Reply {number}")
        await team.received(CUSTOMER, number + 1)
    await team.quiet()
    return [text.from_number for text in team.phones.received(CUSTOMER)]


async def test_the_number_of_each_send_is_written_down(team: Team) -> None:
    """The provider's answer names the attempt's address: a lease of 30 days, which the status line shows."""
    root = await team.conversation()
    used = await reply_times(team, root, 2)
    assert [request["From"] for request in team.requests()] == ["", ""]
    assert [attempt["from_address"] for attempt in team.attempts()] == used
    leases = team.rows("SELECT number, expires_at - leased_at AS lifetime FROM leases ORDER BY id")
    assert [(lease["number"], lease["lifetime"]) for lease in leases] == [(number, 30 * DAY) for number in used]
    await team.until(lambda: len(team.lines(root)) == 2)
    shown = ["".join(filter(str.isdigit, line)) for line in team.lines(root)]
    assert [number.removeprefix("+") in line for number, line in zip(used, shown, strict=True)] == [True, True]


async def test_replies_to_a_lease_are_sent_to_their_conversation(team: Team) -> None:
    """Each send that requests a lease gives the URL for its replies: one URL per conversation."""
    root, other = await team.conversation(CUSTOMER, "One"), await team.conversation(ANOTHER, "Two")
    await reply_times(team, root, 2)
    await team.reply(other, "And you")
    await team.received(ANOTHER, 1)
    first, second, third = [request["WebhookUri"] for request in team.requests()]
    assert first == second != third


async def test_the_card_shows_the_lease_once_there_is_one(team: Team) -> None:
    """It shows the number and its end with the next edit of the card."""
    root = await team.conversation()
    assert "No sender chosen yet" in team.card(root)
    (number,) = await reply_times(team, root, 1)
    digits = number.removeprefix("+")
    await team.until(lambda: digits in "".join(filter(str.isdigit, team.card(root))))
    assert "leased" in team.card(root)
    assert "until" in team.card(root)


async def test_a_provider_that_keeps_one_number_is_one_lease(team: Team) -> None:
    """Where each empty From gives the same number again, its end moves, no second appears, and nobody is notified."""
    team.fone.settings.new_lease_for = "recipient"
    root = await team.conversation()
    used = await reply_times(team, root, 3)
    assert len(set(used)) == 1
    (lease,) = team.rows("SELECT number, leased_at, last_used_at, expires_at FROM leases")
    assert lease["number"] == used[0]
    assert lease["last_used_at"] > lease["leased_at"]
    assert lease["expires_at"] - lease["last_used_at"] == 30 * DAY
    assert team.notices(root) == []


@pytest.mark.parametrize("ways", ["message", "recipient"])
async def test_a_sixth_live_lease_is_never_asked_for(team: Team, ways: Any) -> None:
    """Seven replies go out; with a new number per message there are five leases, and later texts name one of them."""
    await ask_each_time(team)
    team.fone.settings.new_lease_for = ways
    root = await team.conversation()
    used = await reply_times(team, root, 7)
    asked = [request["From"] for request in team.requests()]
    if ways == "message":
        assert asked[:5] == [""] * 5
        assert set(asked[5:]) <= set(used[:5])
        assert used[5:] == asked[5:]
    assert len(team.fone.leases.all) == len(set(used)) == (5 if ways == "message" else 1)
    assert team.refused() == 0


async def test_replies_in_one_burst_never_ask_for_a_sixth(team: Team) -> None:
    """Seven replies at once: those under way count as leases."""
    await ask_each_time(team)
    root = await team.conversation()
    await asyncio.gather(*(team.reply(root, f"Reply {number}") for number in range(7)))
    await team.received(CUSTOMER, 7)
    await team.quiet()
    assert len(team.fone.leases.all) == 5
    assert team.refused() == 0


@pytest.mark.parametrize("settled", [True, False], ids=["settled by a receipt", "never settled"])
async def test_a_lease_that_may_have_been_given_counts(team: Team, settled: bool) -> None:  # noqa: FBT001 - a parameter
    """A send whose answer was lost may have used one of the five, so it counts."""
    await ask_each_time(team)
    root = await team.conversation()
    team.fone.faults.next(Trouble.ERROR_AFTER)
    if not settled:
        team.fone.faults.next(Trouble.RECEIPTS_NEVER)
        team.fone.faults.next(Trouble.ERROR_BEFORE, None, on="list")
    await team.reply(root, "Reply 0")
    await team.received(CUSTOMER, 1)
    wanted = "accepted" if settled else "unknown"
    await team.until(lambda: team.attempts()[0]["outcome"] == wanted)
    for number in range(1, 7):
        await team.reply(root, f"Reply {number}")
        await team.received(CUSTOMER, number + 1)
    await team.quiet()
    assert len(team.fone.leases.all) == 5
    assert team.refused() == 0


async def test_a_text_to_each_lease_lands_in_the_thread(team: Team) -> None:
    """The customer may answer to any of the five numbers."""
    root = await team.conversation()
    for number in await reply_times(team, root, 5):
        await team.phones.send(CUSTOMER, number, f"To {number}")
    await team.until(lambda: team.shown(CUSTOMER).count("To +") == 5)
    assert team.roots(CUSTOMER) == [root]


async def test_a_text_to_an_ended_lease_still_finds_its_thread(tmp_path: Path) -> None:
    """After 30 days the number may also serve another contact; this contact's text still reaches its thread."""

    def short(settings: dict[str, Any]) -> None:
        settings["lease_lifetime_days"] = 0.1 / 86_400
        by_order(settings)

    async with Team(tmp_path, short) as team:
        team.fone.settings.ended_lease_replies = "deliver"
        root = await team.conversation()
        (number,) = await reply_times(team, root, 1)
        team.phones.clock.shift(timedelta(days=31))
        await team.phones.send(CUSTOMER, number, "Late, I know")
        await team.until(lambda: "Late, I know" in team.shown(CUSTOMER))
        assert team.roots(CUSTOMER) == [root]


async def test_an_ended_lease_makes_room_for_a_new_one(tmp_path: Path) -> None:
    """Five ended leases do not count: the next reply requests a lease again."""

    def short(settings: dict[str, Any]) -> None:
        settings["lease_lifetime_days"] = 0.5 / 86_400
        by_order(settings)

    async with Team(tmp_path, short) as team:
        await ask_each_time(team)
        root = await team.conversation()
        await reply_times(team, root, 5)
        await asyncio.sleep(0.5)
        team.phones.clock.shift(timedelta(days=31))
        await team.reply(root, "Are you still there?")
        await team.received(CUSTOMER, 6)
        assert [request["From"] for request in team.requests()] == [""] * 6


async def test_one_number_leased_for_two_contacts_keeps_them_apart(team: Team) -> None:
    """The pool is shared: the contact who texts decides the thread."""
    root, other = await team.conversation(CUSTOMER, "One"), await team.conversation(ANOTHER, "Two")
    await team.reply(root, "Hello one")
    await team.reply(other, "Hello two")
    (first,), (second,) = await team.received(CUSTOMER, 1), await team.received(ANOTHER, 1)
    assert (first, second) == ("Hello one", "Hello two")
    number = team.phones.received(CUSTOMER)[0].from_number
    assert number == team.phones.received(ANOTHER)[0].from_number
    await team.phones.send(CUSTOMER, number, "I am one")
    await team.phones.send(ANOTHER, number, "I am two")
    await team.until(lambda: "I am one" in team.shown(CUSTOMER) and "I am two" in team.shown(ANOTHER))
    assert "I am two" not in team.shown(CUSTOMER)


async def test_leases_of_another_inbox_are_not_used_here(tmp_path: Path) -> None:
    """Five leases belong to the first inbox: the second refuses the reply with a reason and borrows none."""
    team = Team(tmp_path, second_inbox)
    async with team:
        await ask_each_time(team)
        root = await team.conversation()
        await reply_times(team, root, 5)
        answer = await team.slack.slash(team.anna, team.channels["sales"], "/sms", f"{CUSTOMER} From sales")
        assert "five" in str(answer.posts) or "5 leased numbers" in str(answer.posts)
        await team.quiet()
        assert len(team.requests()) == 5


def second_inbox(settings: dict[str, Any]) -> None:
    """Lets the inbox beside the first send from leases only, too."""
    settings["inboxes"]["sales"]["senders"] = ["leased"]
    by_order(settings)
