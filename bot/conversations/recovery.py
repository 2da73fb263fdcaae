"""Recovers from losses in Slack and says so: a deleted card, a channel that accepts no posts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversations import alert_sentences, enqueue
from storage.maintenance import channel_moves
from storage.tables import alerts, conversations, posts

if TYPE_CHECKING:
    from bot.conversations.entries import ChannelChange
    from bot.settings.model import Settings
    from storage.engine.database import Transaction
    from storage.tables.conversations import Conversation

# Slack's codes for a channel that accepts no posts of ours until somebody fixes it, each with the cause and the cure.
CLOSED = {
    "is_archived": "Slack says it's archived. Unarchive it, or set {setting} to another channel.",
    "not_in_channel": "Slack says the app isn't in it. Write `/invite @threadline` there.",
    "channel_not_found": "Slack says it doesn't exist, or the app isn't in it. Write `/invite @threadline` there, or "
    "correct {setting}.",
    "restricted_action": "Slack lets only some people post there. Allow the app to post.",
}
# The code for each `ChannelChange.became` (`bot/slack/app/channels.py`).
_BECAME = {"archived": "is_archived", "left": "not_in_channel", "deleted": "channel_not_found"}
_ANOTHER_CHANNEL = "The channel of this conversation is closed. The conversation continues here."
_MOVED = "Somebody deleted the first message of this conversation's thread. The conversation continues here."


def card_key(conversation_id: int) -> str:
    """Returns the key of the conversation's card, which is its thread's first message."""
    return f"card:{conversation_id}"


async def lose_thread(tx: Transaction, conversation: Conversation) -> None:
    """Opens a new thread in place of one whose card somebody deleted, and says so there."""
    card = await posts.find(tx, card_key(conversation.id))
    if card is None or card.ts != conversation.thread_ts:
        return
    await posts.lose(tx, card.id)
    await conversations.set_thread(tx, conversation.id, None)
    await enqueue.notice(tx, conversation.id, f"moved:{card.id}", _MOVED)


async def move_thread(tx: Transaction, conversation: Conversation, channel: str) -> None:
    """Continues the conversation in a new thread of its inbox's new channel: the old one accepts no posts."""
    card = await posts.find(tx, card_key(conversation.id))
    if card is not None:
        await posts.lose(tx, card.id)
    await conversations.move(tx, conversation.id, channel)
    await enqueue.notice(tx, conversation.id, f"moved:{conversation.id}:{channel}", _ANOTHER_CHANNEL)


async def close_channel(tx: Transaction, channel: str, code: str, settings: Settings) -> None:
    """Raises an alert about a channel that accepts no posts, once, with the cure. Posts for it wait."""
    cause = _cause(channel)
    if not await alerts.lasts(tx, cause):
        why = CLOSED[code].format(setting=_setting(settings, channel))
        place = f"{alert_sentences.channel(channel)}, the channel of {_use(settings, channel)}"
        sentence = f"Can't post in {place}. {why} Posts wait until then and follow by themselves."
        await enqueue.alert(tx, await alerts.raise_one(tx, cause, sentence))


async def open_channel(tx: Transaction, channel: str) -> None:
    """Resolves the alert about a channel that accepts posts again."""
    alert_id = await alerts.resolve(tx, _cause(channel))
    if alert_id is not None:
        await enqueue.alert(tx, alert_id)


async def follow_channel(tx: Transaction, change: ChannelChange, settings: Settings) -> None:
    """Alerts about a change that Slack reported of one of our channels, before a text has to wait."""
    channel = change.channel
    if change.became == "opened":
        await open_channel(tx, channel)
    elif change.became == "renamed":
        sentence = (
            f"The channel of {_use(settings, channel)} is called #{change.name} now. Its threads continue there: "
            "nothing is to be done."
        )
        await _announce(tx, f"renamed:{channel}", sentence)
    elif change.became == "moved" and change.now is not None:
        await channel_moves.move(tx, change.team, channel, change.now)
        sentence = _moved_to(settings, channel, change.now)
        await enqueue.alert(tx, await alerts.raise_one(tx, moved(change.now), sentence))
    else:
        await close_channel(tx, channel, _BECAME[change.became], settings)


def moved(channel: str) -> str:
    """Returns the cause of the alert about a new channel id that the settings do not have."""
    return f"moved channel:{channel}"


def _moved_to(settings: Settings, channel: str, now: str) -> str:
    return (
        f"Slack gave {alert_sentences.channel(now)}, the channel of {_use(settings, channel)}, another id. Set "
        f"{_setting(settings, channel)} to {now} in the settings and restart the bot. Replies there wait until then."
    )


def _setting(settings: Settings, channel: str) -> str:
    """Returns the names of the settings that hold the channel's id."""
    names = [f"inboxes.{name}.channel" for name, inbox in settings.inboxes.items() if inbox.channel == channel]
    names += ["slack.alert_channel"] if channel == settings.slack.alert_channel else []
    return " and ".join(names)


def _use(settings: Settings, channel: str) -> str:
    """Returns the use of a channel: the names of its inboxes, or the alerts."""
    names = [name for name, inbox in settings.inboxes.items() if inbox.channel == channel]
    return " and ".join(names) or "the alerts"


async def _announce(tx: Transaction, cause: str, sentence: str) -> None:
    """Posts an alert that needs no action, already resolved."""
    alert_id = await alerts.raise_one(tx, cause, sentence)
    await alerts.resolve(tx, cause)
    await enqueue.alert(tx, alert_id)


def _cause(channel: str) -> str:
    return f"channel:{channel}"
