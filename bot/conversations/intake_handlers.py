"""Handles the intake's rows: one short function per kind of entry.

Start reading here. Each function gets the open transaction and writes rows and jobs; none reaches a network. The entry
is stored already, and replays are idempotent: unique keys make a repeat change nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bot.conversations import after_restore, attachments, consent, enqueue, entries, late_changes, recovery
from bot.conversations.consent import Consent
from bot.conversations.entries import Action
from bot.conversations.lookup import ConversationLookup
from bot.conversations.unverified import UNVERIFIED
from bot.telemetry import message_events
from bot.text import decode
from storage.engine.clock import SECOND, from_datetime
from storage.engine.commit_events import AdminActed
from storage.queries import history
from storage.tables import attempts, conversations, intake, messages, posts, replies, schedule, templates

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.conversations.late_changes import Instruction
    from bot.conversations.lookup import NumberTexted
    from bot.conversations.send_results import SendResults
    from bot.settings.model import Settings
    from sms.message import InboundSms
    from storage.engine.database import Transaction
    from storage.tables.conversations import Conversation
    from storage.tables.identity import Identity
    from storage.tables.intake import Entry
    from storage.tables.messages import Message

REPEAT_WINDOW = 60 * SECOND  # a text without an id that repeats within it is marked as a possible repeat
NEAR_MISS = ("near_miss", "Not texted yet: it looks like a note or a command for the app. Should it go out?")
TEMPLATE = (
    "near_miss",
    "Not texted yet: a template isn't filled in here, only by `/sms <number> #name`. Should it go out as it is?",
)
BELOW = ("below", "Not texted yet: it is below a command, which was followed. Should the text go out?")
LATE = ("late", "Not texted: it reached us late and may be out of date. Should it go out?")
CONFIRM = ("confirm", "Not texted yet: in this channel somebody has to confirm each reply.")
SECOND_ANSWER = ("second", "Not texted yet: a colleague answered just before. Should this go out too?")
_TEXTING = {"later", "via"}  # commands that text what is below them
FOUND = "found by the sweep: Slack sent no event for it"


class IntakeHandlers:
    """The handlers of one workspace.

    Args:
        settings: the inboxes and their senders.
        send_results: handles receipts.
        who: the bot's identity in Slack.
    """

    def __init__(self, settings: Settings, send_results: SendResults, who: Identity) -> None:
        self._settings = settings
        self._send_results = send_results
        self._us = who.bot_user
        self._lookup = ConversationLookup(settings, send_results.leases, who.team)
        self._consent = Consent(settings)
        self._line_after = int(settings.timeouts.status_line * SECOND)
        self._card_after = int(settings.timeouts.card * SECOND)
        self._handlers: dict[type, Callable[[Transaction, Entry, Any], Awaitable[None]]] = {
            entries.Inbound: self.inbound,
            entries.DeliveryReceipt: self._send_results.reported,
            entries.LookUp: self.look_up,
            entries.Reply: self.reply,
            entries.Edit: self.edit,
            entries.Deletion: self.deletion,
            entries.Command: self.command,
            entries.Composed: self.composed,
            entries.CardDeleted: self.card_deleted,
            entries.ChannelChange: self.channel_change,
            entries.OpenThread: self.open_thread,
            entries.OptOut: self.opt_out,
            entries.OptIn: self.opt_in,
            entries.Exported: self.exported,
            entries.TemplateChange: self.template_change,
            entries.Action: self.action,
        }

    async def handle(self, tx: Transaction, entry: Entry) -> None:
        """Handles one intake row and marks it done."""
        content = entries.unpack(entry)
        await self._handlers[type(content)](tx, entry, content)
        await intake.finish(tx, entry)

    # --- from the providers -------------------------------------------------------------------------------------------

    async def inbound(self, tx: Transaction, entry: Entry, found: entries.Inbound) -> None:
        """Stores a contact's text, posts it, and follows a STOP or START in it."""
        sms = await self._lookup.located(tx, entry, found.sms)
        contact = await self._consent.contact(tx, str(sms.sender))
        conversation = await self._lookup.of_text(tx, entry, sms, contact)
        number = await self._lookup.number(tx, entry, sms, contact)
        message_id = await self._add_inbound(tx, entry, found, conversation, number)
        if message_id is None:
            return
        await self._lookup.note_number(tx, entry.source, conversation, number, is_found=found.recovered is not None)
        if sms.unverified:
            await self._send_results.unverified(tx, entry.source, conversation.id)
        message_events.received(tx, entry, message_id)
        await conversations.contact_wrote(tx, conversation.id)
        await enqueue.post(tx, conversation.id)
        if sms.media:
            await attachments.expect(tx, message_id, sms.media)
        await self._consent.obey(tx, sms.text, contact, conversation, message_id)
        await enqueue.card(tx, conversation.id, tx.now + self._card_after)

    async def look_up(self, tx: Transaction, entry: Entry, content: entries.LookUp) -> None:
        """Asks the provider about a webhook that says too little."""
        await enqueue.fetch(tx, entry.id, entry.source, content.ask, entry.callback)

    # --- from Slack ---------------------------------------------------------------------------------------------------

    async def reply(self, tx: Transaction, entry: Entry, reply: entries.Reply) -> None:
        """Texts a person's reply in a thread, asks about it, or follows its thread command."""
        conversation = await self._lookup.of_thread(tx, reply)
        if conversation is None:
            return
        read = decode.instruction(reply.text)
        if isinstance(read, decode.Note | decode.Word):
            await self._obey(tx, entry, reply, conversation, read)
            await self._ask_below(tx, conversation, reply, read)
            return
        if not self._is_for_texting(conversation, reply):
            return
        question = await self._question(tx, conversation, reply, read)
        message_id = await self._add_reply(tx, conversation, reply)
        if message_id is not None and question is not None:
            await self._ask(tx, message_id, question)
        elif message_id is not None:
            await enqueue.send(tx, conversation.id, message_id)
            await enqueue.show(tx, message_id, tx.now + self._line_after)

    async def edit(self, tx: Transaction, entry: Entry, edit: entries.Edit) -> None:
        """Replaces the text of an edited reply; too late, notifies the author."""
        message = await messages.by_slack(tx, edit.team, edit.channel, edit.ts)
        read = decode.instruction(edit.text)
        if message is None:
            await self._edit_of_no_text(tx, edit, read)
        elif await replies.is_written(tx, message.id, edit.digest):
            return
        elif isinstance(read, decode.NearMiss) and await self._retype(tx, message.id, edit):
            await self._ask(tx, message.id, _about(read))
        elif below := _below(read):
            await self._edit_to_command(tx, entry, edit, message, below)
        elif isinstance(read, decode.Note | decode.Word) and await messages.cancel(tx, message.id):
            await self._edit_to_no_text(tx, entry, edit, message, read)
        elif read is not None or not await self._retype(tx, message.id, edit):
            await _tell_author(tx, edit, await late_changes.too_late(tx, message, read))

    async def deletion(self, tx: Transaction, _: Entry, deletion: entries.Deletion) -> None:
        """Cancels the text of a deleted reply; too late, notifies the author."""
        message = await messages.by_slack(tx, deletion.team, deletion.channel, deletion.ts)
        if message is not None and await messages.cancel(tx, message.id):
            await enqueue.show(tx, message.id)
        elif message is not None and await attempts.may_have_come(tx, message.id):
            await _tell_author(tx, deletion, late_changes.DELETED_LATE)
        elif message is not None:
            await messages.give_up(tx, message.id, late_changes.DELETED)
            await enqueue.show(tx, message.id)

    async def command(self, tx: Transaction, entry: Entry, command: entries.Command) -> None:
        """Sends the text of `/sms <number> <text>` or `threadline send`."""
        conversation = await self._conversation_with(tx, command.to, command.inbox)
        message_id = await messages.add_text(
            tx,
            conversation.id,
            origin="command" if entry.source == "slack" else entry.source,
            text=command.text,
            author=command.user,
            via=command.via,
        )
        await enqueue.post(tx, conversation.id)
        if command.user is not None:
            await enqueue.answer(tx, conversation.id, command.response_url)
        await self._send(tx, entry, conversation.id, message_id)

    async def composed(self, tx: Transaction, entry: Entry, composed: entries.Composed) -> None:
        """Sends or schedules the text of a compose modal."""
        conversation = await self._conversation_with(tx, composed.to, composed.inbox)
        message_id = await messages.add_text(
            tx,
            conversation.id,
            origin="modal",
            text=composed.text,
            author=composed.user,
            via=composed.via,
            options=json.dumps(composed.options),
        )
        await attachments.attach(tx, message_id, composed.files)
        await enqueue.post(tx, conversation.id)
        await enqueue.answer(tx, conversation.id, composed.response_url, composed.user)
        if composed.at is not None:
            await schedule.schedule(tx, message_id, composed.at)
        await self._send(tx, entry, conversation.id, message_id, composed.at)

    async def card_deleted(self, tx: Transaction, _: Entry, deleted: entries.CardDeleted) -> None:
        """Continues a conversation whose card a person deleted, in a new thread."""
        post = await posts.by_ts(tx, deleted.team, deleted.channel, deleted.ts)
        if post is not None and post.kind == "card":
            await recovery.lose_thread(tx, await conversations.get(tx, post.subject))

    async def channel_change(self, tx: Transaction, _: Entry, change: entries.ChannelChange) -> None:
        """Alerts about a channel of ours that was archived, left, deleted, renamed or opened."""
        await recovery.follow_channel(tx, change, self._settings)

    async def open_thread(self, tx: Transaction, _: Entry, wanted: entries.OpenThread) -> None:
        """Opens the thread of a number for a person, without a text."""
        conversation = await self._conversation_with(tx, wanted.to, wanted.inbox)
        await enqueue.post(tx, conversation.id)
        await enqueue.answer(tx, conversation.id, wanted.response_url)
        await enqueue.card(tx, conversation.id, tx.now + self._card_after)

    async def opt_out(self, tx: Transaction, _: Entry, noted: entries.OptOut) -> None:
        """Opts a contact out of all senders, as an admin noted."""
        contact = await self._consent.contact(tx, noted.to)
        await consent.opt_out(tx, contact.id, "person", noted.user)

    async def opt_in(self, tx: Transaction, _: Entry, noted: entries.OptIn) -> None:
        """Opts a contact in again, as an admin noted."""
        contact = await self._consent.contact(tx, noted.to)
        await consent.opt_in(tx, contact.id, "person", noted.user)

    async def exported(self, tx: Transaction, _: Entry, exported: entries.Exported) -> None:
        """Logs that an admin exported a contact."""
        tx.tell(AdminActed("export", exported.user, exported.number))

    async def template_change(self, tx: Transaction, _: Entry, change: entries.TemplateChange) -> None:
        """Saves or removes a template."""
        if change.text is None:
            await templates.remove(tx, change.inbox, change.name)
        else:
            await templates.add(tx, change.inbox, change.name, change.text, change.user)

    async def action(self, tx: Transaction, entry: Entry, action: Action) -> None:
        """Adds the job of a person's button, or asks again if the decision is from before a restore."""
        if action.do in after_restore.SENDING and await after_restore.before(tx, entry.received_at):
            await after_restore.tell(tx, action)
        else:
            await enqueue.act(tx, entry.id, action)

    # --- steps --------------------------------------------------------------------------------------------------------

    async def _conversation_with(self, tx: Transaction, to: str, inbox: str) -> Conversation:
        return await self._lookup.of_contact(tx, await self._consent.contact(tx, to), inbox)

    async def _send(
        self, tx: Transaction, entry: Entry, conversation_id: int, message_id: int, at: int | None = None
    ) -> None:
        """Sends it now or at that time, unless it may have gone out before a restore."""
        if await after_restore.before(tx, entry.received_at):
            await self._ask(tx, message_id, after_restore.QUESTION)
        else:
            await enqueue.send(tx, conversation_id, message_id, at)
            await enqueue.show(tx, message_id, None if at is not None else tx.now + self._line_after)

    async def _add_inbound(
        self,
        tx: Transaction,
        entry: Entry,
        found: entries.Inbound,
        conversation: Conversation,
        number: NumberTexted | None,
    ) -> int | None:
        sms: InboundSms = found.sms
        twin = None
        if sms.provider_id is None:
            twin = await messages.recent_twin(tx, conversation.id, sms.text, tx.now - REPEAT_WINDOW)
        return await messages.add_inbound(
            tx,
            conversation.id,
            text=sms.text,
            media=json.dumps(entries.pack_media(sms.media)),
            account=entry.source,
            provider_id=sms.provider_id,
            our_address=_canonical(sms) if number is None else number.address,
            said_at=None if sms.sent_at is None else from_datetime(sms.sent_at),
            repeats=twin,
            recovered=UNVERIFIED if sms.unverified else found.recovered,
            address_note=None if number is None else number.note(conversation),
        )

    async def _ask_below(
        self, tx: Transaction, conversation: Conversation, reply: entries.Reply, read: decode.Note | decode.Word
    ) -> None:
        """Stores the text below a command that sends none, and asks if it goes out."""
        below = _below(read)
        if below is None or not self._is_for_texting(conversation, reply):
            return
        if (why := late_changes.not_for_texting(reply)) is not None:
            await _tell_author(tx, reply, f"Not texted: {why}")
            return
        message_id = await self._add_reply(tx, conversation, reply, below)
        if message_id is not None:
            await self._ask(tx, message_id, BELOW)

    async def _add_reply(
        self, tx: Transaction, conversation: Conversation, reply: entries.Reply, below: decode.Word | None = None
    ) -> int | None:
        """Stores the reply, or the text below its command. Returns its id, or None if it was stored already."""
        message_id = await replies.add(
            tx,
            conversation.id,
            typed=_typed(reply, below),
            written=reply.digest,
            author=reply.user,
            team=reply.team,
            channel=reply.channel,
            ts=reply.ts,
            thread_ts=reply.thread_ts,
            recovered=FOUND if reply.found else None,
        )
        if message_id is not None and reply.files:
            await attachments.attach(tx, message_id, reply.files)
        return message_id

    async def _edit_of_no_text(self, tx: Transaction, edit: entries.Edit, read: Instruction | None) -> None:
        """Tells the author of a note or a command that an edit makes no text of it, and runs no command."""
        conversation = await self._lookup.of_thread(tx, edit)
        if conversation is None or isinstance(read, decode.Note) or not self._is_for_texting(conversation, edit):
            return
        if await intake.is_done(tx, f"{edit.team}:{edit.channel}:{edit.ts}"):  # else its event is still to come
            await _tell_author(
                tx, edit, late_changes.EDITED_COMMAND if isinstance(read, decode.Word) else late_changes.EDITED_NOTE
            )

    async def _edit_to_command(
        self, tx: Transaction, entry: Entry, edit: entries.Edit, message: Message, below: decode.Word
    ) -> None:
        """Follows the command that a person put above a reply, and asks about the text below it."""
        conversation = await conversations.get(tx, message.conversation_id)
        if await self._retype(tx, message.id, edit, below):
            await self._obey(tx, entry, edit, conversation, below)
            await self._ask(tx, message.id, BELOW)
        else:
            await _tell_author(tx, edit, await late_changes.too_late(tx, message, below))

    async def _edit_to_no_text(
        self, tx: Transaction, entry: Entry, edit: entries.Edit, message: Message, read: decode.Note | decode.Word
    ) -> None:
        """Follows the command that a reply became, or keeps a reply that became a note in the team."""
        if isinstance(read, decode.Note):
            await messages.give_up(tx, message.id, late_changes.NOW_A_NOTE)
        await enqueue.show(tx, message.id)
        await self._obey(tx, entry, edit, await conversations.get(tx, message.conversation_id), read)

    def _is_for_texting(self, conversation: Conversation, reply: entries.Reply) -> bool:
        """True if the inbox texts such a reply; the card says which replies stay in the team."""
        mode = self._settings.inboxes[conversation.inbox].reply_mode
        return mode != "off" and (mode != "mention" or reply.text.startswith(f"<@{self._us}>"))

    async def _obey(
        self,
        tx: Transaction,
        entry: Entry,
        reply: entries.Reply,
        conversation: Conversation,
        read: decode.Note | decode.Word,
    ) -> None:
        """Follows a thread command and ignores a note: neither goes to the contact."""
        if isinstance(read, decode.Note):
            return
        if read.word == "help":
            await _tell_author(tx, reply, decode.WORDS_HELP)
            return
        if read.word in _TEXTING and (why := self._cannot_be_texted(tx, reply)) is not None:
            await _tell_author(tx, reply, f"Not texted: {why}")
            return
        action = Action(
            read.word,
            conversation.id,
            reply.user,
            reply.channel,
            reply.thread_ts,
            argument=read.argument,
            text=read.text,
            files=reply.files,
            ts=reply.ts,
        )
        if read.word in after_restore.SENDING and await after_restore.before(tx, reply.written_at):
            await after_restore.tell(tx, action)
        else:
            await enqueue.act(tx, entry.id, action)

    def _cannot_be_texted(self, tx: Transaction, reply: entries.Reply) -> str | None:
        """Returns why the text below a command cannot go out, or None: its attachments, or it reached us late."""
        if tx.now - reply.written_at > int(self._settings.sweep.late * SECOND):
            return "it reached us late and may be out of date. Write it again."
        return late_changes.not_for_texting(reply)

    async def _question(
        self, tx: Transaction, conversation: Conversation, reply: entries.Reply, read: decode.NearMiss | None
    ) -> tuple[str, str] | None:
        """Returns the code and the sentence of a question to ask before the reply is texted; None: nothing to ask."""
        if await after_restore.before(tx, reply.written_at):
            return after_restore.QUESTION
        inbox = self._settings.inboxes[conversation.inbox]
        if read is not None:
            return _about(read)
        if tx.now - reply.written_at > int(self._settings.sweep.late * SECOND):
            return LATE
        if inbox.reply_mode == "confirm":
            return CONFIRM
        before = await history.newest_reply(tx, conversation.id)
        if before is None or before.author == reply.user:
            return None
        answered = before.created_at > (conversation.last_in_at or 0)
        recent = tx.now - before.created_at < int(inbox.ask_second * SECOND)
        return SECOND_ANSWER if answered and recent else None

    async def _retype(
        self, tx: Transaction, message_id: int, edit: entries.Edit, below: decode.Word | None = None
    ) -> bool:
        """Replaces the words and the files, if there is still time."""
        if not await replies.retype(tx, message_id, _typed(edit, below), edit.digest):
            return False
        await attachments.attach(tx, message_id, edit.files)
        return True

    async def _ask(self, tx: Transaction, message_id: int, question: tuple[str, str]) -> None:
        await messages.ask(tx, message_id, *question)
        await enqueue.show(tx, message_id)


def _canonical(sms: InboundSms) -> str | None:
    return None if sms.recipient is None else str(sms.recipient)


def _about(read: decode.NearMiss) -> tuple[str, str]:
    """Returns the question about a near miss."""
    return TEMPLATE if read.likely == "template" else NEAR_MISS


def _below(read: decode.Note | decode.Word | decode.NearMiss | None) -> decode.Word | None:
    """Returns the command if there is a text below it that it does not send itself."""
    return read if isinstance(read, decode.Word) and read.word not in _TEXTING and read.text else None


def _typed(reply: entries.Reply, below: decode.Word | None) -> str:
    """Returns the message as it is to be texted: without the command's own line, if there is one."""
    return json.dumps(reply.message if below is None else {"text": below.text, "files": reply.files})


async def _tell_author(tx: Transaction, written: entries.Reply | entries.Deletion, sentence: str) -> None:
    await enqueue.tell(tx, written.channel, written.user, sentence, written.thread_ts)
