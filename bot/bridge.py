"""The story: one short function for each thing that happens, in the order in which things happen.

Each takes the open transaction and writes rows and jobs; none talks to anybody. What came in is in the intake already,
and a thing that comes twice meets the unique keys.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bot import decode, events, plan
from bot.places import Places
from providers.provider import Accepted
from sms.keywords import Keyword, heard
from sms.message import Status, slowest
from storage import (
    alerts,
    attempts,
    callbacks,
    contacts,
    conversations,
    intake,
    leases,
    messages,
    receipts,
    suppressions,
)
from storage.clock import DAY, MINUTE, SECOND, from_datetime

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.settings import Settings
    from providers.provider import Provider
    from sms.message import InboundSms, Receipt
    from storage.attempts import Attempt
    from storage.contacts import Contact
    from storage.conversations import Conversation
    from storage.database import Transaction
    from storage.intake import Entry
    from storage.messages import Message

REPEAT_WINDOW = 60 * SECOND  # a text without an id that comes again within it is marked as a possible repeat
GOODBYE = "You will get no more texts from us. Reply START to get them again."
WELCOME_BACK = "You will get texts from us again. Reply STOP to end them."
EDITED_LATE = "Your edit was not texted: the text had gone out already. Write a new reply to correct it."
EDITED_IN_VAIN = "Your edit was not texted: the reply had been given up already. Write it as a new reply to text it."
DELETED_LATE = "You deleted a reply here, but it had been texted: it cannot be taken back."


class Bridge:
    """What we do about what happens.

    Args:
        settings: which sender belongs to which inbox.
        providers: by the name of their account.
        team: the Slack workspace's id.
    """

    def __init__(self, settings: Settings, providers: Mapping[str, Provider], team: str) -> None:
        self._settings = settings
        self._providers = providers
        self._places = Places(settings, team)
        patience = settings.patience
        self._settle_after = int(patience.settle[0] * SECOND)
        self._line_after, self._card_after = int(patience.line * SECOND), int(patience.card * SECOND)
        self._chapters = {
            "inbound": self.inbound,
            "receipt": self.receipt,
            "ask": self.ask,
            "reply": self.reply,
            "edit": self.edit,
            "deletion": self.deletion,
            "command": self.command,
        }

    async def take(self, tx: Transaction, entry: Entry) -> None:
        """Does what is to be done about one row of the intake, and finishes it."""
        await self._chapters[entry.kind](tx, entry)
        await intake.finish(tx, entry)

    # --- from the providers -------------------------------------------------------------------------------------------

    async def inbound(self, tx: Transaction, entry: Entry) -> None:
        """A contact texted us."""
        sms = events.unpack_inbound(entry.content)
        contact = await contacts.remember(tx, str(sms.sender))
        conversation = await self._places.of_text(tx, entry, sms, contact)
        message_id = await self._add_inbound(tx, entry, sms, conversation)
        if message_id is None:
            return
        await conversations.contact_wrote(tx, conversation.id)
        await plan.post(tx, conversation.id)
        await self._heed(tx, sms.text, contact, conversation, message_id)
        await plan.card(tx, conversation.id, tx.now + self._card_after)

    async def receipt(self, tx: Transaction, entry: Entry) -> None:
        """A provider said what became of an attempt."""
        receipt = events.unpack_receipt(entry.content)
        attempt = await self._attempt_of(tx, entry, receipt)
        await receipts.add(tx, entry.source, receipt, attempt_id=attempt.id if attempt else None, intake_id=entry.id)
        if attempt is not None:
            await self._apply(tx, attempt, receipt)

    async def ask(self, tx: Transaction, entry: Entry) -> None:
        """A provider's webhook said too little: the rest is fetched."""
        await plan.fetch(tx, entry.id, entry.source, entry.content, entry.callback)

    # --- from Slack ---------------------------------------------------------------------------------------------------

    async def reply(self, tx: Transaction, entry: Entry) -> None:
        """Somebody wrote in a thread."""
        said = entry.content
        conversation = await self._places.of_thread(tx, said)
        if conversation is None:
            return
        if (word := decode.instruction(said["message"].get("text") or "")) is not None:
            await self._obey(tx, said, word)
            return
        message_id = await messages.add_reply(
            tx,
            conversation.id,
            typed=json.dumps(said["message"]),
            author=said["user"],
            team=said["team"],
            channel=said["channel"],
            ts=said["ts"],
        )
        if message_id is not None:
            await plan.send(tx, conversation.id, message_id)
            await plan.show(tx, message_id, tx.now + self._line_after)

    async def edit(self, tx: Transaction, entry: Entry) -> None:
        """Somebody edited what they wrote in a thread: in time it replaces the text, later it cannot."""
        said = entry.content
        message = await messages.by_slack(tx, said["team"], said["channel"], said["ts"])
        if message is None:
            return
        word = decode.instruction(said["message"].get("text") or "")
        if word is not None and await messages.cancel(tx, message.id):
            await self._obey(tx, said, word)
        elif word is not None or not await messages.retype(tx, message.id, json.dumps(said["message"])):
            is_out = await attempts.may_be_out(tx, message.id)
            await self._tell_author(tx, said, EDITED_LATE if is_out else EDITED_IN_VAIN)

    async def deletion(self, tx: Transaction, entry: Entry) -> None:
        """Somebody deleted what they wrote in a thread: in time it is not sent, later it cannot be taken back."""
        said = entry.content
        message = await messages.by_slack(tx, said["team"], said["channel"], said["ts"])
        if message is not None and await messages.cancel(tx, message.id):
            await plan.show(tx, message.id)
        elif message is not None:
            await self._tell_author(tx, said, DELETED_LATE)

    async def command(self, tx: Transaction, entry: Entry) -> None:
        """Somebody wrote `/sms <number> <text>`; both were checked before it was taken in."""
        said = entry.content
        conversation = await self._places.of_contact(tx, await contacts.remember(tx, said["to"]), said["inbox"])
        message_id = await messages.add_text(
            tx, conversation.id, origin="command", text=said["text"], author=said["user"]
        )
        await plan.post(tx, conversation.id)
        await plan.answer(tx, conversation.id, said["response_url"])
        await plan.send(tx, conversation.id, message_id)
        await plan.show(tx, message_id, tx.now + self._line_after)

    # --- what came of an attempt --------------------------------------------------------------------------------------

    async def accepted(
        self, tx: Transaction, attempt: Attempt, answer: Accepted, settled_by: str | None = None
    ) -> None:
        """The provider took it; it may have assigned us a number for it."""
        await attempts.accept(
            tx,
            attempt,
            provider_id=answer.provider_id or None,
            status=answer.status,
            from_address=None if answer.sender is None else str(answer.sender),
            segments=answer.segments,
            settled_by=settled_by,
        )
        message = await messages.get(tx, attempt.message_id)
        await self._note_lease(tx, attempt, answer, message)
        await conversations.keep_sender(tx, message.conversation_id, attempt.sender)
        await conversations.team_wrote(tx, message.conversation_id)
        for early in await receipts.claim(tx, attempt.account, answer.provider_id, attempt.id):
            await self._apply(tx, await attempts.get(tx, attempt.id), early)
        await self._refresh(tx, message.id)
        await self._await_receipt(tx, attempt)
        await plan.card(tx, message.conversation_id, tx.now + self._card_after)
        await self._resolve(tx, f"not sent:{attempt.account}")

    async def not_sent(self, tx: Transaction, attempt: Attempt, code: str, sentence: str, *, final: bool) -> None:
        """It certainly did not go out: it is tried again, unless that has gone on for too long."""
        await attempts.end(tx, attempt.id, "not sent", code, sentence)
        message = await messages.get(tx, attempt.message_id)
        if final:
            await self._fail(tx, message, code, f"Not sent: {sentence} Nothing went out.")
        await self._alert(tx, attempt, f"not sent:{attempt.account}", sentence, message.conversation_id)

    async def refused(self, tx: Transaction, attempt: Attempt, code: str, sentence: str, *, opted_out: bool) -> None:
        """It did not go out and will not."""
        await attempts.end(tx, attempt.id, "refused", code, sentence)
        message = await messages.get(tx, attempt.message_id)
        if opted_out:
            await self._suppress_by_provider(tx, message, code)
        await self._fail(tx, message, code, sentence)
        await self._alert(tx, attempt, f"refused:{attempt.account}:{code}", sentence, message.conversation_id)

    async def unknown(self, tx: Transaction, attempt: Attempt, code: str, sentence: str) -> None:
        """It may have gone out: it is never sent again by itself."""
        if (early := await receipts.newest(tx, attempt.id)) is not None:
            await self._settle_by_receipt(tx, attempt, early)
        else:
            await attempts.end(tx, attempt.id, "unknown", code, sentence)
            await plan.settle(tx, attempt.id, tx.now + self._settle_after)
        await self._refresh(tx, attempt.message_id)
        await plan.show(tx, attempt.message_id)

    async def never_settled(self, tx: Transaction, attempt: Attempt) -> None:
        """Nobody could say whether it went out: a person has to."""
        message = await messages.get(tx, attempt.message_id)
        await messages.ask(tx, message.id, attempt.code or "unknown", attempt.sentence or "")
        await plan.show(tx, message.id)
        sentence = "A text may not have gone out."
        await self._alert(tx, attempt, f"unknown:{attempt.account}", sentence, message.conversation_id)

    async def held(self, tx: Transaction, message: Message, until: int, sentence: str) -> None:
        """The gate lets it out later: the thread says when and why."""
        if message.not_before != until:
            await messages.hold(tx, message.id, until, sentence)
            await plan.show(tx, message.id)

    async def stopped(self, tx: Transaction, message: Message, code: str, sentence: str) -> None:
        """The gate does not let it out; nobody was asked to send it."""
        await self._fail(tx, message, code, sentence)

    # --- how --------------------------------------------------------------------------------------------------------

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
        )

    async def _heed(
        self, tx: Transaction, text: str, contact: Contact, conversation: Conversation, message_id: int
    ) -> None:
        """STOP and START bind from the first day; each news is confirmed once, by the only text that may still go."""
        keyword = heard(text, opted_out=await suppressions.holds(tx, contact.id))
        if keyword is Keyword.STOP and await suppressions.add(tx, contact.id, "keyword", f"message {message_id}"):
            await self._confirm(tx, conversation, GOODBYE)
        elif keyword is Keyword.START and await suppressions.lift(tx, contact.id):
            await self._confirm(tx, conversation, WELCOME_BACK)

    async def _confirm(self, tx: Transaction, conversation: Conversation, text: str) -> None:
        message_id = await messages.add_text(tx, conversation.id, origin="confirmation", text=text, author=None)
        await plan.post(tx, conversation.id)
        await plan.send(tx, conversation.id, message_id)
        await plan.show(tx, message_id, tx.now + self._line_after)

    async def _obey(self, tx: Transaction, said: dict[str, Any], word: object) -> None:
        """What stands in a thread after an exclamation mark is for us, never for the contact."""
        if isinstance(word, decode.NearMiss):
            await self._tell_author(tx, said, decode.NEAR_MISS_HELP)
        elif isinstance(word, decode.Word):
            await self._tell_author(tx, said, decode.WORDS_HELP)

    async def _tell_author(self, tx: Transaction, said: dict[str, Any], sentence: str) -> None:
        await plan.tell(tx, said["channel"], said["user"], sentence, said.get("thread_ts"))

    async def _attempt_of(self, tx: Transaction, entry: Entry, receipt: Receipt) -> Attempt | None:
        """By the token in the URL, else by our id that the provider carried, else by the provider's own id."""
        callback = await callbacks.find(tx, entry.callback) if entry.callback else None
        if callback is not None and callback.scope == "attempt":
            return await attempts.get(tx, int(callback.subject))
        if receipt.attempt is not None and receipt.attempt.isdigit():
            found = await attempts.find(tx, int(receipt.attempt))
            if found is not None and found.account == entry.source:
                return found
        if receipt.provider_id is not None:
            return await attempts.by_provider_id(tx, entry.source, receipt.provider_id)
        return None

    async def _apply(self, tx: Transaction, attempt: Attempt, receipt: Receipt) -> None:
        """What a receipt changes: the attempt's status if that is forward, and what the thread shows."""
        if attempt.outcome == "unknown":
            await self._settle_by_receipt(tx, attempt, receipt)
        moved = receipt.status is not None and await attempts.advance(tx, attempt.id, receipt.status)
        await attempts.say(tx, attempt.id, receipt.word)
        if moved:
            await attempts.explain(tx, attempt.id, receipt.code, receipt.sentence)
        message = await messages.get(tx, attempt.message_id)
        if receipt.opted_out:
            await self._suppress_by_provider(tx, message, receipt.code or receipt.word)
        if not moved and receipt.status is not None and attempt.outcome != "unknown":
            return
        await self._refresh(tx, attempt.message_id)
        if moved and receipt.status in (Status.FAILED, Status.EXPIRED):
            sentence = receipt.sentence or "A text could not be delivered."
            cause = f"failed:{attempt.account}:{receipt.code or receipt.word}"
            await self._alert(tx, attempt, cause, sentence, message.conversation_id)

    async def _settle_by_receipt(self, tx: Transaction, attempt: Attempt, receipt: Receipt) -> None:
        """A receipt proves that the provider had it."""
        answer = Accepted(receipt.provider_id or "", Status.ACCEPTED, receipt.sender, receipt.segments)
        await self.accepted(tx, attempt, answer, settled_by="receipt")

    async def _note_lease(self, tx: Transaction, attempt: Attempt, answer: Accepted, message: Message) -> None:
        """A number that is none of our own senders is a lease, whatever we had asked for."""
        if answer.sender is None or not self._providers[attempt.account].features.leases:
            return
        number = str(answer.sender)
        if number == attempt.from_address and not self._settings.senders[attempt.sender].is_leased:
            return
        if self._settings.sender_of_address(attempt.account, number) is not None:
            return
        conversation = await conversations.get(tx, message.conversation_id)
        lifetime = int(self._settings.lease_lifetime_days * DAY)
        await leases.record(tx, attempt.account, number, conversation.contact_id, conversation.id, lifetime=lifetime)

    async def _refresh(self, tx: Transaction, message_id: int) -> None:
        """The message is as far as its newest tries; its line says so now if it is final, else a little later."""
        parts = await attempts.newest(tx, message_id)
        status = slowest([part.status for part in parts])
        worst = next((part for part in parts if part.status is status and part.sentence), None)
        await messages.set_status(
            tx,
            message_id,
            status.value,
            code=worst.code if worst else None,
            sentence=worst.sentence if worst else None,
        )
        delay = 0 if status.is_final else self._line_after
        await plan.show(tx, message_id, tx.now + delay)

    async def _await_receipt(self, tx: Transaction, attempt: Attempt) -> None:
        if self._providers[attempt.account].features.receipts:
            await plan.overdue(tx, attempt.message_id, tx.now + int(self._settings.receipt_minutes * MINUTE))

    async def _fail(self, tx: Transaction, message: Message, code: str, sentence: str) -> None:
        await messages.set_status(tx, message.id, Status.FAILED.value, code=code, sentence=sentence)
        await plan.show(tx, message.id)

    async def _suppress_by_provider(self, tx: Transaction, message: Message, code: str) -> None:
        conversation = await conversations.get(tx, message.conversation_id)
        if await suppressions.add(tx, conversation.contact_id, "provider", code):
            await plan.card(tx, conversation.id, tx.now + self._card_after)

    async def _alert(self, tx: Transaction, attempt: Attempt, cause: str, sentence: str, conversation_id: int) -> None:
        title = self._providers[attempt.account].title
        told = sentence if sentence.startswith(title) else f"{title}: {sentence}"
        await plan.alert(tx, await alerts.raise_one(tx, cause, told, conversation_id))

    async def _resolve(self, tx: Transaction, cause: str) -> None:
        alert_id = await alerts.resolve(tx, cause)
        if alert_id is not None:
            await plan.alert(tx, alert_id)
