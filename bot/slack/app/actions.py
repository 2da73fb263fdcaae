"""Handlers for user actions: buttons and thread commands. We store each action, then do it once, if the person may.

A handler may run twice, and for two people, so it checks the rows before it changes them.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.conversations import attachments, enqueue, entries
from bot.conversations.consent import Consent, opt_in, opt_out
from bot.conversations.entries import Action
from bot.conversations.intake_handlers import CONFIRM
from bot.conversations.job_kinds import Requester
from bot.conversations.number_hash import NumberHash
from bot.privacy import erasure
from bot.slack.app import sender_actions
from bot.slack.app.retries import CANNOT_WORK, next_sender, nothing_again
from bot.slack.client.users import ONLY_ADMINS, reason
from bot.slack.views import rights as rights_view
from bot.slack.views.buttons import NEVER, NOT_THIS_WAY, PREFIX
from bot.text import parse_time
from sms.message import Status
from storage.engine.clock import MINUTE, from_datetime, to_datetime
from storage.engine.commit_events import AdminActed
from storage.queries import history
from storage.tables import (
    alerts,
    attempts,
    contacts,
    conversations,
    erasures,
    jobs,
    messages,
    replies,
    schedule,
    users,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from slack_bolt.async_app import AsyncAck, AsyncApp

    from bot.conversations.send_results import SendResults
    from bot.slack.client.workspace import Workspace
    from storage.engine.database import Transaction
    from storage.tables.conversations import Conversation
    from storage.tables.jobs import Job
    from storage.tables.messages import Message

    Handler = Callable[[Transaction, Action], Awaitable[None]]

NOTHING_BELOW = "Not texted: write `!later tomorrow 9:00` and the text on a new line below it."
NOBODY_MEANT = (
    "Nobody was assigned, because your words mention no member. Write `!assign @name`, or `!assign` for yourself."
)
NOT_HERE = "Not texted: replies in this channel aren't texted. Use `/sms` to write a text."
NEWER = "This conversation continues in a newer thread; the card here links to it."
CHANGED_LATE = "Your edit wasn't texted: the text had gone out already. Write a new reply to correct it."


class Actions:
    """The actions of one workspace.

    Args:
        workspace: the workspace.
        send_results: sends again, and records decisions.
    """

    def __init__(self, workspace: Workspace, send_results: SendResults) -> None:
        self._database = workspace.database
        self._appender = workspace.appender
        self._settings = workspace.settings
        self._users = workspace.users
        self._team = workspace.team
        self._send_results = send_results
        self._consent = Consent(workspace.settings)
        self._number_hash = NumberHash(workspace.settings)
        self._on_conversations: dict[str, Handler] = {
            "assign": self._assign,
            "close": self._close,
            "reopen": self._reopen,
            "via": self._via,
            "sender": self._pin,
            "later": self._later,
            "contact": self._contact,
            "opt_out": self._opt_out,
            "opt_in": self._opt_in,
        }
        self._on_messages: dict[str, Handler] = {
            "retry": self._retry,
            "other": self._other,
            "again": self._again,
            "arrived": self._arrived,
            "give_up": self._give_up,
            "send": self._send,
            "now": self._now,
            "discard": self._discard,
            "stop_meant": self._stop_meant,
            "stop_not_meant": self._stop_not_meant,
        }
        self._on_alerts: dict[str, Handler] = {"acknowledge": self._acknowledge, "retry_all": self._retry_all}
        self._handlers: Mapping[str, Handler] = {
            **self._on_conversations,
            **self._on_messages,
            **self._on_alerts,
            "erase": self._erase,
        }

    def listen(self, app: AsyncApp) -> None:
        """Registers the listener for every button that decides something."""
        app.action(re.compile(f"^{PREFIX}"))(self.pressed)

    async def pressed(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Stores the press of a button, then acks."""
        pressed = body["actions"][0]
        action = Action(
            pressed["action_id"].removeprefix(PREFIX),
            int(pressed["value"]),
            body["user"]["id"],
            body.get("channel", {}).get("id"),
            body.get("message", {}).get("thread_ts"),
            response_url=body["response_url"] if body.get("container", {}).get("is_ephemeral") else None,
        )
        await self.store(action, f"{self._team}:action:{body['trigger_id']}")
        await ack()

    async def store(self, action: Action, key: str) -> None:
        """Stores an action. Two with one key are one action."""
        await self._appender.append(entries.arrival("slack", action, key))

    async def act(self, job: Job, action: Action) -> None:
        """Does the action, if the person may.

        Raises:
            bot.slack.client.api.SlackError: Slack does not say who they are.
        """
        refusal = await self._refusal(action) if action.user else None
        async with self._database.transaction() as tx:
            if refusal is None:
                await self._handlers[action.do](tx, action)
            else:
                await self._tell(tx, action, refusal)
            await jobs.finish(tx, job)

    async def _refusal(self, action: Action) -> str | None:
        """Returns a sentence if the person may not do it."""
        if action.do in {"opt_out", "opt_in"} and not await self._users.is_admin(action.user, self._settings.admins):
            return ONLY_ADMINS
        if action.do == "erase":
            return await self._users.may_erase(action.user, self._settings.admins)
        for inbox in await self._inboxes_of(action):
            refusal = await self._users.may_text(action.user, self._settings.inboxes[inbox])
            if refusal is not None:
                return reason(refusal)
        return None

    async def _inboxes_of(self, action: Action) -> list[str]:
        async with self._database.read() as reader:
            if action.do in self._on_alerts:
                alert = await alerts.get(reader, action.subject)
                found = {(await conversations.get(reader, each)).inbox for each in alert.conversations}
                return sorted(found) or list(self._settings.inboxes)[:1]
            conversation_id = action.subject
            if action.do in self._on_messages:
                conversation_id = (await messages.get(reader, action.subject)).conversation_id
            return [(await conversations.get(reader, conversation_id)).inbox]

    # --- about a conversation -----------------------------------------------------------------------------------------

    async def _assign(self, tx: Transaction, action: Action) -> None:
        """Assigns the conversation to the user in the argument; without one, to the author of the action."""
        named = re.search(r"<@([UW][A-Z0-9]+)", action.argument)
        if named is None and action.argument.lower() not in {"", "me", "myself"}:
            await self._tell(tx, action, NOBODY_MEANT)
            return
        await conversations.assign(tx, action.subject, named[1] if named else action.user)
        await self._show_card(tx, action.subject)

    async def _close(self, tx: Transaction, action: Action) -> None:
        if await conversations.close(tx, action.subject):
            await self._show_card(tx, action.subject)

    async def _reopen(self, tx: Transaction, action: Action) -> None:
        if await conversations.reopen(tx, action.subject):
            await self._show_card(tx, action.subject)
        else:
            await self._tell(tx, action, NEWER)

    async def _pin(self, tx: Transaction, action: Action) -> None:
        """*Change sender…*: all texts of the conversation leave through this sender."""
        if (refusal := await sender_actions.pin(tx, action, self._settings)) is not None:
            await self._tell(tx, action, refusal)

    async def _via(self, tx: Transaction, action: Action) -> None:
        """`!via <sender>`: the text below it goes out through this sender."""
        if (refusal := await sender_actions.via(tx, action, self._settings, self._team)) is not None:
            await self._tell(tx, action, refusal)

    async def _later(self, tx: Transaction, action: Action) -> None:
        """Schedules the text behind or below `!later <when>`, in the author's time zone."""
        person = await users.find(tx, self._team, action.user)
        where = parse_time.zone(person.time_zone if person else None)
        try:
            moment, behind = parse_time.leading(action.argument, to_datetime(tx.now), where)
        except parse_time.NotATime as error:
            await self._tell(tx, action, f"Not texted: {error}")
            return
        at, text = from_datetime(moment), "\n".join(filter(None, (behind, action.text)))
        conversation = await conversations.get(tx, action.subject)
        if self._settings.inboxes[conversation.inbox].reply_mode == "off":
            await self._tell(tx, action, NOT_HERE)
        elif not text and not action.files:
            await self._tell(tx, action, NOTHING_BELOW)
        elif (message_id := await self._add_later(tx, replace(action, text=text), conversation)) is None:
            await self._tell(tx, action, CHANGED_LATE)
        else:
            await attachments.attach(tx, message_id, action.files)
            await self._schedule(tx, message_id, conversation, at)

    async def _schedule(self, tx: Transaction, message_id: int, conversation: Conversation, at: int) -> None:
        """Schedules a text; asks first if the inbox confirms each reply."""
        await schedule.schedule(tx, message_id, at)
        if self._settings.inboxes[conversation.inbox].reply_mode == "confirm":
            await messages.ask(tx, message_id, *CONFIRM)
        else:
            await enqueue.send(tx, conversation.id, message_id, at)
        await enqueue.show(tx, message_id)

    async def _add_later(self, tx: Transaction, action: Action, conversation: Conversation) -> int | None:
        """Stores the text as a message, or changes it after an edit. Returns its id; None: it may have gone out."""
        typed = json.dumps({"text": action.text, "files": list(action.files)})
        known = await messages.by_slack(tx, self._team, conversation.channel, action.ts)
        if known is None:
            return await replies.add(
                tx,
                conversation.id,
                typed=typed,
                written="",
                author=action.user,
                team=self._team,
                channel=conversation.channel,
                ts=action.ts,
                thread_ts=action.thread_ts or "",
            )
        if await attempts.may_be_out(tx, known.id):
            return None
        await messages.decide(tx, known.id)
        return known.id if await replies.retype(tx, known.id, typed, "") else None

    async def _contact(self, tx: Transaction, action: Action) -> None:
        """Stores the fields of *Contact…*, and updates the cards."""
        known = action.contact
        if known is None:
            return
        conversation = await conversations.get(tx, action.subject)
        await contacts.describe(
            tx, conversation.contact_id, name=known.name, notes=known.notes, time_zone=known.time_zone
        )
        for each in await conversations.of_contact(tx, conversation.contact_id):
            await self._show_card(tx, each.id)

    async def _opt_out(self, tx: Transaction, action: Action) -> None:
        conversation = await conversations.get(tx, action.subject)
        await opt_out(tx, conversation.contact_id, "person", action.user)

    async def _opt_in(self, tx: Transaction, action: Action) -> None:
        conversation = await conversations.get(tx, action.subject)
        await opt_in(tx, conversation.contact_id, "person", action.user)

    # --- about a message ----------------------------------------------------------------------------------------------

    async def _retry(self, tx: Transaction, action: Action) -> None:
        """Sends a failed text again."""
        message = await messages.get(tx, action.subject)
        if _has_failed(message) and message.code in NEVER | NOT_THIS_WAY:
            await self._tell(tx, action, CANNOT_WORK)
        elif _has_failed(message):
            await self._send_results.send_again(tx, message)

    async def _other(self, tx: Transaction, action: Action) -> None:
        """Sends a failed text again through the inbox's next sender."""
        message = await messages.get(tx, action.subject)
        if not _has_failed(message):
            return
        sender = await next_sender(tx, message, self._settings)
        if sender is None or message.code in NEVER:
            await self._tell(tx, action, CANNOT_WORK if sender else "This inbox has no other sender.")
        else:
            await self._send_results.send_again(tx, message, sender)

    async def _again(self, tx: Transaction, action: Action) -> None:
        """Sends a text that may have gone out once more."""
        message = await messages.get(tx, action.subject)
        if await self._is_unknown(tx, message):
            await self._send_results.send_again(tx, message)

    async def _arrived(self, tx: Transaction, action: Action) -> None:
        """Records that a text arrived, because the person knows it."""
        message = await messages.get(tx, action.subject)
        if await self._is_unknown(tx, message):
            await self._send_results.arrived(tx, message, action.user)

    async def _give_up(self, tx: Transaction, action: Action) -> None:
        message = await messages.get(tx, action.subject)
        if _has_failed(message) or await self._is_unknown(tx, message):
            await self._send_results.given_up(tx, message)

    async def _send(self, tx: Transaction, action: Action) -> None:
        """Sends a text that waits for a decision, at its time."""
        message = await messages.get(tx, action.subject)
        if message.state != "asked" or await self._is_unknown(tx, message):
            return
        if message.not_before is None or message.not_before <= tx.now:
            await self._send_results.send_again(tx, message)
        else:
            await messages.decide(tx, message.id)
            await schedule.schedule(tx, message.id, message.not_before)
            await enqueue.send(tx, message.conversation_id, message.id, message.not_before)
            await enqueue.show(tx, message.id)

    async def _now(self, tx: Transaction, action: Action) -> None:
        """Sends a text that quiet hours hold."""
        message = await messages.get(tx, action.subject)
        if message.state == "held" and message.code == "quiet":
            await self._send_results.send_again(tx, message, at_once=True)

    async def _discard(self, tx: Transaction, action: Action) -> None:
        """Keeps a text in the team that waits for a decision or for its time."""
        message = await messages.get(tx, action.subject)
        if message.state in {"asked", "scheduled", "held"} and not await self._is_unknown(tx, message):
            is_begun = await attempts.may_be_out(tx, message.id)
            await self._send_results.kept(
                tx, message, "The rest stays in the team." if is_begun else "Kept in the team."
            )

    async def _stop_meant(self, tx: Transaction, action: Action) -> None:
        """Opts out the contact, whose text asks for that. Any member may decide it, because the contact asked."""
        await self._consent.meant(tx, action.subject, action.user)

    async def _stop_not_meant(self, tx: Transaction, action: Action) -> None:
        await self._consent.not_meant(tx, action.subject, action.user)

    # --- about a contact ----------------------------------------------------------------------------------------------

    async def _erase(self, tx: Transaction, action: Action) -> None:
        """Erases the contact, or continues an erasure that was interrupted."""
        contact = await contacts.get_if_there(tx, action.subject)
        if contact is None:
            await self._tell(tx, action, rights_view.ERASED_ALREADY)
            return
        is_news = await erasures.under_way(tx, contact.id) is None
        if is_news:
            await erasure.begin(tx, self._number_hash, contact, action.user)
            tx.tell(AdminActed("erase", action.user, self._number_hash.of(contact.address)))
        if action.user:
            number = self._number_hash.of(contact.address)
            requester = Requester(action.channel, action.user, action.response_url, number)
            await enqueue.erase(tx, contact.id, with_slack=True, requester=requester)
        await self._tell(tx, action, rights_view.ERASING if is_news else rights_view.ERASING_ALREADY)

    # --- about an alert -----------------------------------------------------------------------------------------------

    async def _acknowledge(self, tx: Transaction, action: Action) -> None:
        if await alerts.acknowledge(tx, action.subject, action.user):
            await enqueue.alert(tx, action.subject)

    async def _retry_all(self, tx: Transaction, action: Action) -> None:
        """Sends again the alert's failed texts that nobody has decided about. Those that may be out of date stay."""
        alert = await alerts.get(tx, action.subject)
        failed = [each for place in alert.conversations for each in await history.failed(tx, place)]
        since = alert.first_at - int(self._settings.expire_minutes * MINUTE)
        sent = [each for each in failed if each.code not in NEVER | NOT_THIS_WAY and each.wanted_at >= since]
        for message in sent:
            await self._send_results.send_again(tx, message)
        if sent:
            await self._acknowledge(tx, action)
        else:
            await self._tell(tx, action, nothing_again(alert, failed, since))

    # --- how ----------------------------------------------------------------------------------------------------------

    async def _is_unknown(self, tx: Transaction, message: Message) -> bool:
        if message.state == "cancelled":
            return False
        return any(attempt.outcome == "unknown" for attempt in await attempts.newest(tx, message.id))

    async def _show_card(self, tx: Transaction, conversation_id: int) -> None:
        await enqueue.card(tx, conversation_id, tx.now)

    async def _tell(self, tx: Transaction, action: Action, sentence: str) -> None:
        if action.channel and action.user:
            url = action.response_url
            await enqueue.tell(
                tx, action.channel, action.user, sentence, action.thread_ts, response_url=url, replaces=True
            )


def _has_failed(message: Message) -> bool:
    return message.status in {Status.FAILED.value, Status.EXPIRED.value} and message.state is None
