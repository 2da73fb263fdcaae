"""What is lost in Slack and made good, never silently: a thread whose card is gone, a channel that takes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversations import enqueue
from storage.maintenance import channel_moves
from storage.tables import alerts, conversations, posts

if TYPE_CHECKING:
    from bot.conversations.entries import ChannelChange
    from bot.settings.model import Settings
    from storage.engine.database import Transaction
    from storage.tables.conversations import Conversation

# Slack's own words for a channel that takes nothing from us now, and may again when somebody puts it right.
CLOSED = {
    "is_archived": "was archived: unarchive it, or set another channel",
    "not_in_channel": "is one that the app is not in: invite it",
    "channel_not_found": "is not there for the app: invite it, or correct its id in the settings",
    "restricted_action": "lets only some people post: allow the app to",
}
# What Slack's events say, in these words (`bot/slack/app/channels.py`).
_BECAME = {"archived": "is_archived", "left": "not_in_channel", "deleted": "channel_not_found"}
_ANOTHER_CHANNEL = "The channel of this conversation is closed. It goes on here."
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
    await enqueue.notice(tx, conversation.id, f"moved:{card.id}", _MOVED)


async def move_thread(tx: Transaction, conversation: Conversation, channel: str) -> None:
    """Its channel takes nothing any more, and its inbox has another one: it goes on there in a new thread."""
    card = await posts.find(tx, card_key(conversation.id))
    if card is not None:
        await posts.lose(tx, card.id)
    await conversations.move(tx, conversation.id, channel)
    await enqueue.notice(tx, conversation.id, f"moved:{conversation.id}:{channel}", _ANOTHER_CHANNEL)


async def close_channel(tx: Transaction, channel: str, code: str) -> None:
    """The channel takes nothing now: what is for it waits, and an alert says what to do."""
    cause = _cause(channel)
    if not await alerts.lasts(tx, cause):
        sentence = f"The channel {channel} {CLOSED[code]}. What is for it waits."
        await enqueue.alert(tx, await alerts.raise_one(tx, cause, sentence))


async def open_channel(tx: Transaction, channel: str) -> None:
    """The channel takes posts: if it did not before, the alert about it is over."""
    alert_id = await alerts.resolve(tx, _cause(channel))
    if alert_id is not None:
        await enqueue.alert(tx, alert_id)


async def follow_channel(tx: Transaction, change: ChannelChange, settings: Settings) -> None:
    """Slack reported a change of one of our channels: the alert is there before a text has to wait."""
    channel = change.channel
    if change.became == "opened":
        await open_channel(tx, channel)
    elif change.became == "renamed":
        sentence = (
            f"The channel of {_use(settings, channel)} is called #{change.name} now. Its threads go on as before."
        )
        await _tell_once(tx, f"renamed:{channel}", sentence)
    elif change.became == "moved" and change.now is not None:
        await channel_moves.move(tx, change.team, channel, change.now)
        sentence = _moved_to(settings, channel, change.now)
        await enqueue.alert(tx, await alerts.raise_one(tx, moved(change.now), sentence))
    else:
        await close_channel(tx, channel, _BECAME[change.became])


def moved(channel: str) -> str:
    """The cause of the alert that a channel has this id now and the settings do not know."""
    return f"moved channel:{channel}"


def _moved_to(settings: Settings, channel: str, now: str) -> str:
    names = [f"inboxes.{name}.channel" for name, inbox in settings.inboxes.items() if inbox.channel == channel]
    names += ["slack.alert_channel"] if channel == settings.slack.alert_channel else []
    return (
        f"Slack gave the channel {channel} another id. Set {' and '.join(names)} to {now} and start the bot again; "
        "what is written there meanwhile waits."
    )


def _use(settings: Settings, channel: str) -> str:
    """What a channel is for: the names of its inboxes, or the alerts."""
    names = [name for name, inbox in settings.inboxes.items() if inbox.channel == channel]
    return " and ".join(names) or "the alerts"


async def _tell_once(tx: Transaction, cause: str, sentence: str) -> None:
    """News about which nothing is to be done."""
    alert_id = await alerts.raise_one(tx, cause, sentence)
    await alerts.resolve(tx, cause)
    await enqueue.alert(tx, alert_id)


def _cause(channel: str) -> str:
    return f"channel:{channel}"
