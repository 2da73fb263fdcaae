"""Turns rows into views: the present state of a conversation, a message or an alert."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.conversations import alert_sentences
from bot.conversations.multipart import progress
from bot.settings import rules
from bot.settings.preference import is_own, preferred
from bot.settings.rules import Occasion
from bot.slack.views.cards import title
from bot.slack.views.content import (
    AlertView,
    CardView,
    ContactView,
    InboundText,
    OutboundView,
    QuotedReply,
    SenderView,
    Stage,
    StatusLineView,
)
from bot.text.mrkdwn import unescape
from sms.address import E164, Alphanumeric, from_canonical
from sms.countries import shows_no_names, zones_of
from sms.message import Status
from storage.engine.clock import MINUTE, to_datetime
from storage.tables import attempts, contacts, conversations, leases, replies, suppressions
from storage.tables.alerts import LINKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.settings.model import Sender, Settings
    from bot.settings.rules import Choice
    from providers.provider import Provider
    from storage.engine.database import Connection
    from storage.tables.alerts import Alert
    from storage.tables.attempts import Attempt
    from storage.tables.contacts import Contact
    from storage.tables.conversations import Conversation
    from storage.tables.messages import Message

LATE = MINUTE  # a text that appears later than this after it came shows when it came

_ORIGINS = {
    "command": "by `/sms`",
    "command line": "from the command line",
    "modal": "from the compose window",
    "confirmation": "confirmation of their request",
    "help": "answer to HELP",
}


class Presenter:
    """Builds the views of one workspace.

    Args:
        settings: the senders.
        providers: by account name.
        workspace_url: of the Slack workspace, with a slash at the end; links begin with it.
    """

    def __init__(self, settings: Settings, providers: Mapping[str, Provider], workspace_url: str) -> None:
        self._settings = settings
        self._providers = providers
        self._workspace_url = workspace_url

    async def contact(self, connection: Connection, contact: Contact) -> ContactView:
        """Returns the view of a contact."""
        address = from_canonical(contact.address)
        return ContactView(
            name=contact.name,
            address=contact.address,
            region=address.region if isinstance(address, E164) else None,
            opted_out=await suppressions.holds(connection, contact.id),
            notes=contact.notes or "",
        )

    async def card(self, connection: Connection, conversation: Conversation, now: int) -> CardView:
        """Returns the view of the conversation's card."""
        contact = await contacts.get(connection, conversation.contact_id)
        earlier, newer = await conversations.beside(connection, conversation)
        return CardView(
            contact=await self.contact(connection, contact),
            sender=await self._sender(connection, conversation, now),
            is_open=conversation.state == "open",
            assignee=conversation.assignee,
            waiting_since=conversation.waiting_since,
            mode=self._settings.inboxes[conversation.inbox].reply_mode,
            earlier=self.address_of(earlier) if earlier else "",
            newer=self.address_of(newer) if newer else "",
        )

    def inbound(self, message: Message, now: int) -> InboundText:
        """Returns the view of a contact's text."""
        return InboundText(
            text=message.shown_text,
            at=message.said_at or message.created_at,
            late=now - message.created_at > LATE,
            possibly_repeat=message.repeats is not None,
            recovered_from=message.recovered or "",
            to=message.our_address or "" if message.address_note else "",
            is_unlisted=message.address_note == "unlisted",
            attachments=len(json.loads(message.media)),
        )

    def outbound(self, message: Message, now: int) -> OutboundView:
        """Returns the view of a text of ours that is not a reply in the thread."""
        return OutboundView(
            author=message.author,
            origin=_ORIGINS.get(message.origin, ""),
            text=message.shown_text,
            at=message.created_at,
            late=now - message.created_at > LATE,
            attachments=len(json.loads(message.media)),
        )

    async def line(
        self, connection: Connection, message: Message, now: int, thread_ts: str | None = None
    ) -> StatusLineView:
        """Returns the view of the status line of a message of ours.

        Args:
            connection: to read with.
            message: the message.
            now: microseconds UTC.
            thread_ts: the thread of the line, to see if the reply is in another one.
        """
        shown = await self._line(connection, message, now)
        return replace(shown, reply=await self._elsewhere(connection, message, thread_ts))

    async def _elsewhere(self, connection: Connection, message: Message, thread_ts: str | None) -> QuotedReply | None:
        """Returns the reply if it was typed in another thread than that of its line."""
        typed_in = await replies.thread_of(connection, message.id)
        if typed_in is None or thread_ts in {None, typed_in}:
            return None
        place = f"{self._workspace_url}archives/{message.slack_channel}/p{(message.slack_ts or '').replace('.', '')}"
        said = message.shown_text or unescape(json.loads(message.typed or "{}").get("text") or "")
        return QuotedReply(message.author, said, f"{place}?thread_ts={typed_in}&cid={message.slack_channel}")

    async def _line(self, connection: Connection, message: Message, now: int) -> StatusLineView:
        found = progress(message, await attempts.of_message(connection, message.id))
        parts = found.newest
        if not parts or _waits(message, parts):
            stage = Stage(message.state or message.status)
            at = message.not_before if stage in {Stage.HELD, Stage.SCHEDULED} else None
            return StatusLineView(stage, at=at, sentence=message.sentence or "", recovered=message.recovered or "")
        part = _shown_part(parts)
        stage = self._stage(message, part, now)
        return StatusLineView(
            stage=stage,
            sender=self._sender_of(part),
            sent_at=part.accepted_at,
            at=_reached(stage, part),
            sentence=message.sentence or "",
            segments=_segments(parts, message),
            attachments=len(json.loads(message.media)),
            attempt=part.number,
            parts=found.count,
            delivered_parts=sum(each.status is Status.DELIVERED for each in parts),
            delivered_means=self._providers[part.account].features.delivered_means,
            word="" if part.word is None or part.status is not Status.ACCEPTED else part.word,
            recovered=message.recovered or "",
            no_receipt=part.no_receipt and part.status in {Status.ACCEPTED, Status.SENT},
            unverified=part.unverified,
        )

    async def alert(self, connection: Connection, alert: Alert) -> AlertView:
        """Returns one cause, with the conversations that it touched by the name or number of their contacts."""
        touched = [found for each in alert.conversations if (found := await self._touched(connection, each))]
        who = alert_sentences.contacts(
            [alert_sentences.contact(name, self.address_of(there), there.channel) for name, there in reversed(touched)],
            has_more=len(alert.conversations) == LINKS,
        )
        is_named = len(touched) == 1 and alert_sentences.CONTACT in alert.sentence
        return AlertView(
            sentence=alert_sentences.shown(alert.sentence, who),
            count=alert.count,
            first_at=alert.first_at,
            last_at=alert.last_at,
            links=[] if is_named else [(f"{name} in {there.inbox}", self.address_of(there)) for name, there in touched],
            resolved_at=alert.resolved_at,
            acknowledged_by=alert.acknowledged_by,
        )

    def address_of(self, conversation: Conversation) -> str:
        """Returns the URL of the conversation's thread, or of its channel while it has no thread."""
        place = f"{self._workspace_url}archives/{conversation.channel}"
        return place if conversation.thread_ts is None else f"{place}/p{conversation.thread_ts.replace('.', '')}"

    async def _touched(self, connection: Connection, conversation_id: int) -> tuple[str, Conversation] | None:
        """Returns the contact's name or number and the conversation; None if it is erased."""
        try:
            conversation = await conversations.get(connection, conversation_id)
        except LookupError:
            return None
        contact = await contacts.get(connection, conversation.contact_id)
        return title(ContactView(contact.name, contact.address)), conversation

    async def _sender(self, connection: Connection, conversation: Conversation, now: int) -> SenderView | None:
        contact = await contacts.get(connection, conversation.contact_id)
        choice = self._choice(conversation, contact, now)
        name = preferred(self._settings, conversation, choice, now)[0]
        if conversation.state == "closed" and conversation.sender in self._settings.senders:
            name = conversation.sender
        sender = self._settings.senders[name]
        if not is_own(self._settings, conversation, choice, name, now) and conversation.sender is None:
            return self._expected_name(sender, contact)
        title = self._providers[sender.account].title
        own = None if sender.is_leased else str(sender.parsed)
        lease = None
        for address in (conversation.texted_address, conversation.from_address):
            if address is not None and (lease is None or lease.expires_at <= now or lease.stands_for != own):
                lease = await leases.find(connection, sender.account, address, conversation.contact_id)
        if lease is None or lease.expires_at <= now or lease.stands_for != own:
            return SenderView(title, own, leased=sender.is_leased, pinned=name == conversation.pinned_sender)
        pinned = name == conversation.pinned_sender
        return SenderView(title, lease.number, leased=True, lease_ends=lease.expires_at, pinned=pinned)

    def _choice(self, conversation: Conversation, contact: Contact, now: int) -> Choice:
        """Returns the senders of the rule that matches the next text, or of the inbox."""
        to = from_canonical(contact.address)
        occasion = Occasion(conversation.inbox, to, to_datetime(now), zones_of(to, contact.time_zone))
        return rules.choose(self._settings.rules, occasion, self._settings.inboxes[conversation.inbox].senders)

    def _expected_name(self, first: Sender, contact: Contact) -> SenderView | None:
        """Returns the sender of the first text if it is a name, so that the card warns that nobody can answer it."""
        to = from_canonical(contact.address)
        if not isinstance(first.parsed, Alphanumeric) or shows_no_names(to, self._settings.countries_without_names):
            return None
        return SenderView(self._providers[first.account].title, str(first.parsed))

    def _sender_of(self, attempt: Attempt) -> SenderView:
        sender = self._settings.senders.get(attempt.sender)
        leased = bool(sender and sender.is_leased)
        return SenderView(self._providers[attempt.account].title, attempt.from_address, leased=leased)

    def _stage(self, message: Message, part: Attempt, now: int) -> Stage:
        if message.state == "asked" or part.outcome == "unknown":
            return Stage.UNKNOWN
        if message.state == "cancelled":
            return Stage.CANCELLED
        if part.outcome == "refused":
            return Stage.REFUSED
        if part.outcome == "not sent":
            return Stage.FAILED if message.status == Status.FAILED.value else Stage.QUEUED
        return self._awaited(part, now) or Stage(message.status)

    def _awaited(self, part: Attempt, now: int) -> Stage | None:
        """Returns the stage of a part that its provider still has to send, or that a receipt is overdue for."""
        if part.status.is_final or part.accepted_at is None:
            return None
        leaves = max(part.accepted_at, part.scheduled_at or 0)
        if now < leaves:
            return Stage.SCHEDULED_THERE
        is_due = now - leaves >= int(self._settings.receipt_minutes * MINUTE)
        can_come = self._providers[part.account].features.receipts and not part.no_receipt
        return Stage.NO_RECEIPT if is_due and can_come else None


def _waits(message: Message, parts: Sequence[Attempt]) -> bool:
    """True if the message or its rest waits: for its time, or for a person's decision."""
    return message.state in {"held", "scheduled", "asked"} and all(part.outcome != "unknown" for part in parts)


def _shown_part(parts: Sequence[Attempt]) -> Attempt:
    """Returns the part whose status the line shows: the first that failed or is unknown, else the slowest."""
    failed = [part for part in parts if part.status in {Status.FAILED, Status.EXPIRED} or part.outcome == "unknown"]
    return failed[0] if failed else min(parts, key=lambda part: part.status)


def _reached(stage: Stage, part: Attempt) -> int | None:
    if stage is Stage.DELIVERED:
        return part.delivered_at
    if stage is Stage.SCHEDULED_THERE:
        return part.scheduled_at
    return part.ended_at if stage in {Stage.REFUSED, Stage.UNKNOWN} else part.accepted_at


def _segments(parts: Sequence[Attempt], message: Message) -> int | None:
    known = [part.segments for part in parts if part.segments is not None]
    return sum(known) if len(known) == max(1, len(json.loads(message.parts or "[]"))) else message.segments
