"""What is to be done on the other side: one function per kind of job, each with its lane.

The worker knows the kinds by the names of these functions; what does a job may say that it is to be done later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.slack.views.blocks import Marked
from storage.tables import jobs

if TYPE_CHECKING:
    from storage.engine.database import Transaction

LATER = {"later": True}  # of a job that sends only what still waits for its time


class RetryLater(Exception):
    """The job is to be tried again after so many seconds, for this reason."""

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.reason = reason


async def send(tx: Transaction, conversation_id: int, message_id: int, run_at: int | None = None) -> None:
    """Offer the message to a provider, after the earlier ones of its conversation; one for later delays no other."""
    lane = f"sms:{conversation_id}" if run_at is None else f"later:{message_id}:{run_at}"
    await jobs.add(
        tx, "send", message_id, side="sms", lane=lane, run_at=run_at, payload=None if run_at is None else LATER
    )


async def held(tx: Transaction, conversation_id: int, message_id: int, run_at: int) -> None:
    """Offer the message once it is held no longer, after the others that are held; it delays no other text."""
    lane = f"held:{conversation_id}"
    await jobs.add(tx, "send", message_id, side="sms", lane=lane, run_at=run_at, payload=LATER)


async def reconcile(tx: Transaction, attempt_id: int, run_at: int) -> None:
    """Ask the provider whether an attempt that ended *unknown* arrived there."""
    await jobs.add(
        tx,
        "reconcile",
        attempt_id,
        side="sms",
        lane=f"reconcile:{attempt_id}",
        key=f"reconcile:{attempt_id}",
        run_at=run_at,
    )


async def fetch(tx: Transaction, intake_id: int, account: str, ask: dict[str, Any], callback: str | None) -> None:
    """Fetch from the provider what its webhook did not say."""
    payload = {"account": account, "ask": ask, "callback": callback}
    await jobs.add(tx, "fetch", intake_id, side="sms", lane=f"fetch:{intake_id}", payload=payload)


async def post(tx: Transaction, conversation_id: int) -> None:
    """Show the conversation's texts that are not shown yet, opening the thread if there is none."""
    await jobs.add(
        tx, "post", conversation_id, side="slack", lane=f"slack:{conversation_id}", key=f"post:{conversation_id}"
    )


async def rest(tx: Transaction, conversation_id: int, post_id: int) -> None:
    """Show what did not fit into the post."""
    payload = {"post": post_id}
    await jobs.add(tx, "rest", conversation_id, side="slack", lane=f"slack:{conversation_id}", payload=payload)


async def notice(tx: Transaction, conversation_id: int, key: str, sentence: str) -> None:
    """Say a sentence of ours in the thread, once per key; `Marked` has been escaped already."""
    payload = {"key": key, "sentence": sentence, "marked": isinstance(sentence, Marked)}
    await jobs.add(
        tx, "notice", conversation_id, side="slack", lane=f"slack:{conversation_id}", key=key, payload=payload
    )


async def opt_out_question(tx: Transaction, conversation_id: int, message_id: int) -> None:
    """Ask in the thread whether the text asks for no more texts, or show there what was decided."""
    lane, key = f"slack:{conversation_id}", f"doubt:{message_id}"
    await jobs.add(tx, "opt_out_question", message_id, side="slack", lane=lane, key=key)


async def file(tx: Transaction, file_id: int) -> None:
    """Fetch a file that a contact sent, and put it into the thread below its text."""
    await jobs.add(tx, "file", file_id, side="slack", lane=f"file:{file_id}")


async def drop_file(tx: Transaction, file_id: int, run_at: int) -> None:
    """Delete the content of a file that went out, once nobody can fetch it any more."""
    await jobs.add(tx, "drop_file", file_id, side="slack", lane=f"drop:{file_id}", key=f"drop:{file_id}", run_at=run_at)


async def show(tx: Transaction, message_id: int, run_at: int | None = None) -> None:
    """Bring the message's receipt line up to date."""
    await jobs.add(
        tx, "show", message_id, side="slack", lane=f"line:{message_id}", key=f"show:{message_id}", run_at=run_at
    )


async def overdue(tx: Transaction, message_id: int, run_at: int) -> None:
    """Ask for the receipt if none has come by then, and say so if there is none."""
    await jobs.add(
        tx,
        "overdue",
        message_id,
        side="sms",
        lane=f"overdue:{message_id}",
        key=f"overdue:{message_id}",
        run_at=run_at,
    )


async def erase(
    tx: Transaction, contact_id: int, *, with_slack: bool, told: dict[str, str | None] | None = None
) -> None:
    """Erase the contact, and what we posted about them in Slack unless that stays.

    Args:
        tx: the open transaction.
        contact_id: who.
        with_slack: whether our posts go too.
        told: whom to tell of its end, as `tell` takes it, with the keyed hash of the contact's `number`.
    """
    lane, payload = f"erase:{contact_id}", {"slack": with_slack, "told": told}
    await jobs.add(tx, "erase", contact_id, side="slack", lane=lane, key=lane, payload=payload)


async def card(tx: Transaction, conversation_id: int, run_at: int) -> None:
    """Bring the conversation's card up to date; what changes until then is one edit."""
    await jobs.add(
        tx,
        "card",
        conversation_id,
        side="slack",
        lane=f"card:{conversation_id}",
        key=f"card:{conversation_id}",
        run_at=run_at,
    )


async def number(tx: Transaction, conversation_id: int, before: str | None, run_at: int) -> None:
    """Say that texts come from another number than before; of several changes until then only the last is said."""
    await jobs.add(
        tx,
        "number",
        conversation_id,
        side="slack",
        lane=f"number:{conversation_id}",
        key=f"number:{conversation_id}",
        payload={"before": before},
        run_at=run_at,
    )


async def lease(tx: Transaction, lease_id: int, run_at: int) -> None:
    """Look whether the thread is to be told that the lease ends, or that it has ended."""
    key = f"lease:{lease_id}"
    await jobs.add(tx, "lease", lease_id, side="slack", lane=key, key=key, run_at=run_at)


async def alert(tx: Transaction, alert_id: int) -> None:
    """Bring the alert's post up to date."""
    await jobs.add(tx, "alert", alert_id, side="slack", lane=f"alert:{alert_id}", key=f"alert:{alert_id}")


async def act(tx: Transaction, intake_id: int, action: dict[str, Any]) -> None:
    """Do what a person asked for by a button or a word, if they may: `bot/slack/app/actions.py` says what a wish is."""
    await jobs.add(tx, "act", intake_id, side="slack", lane=f"act:{intake_id}", payload=action)


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
    """Say something to one person only, where they are.

    Args:
        tx: the open transaction.
        channel: where.
        user: who.
        sentence: of ours; `Marked` has been escaped already.
        thread_ts: the thread that they are in.
        response_url: of what they pressed, which is answered also where we are no member, for half an hour.
        replaces: whether it takes the place of what they pressed, where there is a `response_url`.
    """
    payload = {
        "channel": channel,
        "user": user,
        "sentence": sentence,
        "marked": isinstance(sentence, Marked),
        "thread_ts": thread_ts,
        "response_url": response_url,
        "replaces": replaces,
    }
    job_id = tx.new_id()
    await jobs.add(tx, "tell", job_id, side="slack", lane=f"tell:{job_id}", payload=payload)


async def answer(tx: Transaction, conversation_id: int, response_url: str | None, user: str | None = None) -> None:
    """Tell a person where the conversation is, once its thread is there.

    Args:
        tx: the open transaction.
        conversation_id: which.
        response_url: of the command they used; None: they are told in the conversation's channel.
        user: who, where there is no `response_url` or it has ended.
    """
    payload = {"response_url": response_url, "user": user}
    await jobs.add(tx, "answer", conversation_id, side="slack", lane=f"slack:{conversation_id}", payload=payload)
