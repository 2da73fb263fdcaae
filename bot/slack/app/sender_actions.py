"""Handlers for the actions that choose a sender: *Change sender…* pins one, `!via` holds for the text below it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bot.conversations import attachments, enqueue
from bot.conversations.intake_handlers import CONFIRM
from bot.slack.app.senders import unsuitable
from bot.slack.views.compose import AUTOMATIC
from storage.engine.clock import SECOND
from storage.tables import attempts, contacts, conversations, messages, replies

if TYPE_CHECKING:
    from bot.conversations.entries import Action
    from bot.settings.model import Settings
    from storage.engine.database import Transaction
    from storage.tables.conversations import Conversation

VIA_ONE_TEXT = (
    "Nothing was texted and nothing changed: `!via` is for one text. Write the text below it, on a new line, like "
    "`!via {sender}` and then the text. To change the sender of all texts here, use *Change sender…* on the card."
)
VIA_NOT_HERE = "Not texted: in this channel replies aren't texted. Open `/sms` in another place to write a text."
VIA_LATE = "Your edit wasn't texted: the text had gone out already. Write a new reply to correct it."


def unknown_sender(names: list[str]) -> str:
    """Returns the sentence for a sender that the inbox does not have."""
    return f"Not done: here texts can come from: {', '.join(names)}."


async def pin(tx: Transaction, action: Action, settings: Settings) -> str | None:
    """Pins the sender of the conversation, or unpins it. Returns a sentence for the person if the inbox lacks it."""
    conversation = await conversations.get(tx, action.subject)
    names = settings.inboxes[conversation.inbox].senders
    if action.argument not in {AUTOMATIC, *names}:
        return unknown_sender(names)
    if action.argument != AUTOMATIC and (why := await _unsuitable(tx, settings, action.argument, conversation)):
        return f"Not changed: {why}"
    await conversations.pin_sender(tx, conversation.id, None if action.argument == AUTOMATIC else action.argument)
    await enqueue.card(tx, conversation.id, tx.now)
    return None


async def via(tx: Transaction, action: Action, settings: Settings, team: str) -> str | None:
    """Texts the lines below `!via <sender>` through this sender. Returns a sentence for the person if it cannot."""
    conversation = await conversations.get(tx, action.subject)
    inbox = settings.inboxes[conversation.inbox]
    if action.argument not in inbox.senders:
        return unknown_sender(inbox.senders)
    if inbox.reply_mode == "off":
        return VIA_NOT_HERE
    if not action.text and not action.files:
        return VIA_ONE_TEXT.format(sender=action.argument)
    if (why := await _unsuitable(tx, settings, action.argument, conversation)) is not None:
        return f"Not texted: {why}"
    message_id = await _add(tx, action, conversation, team)
    if message_id is None:
        return VIA_LATE
    await attachments.attach(tx, message_id, action.files)
    if inbox.reply_mode == "confirm":
        await messages.ask(tx, message_id, *CONFIRM)
        await enqueue.show(tx, message_id)
    else:
        await enqueue.send(tx, conversation.id, message_id)
        await enqueue.show(tx, message_id, tx.now + int(settings.timeouts.status_line * SECOND))
    return None


async def _unsuitable(tx: Transaction, settings: Settings, sender: str, conversation: Conversation) -> str | None:
    return unsuitable(settings, sender, (await contacts.get(tx, conversation.contact_id)).address)


async def _add(tx: Transaction, action: Action, conversation: Conversation, team: str) -> int | None:
    """Stores the text as a message; the same message again after an edit. None: it may have gone out already."""
    typed = json.dumps({"text": action.text, "files": list(action.files)})
    known = await messages.by_slack(tx, team, conversation.channel, action.ts)
    if known is None:
        message_id = await replies.add(
            tx,
            conversation.id,
            typed=typed,
            written="",
            author=action.user,
            team=team,
            channel=conversation.channel,
            ts=action.ts,
            thread_ts=action.thread_ts or "",
        )
    elif await attempts.may_be_out(tx, known.id):
        return None
    else:
        await messages.decide(tx, known.id)
        message_id = known.id if await replies.retype(tx, known.id, typed, "") else None
    if message_id is not None:
        await messages.decide(tx, message_id, action.argument)
    return message_id
