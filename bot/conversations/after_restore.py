"""Safeguards after a restore: the bot that wrote the backup continued, and may have done the waiting work since.

A text that waited in the backup may have gone out long ago, so the bot asks about each in its thread. It also asks
about replies and actions from before the restore that arrive only now, because Slack repeats them or the sweep finds
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversations import enqueue
from bot.conversations.alert_sentences import CONTACT
from bot.conversations.job_kinds import ACT
from bot.conversations.multipart import progress
from storage.tables import alerts, attempts, jobs, messages, watermarks

if TYPE_CHECKING:
    from bot.conversations.entries import Action
    from storage.engine.database import Connection, Database, Transaction
    from storage.tables.jobs import Job
    from storage.tables.messages import Message

MARK = "restored"  # the watermark: when the newest restore was (microseconds UTC)
SENDING = frozenset({"retry", "other", "again", "send", "retry_all", "later", "via"})  # actions that send a text

BY_ITSELF = frozenset({"confirmation", "help"})  # origins of automatic texts

CODE = "restored"
QUESTION = (CODE, "It is from before a backup was restored, and may have gone out then. Should it go out?")
WAITED = "It waited when the backup was made, and may have gone out before somebody restored that backup."
FOR_LATER = f"{WAITED} It was scheduled: *Text it* sends it at its time."
NOT_CONFIRMED = "It may have gone out before a backup was restored, so the bot doesn't send it again."
NOT_AGAIN = (
    "Not done: that was before a backup was restored, and the bot may have done it then. Look at the thread, and do it "
    "again if it's still needed."
)


async def before(connection: Connection, at: int) -> bool:
    """True if this moment (microseconds UTC) is before the newest restore."""
    mark = await watermarks.get(connection, MARK)
    return mark is not None and at < int(mark)


async def mark(database: Database, made: str) -> int:
    """Marks a database that has just been restored. Returns the number of texts that the bot asks about.

    Args:
        database: no bot runs on it.
        made: the time of the backup, as people read it.
    """
    async with database.transaction() as tx:
        await watermarks.move(tx, MARK, str(tx.now))
        for job in await jobs.of_kind(tx, "act"):
            await _forget(tx, job)
        waiting = [await messages.get(tx, job.subject) for job in await jobs.of_kind(tx, "send")]
        for job in await jobs.of_kind(tx, "send"):
            await jobs.finish(tx, job)
        asked = [message for message in waiting if await _ask(tx, message)]
        await _alert(tx, asked, made)
    return len(asked)


async def _ask(tx: Transaction, message: Message) -> bool:
    """Asks about a text that waited. False: there is nothing to ask, as it is cancelled, asked about or tried."""
    waits = progress(message, await attempts.of_message(tx, message.id)).next is not None
    if message.state in {"asked", "cancelled"} or not waits:
        return False
    if message.origin in BY_ITSELF:
        await messages.give_up(tx, message.id, NOT_CONFIRMED)
        await enqueue.show(tx, message.id)
        return False
    is_for_later = message.state == "scheduled" and (message.not_before or 0) > tx.now
    await messages.ask(tx, message.id, CODE, FOR_LATER if is_for_later else f"{WAITED} Should it go out?")
    await enqueue.show(tx, message.id)
    return True


async def _forget(tx: Transaction, job: Job) -> None:
    """Drops an action from just before the backup if it would send a text, and notifies the person."""
    action = ACT.read(job)
    if action.do in SENDING:
        await jobs.finish(tx, job)
        await tell(tx, action)


async def tell(tx: Transaction, action: Action) -> None:
    """Notifies the person who asked for the action, in their channel, that it was not done."""
    if action.channel and action.user:
        await enqueue.tell(tx, action.channel, action.user, NOT_AGAIN, action.thread_ts)


async def _alert(tx: Transaction, asked: list[Message], made: str) -> None:
    """Raises one alert for all texts. It is resolved once somebody has decided about each."""
    sentence = f"The bot was restored from a backup of {made}. Anything since then is missing, including opt-outs."
    if asked:
        sentence += (
            f" Texts to {CONTACT} waited when the backup was made, and may have gone out since. Press *Text it* or "
            "*Keep it* in each thread."
        )
    concerned: list[int | None] = list(dict.fromkeys(message.conversation_id for message in asked))
    for conversation_id in concerned or [None]:
        await enqueue.alert(tx, await alerts.raise_one(tx, CODE, sentence, conversation_id))
