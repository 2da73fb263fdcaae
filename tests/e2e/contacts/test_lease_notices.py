"""The notices in a thread about leased numbers: a new one, one that ends, one that replaces a name, one refused."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.carriers.faults import Trouble
from tests.e2e.team import CUSTOMER, Team, ask_each_time, by_order

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

DAY = 86_400  # seconds
NO_NAMES = "+61488020008"  # its network shows no names


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Team]:
    """A team whose texts come from leases first."""
    async with Team(tmp_path, by_order) as team:
        yield team


def digits(text: str) -> str:
    """Returns the digits of a text, without spaces and signs."""
    return "".join(filter(str.isdigit, text))


async def replied(team: Team, root: str, text: str, phone: str = CUSTOMER) -> str:
    """Sends a reply; returns the number that it came from."""
    await team.reply(root, text)
    await team.until(lambda: any(each.text == text for each in team.phones.received(phone)))
    await team.quiet()
    return next(each.from_number for each in team.phones.received(phone) if each.text == text)


async def test_a_new_number_is_told_and_the_old_one_still_finds_the_thread(team: Team) -> None:
    """One notice covers the changes of a moment; the card shows the number of the next text and its end."""
    root = await team.conversation()
    first = await replied(team, root, "One")
    assert team.notices(root) == []
    second = await replied(team, root, "Two")
    await team.until(lambda: len(team.notices(root)) == 1)
    (notice,) = team.notices(root)
    assert digits(second) in digits(notice) and digits(first) in digits(notice)  # noqa: PT018 - both are named
    assert "Texts now come from" in notice
    assert "still arrive here" in notice
    await team.until(lambda: digits(second) in digits(team.card(root)))
    await team.phones.send(CUSTOMER, first, "To the old number")
    await team.until(lambda: "To the old number" in team.shown(CUSTOMER))
    await team.until(lambda: digits(first) in digits(team.card(root)))  # the answer leaves from the number texted
    assert await replied(team, root, "Three") == first


async def test_the_end_of_a_lease_is_told_before_and_survives_a_restart(tmp_path: Path) -> None:
    """A customer texts to the number, so one notice comes; the card announces a new number for the next text."""

    def short(settings: dict[str, Any]) -> None:
        settings["lease_lifetime_days"] = 4.0 / DAY
        settings["lease_warning_days"] = 2.5 / DAY
        by_order(settings)

    async with Team(tmp_path, short) as team:
        team.fone.settings.ended_lease_replies = "deliver"
        root = await team.conversation()
        await team.reply(root, "One")
        await team.received(CUSTOMER, 1)
        old = team.phones.received(CUSTOMER)[0].from_number
        await team.phones.send(CUSTOMER, old, "I answer")
        await team.until(lambda: "I answer" in team.shown(CUSTOMER))
        await team.stop_bot()
        await team.start_bot()
        await team.until(lambda: len(team.notices(root)) == 1)
        assert "is leased only until" in team.notices(root)[0]
        assert digits(old) in digits(team.notices(root)[0])
        await team.until(lambda: "lease with the next text" in team.card(root))
        team.phones.clock.shift(timedelta(days=31))
        await team.reply(root, "Two")
        await team.until(lambda: len(team.notices(root)) == 2)
        new = team.phones.received(CUSTOMER)[1].from_number
        assert digits(new) in digits(team.notices(root)[1])
        assert "has ended" in team.notices(root)[1]
        await team.phones.send(CUSTOMER, old, "Still the old number")
        await team.until(lambda: "Still the old number" in team.shown(CUSTOMER))
        assert team.roots(CUSTOMER) == [root]


async def test_nobody_is_told_of_a_number_that_nobody_texts_to(tmp_path: Path) -> None:
    """The contact never answered, so the end of the lease gets no notice."""

    def short(settings: dict[str, Any]) -> None:
        settings["lease_lifetime_days"] = 1.5 / DAY
        settings["lease_warning_days"] = 1.0 / DAY
        by_order(settings)

    async with Team(tmp_path, short) as team:
        await team.slash(f"{CUSTOMER} Hello")
        await team.received(CUSTOMER, 1)
        root = team.root(CUSTOMER)
        await team.until(lambda: "lease with the next text" in team.card(root))
        assert team.notices(root) == []


async def test_a_lease_in_the_place_of_a_name_is_told(tmp_path: Path) -> None:
    """With the number that the customer sees and answers to; at the limit texts come from it: no sixth is given."""

    def named(settings: dict[str, Any]) -> None:
        settings["senders"]["name"] = {"account": "fone", "address": "ACME"}
        settings["inboxes"]["support"]["senders"] = ["name"]
        by_order(settings)

    async with Team(tmp_path, named) as team:
        root = await team.conversation(NO_NAMES)
        number = await replied(team, root, "One", NO_NAMES)
        await team.until(lambda: len(team.notices(root)) == 1)
        assert "This phone can't show ACME as the sender" in team.notices(root)[0]
        assert digits(number) in digits(team.notices(root)[0])
        await team.until(lambda: digits(number) in digits(team.card(root)))
        assert [lease["number"] for lease in team.rows("SELECT number FROM leases")] == [number]
        said = {"MessageSid": f"M{'B' * 31}", "From": NO_NAMES, "To": number, "Text": "Answer", "Direction": "Receive"}
        await team.call(str(team.fone.settings.portal_webhook), json=said)
        await team.until(lambda: "Answer" in team.shown(NO_NAMES))
        assert team.roots(NO_NAMES) == [root]
        for count in range(2, 8):
            await replied(team, root, f"Reply {count}", NO_NAMES)
        assert len(team.fone.leases.all) == 1
        assert [request["From"] for request in team.requests()] == ["ACME", *[number] * 6]
        assert team.refused() == 0


async def test_a_lease_that_is_refused_as_the_sender_is_a_sentence(team: Team) -> None:
    """The thread names the number and when another one is possible; the bot requests none before that."""
    await ask_each_time(team)
    root = await team.conversation()
    for count in range(5):
        await team.reply(root, f"Reply {count}")
        await team.received(CUSTOMER, count + 1)
    await team.quiet()
    team.fone.faults.next(Trouble.REFUSE)
    await team.reply(root, "The sixth")
    await team.until(lambda: any("which is leased for this contact" in line for line in team.lines(root)))
    assert "the provider can lease another from" in team.lines(root)[-1]
    assert "Another sender can send it" in team.lines(root)[-1]
    assert len(team.fone.leases.all) == 5


async def test_two_inboxes_at_once_never_ask_for_a_sixth(tmp_path: Path) -> None:
    """Texts under way in one inbox count in the other: five leases in all, and the other texts show the reason."""

    def both(settings: dict[str, Any]) -> None:
        settings["inboxes"]["sales"]["senders"] = ["leased"]
        by_order(settings)

    async with Team(tmp_path, both) as team:
        await ask_each_time(team)
        root = await team.conversation()
        sales = team.channels["sales"]
        from_sales = (team.slack.slash(team.anna, sales, "/sms", f"{CUSTOMER} Sale {n}") for n in range(4))
        await asyncio.gather(*(team.reply(root, f"Reply {n}") for n in range(4)), *from_sales)
        await team.received(CUSTOMER, 5)
        await team.quiet()
        assert [request["From"] for request in team.requests()].count("") == 5
        assert len(team.fone.leases.all) == 5
        assert team.refused() == 0


@pytest.mark.parametrize("form", ["answered", "lost"])
async def test_a_text_to_a_lease_of_a_closed_conversation_opens_it_again(team: Team, form: str) -> None:
    """This also works if the answer with the number was lost: the text itself shows the number."""
    root = await team.conversation()
    if form == "lost":
        team.fone.faults.next(Trouble.ERROR_AFTER)
        team.fone.faults.next(Trouble.RECEIPTS_NEVER)
        team.fone.faults.next(Trouble.ERROR_BEFORE, None, on="list")
    await team.reply(root, "Goodbye")
    await team.received(CUSTOMER, 1)
    number = team.phones.received(CUSTOMER)[0].from_number
    await team.reply(root, "!close")
    await team.until(lambda: "Closed" in team.card(root))
    said = {"MessageSid": f"M{'A' * 31}", "From": CUSTOMER, "To": number, "Text": "One more", "Direction": "Receive"}
    await team.call(str(team.fone.settings.portal_webhook), json=said)  # a URL that names no conversation
    await team.until(lambda: "One more" in team.shown(CUSTOMER) and "Open" in team.card(root))
    assert team.roots(CUSTOMER) == [root]
    (lease,) = team.rows("SELECT number, heard_at FROM leases")
    assert lease["number"] == number
    assert lease["heard_at"] is not None
