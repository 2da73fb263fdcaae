"""Records the results of sending a text: one short function for each result.

Each gets the open transaction and writes rows and jobs; none reaches a network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversations import alert_sentences, enqueue, receipt_order
from bot.conversations.alert_sentences import CONTACT
from bot.conversations.consent import opt_out
from bot.conversations.leases import Leases
from bot.conversations.multipart import EXPIRED, is_out, is_parked, of_part, progress
from bot.conversations.unverified import alert_unverified
from bot.telemetry import message_events
from providers.provider import Accepted
from sms.message import Status
from storage.engine.clock import MINUTE, SECOND, from_datetime
from storage.queries import history
from storage.tables import alerts, attempts, callbacks, conversations, messages, posts, receipts, schedule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.conversations.decisions import Ask, Hold, Stop
    from bot.conversations.entries import DeliveryReceipt
    from bot.conversations.multipart import Progress
    from bot.settings.model import Settings
    from providers.provider import Provider
    from sms.message import Receipt
    from storage.engine.database import Transaction
    from storage.tables.attempts import Attempt
    from storage.tables.conversations import Conversation
    from storage.tables.intake import Entry
    from storage.tables.messages import Message


class SendResults:
    """The results of one workspace.

    Args:
        settings: the senders, and how long leases last.
        providers: by account name.

    Attributes:
        leases: the leased numbers.
    """

    def __init__(self, settings: Settings, providers: Mapping[str, Provider]) -> None:
        self._settings = settings
        self._providers = providers
        timeouts = settings.timeouts
        self.leases = Leases(settings, providers)
        self._reconcile_after = int(timeouts.reconcile[0] * SECOND)
        self._line_after, self._card_after = int(timeouts.status_line * SECOND), int(timeouts.card * SECOND)

    async def accepted(
        self, tx: Transaction, attempt: Attempt, answer: Accepted, reconciled_by: str | None = None
    ) -> bool:
        """Records that the provider accepted an attempt, perhaps from a number that it leased to us.

        Args:
            tx: the open transaction.
            attempt: as it was before.
            answer: of the provider.
            reconciled_by: how we learned of it, if not from the answer to our request.

        Returns:
            True if a part of the text is still to go out.
        """
        known = await attempts.by_provider_id(tx, attempt.account, answer.provider_id)
        await attempts.accept(
            tx,
            attempt,
            provider_id=None if known is not None and known.id != attempt.id else answer.provider_id or None,
            status=answer.status,
            from_address=None if answer.sender is None else str(answer.sender),
            segments=answer.segments,
            reconciled_by=reconciled_by,
            no_receipt=answer.no_receipt,
            scheduled_at=None if answer.scheduled is None else from_datetime(answer.scheduled),
        )
        message = await messages.get(tx, attempt.message_id)
        conversation = await conversations.get(tx, message.conversation_id)
        await self.leases.took(tx, attempt, answer, conversation, is_choice=message.via is not None)
        message_events.ended(tx, message, attempt, "accepted", is_answer=reconciled_by is None)
        if message.via is None and attempt.started_at >= (conversation.last_out_at or 0):
            await conversations.keep_sender(tx, conversation.id, attempt.sender)
        await conversations.team_wrote(tx, message.conversation_id, message.id)
        for early in await receipts.claim(tx, attempt.account, answer.provider_id, attempt.id):
            await self._apply(tx, await attempts.get(tx, attempt.id), early)
        if answer.status in (Status.FAILED, Status.EXPIRED):
            await attempts.explain(tx, attempt.id, answer.status.value, f"{self._title(attempt)} doesn't say why.")
            await self._lost(tx, message, attempt, answer.status.value, None)
        has_more = await self._refresh(tx, message.id)
        await self._await_receipt(tx, attempt, answer)
        await enqueue.card(tx, message.conversation_id, tx.now + self._card_after)
        await self._resolve(tx, f"not sent:{attempt.account}")
        if reconciled_by is not None and has_more:  # the part that stopped the rest is out
            await enqueue.send(tx, message.conversation_id, message.id)
        return has_more

    async def not_sent(self, tx: Transaction, attempt: Attempt, code: str, sentence: str, *, final: bool) -> None:
        """Records an attempt that certainly did not go out. The gate retries it, unless `final`: then it gave up."""
        if await self._is_proved(tx, attempt):
            return
        await attempts.end(tx, attempt.id, "not sent", code, sentence)
        message = await messages.get(tx, attempt.message_id)
        message_events.ended(tx, message, attempt, "not sent")
        found = await self._progress(tx, message)
        if final:
            out = "" if found.begun else " Nothing went out."
            gave_up = f"Not sent: {sentence}{out} Press *Retry* to try again."
            await self._fail(tx, message, code, of_part(found, attempt.part, gave_up))
        else:
            again = f"{sentence} The bot tries again."
            await messages.set_status(tx, message.id, Status.QUEUED.value, code=code, sentence=again)
            await enqueue.show(tx, message.id, tx.now + self._line_after)
        what = f"Couldn't send a text to {CONTACT}. {self._said(attempt, sentence)}"
        cure = alert_sentences.NOT_SENT if final else alert_sentences.NOT_SENT_YET
        await self._alert(tx, f"not sent:{attempt.account}", f"{what} {cure}", message.conversation_id)

    async def refused(self, tx: Transaction, attempt: Attempt, code: str, sentence: str, *, opted_out: bool) -> None:
        """Records that the provider refused an attempt. `opted_out`: because the contact wants no texts."""
        if await self._is_proved(tx, attempt):
            return
        await attempts.end(tx, attempt.id, "refused", code, sentence)
        message = await messages.get(tx, attempt.message_id)
        message_events.ended(tx, message, attempt, "refused", is_answer=True)
        if opted_out:
            await self._suppress_by_provider(tx, message, code)
        conversation = await conversations.get(tx, message.conversation_id)
        why = await self.leases.explain(tx, attempt, conversation, sentence)
        await self._fail(tx, message, code, of_part(await self._progress(tx, message), attempt.part, why))
        what = f"{self._title(attempt)} refused a text to {CONTACT}: {sentence}"
        cure = alert_sentences.OPTED_OUT if opted_out else alert_sentences.REFUSED
        await self._alert(tx, f"refused:{attempt.account}:{code}", f"{what} {cure}", message.conversation_id)

    async def refused_lease(self, tx: Transaction, attempt: Attempt, code: str, sentence: str) -> bool:
        """Records a refusal of a text that named a lease. Returns True if it goes out again with a number asked for."""
        if not await self.leases.goes_on_without(tx, attempt, await self._conversation_of(tx, attempt)):
            return False
        await attempts.end(tx, attempt.id, "not sent", code, sentence)  # not final: the text goes on at once
        message = await messages.get(tx, attempt.message_id)
        message_events.ended(tx, message, attempt, "not sent")
        await messages.set_status(tx, message.id, Status.QUEUED.value)
        return True

    async def unknown(self, tx: Transaction, attempt: Attempt, code: str, sentence: str) -> None:
        """Records an attempt that may have gone out. The bot never sends it again by itself."""
        if (early := await receipts.newest(tx, attempt.id)) is not None:
            await self._reconcile_by_receipt(tx, attempt, early)
        else:
            await attempts.end(tx, attempt.id, "unknown", code, sentence)
            await self.leases.may_have_gone(tx, attempt, await self._conversation_of(tx, attempt))
            message_events.ended(tx, await messages.get(tx, attempt.message_id), attempt, "unknown", is_answer=True)
            await enqueue.reconcile(tx, attempt.id, tx.now + self._reconcile_after)
        await self._refresh(tx, attempt.message_id)
        await enqueue.show(tx, attempt.message_id)

    async def reported(self, tx: Transaction, entry: Entry, found: DeliveryReceipt) -> None:
        """Stores a receipt, even if we don't know its attempt yet, and applies it."""
        receipt = found.receipt
        attempt = await self._attempt_of(tx, entry, receipt)
        await receipts.add(tx, entry.source, receipt, attempt_id=attempt.id if attempt else None, intake_id=entry.id)
        await message_events.said(tx, entry.source, attempt, receipt.status)
        if attempt is not None:
            if found.recovered is not None:
                await messages.recover(tx, attempt.message_id, found.recovered)
            await self._apply(tx, attempt, receipt)
        if receipt.status is not None and receipt.status.is_final:
            await self._resolve(tx, f"no receipt:{entry.source}")

    async def never_reconciled(self, tx: Transaction, attempt: Attempt) -> None:
        """Asks a person about an attempt that may have gone out, unless somebody decided, because nobody can say."""
        message = await messages.get(tx, attempt.message_id)
        if message.state == "cancelled" or not (await self._progress(tx, message)).depends_on(attempt):
            return
        await messages.ask(tx, message.id, attempt.code or "unknown", attempt.sentence or "")
        await enqueue.show(tx, message.id)
        what = f"A text to {CONTACT} may not have gone out: {self._title(attempt)} gave no clear answer."
        await self._alert(
            tx, f"unknown:{attempt.account}", f"{what} {alert_sentences.UNKNOWN}", message.conversation_id
        )

    async def held(
        self, tx: Transaction, message: Message, until: int, hold: Hold, expires_at: int, *, shows_short: bool
    ) -> None:
        """Records that the gate holds a text, and shows when it goes out and why.

        Args:
            tx: the open transaction.
            message: the text.
            until: when it goes out (microseconds UTC).
            hold: the reason.
            expires_at: when the bot asks about it instead (microseconds UTC).
            shows_short: show the wait even if it ends before the status line is due.
        """
        if message.not_before != until and (shows_short or until > tx.now + self._line_after):
            await schedule.hold(tx, message.id, until, hold.reason, hold.sentence, expires_at)
            await enqueue.show(tx, message.id)

    async def too_old(self, tx: Transaction, message: Message, ask: Ask) -> None:
        """Asks a person about a text that waited too long."""
        await messages.ask(tx, message.id, EXPIRED, ask.sentence)
        await enqueue.show(tx, message.id)

    async def nothing_to_send(self, tx: Transaction, message: Message) -> None:
        """Updates the status of a text that was to be sent again, and all of whose parts are out."""
        if message.state is None and (await self._progress(tx, message)).is_out:
            await self._refresh(tx, message.id)

    async def waits(self, tx: Transaction, message: Message, sentence: str) -> None:
        """Shows that the text waits because its provider can't be reached."""
        if message.sentence != sentence:
            await messages.set_status(tx, message.id, Status.QUEUED.value, code="waits", sentence=sentence)
            await enqueue.show(tx, message.id, tx.now + self._line_after)

    async def not_allowed(self, tx: Transaction, message: Message, sentence: str) -> None:
        """Drops a text whose author may not text, and notifies only the author; a line that says *queued* follows."""
        await messages.give_up(tx, message.id, sentence)
        if await posts.find(tx, f"line:{message.id}") is not None:
            await enqueue.show(tx, message.id)
        conversation = await conversations.get(tx, message.conversation_id)
        if message.author is not None:
            await enqueue.tell(tx, conversation.channel, message.author, sentence, conversation.thread_ts)

    async def stopped(self, tx: Transaction, message: Message, stop: Stop) -> None:
        """Records that the gate stopped a text. No provider got it."""
        found = await self._progress(tx, message)
        sentence = of_part(found, found.next or 1, stop.sentence) if found.begun else stop.sentence
        await self._fail(tx, message, stop.code, sentence)
        message_events.stopped(tx, message, stop.code)

    # --- decisions of people ------------------------------------------------------------------------------------------

    async def send_again(
        self, tx: Transaction, message: Message, via: str | None = None, *, at_once: bool = False
    ) -> None:
        """Sends a text once more, because a person decided so.

        Args:
            tx: the open transaction.
            message: the text.
            via: the sender, by name; None: the bot chooses.
            at_once: quiet hours do not hold it.
        """
        await messages.decide(tx, message.id, via, at_once=at_once)
        await enqueue.send(tx, message.conversation_id, message.id)
        await enqueue.show(tx, message.id, tx.now + self._line_after)

    async def arrived(self, tx: Transaction, message: Message, user: str) -> None:
        """Records that an unknown attempt arrived, because a person knows it."""
        for attempt in await attempts.newest(tx, message.id):
            if attempt.outcome == "unknown":
                await attempts.accept(
                    tx,
                    attempt,
                    provider_id=None,
                    status=Status.SENT,
                    from_address=None,
                    segments=None,
                    reconciled_by=f"person {user}",
                )
        if await self._refresh(tx, message.id):
            await enqueue.send(tx, message.conversation_id, message.id)
        await self._leave_alerts(tx, message.conversation_id)

    async def given_up(self, tx: Transaction, message: Message) -> None:
        """Gives up a text, because a person decided so."""
        await messages.give_up(tx, message.id, f"{message.sentence or ''} Given up.".strip())
        await enqueue.show(tx, message.id)
        await self._leave_alerts(tx, message.conversation_id)

    async def kept(self, tx: Transaction, message: Message, sentence: str) -> None:
        """Keeps a text in the team, because a person decided so. `sentence` is its status."""
        await messages.give_up(tx, message.id, sentence)
        await enqueue.show(tx, message.id)
        await self._leave_alerts(tx, message.conversation_id)

    # --- how ----------------------------------------------------------------------------------------------------------

    async def _attempt_of(self, tx: Transaction, entry: Entry, receipt: Receipt) -> Attempt | None:
        """Finds the attempt by the URL's token, else by our id that the provider returns, else by the provider's id."""
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
        """Applies a receipt: moves the attempt's status forward, and updates the thread."""
        if attempt.outcome == "unknown" or (attempt.outcome in {"not sent", "refused"} and receipt.is_proof):
            await self._reconcile_by_receipt(tx, attempt, receipt)
        elif attempt.outcome == "accepted" and attempt.from_address is None and receipt.sender is not None:
            await self.leases.said_late(tx, attempt, receipt.sender, await self._conversation_of(tx, attempt))
        known = [each for _, each in await receipts.of_attempt(tx, attempt.id)]
        now = await attempts.get(tx, attempt.id)
        found = receipt_order.verdict(now, known)
        moved, ends = (
            await receipt_order.store(tx, now, found),
            found.status.is_final and found.status is not now.status,
        )
        if moved or (receipt.status is None and not await receipts.said_after(tx, attempt.id, receipt.at)):
            await attempts.say(tx, attempt.id, found.receipt.word if moved and found.receipt else receipt.word)
        message = await messages.get(tx, attempt.message_id)
        if moved and ends:
            message_events.ended(tx, message, attempt, found.status.value)
        if receipt.opted_out:
            await self._suppress_by_provider(tx, message, receipt.code or receipt.word)
        if receipt.unverified:
            await self.unverified(tx, attempt.account, message.conversation_id)
        if not moved and receipt.status is not None and attempt.outcome != "unknown":
            return
        has_more = await self._refresh(tx, attempt.message_id)
        if moved and has_more and receipt.is_proof and attempt.outcome == "accepted" and not is_out(attempt):
            await enqueue.send(tx, message.conversation_id, message.id)
        if moved and ends and found.status is not Status.DELIVERED:
            code = found.status.value if found.receipt is None else found.receipt.code or found.receipt.word
            await self._lost(tx, message, attempt, code, found.sentence)

    async def _lost(self, tx: Transaction, message: Message, attempt: Attempt, code: str, sentence: str | None) -> None:
        """Alerts about an attempt that was accepted and then lost, unless its part is out by another."""
        if (await self._progress(tx, message)).has(attempt.part):
            return
        title = self._title(attempt)
        why = self._said(attempt, sentence or f"{title} doesn't say why.")
        undelivered = f"A text to {CONTACT} wasn't delivered. {why} {alert_sentences.failed(title)}"
        await self._alert(tx, f"failed:{attempt.account}:{code}", undelivered, message.conversation_id)

    async def unverified(self, tx: Transaction, account: str, conversation_id: int) -> None:
        """Alerts about a webhook that lacked the provider's proof."""
        await alert_unverified(tx, self._providers[account].title, account, conversation_id)

    async def _conversation_of(self, tx: Transaction, attempt: Attempt) -> Conversation:
        message = await messages.get(tx, attempt.message_id)
        return await conversations.get(tx, message.conversation_id)

    async def _reconcile_by_receipt(self, tx: Transaction, attempt: Attempt, receipt: Receipt) -> None:
        """Ends an attempt: a receipt proves that the provider accepted it, whatever it answered."""
        await attempts.doubt(tx, attempt.id)
        answer = Accepted(receipt.provider_id or "", Status.ACCEPTED, receipt.sender, receipt.segments)
        await self.accepted(tx, attempt, answer, reconciled_by="receipt")

    async def _is_proved(self, tx: Transaction, attempt: Attempt) -> bool:
        """Ends an attempt as accepted if a receipt came for it before the answer that it did not go out."""
        early = await receipts.newest(tx, attempt.id)
        if early is None or not early.is_proof:
            return False
        await self._reconcile_by_receipt(tx, attempt, early)
        return True

    async def _progress(self, tx: Transaction, message: Message) -> Progress:
        return progress(message, await attempts.of_message(tx, message.id))

    async def _refresh(self, tx: Transaction, message_id: int) -> bool:
        """Sets the message's status from its attempts. Its line shows a final status now, any other a little later.

        Returns:
            True if a part of it is still to go out.
        """
        message = await messages.get(tx, message_id)
        found = await self._progress(tx, message)
        if is_parked(message) and not found.is_out:
            await enqueue.show(tx, message_id, tx.now + self._line_after)
            return False
        status = found.status(message.status)
        worst = next((part for part in found.newest if part.status is status and part.sentence), None)
        sentence = of_part(found, worst.part, worst.sentence or "") if worst else None
        code = worst.code if worst else None
        if worst is None and message.status == status.value == Status.FAILED.value:
            code, sentence = message.code, message.sentence  # the gate stopped a part without an attempt
        await messages.set_status(tx, message_id, status.value, code=code, sentence=sentence)
        delay = 0 if status.is_final else self._line_after
        await enqueue.show(tx, message_id, tx.now + delay)
        if status is Status.DELIVERED:
            await self._leave_alerts(tx, message.conversation_id)
        return found.next is not None

    async def _await_receipt(self, tx: Transaction, attempt: Attempt, answer: Accepted) -> None:
        """Awaits a receipt if one can come, once the provider has sent the text."""
        leaves = tx.now if answer.scheduled is None else max(tx.now, from_datetime(answer.scheduled))
        features = self._providers[attempt.account].features
        can_end = features.look_up or not answer.no_receipt  # if no receipt comes, the provider can be asked
        if features.receipts and can_end:
            await enqueue.overdue(tx, attempt.message_id, leaves + int(self._settings.receipt_minutes * MINUTE))
        elif leaves > tx.now:
            await enqueue.overdue(tx, attempt.message_id, leaves)  # it brings the status line up to date

    async def _fail(self, tx: Transaction, message: Message, code: str, sentence: str) -> None:
        await messages.set_status(tx, message.id, Status.FAILED.value, code=code, sentence=sentence)
        await enqueue.show(tx, message.id)

    async def _suppress_by_provider(self, tx: Transaction, message: Message, code: str) -> None:
        conversation = await conversations.get(tx, message.conversation_id)
        await opt_out(tx, conversation.contact_id, "provider", code, message.id)

    async def _alert(self, tx: Transaction, cause: str, sentence: str, conversation_id: int) -> None:
        await enqueue.alert(tx, await alerts.raise_one(tx, cause, sentence, conversation_id))

    def _said(self, attempt: Attempt, sentence: str) -> str:
        """Returns a sentence about a failure that names the provider."""
        title = self._title(attempt)
        return sentence if sentence.startswith(title) else f"{title}: {sentence}"

    def _title(self, attempt: Attempt) -> str:
        return self._providers[attempt.account].title

    async def _leave_alerts(self, tx: Transaction, conversation_id: int) -> None:
        """Removes the conversation from alerts about texts, if nothing is left to decide there."""
        if not await history.wants_decision(tx, conversation_id):
            for alert_id in await alerts.leave(tx, conversation_id):
                await enqueue.alert(tx, alert_id)

    async def _resolve(self, tx: Transaction, cause: str) -> None:
        alert_id = await alerts.resolve(tx, cause)
        if alert_id is not None:
            await enqueue.alert(tx, alert_id)
