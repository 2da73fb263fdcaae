"""Adds jobs: calls to Slack and to providers that follow from a transaction. One function per kind of job.

A job waits for the earlier jobs of its lane. Two waiting jobs with one key are one job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversations.job_kinds import (
    ACT,
    ALERT,
    ANSWER,
    CARD,
    DROP_FILE,
    ERASE,
    FETCH,
    FILE,
    LEASE,
    NOTICE,
    NUMBER,
    OPT_OUT_QUESTION,
    OVERDUE,
    POST,
    RECONCILE,
    REST,
    SEND,
    SHOW,
    TELL,
    Answer,
    Erase,
    Fetch,
    Notice,
    Rest,
    Send,
    SenderChange,
    Tell,
)
from bot.slack.views.blocks import Marked
from storage.tables import jobs

if TYPE_CHECKING:
    from bot.conversations.entries import Action
    from bot.conversations.job_kinds import Requester
    from providers.provider import Ask
    from storage.engine.database import Transaction


_LATER = SEND.pack(Send(later=True))


class RetryLater(Exception):
    """The job has to wait. Carries the pause in seconds and the reason."""

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.reason = reason


async def send(tx: Transaction, conversation_id: int, message_id: int, run_at: int | None = None) -> None:
    """Sends the message after the earlier ones of its conversation; one that waits for its time delays no other."""
    lane = f"sms:{conversation_id}" if run_at is None else f"later:{message_id}:{run_at}"
    await jobs.add(
        tx,
        SEND.name,
        message_id,
        payload=None if run_at is None else _LATER,
        side="sms",
        lane=lane,
        run_at=run_at,
    )


async def held(tx: Transaction, conversation_id: int, message_id: int, run_at: int) -> None:
    """Sends a held message at its time, after the others that are held; it delays no other text."""
    lane = f"held:{conversation_id}"
    await jobs.add(tx, SEND.name, message_id, payload=_LATER, side="sms", lane=lane, run_at=run_at)


async def reconcile(tx: Transaction, attempt_id: int, run_at: int) -> None:
    """Asks the provider if an attempt that ended *unknown* arrived there."""
    lane = f"reconcile:{attempt_id}"
    await jobs.add(tx, RECONCILE.name, attempt_id, side="sms", lane=lane, key=lane, run_at=run_at)


async def fetch(tx: Transaction, intake_id: int, account: str, ask: Ask, callback: str | None) -> None:
    """Fetches from the provider what its webhook left out."""
    payload = Fetch(account, ask, callback)
    await jobs.add(
        tx,
        FETCH.name,
        intake_id,
        payload=FETCH.pack(payload),
        side="sms",
        lane=f"fetch:{intake_id}",
    )


async def overdue(tx: Transaction, message_id: int, run_at: int) -> None:
    """Asks for a receipt that has not come by then, and alerts if there is none."""
    lane = f"overdue:{message_id}"
    await jobs.add(tx, OVERDUE.name, message_id, side="sms", lane=lane, key=lane, run_at=run_at)


async def post(tx: Transaction, conversation_id: int) -> None:
    """Posts the conversation's texts that are not in Slack yet, and opens the thread if there is none."""
    lane, key = f"slack:{conversation_id}", f"post:{conversation_id}"
    await jobs.add(tx, POST.name, conversation_id, side="slack", lane=lane, key=key)


async def rest(tx: Transaction, conversation_id: int, post_id: int) -> None:
    """Posts the part of a long text that did not fit into this post."""
    lane = f"slack:{conversation_id}"
    await jobs.add(tx, REST.name, conversation_id, payload=REST.pack(Rest(post_id)), side="slack", lane=lane)


async def notice(tx: Transaction, conversation_id: int, key: str, sentence: str) -> None:
    """Posts a sentence of ours in the thread, once per key; `Marked` is escaped already."""
    payload = Notice(key, sentence, marked=isinstance(sentence, Marked))
    lane = f"slack:{conversation_id}"
    await jobs.add(
        tx,
        NOTICE.name,
        conversation_id,
        payload=NOTICE.pack(payload),
        side="slack",
        lane=lane,
        key=key,
    )


async def opt_out_question(tx: Transaction, conversation_id: int, message_id: int) -> None:
    """Asks in the thread if the text means STOP, or shows there what a person decided."""
    lane, key = f"slack:{conversation_id}", f"opt_out_question:{message_id}"
    await jobs.add(tx, OPT_OUT_QUESTION.name, message_id, side="slack", lane=lane, key=key)


async def file(tx: Transaction, file_id: int) -> None:
    """Fetches a file that a contact sent, and uploads it below its text."""
    await jobs.add(tx, FILE.name, file_id, side="slack", lane=f"file:{file_id}")


async def drop_file(tx: Transaction, file_id: int, run_at: int) -> None:
    """Deletes the content of a file that went out, once its URL has expired."""
    lane = f"drop:{file_id}"
    await jobs.add(tx, DROP_FILE.name, file_id, side="slack", lane=lane, key=lane, run_at=run_at)


async def show(tx: Transaction, message_id: int, run_at: int | None = None) -> None:
    """Brings the message's status line up to date."""
    lane, key = f"line:{message_id}", f"show:{message_id}"
    await jobs.add(tx, SHOW.name, message_id, side="slack", lane=lane, key=key, run_at=run_at)


async def card(tx: Transaction, conversation_id: int, run_at: int) -> None:
    """Brings the conversation's card up to date; all changes until then are one edit."""
    lane = f"card:{conversation_id}"
    await jobs.add(tx, CARD.name, conversation_id, side="slack", lane=lane, key=lane, run_at=run_at)


async def number(tx: Transaction, conversation_id: int, before: str | None, run_at: int) -> None:
    """Posts that texts come from another number than before; of several changes until then only the last."""
    lane = f"number:{conversation_id}"
    payload = SenderChange(before)
    await jobs.add(
        tx,
        NUMBER.name,
        conversation_id,
        payload=NUMBER.pack(payload),
        side="slack",
        lane=lane,
        key=lane,
        run_at=run_at,
    )


async def lease(tx: Transaction, lease_id: int, run_at: int) -> None:
    """Checks if the thread has to be warned that the lease ends, or notified that it ended."""
    lane = f"lease:{lease_id}"
    await jobs.add(tx, LEASE.name, lease_id, side="slack", lane=lane, key=lane, run_at=run_at)


async def alert(tx: Transaction, alert_id: int) -> None:
    """Brings the alert's post up to date."""
    lane = f"alert:{alert_id}"
    await jobs.add(tx, ALERT.name, alert_id, side="slack", lane=lane, key=lane)


async def act(tx: Transaction, intake_id: int, action: Action) -> None:
    """Does what a person asked for by a button or a thread command, if they may."""
    await jobs.add(tx, ACT.name, intake_id, payload=ACT.pack(action), side="slack", lane=f"act:{intake_id}")


async def tell(
    tx: Transaction,
    channel: str,
    user: str,
    sentence: str,
    thread_ts: str | None = None,
    *,
    response_url: str | None = None,
    replaces: bool = False,
) -> None:
    """Shows a sentence to one person only.

    Args:
        tx: the open transaction.
        channel: where the person is.
        user: a Slack user id.
        sentence: of ours; `Marked` is escaped already.
        thread_ts: the thread that the person is in.
        response_url: of the button that they pressed; for half an hour it answers also where the app is no member.
        replaces: the answer replaces the message with that button.
    """
    payload = Tell(channel, user, sentence, isinstance(sentence, Marked), thread_ts, response_url, replaces)
    job_id = tx.new_id()
    await jobs.add(tx, TELL.name, job_id, payload=TELL.pack(payload), side="slack", lane=f"tell:{job_id}")


async def answer(tx: Transaction, conversation_id: int, response_url: str | None, user: str | None = None) -> None:
    """Links the conversation's thread for a person, once it is there.

    Args:
        tx: the open transaction.
        conversation_id: the conversation.
        response_url: of the command they used; None: they get the link in the conversation's channel.
        user: the person, for when there is no `response_url` or it has expired.
    """
    payload = Answer(response_url, user)
    await jobs.add(
        tx,
        ANSWER.name,
        conversation_id,
        payload=ANSWER.pack(payload),
        side="slack",
        lane=f"slack:{conversation_id}",
    )


async def erase(tx: Transaction, contact_id: int, *, with_slack: bool, requester: Requester | None = None) -> None:
    """Erases the contact, with our posts in Slack unless those stay.

    Args:
        tx: the open transaction.
        contact_id: the contact.
        with_slack: our posts go too.
        requester: the person to notify of its end.
    """
    lane = f"erase:{contact_id}"
    await jobs.add(
        tx,
        ERASE.name,
        contact_id,
        payload=ERASE.pack(Erase(with_slack, requester)),
        side="slack",
        lane=lane,
        key=lane,
    )
