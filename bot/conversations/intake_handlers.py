"""The story: one short function for each thing that happens, in the order in which things happen.

Each takes the open transaction and writes rows and jobs; none talks to anybody. What came in is in the intake already,
and a thing that comes twice meets the unique keys.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from bot.conversations import after_restore, attachments, consent, enqueue, events, recovery
from bot.conversations.consent import Consent
from bot.conversations.lookup import ConversationLookup
from bot.telemetry import message_events
from bot.text import decode
from storage.engine.clock import SECOND, from_datetime
from storage.engine.commit_events import AdminActed
from storage.queries import history
from storage.tables import attempts, conversations, intake, messages, posts, replies, schedule, templates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.conversations.send_results import SendResults
    from bot.settings.model import Settings
    from sms.message import InboundSms
    from storage.engine.database import Transaction
    from storage.tables.conversations import Conversation
    from storage.tables.identity import Identity
    from storage.tables.intake import Entry

REPEAT_WINDOW = 60 * SECOND  # a text without an id that comes again within it is marked as a possible repeat
EDITED_LATE = "Your edit was not texted: the text had gone out already. Write a new reply to correct it."
EDITED_IN_VAIN = "Your edit was not texted: the reply had been given up already. Write it as a new reply to text it."
NEAR_MISS = ("near_miss", "Not texted yet: it looks like a note, or like a word for the app. Should it go out?")
LATE = ("late", "Not texted: it reached us late, and may be out of date by now. Should it go out?")
CONFIRM = ("confirm", "Not texted yet: here each reply waits for somebody to confirm it.")
SECOND_ANSWER = ("second", "Not texted yet: a colleague answered just before. Should this go out too?")
FOUND = "found by looking: Slack had not told us of it"
DELETED_LATE = "You deleted a reply here, but it had been texted: it cannot be taken back."


class IntakeHandlers:
    """What we do about what happens.

    Args:
        settings: which sender belongs to which inbox.
        outcomes: what becomes of texts.
        who: we, in Slack.
    """

    def __init__(self, settings: Settings, send_results: SendResults, who: Identity) -> None:
        self._settings = settings
        self._send_results = send_results
        self._us = who.bot_user
        self._places = ConversationLookup(settings, send_results.leases, who.team)
        self._consent = Consent(settings)
        self._line_after = int(settings.timeouts.status_line * SECOND)
        self._card_after = int(settings.timeouts.card * SECOND)
        self._chapters = {
            "inbound": self.inbound,
            "receipt": self.receipt,
            "ask": self.ask,
            "reply": self.reply,
            "edit": self.edit,
            "deletion": self.deletion,
            "command": self.command,
            "composed": self.composed,
            "loss": self.loss,
            "channel": self.channel,
            "open": self.opened,
            "opt_out": self.opted_out,
            "opt_in": self.opted_in,
            "export": self.exported,
            "template": self.template,
            "action": self.action,
        }

    async def take(self, tx: Transaction, entry: Entry) -> None:
        """Does what is to be done about one row of the intake, and finishes it."""
        await self._chapters[entry.kind](tx, entry)
        await intake.finish(tx, entry)

    # --- from the providers -------------------------------------------------------------------------------------------

    async def inbound(self, tx: Transaction, entry: Entry) -> None:
        """A contact texted us."""
        sms = events.unpack_inbound(entry.content)
        contact = await self._consent.contact(tx, str(sms.sender))
        conversation = await self._places.of_text(tx, entry, sms, contact)
        message_id = await self._add_inbound(tx, entry, sms, conversation)
        if message_id is None:
            return
        message_events.received(tx, entry, message_id)
        await conversations.contact_wrote(tx, conversation.id)
        await enqueue.post(tx, conversation.id)
        await attachments.expect(tx, message_id, sms.media)
        await self._consent.heed(tx, sms.text, contact, conversation, message_id)
        await enqueue.card(tx, conversation.id, tx.now + self._card_after)

    async def receipt(self, tx: Transaction, entry: Entry) -> None:
        """A provider said what became of an attempt."""
        await self._send_results.said(tx, entry, events.unpack_receipt(entry.content))

    async def ask(self, tx: Transaction, entry: Entry) -> None:
        """A provider's webhook said too little: the rest is fetched."""
        await enqueue.fetch(tx, entry.id, entry.source, entry.content, entry.callback)

    # --- from Slack ---------------------------------------------------------------------------------------------------

    async def reply(self, tx: Transaction, entry: Entry) -> None:
        """Somebody wrote in a thread."""
        said = entry.content
        conversation = await self._places.of_thread(tx, said)
        if conversation is None:
            return
        written = said["message"].get("text") or ""
        word = decode.instruction(written)
        if isinstance(word, decode.Note | decode.Word):
            await self._obey(tx, entry, conversation, word)
            return
        mode = self._settings.inboxes[conversation.inbox].reply_mode
        if mode == "off" or (mode == "mention" and not written.startswith(f"<@{self._us}>")):
            return  # the card says that such replies stay in the team
        question = await self._question(tx, conversation, said, word)
        message_id = await replies.add(
            tx,
            conversation.id,
            typed=json.dumps(said["message"]),
            written=_digest(said["message"]),
            author=said["user"],
            team=said["team"],
            channel=said["channel"],
            ts=said["ts"],
            thread_ts=said["thread_ts"],
            recovered=FOUND if said.get("found") else None,
        )
        if message_id is not None and (dropped := _dropped(said)):
            await attachments.attach(tx, message_id, dropped)
        if message_id is not None and question is not None:
            await self._ask(tx, message_id, question)
        elif message_id is not None:
            await enqueue.send(tx, conversation.id, message_id)
            await enqueue.show(tx, message_id, tx.now + self._line_after)

    async def edit(self, tx: Transaction, entry: Entry) -> None:
        """Somebody edited what they wrote in a thread: in time it replaces the text, later it cannot."""
        said = entry.content
        message = await messages.by_slack(tx, said["team"], said["channel"], said["ts"])
        if message is None or await replies.is_written(tx, message.id, _digest(said["message"])):
            return
        word = decode.instruction(said["message"].get("text") or "")
        if isinstance(word, decode.NearMiss) and await self._retype(tx, message.id, said):
            await self._ask(tx, message.id, NEAR_MISS)
        elif isinstance(word, decode.Note | decode.Word) and await messages.cancel(tx, message.id):
            conversation = await conversations.get(tx, message.conversation_id)
            await self._obey(tx, entry, conversation, word)
        elif word is not None or not await self._retype(tx, message.id, said):
            is_out = await attempts.may_be_out(tx, message.id)
            await self._tell_author(tx, said, EDITED_LATE if is_out else EDITED_IN_VAIN)

    async def deletion(self, tx: Transaction, entry: Entry) -> None:
        """Somebody deleted what they wrote in a thread: in time it is not sent, later it cannot be taken back."""
        said = entry.content
        message = await messages.by_slack(tx, said["team"], said["channel"], said["ts"])
        if message is not None and await messages.cancel(tx, message.id):
            await enqueue.show(tx, message.id)
        elif message is not None:
            await self._tell_author(tx, said, DELETED_LATE)

    async def command(self, tx: Transaction, entry: Entry) -> None:
        """Somebody wrote `/sms <number> <text>`, or used the command line; both were checked before it was taken in."""
        said = entry.content
        conversation = await self._places.of_contact(tx, await self._consent.contact(tx, said["to"]), said["inbox"])
        message_id = await messages.add_text(
            tx,
            conversation.id,
            origin="command" if entry.source == "slack" else entry.source,
            text=said["text"],
            author=said["user"],
            via=said.get("via"),
        )
        await enqueue.post(tx, conversation.id)
        if said["user"] is not None:
            await enqueue.answer(tx, conversation.id, said["response_url"])
        await self._send(tx, entry, conversation.id, message_id)

    async def composed(self, tx: Transaction, entry: Entry) -> None:
        """Somebody submitted the compose modal; all of it was checked before it was taken in."""
        said = entry.content
        conversation = await self._places.of_contact(tx, await self._consent.contact(tx, said["to"]), said["inbox"])
        message_id = await messages.add_text(
            tx,
            conversation.id,
            origin="modal",
            text=said["text"],
            author=said["user"],
            via=said["via"],
            options=json.dumps(said["options"]),
        )
        await attachments.attach(tx, message_id, said["files"])
        await enqueue.post(tx, conversation.id)
        await enqueue.answer(tx, conversation.id, said["response_url"], said["user"])
        if said["at"] is not None:
            await schedule.schedule(tx, message_id, said["at"])
        await self._send(tx, entry, conversation.id, message_id, said["at"])

    async def loss(self, tx: Transaction, entry: Entry) -> None:
        """Somebody deleted a card of ours: its conversation goes on in a new thread."""
        said = entry.content
        post = await posts.by_ts(tx, said["team"], said["channel"], said["ts"])
        if post is not None and post.kind == "card":
            await recovery.lose_thread(tx, await conversations.get(tx, post.subject))

    async def channel(self, tx: Transaction, entry: Entry) -> None:
        """A channel of ours was archived, left, deleted or renamed, or is there again."""
        await recovery.heed_channel(tx, entry.content, self._settings)

    async def opened(self, tx: Transaction, entry: Entry) -> None:
        """Somebody wants the thread of a number, without texting it."""
        said = entry.content
        conversation = await self._places.of_contact(tx, await self._consent.contact(tx, said["to"]), said["inbox"])
        await enqueue.post(tx, conversation.id)
        await enqueue.answer(tx, conversation.id, said["response_url"])
        await enqueue.card(tx, conversation.id, tx.now + self._card_after)

    async def opted_out(self, tx: Transaction, entry: Entry) -> None:
        """An admin noted that a contact wants no texts, from no sender of ours."""
        contact = await self._consent.contact(tx, entry.content["to"])
        await consent.opt_out(tx, contact.id, "person", entry.content["user"])

    async def opted_in(self, tx: Transaction, entry: Entry) -> None:
        """An admin noted that a contact wants texts again."""
        contact = await self._consent.contact(tx, entry.content["to"])
        await consent.opt_in(tx, contact.id, "person", entry.content["user"])

    async def exported(self, tx: Transaction, entry: Entry) -> None:
        """An admin was given all that is kept about a contact, as the log says from now on."""
        tx.tell(AdminActed("export", entry.content["user"], entry.content["number"]))

    async def template(self, tx: Transaction, entry: Entry) -> None:
        """Somebody keeps a text to be sent again, or removes one."""
        said = entry.content
        if said["text"] is None:
            await templates.remove(tx, said["inbox"], said["name"])
        else:
            await templates.add(tx, said["inbox"], said["name"], said["text"], said["user"])

    async def action(self, tx: Transaction, entry: Entry) -> None:
        """Somebody pressed a button that decides something."""
        if entry.content["do"] in after_restore.SENDING and await after_restore.before(tx, entry.received_at):
            await after_restore.tell(tx, entry.content)
        else:
            await enqueue.act(tx, entry.id, entry.content)

    # --- how --------------------------------------------------------------------------------------------------------

    async def _send(
        self, tx: Transaction, entry: Entry, conversation_id: int, message_id: int, at: int | None = None
    ) -> None:
        """Out it goes, now or at that time, unless it may have gone out before a restore."""
        if await after_restore.before(tx, entry.received_at):
            await self._ask(tx, message_id, after_restore.QUESTION)
        else:
            await enqueue.send(tx, conversation_id, message_id, at)
            await enqueue.show(tx, message_id, None if at is not None else tx.now + self._line_after)

    async def _add_inbound(
        self, tx: Transaction, entry: Entry, sms: InboundSms, conversation: Conversation
    ) -> int | None:
        twin = None
        if sms.provider_id is None:
            twin = await messages.recent_twin(tx, conversation.id, sms.text, tx.now - REPEAT_WINDOW)
        return await messages.add_inbound(
            tx,
            conversation.id,
            text=sms.text,
            media=json.dumps(events.pack(sms)["media"]),
            account=entry.source,
            provider_id=sms.provider_id,
            our_address=None if sms.recipient is None else str(sms.recipient),
            said_at=None if sms.sent_at is None else from_datetime(sms.sent_at),
            repeats=twin,
            recovered=entry.content.get("recovered"),
        )

    async def _obey(
        self, tx: Transaction, entry: Entry, conversation: Conversation, word: decode.Note | decode.Word
    ) -> None:
        """What stands in a thread after an exclamation mark is for us, never for the contact."""
        said = entry.content
        if isinstance(word, decode.Note):
            return
        if word.word == "help":
            await self._tell_author(tx, said, decode.WORDS_HELP)
            return
        action = {
            "do": word.word,
            "subject": conversation.id,
            "user": said["user"],
            "channel": said["channel"],
            "thread_ts": said["thread_ts"],
            "argument": word.argument,
            "text": word.text,
            "files": _dropped(said),
            "ts": said["ts"],
        }
        if word.word in after_restore.SENDING and await after_restore.before(tx, _written(said)):
            await after_restore.tell(tx, action)
        else:
            await enqueue.act(tx, entry.id, action)

    async def _question(
        self, tx: Transaction, conversation: Conversation, said: dict[str, Any], word: decode.NearMiss | None
    ) -> tuple[str, str] | None:
        """Why a person is asked before the reply is texted: a code and a sentence."""
        if await after_restore.before(tx, _written(said)):
            return after_restore.QUESTION
        inbox = self._settings.inboxes[conversation.inbox]
        if word is not None:
            return NEAR_MISS
        if tx.now - _written(said) > int(self._settings.sweep.late * SECOND):
            return LATE
        if inbox.reply_mode == "confirm":
            return CONFIRM
        before = await history.newest_reply(tx, conversation.id)
        if before is None or before.author == said["user"]:
            return None
        answered = before.created_at > (conversation.last_in_at or 0)
        recent = tx.now - before.created_at < int(inbox.ask_second * SECOND)
        return SECOND_ANSWER if answered and recent else None

    async def _retype(self, tx: Transaction, message_id: int, said: dict[str, Any]) -> bool:
        """Replaces what was written, and what was dropped with it, if that is still in time."""
        if not await replies.retype(tx, message_id, json.dumps(said["message"]), _digest(said["message"])):
            return False
        await attachments.attach(tx, message_id, _dropped(said))
        return True

    async def _ask(self, tx: Transaction, message_id: int, question: tuple[str, str]) -> None:
        await messages.ask(tx, message_id, *question)
        await enqueue.show(tx, message_id)

    async def _tell_author(self, tx: Transaction, said: dict[str, Any], sentence: str) -> None:
        await enqueue.tell(tx, said["channel"], said["user"], sentence, said.get("thread_ts"))


def _written(said: dict[str, Any]) -> int:
    """When Slack took a message in (microseconds UTC)."""
    return int(float(said["ts"]) * SECOND)


def _digest(message: Mapping[str, Any]) -> str:
    """A digest of the words and files of a Slack message: what an edit changes, if it changes anything for us."""
    files = [file if isinstance(file, str) else file.get("id") for file in message.get("files") or ()]
    return hashlib.sha256(json.dumps([message.get("text"), files]).encode()).hexdigest()[:32]


def _dropped(said: dict[str, Any]) -> list[dict[str, Any] | str]:
    """The files of a Slack message: objects, or ids only."""
    return [*(said["message"].get("files") or ()), *(said["message"].get("x_files") or ())]
