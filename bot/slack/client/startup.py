"""What has to be known before the bot can start: who it is in Slack, and that it recognises whom it erased."""

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

ASK_AGAIN = 2.0  # seconds between two questions to Slack who we are, before the first answer

log = structlog.get_logger("app")


class CannotStart(Exception):
    """The bot cannot run like this; the message says what to do."""


async def identify(database: Database, slack: SlackApi) -> Identity:
    """Who Slack says we are; who it said we were, while it cannot be asked.

    Raises:
        CannotStart: Slack does not know the token.
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
            log.warning("Slack cannot be asked who we are", reason=error.code)
            if known is not None:
                return known
            await asyncio.sleep(ASK_AGAIN)
        else:
            found = Identity(answer["team_id"], answer["bot_id"], answer["user_id"], answer["url"])
            async with database.transaction() as tx:
                await identity.save(tx, found)
            return found


async def know_erased(database: Database, settings: Settings) -> None:
    """Whoever opted out and was erased is known by a hash only, and has to be recognised.

    Raises:
        CannotStart: with this key they are not.
    """
    async with database.read() as reader:
        strange = await erasures.of_another_key(reader, NumberHash(settings).key_id)
    if strange:
        raise CannotStart(
            f"{strange} erased people who opted out would not be recognised: their numbers are hashed with another "
            "key. Set retention.key to the `secret` from before."
        )
