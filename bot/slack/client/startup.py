"""Checks before the bot starts: its identity in Slack, and the key that recognises erased contacts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from bot.conversations.number_hash import NumberHash
from bot.slack.client.api import SlackError, SlackLockedOut, SlackRefused
from storage.tables import erasures, identity
from storage.tables.identity import Identity

if TYPE_CHECKING:
    from bot.settings.model import Settings
    from bot.slack.client.api import SlackApi
    from storage.engine.database import Database

ASK_AGAIN = 2.0  # seconds between two tries to get our identity

log = structlog.get_logger("app")


class CannotStart(Exception):
    """The bot cannot start. The message says what to do."""


async def identify(database: Database, slack: SlackApi) -> Identity:
    """Returns our identity in Slack; the stored one while Slack does not answer.

    Raises:
        CannotStart: Slack refuses the token.
    """
    async with database.read() as reader:
        known = await identity.load(reader)
    while True:
        try:
            answer = await slack.call("auth.test")
        except SlackError as error:
            if known is None and isinstance(error, SlackLockedOut | SlackRefused):
                raise CannotStart(
                    f"Slack refuses slack.bot_token ({error.code}). Copy it again from the app's page."
                ) from None
            log.warning("Slack does not say who we are", reason=error.code)
            if known is not None:
                return known
            await asyncio.sleep(ASK_AGAIN)
        else:
            found = Identity(
                answer["team_id"], answer["bot_id"], answer["user_id"], answer["url"], answer.get("enterprise_id")
            )
            async with database.transaction() as tx:
                await identity.save(tx, found)
            return found


async def know_erased(database: Database, settings: Settings) -> None:
    """Checks that the key recognises erased contacts who opted out: the database has only hashes of their numbers.

    Raises:
        CannotStart: another key made these hashes.
    """
    async with database.read() as reader:
        strange = await erasures.of_another_key(reader, NumberHash(settings).key_id)
    if strange:
        raise CannotStart(
            f"The bot would not recognise {strange} erased people who opted out: another key hashed their numbers. Set "
            "retention.key to the former `secret`."
        )
