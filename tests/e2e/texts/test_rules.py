"""Rules of the settings decide the sender of a text; `/sms route` explains it, and the gate does the same."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.team import CUSTOMER, Team, by_order

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

AMERICAN, BRITISH = "+13035550142", "+447700900123"


@pytest.fixture
async def ruled(tmp_path: Path) -> AsyncIterator[Team]:
    """A team with three senders and rules for America, for Britain and for a prefix of Australia."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["senders"]["acme"] = {"account": "fone", "address": "Acme"}
        settings["inboxes"]["support"]["senders"] = ["acme", "sydney", "leased"]
        settings["rules"] = [
            {"name": "America", "countries": ["US", "CA"], "senders": ["acme", "leased"]},
            {"name": "answers", "countries": ["GB"], "needs": ["answers"], "senders": ["acme", "sydney"]},
            {"prefixes": ["+61488"], "inboxes": ["support"], "senders": ["sydney", "leased"]},
        ]

    async with Team(tmp_path, adapt) as team:
        yield team


async def test_the_first_rule_that_fits_names_the_senders(ruled: Team) -> None:
    """Each candidate shows why it is taken or skipped, and the text then uses that sender; `route` sends nothing."""
    american = await ruled.slash(f"route {AMERICAN} Hi")
    assert "rule 1 (America), for country US or CA" in american
    assert "1. acme, Fone Dynamics: skipped. Phones in this country (United States) don't show a name" in american
    assert "2. leased, Fone Dynamics: used." in american
    british = await ruled.slash(f"route {BRITISH} Hi")
    assert "skipped. Rule 2 (answers) of the settings wants a sender that can receive replies." in british
    assert "2. sydney, Fone Dynamics: used." in british
    assert "rule 3, for number from +61488; inbox support" in await ruled.slash(f"route {CUSTOMER} Hi")
    elsewhere = await ruled.slash("route +61255501234 Hi")
    assert "because no rule fits" in elsewhere
    assert "1. acme, Fone Dynamics: used. From Acme. The customer can't answer this." in elsewhere
    assert not ruled.requests()
    for phone in (CUSTOMER, AMERICAN):
        await ruled.slash(f"{phone} Hi")
        await ruled.received(phone, 1)
    assert [row["sender"] for row in ruled.attempts()] == ["sydney", "leased"]


async def test_a_conversation_keeps_its_sender_until_it_ends(ruled: Team) -> None:
    """The sender used last comes before the rules; after the conversation is closed and reopened, the rules apply."""
    await ruled.slash(f"{CUSTOMER} Zero")
    await ruled.received(CUSTOMER, 1)
    root = ruled.root(CUSTOMER)
    await ruled.quiet()
    with closing(sqlite3.connect(ruled.bot_settings.database)) as connection, connection:
        connection.execute("UPDATE conversations SET sender = 'leased'")
    assert "1. leased, Fone Dynamics (kept by the conversation): used" in await ruled.slash(f"route {CUSTOMER} Hi")
    await ruled.reply(root, "One")
    await ruled.received(CUSTOMER, 2)
    await ruled.quiet()
    await ruled.reply(root, "!close")
    await ruled.quiet()
    assert "1. sydney, Fone Dynamics: used" in await ruled.slash(f"route {CUSTOMER} Hi")
    await ruled.slash(f"{CUSTOMER} Two")
    await ruled.received(CUSTOMER, 3)
    assert [row["sender"] for row in ruled.attempts()] == ["sydney", "leased", "sydney"]


async def test_that_nobody_can_answer_a_name_is_told_before_it_is_sent(tmp_path: Path) -> None:
    """The card says it before the first reply, and so do `/sms`, the modal, and the line of the sent text."""

    def named(settings: dict[str, Any]) -> None:
        settings["senders"]["acme"] = {"account": "fone", "address": "Acme"}
        settings["inboxes"]["support"]["senders"] = ["acme", "sydney"]
        settings["countries_without_names"] = ["GB"]
        by_order(settings)

    async with Team(tmp_path, named) as team:
        root = await team.conversation()
        await team.until(lambda: "Texts come from Acme (the contact can't reply to it)" in team.card(root))
        other = await team.conversation(BRITISH, "Hi")
        assert "Acme" not in team.card(other)
        assert "skipped. Phones in this country" in await team.slash(f"route {BRITISH} Hi")
        assert "The customer can't answer this." in await team.slash(f"{CUSTOMER} Hi")
        await team.received(CUSTOMER, 1)
        await team.until(lambda: any("Acme (the contact can't reply to it)" in line for line in team.lines(root)))
        await team.slash("")
        await team.until(lambda: team.slack.modal(team.anna))
        assert "else acme: contacts can't reply" in str(team.slack.modal(team.anna))
