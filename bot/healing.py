"""What is lost in Slack and made good, never silently: a thread whose card is gone, a channel that takes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import plan
from storage import alerts, conversations, posts

if TYPE_CHECKING:
    from storage.conversations import Conversation
    from storage.database import Transaction

# Slack's own words for a channel that takes nothing from us now, and may again when somebody puts it right.
CLOSED = {
    "is_archived": "was archived: unarchive it, or set another channel",
    "not_in_channel": "is one that the app is not in: invite it",
    "channel_not_found": "is not there for the app: invite it, or correct its id in the settings",
    "restricted_action": "lets only some people post: allow the app to",
}
_MOVED = "The first message of this conversation's thread was deleted. It goes on here."


def card_key(conversation_id: int) -> str:
    """The key of the conversation's card, which is its thread's first message."""
    return f"card:{conversation_id}"


async def lose_thread(tx: Transaction, conversation: Conversation) -> None:
    """Somebody deleted the card: a new thread is opened, and says so."""
    card = await posts.find(tx, card_key(conversation.id))
    if card is None or card.ts != conversation.thread_ts:
        return
    await posts.lose(tx, card.id)
    await conversations.set_thread(tx, conversation.id, None)
    await plan.notice(tx, conversation.id, f"moved:{card.id}", _MOVED)


async def close_channel(tx: Transaction, channel: str, code: str) -> None:
    """The channel takes nothing now: what is for it waits, and an alert says what to do."""
    cause = _cause(channel)
    if not await alerts.lasts(tx, cause):
        sentence = f"The channel {channel} {CLOSED[code]}. What is for it waits."
        await plan.alert(tx, await alerts.raise_one(tx, cause, sentence))


async def open_channel(tx: Transaction, channel: str) -> None:
    """The channel takes posts: if it did not before, the alert about it is over."""
    alert_id = await alerts.resolve(tx, _cause(channel))
    if alert_id is not None:
        await plan.alert(tx, alert_id)


def _cause(channel: str) -> str:
    return f"channel:{channel}"
