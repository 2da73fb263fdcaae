"""The country of numbers that a provider writes without a country code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations.regions import region_of
from bot.settings.model import Settings
from storage.tables.callbacks import Callback
from tests.storage.making import a_conversation

if TYPE_CHECKING:
    from storage.engine.database import Database


def _settings(**regions: str) -> Settings:
    accounts = {"fone": {"provider": "fonedynamics", "account_sid": "A1", "token": "t", "property_sid": "S1"}}
    inboxes: dict[str, Any] = {
        "support": {"channel": "C0123456788", "senders": ["leased", "sydney"]},
        "london": {"channel": "C0123456787", "senders": ["london"]},
    }
    for inbox, region in regions.items():
        inboxes[inbox]["default_region"] = region
    return Settings(
        public_url="https://sms.example.com",
        secret="s" * 32,
        slack={"bot_token": "xoxb-1", "app_token": "xapp-1", "alert_channel": "C0123456789"},
        accounts=accounts,
        senders={
            "leased": {"account": "fone", "address": "leased"},
            "sydney": {"account": "fone", "address": "+61499009990"},
            "london": {"account": "fone", "address": "+447923221231"},
        },
        inboxes=inboxes,
    )


@pytest.mark.parametrize(
    ("regions", "sender", "region"),
    [
        ({"support": "NZ", "london": "IE"}, "london", "IE"),
        ({"support": "NZ"}, "sydney", "NZ"),
        ({"support": "NZ"}, "london", "GB"),
        ({}, "leased", "AU"),
        ({}, "unheard of", "AU"),
        ({"support": "NZ"}, None, "NZ"),
    ],
)
async def test_the_region(database: Database, regions: dict[str, str], sender: str | None, region: str) -> None:
    """The inbox's, else that of the sender's number, else that of the account's first number."""
    callback = None if sender is None else Callback("h", "sender", sender, "fone")
    async with database.read() as reader:
        assert await region_of(reader, _settings(**regions), "fone", callback) == region


async def test_the_region_of_a_conversation(database: Database) -> None:
    """That of its inbox; an erased one is any of the account's."""
    async with database.transaction() as tx:
        conversation = await a_conversation(tx, "+61488023555")
        callback = Callback("h", "conversation", str(conversation.id), "fone")
        assert await region_of(tx, _settings(support="NZ", london="IE"), "fone", callback) == "NZ"
        gone = Callback("h", "conversation", "1", "fone")
        assert await region_of(tx, _settings(support="NZ"), "fone", gone) == "NZ"
