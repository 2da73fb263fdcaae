"""Alerts about work that failed by a fault of ours, or that Slack refuses: jobs given up, rows that can't be handled.

Each names the conversation that it is about, says what could not be done and why, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversations import enqueue, entries, job_kinds
from bot.conversations.alert_sentences import CONTACT, channel
from providers.errors import ProviderError
from sms.message import Status
from storage.queries import subjects
from storage.tables import alerts, attempts, messages

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction
    from storage.tables.intake import Entry
    from storage.tables.jobs import Job

# --- jobs -------------------------------------------------------------------------------------------------------------

_THREAD = f"the thread with {CONTACT}"
_COULD_NOT: dict[str, str] = {  # by the kind of job: the end of "Couldn't …"
    job_kinds.SEND.name: f"send a text to {CONTACT}",
    job_kinds.RECONCILE.name: f"find out if a text to {CONTACT} arrived",
    job_kinds.FETCH.name: "fetch a text or a receipt that a webhook announced",
    job_kinds.OVERDUE.name: f"look for the receipt of a text to {CONTACT}",
    job_kinds.POST.name: f"post a text in {_THREAD}",
    job_kinds.REST.name: f"post the rest of a long text in {_THREAD}",
    job_kinds.NOTICE.name: f"post a notice in {_THREAD}",
    job_kinds.OPT_OUT_QUESTION.name: f"ask in {_THREAD} if a text means STOP",
    job_kinds.FILE.name: f"show a file from {CONTACT}",
    job_kinds.DROP_FILE.name: f"delete a file that went to {CONTACT}",
    job_kinds.SHOW.name: f"show the status of a text to {CONTACT}",
    job_kinds.CARD.name: f"update the card of {CONTACT}",
    job_kinds.NUMBER.name: f"announce in {_THREAD} that texts come from another number",
    job_kinds.LEASE.name: f"announce in {_THREAD} that a leased number ends",
    job_kinds.ACT.name: f"do what a colleague asked for in {_THREAD}",
    job_kinds.TELL.name: "answer a colleague privately",
    job_kinds.ANSWER.name: f"send a colleague the link to {_THREAD}",
    job_kinds.ERASE.name: f"erase {CONTACT}",
}

_NOT_SENT = "Not sent: the app couldn't prepare this text. An alert says why. Press *Retry* to try again."
_REPORT = "Report this to the maintainers of threadline: it's a bug."
_REINSTALL = "Install the app again with its newest manifest (`threadline manifest`)."
_COLLEAGUE = "If it still matters, a colleague can do it again."
_SLACK_SAYS: dict[str, str] = {  # Slack's error codes (docs.slack.dev, each method): what Slack says, what to do
    "channel_not_found": "Slack says the channel doesn't exist, or the app isn't in it. Write `/invite @threadline` "
    "there, or correct the channel's id in the settings.",
    "not_in_channel": "Slack says the app isn't in the channel. Write `/invite @threadline` there.",
    "is_archived": "Slack says the channel is archived. Unarchive it, or set another channel in the settings.",
    "restricted_action": "Slack lets only some people post there. Allow the app to post.",
    "msg_too_long": f"Slack says the message is too long. {_REPORT}",
    "msg_blocks_too_long": f"Slack says the message is too long. {_REPORT}",
    "invalid_blocks": f"Slack can't read the message's layout. {_REPORT}",
    "invalid_blocks_format": f"Slack can't read the message's layout. {_REPORT}",
    "no_text": f"Slack says the message is empty. {_REPORT}",
    "cant_update_message": "Slack says the message isn't the app's. Check that `slack.bot_token` is of the same app as "
    "before.",
    "edit_window_closed": "Slack no longer lets the app edit it. An admin of Slack can allow edits at any time.",
    "user_not_found": f"Slack doesn't know the person any more. {_COLLEAGUE}",
    "user_not_in_channel": "Slack says the person isn't in the channel. Invite them.",
    "user_disabled": f"Slack says the person left the workspace. {_COLLEAGUE}",
    "messages_tab_disabled": f"Slack says the app's message tab is off. {_REINSTALL}",
    "missing_scope": f"Slack says the app lacks a permission. {_REINSTALL}",
    "no_permission": f"Slack says the app lacks a permission. {_REINSTALL}",
    "not_allowed_token_type": f"Slack doesn't take our token for this. {_REINSTALL}",
    "file_not_found": "Slack says the file doesn't exist any more. Ask for the file again.",
    "file_deleted": "Slack says the file was deleted. Ask for the file again.",
}


def slack_says(code: str) -> str:
    """Returns Slack's refusal in words, with the cure.

    Args:
        code: Slack's error code.
    """
    return _SLACK_SAYS.get(code, f"Slack says: {code}. Slack's reference explains it at the method. {_REPORT}")


def fault(error: Exception) -> str:
    """Returns a failure that is not Slack's in words, with the cure. No number and no text of a message is in it."""
    if isinstance(error, ProviderError):
        return f"{error.sentence} Look at the provider's portal for what is missing here."
    return f"The bot failed ({type(error).__name__}); the log has the traceback. {_REPORT}"


async def given_up(tx: Transaction, job: Job, code: str, why: str) -> None:
    """Raises an alert about a job that is not tried again.

    Args:
        tx: the open transaction, which finishes the job.
        job: the job, of any kind but *alert*.
        code: Slack's error code, or the name of an exception.
        why: a sentence with the cure, from `slack_says` or `fault`.
    """
    if job.kind == job_kinds.SEND.name:
        await _stop(tx, job.subject)
    sentence = f"Couldn't {_could_not(job)}. {why}"
    conversation_id = await _conversation_of_job(tx, job)
    cause = f"given up:{job.kind}:{code}"
    await enqueue.alert(tx, await alerts.raise_one(tx, cause, sentence, conversation_id))


async def _stop(tx: Transaction, message_id: int) -> None:
    """Shows at a text whose job is given up that it was not sent, unless a part of it may be out."""
    try:
        message = await messages.get(tx, message_id)
    except LookupError:
        return  # its contact was erased
    if message.state not in {"cancelled", "asked"} and not await attempts.may_be_out(tx, message_id):
        await messages.set_status(tx, message_id, Status.FAILED.value, code="given_up", sentence=_NOT_SENT)
        await enqueue.show(tx, message_id)


def _could_not(job: Job) -> str:
    what = _COULD_NOT.get(job.kind, f"do a job of the kind {job.kind}")
    payload = _payload(job)
    if isinstance(payload, job_kinds.Tell):
        return f"{what} in {_THREAD if payload.thread_ts else channel(payload.channel)}"
    return f"{what} for the account {payload.account}" if isinstance(payload, job_kinds.Fetch) else what


async def _conversation_of_job(connection: Connection, job: Job) -> int | None:
    payload, subject = _payload(job), job.subject
    if isinstance(payload, job_kinds.Tell):
        return await subjects.conversation_of_thread(connection, payload.channel, payload.thread_ts or "")
    if isinstance(payload, entries.Action):
        subject = payload.subject
    elif isinstance(payload, job_kinds.Fetch) and (payload.ask.attempt or "").isdigit():
        subject = int(payload.ask.attempt or 0)
    return await subjects.conversation_of(connection, subject)


def _payload(job: Job) -> object | None:
    """Returns the payload of a job, or None: it has none, or nobody can read it, which may be why the job failed."""
    kind = next((each for each in job_kinds.ALL if each.name == job.kind), None)
    try:
        return None if kind is None or kind.payload is None else kind.read(job)
    except (KeyError, TypeError, ValueError):
        return None


# --- rows of the intake -----------------------------------------------------------------------------------------------

_ENTRIES: dict[str, str] = {  # by the kind of entry
    "inbound": f"a text from {CONTACT}",
    "receipt": f"a receipt for a text to {CONTACT}",
    "ask": "a webhook that announces a text or a receipt",
    "reply": f"a reply to {CONTACT}",
    "edit": f"an edit of a reply to {CONTACT}",
    "deletion": f"the deletion of a reply to {CONTACT}",
    "loss": f"the deletion of the card of {CONTACT}",
    "channel": "a change of a channel",
    "command": f"a text to {CONTACT} by `/sms` or `threadline send`",
    "composed": f"a text to {CONTACT} from the compose window",
    "open": f"a request to open {_THREAD}",
    "opt_out": f"the opt-out of {CONTACT}",
    "opt_in": f"the opt-in of {CONTACT}",
    "export": "an export",
    "template": "a change of a template",
    "action": f"what a colleague asked for in {_THREAD}",
}


async def dead(tx: Transaction, entry: Entry) -> None:
    """Raises an alert about an intake row that could not be handled, and that is dead now."""
    what = _ENTRIES.get(entry.kind, "something that came in")
    sentence = (
        f"Couldn't handle {what}. It is kept as dead row {entry.id}: `threadline dead show {entry.id}` prints it. "
        "The log has the traceback: report the bug. After an upgrade, `threadline dead replay` handles the row."
    )
    conversation_id = await _conversation_of_entry(tx, entry)
    await enqueue.alert(tx, await alerts.raise_one(tx, f"dead:{entry.source}", sentence, conversation_id))


async def _conversation_of_entry(connection: Connection, entry: Entry) -> int | None:
    """Returns the conversation that the row is about; None if the row doesn't say, or nobody can read it."""
    try:
        content = entries.unpack(entry)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    if (thread := _thread(content)) is not None:
        return await subjects.conversation_of_thread(connection, *thread)
    if (address := _address(content)) is not None:
        return await subjects.conversation_with(connection, address)
    return await subjects.conversation_of(connection, _subject(content))


def _thread(content: entries.Content) -> tuple[str, str] | None:
    """Returns the channel and the first message of the thread that the entry is about."""
    if isinstance(content, entries.CardDeleted):
        return content.channel, content.ts
    if isinstance(content, entries.Reply | entries.Deletion):
        return content.channel, content.thread_ts
    return None


def _address(content: entries.Content) -> str | None:
    """Returns the contact's canonical address."""
    if isinstance(content, entries.Inbound):
        return str(content.sms.sender)
    to_contact = entries.Command | entries.Composed | entries.OpenThread | entries.OptOut | entries.OptIn
    return content.to if isinstance(content, to_contact) else None


def _subject(content: entries.Content) -> int:
    """Returns the id of the row that the entry is about; 0 if it names none."""
    if isinstance(content, entries.Action):
        return content.subject
    attempt = content.receipt.attempt if isinstance(content, entries.DeliveryReceipt) else None
    return int(attempt) if attempt is not None and attempt.isdigit() else 0
