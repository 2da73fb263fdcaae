"""The single send gate: every outbound text of every origin passes here, and only here is a provider's `send` called.

What is decided and the attempt row are one transaction, committed before the request: from then on the text counts as
one that may have gone out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot import decode, telling, trail
from bot.breaker import FIND_SENT
from bot.consent import Consent
from bot.limits import Hold, keep
from bot.routing import NOTHING, Routing, Stop, fits, signed
from providers.errors import NotSent, ProviderError, Refused, Throttled, Unknown
from providers.provider import Callbacks
from sms.address import Address, from_canonical
from sms.message import OutboundSms, Status
from sms.segments import measure
from storage import attempts, callbacks, contacts, conversations, files, jobs, messages, quotas
from storage.clock import MINUTE, SECOND, to_datetime
from storage.contacts import Contact
from storage.conversations import Conversation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.breaker import Breaker
    from bot.callbacks import CallbackUrls
    from bot.outcomes import Outcomes
    from bot.outgoing import Outgoing
    from bot.people import People
    from bot.settings import Inbox, Settings
    from providers.provider import Accepted, Provider
    from storage.attempts import Attempt
    from storage.database import Database, Transaction
    from storage.jobs import Job
    from storage.messages import Message

LONGEST_PAUSE = 60 * SECOND  # between two tries of a text that certainly did not go out
LOOK_BACK = timedelta(minutes=2)  # how much earlier than our request the provider's clock may say it was

OPTED_OUT = "Not sent: this contact has opted out of texts. They can reply START to get them again."
REMOVED = "Not sent: its text was removed after the time that `retention.text_days` sets. Write it again."
CONFIRMED = "Not sent again: this confirmation went out, or may have, and nobody is to get two."


class Waits(Exception):
    """The text waits until then (microseconds UTC), because its company is left alone for a while."""

    def __init__(self, until: int, sentence: str) -> None:
        super().__init__(sentence)
        self.until = until
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Offer:
    """A committed attempt, and what its request needs."""

    attempt: Attempt
    sms: OutboundSms
    callbacks: Callbacks


class Gate:
    """Decides, and sends.

    Args:
        database, settings, outcomes, urls, people: as everywhere.
        providers: by the name of their account.
        breaker: says which account is left alone for a while.
        outgoing: brings files; None where it is only asked what would be decided.

    Attributes:
        routing: which sender takes a text.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        providers: Mapping[str, Provider],
        outcomes: Outcomes,
        urls: CallbackUrls,
        people: People,
        breaker: Breaker,
        outgoing: Outgoing | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._providers = providers
        self._outcomes = outcomes
        self._urls = urls
        self._people = people
        self._consent = Consent(settings)
        self._breaker = breaker
        self.routing = Routing(settings, providers, outgoing, outcomes.ledger, database.clock)

    async def send(self, job: Job) -> None:
        """Offers the job's message to a provider, at most once per decision, and writes down what came of it."""
        reader = self._database.glance()
        message = await messages.get(reader, job.subject)
        conversation = await conversations.get(reader, message.conversation_id)
        contact = await contacts.get(reader, conversation.contact_id)
        trail.about(message)
        inbox = self._settings.inboxes[conversation.inbox]
        refusal = await self._people.may_text(message.author, inbox)
        names = await self._people.names_in(message)
        if refusal is None:
            await self.routing.prepare(message, conversation, contact)
        async with self._database.transaction() as tx:
            if refusal is not None:
                await self._outcomes.not_allowed(tx, message, refusal)
                await jobs.finish(tx, job)
                return
            try:
                offer = await self.decide(tx, await messages.get(tx, job.subject), names)
            except Stop as stop:
                await self._outcomes.stopped(tx, message, stop.code, stop.sentence)
                offer = None
            except Waits as waits:
                await self._outcomes.waits(tx, message, waits.sentence)
                await jobs.retry(tx, job, waits.until, "left alone")
                return
            except Hold as hold:
                await self._outcomes.held(tx, message, hold.until, hold.sentence)
                await jobs.retry(tx, job, hold.until, "held")
                return
            if offer is None:
                await jobs.finish(tx, job)
                return
        await self._offer(job, offer)

    async def decide(self, tx: Transaction, message: Message, names: decode.Names) -> Offer | None:
        """What is to go out now and how, with its attempt row; None if nothing is to go out any more.

        Raises:
            Stop: it may not go out.
            Hold: not yet.
            Waits: nobody can take it now.
        """
        tried = [each for each in await attempts.newest(tx, message.id) if each.started_at >= message.decided_at]
        if message.state in {"asked", "cancelled"} or any(attempt.outcome != "not sent" for attempt in tried):
            return None  # taken back, asked about, or out already: maybe is also out
        if message.state == "scheduled" and message.not_before is not None and tx.now < message.not_before:
            raise Hold(message.not_before, "")
        conversation = await conversations.get(tx, message.conversation_id)
        contact = await contacts.get(tx, conversation.contact_id)
        inbox = self._settings.inboxes[conversation.inbox]
        dropped = await files.of_message(tx, message.id)
        text = await self._text(tx, message, names, inbox, is_all=not dropped)
        if await self._consent.forbids(tx, contact, message.id):
            raise Stop("opted_out", OPTED_OUT)
        if message.origin == "confirmation" and await attempts.may_have_come(tx, message.id):
            raise Stop("confirmed", CONFIRMED)
        chosen = json.loads(message.options or "{}")
        route = await self.routing.choose(tx, conversation, contact, text, message.via, chosen, dropped)
        if (until := self._breaker.waits(route.account)) is not None:
            other = self._other(message, conversation, contact)
            if other is None:
                raise self._waits(tx, message, route.account, until)
            route = await self.routing.choose(tx, conversation, contact, text, other, chosen, dropped)
        await keep(tx, route.account, self._providers[route.account])
        attempt = await attempts.start(
            tx,
            message.id,
            1,
            account=route.account,
            sender=route.sender,
            from_address=None if route.address is None else str(route.address),
            recipient=contact.address,
            text=route.text,
        )
        telling.tried(tx, message, attempt)
        await quotas.use(tx, route.account, "texts", attempt.id)
        await messages.set_status(tx, message.id, Status.SENDING.value)
        self._breaker.begin(route.account)
        return Offer(
            attempt,
            self.routing.sms(route, contact, str(attempt.id), chosen),
            await self._callbacks(tx, attempt, message),
        )

    async def would_send(
        self, inbox: str, to: Address, text: str, via: str | None = None, chosen: Mapping[str, object] = NOTHING
    ) -> None:
        """Says what `decide` would say of a person's text with their choices, before it is taken in. Writes nothing.

        Raises:
            Stop: it would not go out.
        """
        async with self._database.read() as reader:
            contact = await contacts.find(reader, str(to)) or Contact.unknown(str(to))
            conversation = await conversations.newest(reader, contact.id, inbox) or Conversation.none_yet(inbox)
            text = signed(text, self._settings.inboxes[inbox])
            fits(text, self._settings.inboxes[inbox])
            if await self._consent.since(reader, contact) is not None:
                raise Stop("opted_out", OPTED_OUT)
            await self.routing.choose(reader, conversation, contact, text, via, chosen)

    async def settle(self, job: Job) -> None:
        """Asks the provider about an attempt that may have gone out; in the end a person is asked."""
        async with self._database.read() as reader:
            attempt = await attempts.get(reader, job.subject)
        if attempt.outcome != "unknown":
            await self._finish(job)
            return
        found = await self._find(attempt)
        pauses = self._settings.patience.settle
        async with self._database.transaction() as tx:
            attempt = await attempts.get(tx, attempt.id)
            if attempt.outcome == "unknown" and found is not None:
                await self._outcomes.accepted(tx, attempt, found, settled_by="the provider's list")
            elif attempt.outcome == "unknown" and job.tries < len(pauses):
                await jobs.retry(tx, job, tx.now + int(pauses[job.tries] * SECOND), "not found there yet")
                return
            elif attempt.outcome == "unknown":
                await self._outcomes.never_settled(tx, attempt)
            await jobs.finish(tx, job)

    # --- deciding -----------------------------------------------------------------------------------------------------

    async def _text(self, tx: Transaction, message: Message, names: decode.Names, inbox: Inbox, *, is_all: bool) -> str:
        """What the phone will show, decoded once, within the length that the inbox allows; not empty if it is all."""
        if message.removed_at is not None:
            raise Stop("removed", REMOVED)
        text = message.text
        if message.typed is not None:
            try:
                text = decode.to_text(json.loads(message.typed), names, us=self._people.us)
            except decode.CannotBeTexted as error:
                raise Stop("cannot_be_texted", f"Not sent: {error}") from None
        whole = signed(text or "", inbox) if message.author else text or ""
        size = fits(whole, inbox) if whole or is_all else measure("")
        if message.typed is not None:
            await messages.decode(tx, message.id, text or "", size.encoding.value, size.count)
        return whole

    async def _callbacks(self, tx: Transaction, attempt: Attempt, message: Message) -> Callbacks:
        """The URLs of this attempt; their tokens are known here before the provider learns them."""
        urls: dict[str, str] = {}
        subjects = {"attempt": str(attempt.id), "conversation": str(message.conversation_id), "sender": attempt.sender}
        for scope, subject in subjects.items():
            urls[scope], row = self._urls.make(attempt.account, scope, subject)  # type: ignore[arg-type]  # the three scopes
            await callbacks.remember(tx, row)
        return Callbacks(
            receipts=urls["attempt"],
            replies=urls["conversation"],
            sender=urls["sender"],
            secret=self._urls.header_secret(attempt.account),
        )

    def _other(self, message: Message, conversation: Conversation, contact: Contact) -> str | None:
        """The next sender of the inbox whose company can be reached; none if a person chose one. Nothing is out yet."""
        if message.via is not None:
            return None
        senders = self.routing.candidates(conversation, contact, has_files=message.media != "[]").senders
        return next(
            (each for each in senders if self._breaker.waits(self._settings.senders[each].account) is None), None
        )

    def _waits(self, tx: Transaction, message: Message, account: str, until: int) -> Exception:
        """Later, or not at all once it has waited for as long as a text may."""
        title = self._providers[account].title
        wanted_at = max(message.created_at, message.decided_at, message.not_before or 0)
        if tx.now > wanted_at + self._settings.send_minutes * MINUTE:
            minutes = f"{self._settings.send_minutes:g} minutes"
            return Stop("unreachable", f"Not sent: {title} could not be reached for {minutes}. Nothing went out.")
        return Waits(until, f"{title} cannot be reached just now. It is tried again.")

    # --- sending ------------------------------------------------------------------------------------------------------

    async def _offer(self, job: Job, offer: Offer) -> None:
        """Makes the one request of the attempt; whatever happens is an outcome."""
        try:
            answer = await self._providers[offer.attempt.account].send(offer.sms, offer.callbacks)
        except NotSent as error:
            await self._not_sent(job, offer.attempt, error)
            await self._tally(offer.attempt.account, works=isinstance(error, Throttled))
            return
        except ProviderError as error:
            failure: ProviderError = error
        except Exception as error:  # noqa: BLE001 - a fault in a provider's code leaves open whether the text left
            failure = Unknown("fault", f"Something broke while it was sent ({type(error).__name__}).")
        else:
            async with self._database.transaction() as tx:
                await self._outcomes.accepted(tx, offer.attempt, answer)
                await jobs.finish(tx, job)
            await self._tally(offer.attempt.account, works=True)
            return
        await self._failed(job, offer.attempt, failure)
        await self._tally(offer.attempt.account, works=isinstance(failure, Refused))

    async def _tally(self, account: str, *, works: bool) -> None:
        """What the breaker is to know of a request's end."""
        if works:
            await self._breaker.worked(account)
        else:
            await self._breaker.failed(account)

    async def _failed(self, job: Job, attempt: Attempt, error: ProviderError) -> None:
        async with self._database.transaction() as tx:
            if isinstance(error, Refused):
                await self._outcomes.refused(tx, attempt, error.code, error.sentence, opted_out=error.opted_out)
            else:
                await self._outcomes.unknown(tx, attempt, error.code, error.sentence)
            await jobs.finish(tx, job)

    async def _not_sent(self, job: Job, attempt: Attempt, error: NotSent) -> None:
        async with self._database.transaction() as tx:
            run_at = tx.now + self._pause(job.tries, error)
            wanted_at = (await messages.get(tx, attempt.message_id)).not_before or job.created_at
            final = run_at > max(wanted_at, job.created_at) + self._settings.send_minutes * MINUTE
            await self._outcomes.not_sent(tx, attempt, error.code, error.sentence, final=final)
            await quotas.give_back(tx, attempt.id)
            if final:
                await jobs.finish(tx, job)
            else:
                await jobs.retry(tx, job, run_at, error.code)

    def _pause(self, tries: int, error: NotSent) -> int:
        """Microseconds before the next try: doubled each time, or what the provider asks for."""
        if isinstance(error, Throttled) and error.retry_after is not None:
            return int(error.retry_after * SECOND)
        return min(int(self._settings.patience.retry * SECOND) << min(tries - 1, 6), LONGEST_PAUSE)

    async def _find(self, attempt: Attempt) -> Accepted | None:
        provider = self._providers[attempt.account]
        if not provider.features.find_sent:
            return None
        sms = OutboundSms(
            str(attempt.id),
            from_canonical(attempt.recipient),
            None if attempt.from_address is None else from_canonical(attempt.from_address),
            attempt.text or "",
        )
        since = to_datetime(attempt.started_at) - LOOK_BACK
        try:
            found = await self._breaker.ask(attempt.account, FIND_SENT, lambda: provider.find_sent(sms, since))
        except ProviderError:
            return None
        async with self._database.read() as reader:
            free = [
                each
                for each in found
                if await attempts.by_provider_id(reader, attempt.account, each.provider_id) is None
            ]
        return free[0] if len(free) == 1 else None

    async def _finish(self, job: Job) -> None:
        async with self._database.transaction() as tx:
            await jobs.finish(tx, job)
