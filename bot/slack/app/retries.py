"""Retries of failed texts: the next sender, and the words for a *Retry* that sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.tables import attempts, conversations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.settings.model import Settings
    from storage.engine.database import Connection
    from storage.tables.alerts import Alert
    from storage.tables.messages import Message

CANNOT_WORK = "Not sent again: it would be refused for the same reason. Write it as a new reply, or another way."
NONE_FAILED = "Nothing was sent again: the bot still tries, or somebody decided about each of these texts already."
TOO_OLD = "Nothing was sent again: these texts may be out of date. Press *Retry* in their threads if they are not."
MAY_BE_OUT = (
    "Nothing was sent again: these texts may have gone out. Press *Send again*, *It arrived* or *Give up* in their "
    "threads."
)


def nothing_again(alert: Alert, failed: Sequence[Message], since: int) -> str:
    """Returns why *Retry* in an alert sends nothing.

    Args:
        alert: the alert.
        failed: the failed texts in its conversations, none of which can go out as it is.
        since: texts from before it may be out of date (microseconds UTC).
    """
    if failed and all(each.wanted_at < since for each in failed):
        return TOO_OLD
    if failed:
        return CANNOT_WORK
    return NONE_FAILED if alert.is_about_failures else MAY_BE_OUT


async def next_sender(connection: Connection, message: Message, settings: Settings) -> str | None:
    """Returns the first sender of the message's inbox that none of its attempts used, or None."""
    conversation = await conversations.get(connection, message.conversation_id)
    used = {attempt.sender for attempt in await attempts.of_message(connection, message.id)}
    return next((name for name in settings.inboxes[conversation.inbox].senders if name not in used), None)
