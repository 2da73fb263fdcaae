"""One leased number per contact on the phone: the bot learns from the answers what a provider does with its leases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from storage.engine.clock import DAY
from tests.e2e.team import ANOTHER, CUSTOMER, Team, by_order, change

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def sweeping(settings: dict[str, Any]) -> None:
    """Lets texts leave from leases first, and sweeps often."""
    by_order(settings)
    settings["sweep"] |= {"every": 0.3, "missing": 0.5}


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Team]:
    """A team whose texts come from leases first."""
    async with Team(tmp_path, sweeping) as team:
        yield team


async def replies(team: Team, root: str, count: int, phone: str = CUSTOMER) -> list[str]:
    """Sends replies one after the other; returns the numbers that they came from."""
    before = len(team.phones.received(phone))
    for n in range(count):
        await team.reply(root, f"Reply {before + n}")
        await team.received(phone, before + n + 1)
    await team.quiet()
    return [text.from_number for text in team.phones.received(phone)][before:]


def habits(team: Team) -> dict[str, Any]:
    """Returns what the bot has learnt about the account."""
    return next(iter(team.rows("SELECT blank, named, replies FROM lease_habits")), {})


async def test_a_customer_who_answers_a_lease_keeps_one_number(team: Team) -> None:
    """The carrier leases a fresh number for each text without a sender; ten replies come from the first number."""
    await team.slash(f"{CUSTOMER} Your parcel is here")
    await team.received(CUSTOMER, 1)
    number = team.phones.received(CUSTOMER)[0].from_number
    await team.phones.send(CUSTOMER, number, "Thank you")
    await team.quiet()
    assert set(await replies(team, team.root(CUSTOMER), 10)) == {number}
    assert len(team.fone.leases.all) == 1


async def test_fresh_numbers_are_learnt_once_for_the_account(team: Team) -> None:
    """A customer who does not answer sees a second number, never a third; the next customer sees one."""
    root = await team.conversation(CUSTOMER)
    numbers = await replies(team, root, 10)
    assert len(set(numbers)) == 2
    assert set(numbers[1:]) == {numbers[1]}
    assert habits(team)["blank"] == "fresh"
    other = await team.conversation(ANOTHER)
    assert len(set(await replies(team, other, 10, ANOTHER))) == 1
    await team.stop_bot()
    await team.start_bot()
    assert set(await replies(team, root, 2)) == {numbers[1]}


async def test_a_carrier_that_keeps_the_number_gets_no_sender(team: Team) -> None:
    """Each text without a sender is given the same number, so none names it, even after the customer texted it."""
    team.fone.settings.new_lease_for = "recipient"
    root = await team.conversation(CUSTOMER)
    numbers = await replies(team, root, 3)
    await team.phones.send(CUSTOMER, numbers[0], "Thank you")
    await team.quiet()
    assert len({*numbers, *await replies(team, root, 3)}) == 1
    assert {request["From"] for request in team.requests()} == {""}
    assert habits(team)["blank"] == "same"


async def test_a_carrier_that_refuses_a_lease_as_the_sender(team: Team) -> None:
    """The text goes out with a number asked for, once; the bot remembers it, and there is never a sixth."""
    team.fone.settings.lease_as_sender = "refuse"
    root = await team.conversation(CUSTOMER)
    await replies(team, root, 2)
    await team.reply(root, "The third")
    await team.received(CUSTOMER, 3)
    await team.quiet()
    assert team.accepted("The third") == 1
    assert team.refused() == 1
    assert habits(team)["named"] == "refused"
    await replies(team, root, 2)
    assert team.refused() == 1
    await team.reply(root, "The sixth")
    await team.received(CUSTOMER, 6)
    assert team.phones.received(CUSTOMER)[5].from_number == team.sydney
    assert len(team.fone.leases.all) == 5


async def test_replies_that_no_webhook_brings(team: Team) -> None:
    """The sweep finds the reply to a reused lease: one alert, and the next text asks for a number again."""
    team.fone.settings.reused_lease_replies = "silent"
    root = await team.conversation(CUSTOMER)
    number = (await replies(team, root, 3))[-1]
    await team.phones.send(CUSTOMER, number, "Nobody calls about this")
    await team.until(lambda: "Nobody calls about this" in team.shown(CUSTOMER))
    await team.until(lambda: any("the sweep found it" in said for said in team.alerted()))
    assert habits(team)["replies"] == "missing"
    assert team.roots(CUSTOMER) == [root]
    assert (await replies(team, root, 1))[0] != number
    assert team.requests()[-1]["From"] == ""


async def test_a_reply_that_arrives_ends_the_fallback(team: Team) -> None:
    """The webhook of a reply to a reused lease shows that the provider reports them; the alert is resolved."""
    root = await team.conversation(CUSTOMER)
    number = (await replies(team, root, 3))[-1]
    await team.stop_bot()
    team.fone.settings.retries = ()
    await team.phones.send(CUSTOMER, number, "While you were away")
    await team.start_bot()
    await team.until(lambda: habits(team)["replies"] == "missing")
    await team.phones.send(CUSTOMER, number, "And now")
    await team.until(lambda: habits(team)["replies"] == "arrive")
    await team.until(lambda: any("Resolved" in said for said in team.alerted()))
    assert (await replies(team, root, 1))[0] == number


@pytest.mark.parametrize(("age", "is_new"), [(0.5, False), (2.0, True)], ids=["in an exchange", "after one"])
async def test_near_its_end_a_lease_is_replaced(team: Team, age: float, is_new: bool) -> None:  # noqa: FBT001
    """A text takes a new number two days before the end, unless either side texted within a day."""
    root = await team.conversation(CUSTOMER)
    numbers = await replies(team, root, 3)
    await change(team, "UPDATE leases SET expires_at = last_used_at + :left", left=2 * DAY)
    await change(
        team,
        "UPDATE conversations SET last_in_at = last_in_at - :age, last_out_at = last_out_at - :age",
        age=int(age * DAY),
    )
    (number,) = await replies(team, root, 1)
    assert (number not in numbers) is is_new
    assert len(team.fone.leases.all) == 2 + is_new
