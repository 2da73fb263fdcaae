"""What a restored backup may not do by itself: the bot that wrote it went on, and may have done it since.

A text that waited in the backup may have gone out long ago, so each is asked about in its thread, and so is what was
written or wished before the restore and comes in only now (Slack tells it again, and the sweep finds it).
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
SENDING = frozenset({"retry", "other", "again", "send", "retry_all", "later"})  # wishes that end in a text

BY_ITSELF = frozenset({"confirmation", "help"})  # origins of texts that no person decided about

CODE = "restored"
QUESTION = (CODE, "It is from before the bot was restored from a backup, and may have gone out then. Should it go out?")
WAITED = "It waited when the backup was made that the bot was restored from, and may have gone out since."
FOR_LATER = f"{WAITED} It was for later: *Text it* lets it go out at its time."
NOT_CONFIRMED = "It may have gone out before the bot was restored from a backup, and is not sent again."
NOT_AGAIN = (
    "Not done: that was before the bot was restored from a backup, and may have been done then. "
    "Please look at the thread, and do it again if it is still wanted."
)


async def before(connection: Connection, at: int) -> bool:
    """Whether this moment (microseconds UTC) lies before the newest restore, if there was one."""
    mark = await watermarks.get(connection, MARK)
    return mark is not None and at < int(mark)


async def mark(database: Database, made: str) -> int:
    """Marks a database that has just been restored; returns how many texts are asked about.

    Args:
        database: no bot runs on it.
        made: when the backup was made, for people.
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
    """Whether somebody is to decide: not about what was taken back, asked about, or tried with an open end."""
    waits = progress(message, await attempts.newest(tx, message.id)).next is not None
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
    """A button that was pressed just before the backup, if it would send something."""
    action = ACT.read(job)
    if action.do in SENDING:
        await jobs.finish(tx, job)
        await tell(tx, action)


async def tell(tx: Transaction, action: Action) -> None:
    """Tells the person who decided that nothing was done, where they are."""
    if action.channel and action.user:
        await enqueue.tell(tx, action.channel, action.user, NOT_AGAIN, action.thread_ts)


async def _alert(tx: Transaction, asked: list[Message], made: str) -> None:
    """One alert for all of it; it is over once each text is decided about."""
    sentence = f"The bot was restored from a backup of {made}. Anything since then is missing, including opt-outs."
    if asked:
        sentence += (
            f" Texts to {CONTACT} waited when the backup was made, and may have gone out since. Press *Text it* or "
            "*Keep it* in each thread."
        )
    concerned: list[int | None] = list(dict.fromkeys(message.conversation_id for message in asked))
    for conversation_id in concerned or [None]:
        await enqueue.alert(tx, await alerts.raise_one(tx, CODE, sentence, conversation_id))
