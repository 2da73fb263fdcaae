"""The single send gate: every outbound text of every origin passes here, and only here is a provider's `send` called.

What is decided and the attempt row are one transaction, committed before the request: from then on the text counts as
one that may have gone out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot import decode
from bot.limits import Hold, keep
from bot.outgoing import NotCarried
from providers.errors import NotSent, ProviderError, Refused, Throttled, Unknown
from providers.provider import Callbacks
from sms.address import Address, Alphanumeric, Client, from_canonical
from sms.message import OutboundSms, Status
from sms.segments import Segments, measure
from storage import attempts, callbacks, contacts, conversations, files, jobs, leases, messages, quotas, suppressions
from storage.clock import DAY, MINUTE, SECOND, to_datetime
from storage.contacts import Contact
from storage.conversations import Conversation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.callbacks import CallbackUrls
    from bot.outcomes import Outcomes
    from bot.outgoing import Outgoing
    from bot.people import People
    from bot.settings import Inbox, Settings
    from providers.provider import Accepted, Provider
    from sms.message import Media
    from storage.attempts import Attempt
    from storage.database import Connection, Database, Transaction
    from storage.files import File
    from storage.jobs import Job
    from storage.messages import Message

LONGEST_PAUSE = 60 * SECOND  # between two tries of a text that certainly did not go out
LOOK_BACK = timedelta(minutes=2)  # how much earlier than our request the provider's clock may say it was

NOTHING: Mapping[str, object] = MappingProxyType({})
OPTED_OUT = "Not sent: this contact has opted out of texts. They can reply START to get them again."


class Stop(Exception):
    """The text may not go out. Carries a stable code and the sentence for the thread."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Route:
    """How one text can go: through this sender, from this address."""

    sender: str  # by the name the settings give it
    account: str
    address: Address | None  # None: a number that the provider is to lease to us
    text: str = field(repr=False)  # as this sender carries it
    media: tuple[Media, ...] = ()


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
        outgoing: brings files; None where it is only asked what would be decided.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        providers: Mapping[str, Provider],
        outcomes: Outcomes,
        urls: CallbackUrls,
        people: People,
        outgoing: Outgoing | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._providers = providers
        self._outcomes = outcomes
        self._urls = urls
        self._people = people
        self._outgoing = outgoing

    async def send(self, job: Job) -> None:
        """Offers the job's message to a provider, at most once per decision, and writes down what came of it."""
        async with self._database.read() as reader:
            message = await messages.get(reader, job.subject)
            conversation = await conversations.get(reader, message.conversation_id)
        inbox = self._settings.inboxes[conversation.inbox]
        refusal = await self._people.may_text(message.author, inbox)
        names = await self._people.names_in(message)
        if refusal is None and self._outgoing is not None:
            senders = self.order(conversation, message.via)
            await self._outgoing.prepare(message, inbox, [self._provider_of(sender) for sender in senders])
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
        if message.origin != "confirmation" and await suppressions.holds(tx, contact.id):
            raise Stop("opted_out", OPTED_OUT)
        chosen = json.loads(message.options or "{}")
        route = await self.choose(tx, conversation, contact, text, message.via, chosen, dropped)
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
        await quotas.use(tx, route.account, "texts", attempt.id)
        await messages.set_status(tx, message.id, Status.SENDING.value)
        return Offer(
            attempt,
            self._sms(route, contact, str(attempt.id), chosen),
            await self._callbacks(tx, attempt, message),
        )

    async def choose(
        self,
        connection: Connection,
        conversation: Conversation,
        contact: Contact,
        text: str,
        via: str | None = None,
        chosen: Mapping[str, object] = NOTHING,
        dropped: Sequence[File] = (),
    ) -> Route:
        """The sender that a person chose, else the conversation's own, else the first of the inbox's that can.

        Raises:
            Stop: none can; with the sentence of the first.
        """
        reasons: list[Stop] = []
        for name in self.order(conversation, via):
            try:
                return await self.route(connection, name, conversation, contact, text, chosen, dropped)
            except Stop as reason:
                reasons.append(reason)
        raise reasons[0]

    def order(self, conversation: Conversation, via: str | None = None) -> list[str]:
        """The senders that come into question, the first one first."""
        names = [via] if via in self._settings.senders else self._settings.inboxes[conversation.inbox].senders
        if conversation.sender in names:
            return [conversation.sender, *(name for name in names if name != conversation.sender)]
        return list(names)

    async def route(
        self,
        connection: Connection,
        name: str,
        conversation: Conversation,
        contact: Contact,
        text: str,
        chosen: Mapping[str, object] = NOTHING,
        dropped: Sequence[File] = (),
    ) -> Route:
        """How the text can go through this sender, with the files that were dropped with it.

        Raises:
            Stop: it cannot.
        """
        sender = self._settings.senders[name]
        address = sender.parsed
        if sender.is_leased:
            address = await self._lease_address(connection, sender.account, conversation, contact)
        route = Route(name, sender.account, address, *self._carry(name, conversation, text, dropped))
        try:
            self._check(route, contact, chosen)
        except Stop:
            if route.text or not route.media:
                raise
            route = replace(route, text=self._settings.files.caption)  # some send no file without words
            self._check(route, contact, chosen)
        return route

    def _carry(
        self, name: str, conversation: Conversation, text: str, dropped: Sequence[File]
    ) -> tuple[str, tuple[Media, ...]]:
        """The text and the media as they go out through this sender."""
        if not dropped or self._outgoing is None:
            return text, ()
        inbox = self._settings.inboxes[conversation.inbox]
        try:
            carried, media = self._outgoing.carry(text, dropped, self._provider_of(name), inbox)
        except NotCarried as error:
            raise Stop(error.code, error.sentence) from None
        if carried:
            fits(carried, inbox)
        return carried, media

    def _provider_of(self, sender: str) -> Provider:
        return self._providers[self._settings.senders[sender].account]

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
            if await suppressions.holds(reader, contact.id):
                raise Stop("opted_out", OPTED_OUT)
            await self.choose(reader, conversation, contact, text, via, chosen)

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

    def _check(self, route: Route, contact: Contact, chosen: Mapping[str, object]) -> None:
        """What the provider would refuse is said before any request."""
        provider = self._providers[route.account]
        recipient = from_canonical(contact.address)
        if isinstance(recipient, Alphanumeric):
            raise Stop("no_answer", "Not sent: this came from a name, not a number, and cannot be answered.")
        if isinstance(recipient, Client) and not provider.features.clients:
            raise Stop("unsupported", f"Not sent: {provider.title} cannot text a SIP client.")
        try:
            provider.check(self._sms(route, contact, "0", chosen))
        except Refused as error:
            raise Stop(error.code, f"Not sent: {error.sentence}") from None

    async def _lease_address(
        self, connection: Connection, account: str, conversation: Conversation, contact: Contact
    ) -> Address | None:
        """None to ask for a lease, or the conversation's own one once the contact has as many as it may."""
        now = self._database.clock()
        live = await leases.live(connection, account, contact.id, now)
        maybe = await attempts.maybe_leased(
            connection, account, contact.address, now - int(self._settings.lease_lifetime_days * DAY)
        )
        if len(live) + maybe < self._settings.max_leases:
            return None
        own = next((lease for lease in live if lease.conversation_id == conversation.id), None)
        if own is None:
            raise Stop(
                "no_lease_free",
                f"Not sent: this contact has {len(live) + maybe} leased numbers already, all of other inboxes. "
                "One is free again when it ends.",
            )
        return from_canonical(own.number)

    def _sms(self, route: Route, contact: Contact, attempt: str, chosen: Mapping[str, object] = NOTHING) -> OutboundSms:
        options = {**self._settings.senders[route.sender].options, **chosen}
        recipient = from_canonical(contact.address)
        return OutboundSms(attempt, recipient, route.address, route.text, route.media, options)

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

    # --- sending ------------------------------------------------------------------------------------------------------

    async def _offer(self, job: Job, offer: Offer) -> None:
        """Makes the one request of the attempt; whatever happens is an outcome."""
        try:
            answer = await self._providers[offer.attempt.account].send(offer.sms, offer.callbacks)
        except NotSent as error:
            await self._not_sent(job, offer.attempt, error)
            return
        except ProviderError as error:
            failure: ProviderError = error
        except Exception as error:  # noqa: BLE001 - a fault in a provider's code leaves open whether the text left
            failure = Unknown("fault", f"Something broke while it was sent ({type(error).__name__}).")
        else:
            async with self._database.transaction() as tx:
                await self._outcomes.accepted(tx, offer.attempt, answer)
                await jobs.finish(tx, job)
            return
        await self._failed(job, offer.attempt, failure)

    async def _failed(self, job: Job, attempt: Attempt, error: ProviderError) -> None:
        async with self._database.transaction() as tx:
            if isinstance(error, Refused):
                await self._outcomes.refused(tx, attempt, error.code, error.sentence, opted_out=error.opted_out)
            else:
                await self._outcomes.unknown(tx, attempt, error.code, error.sentence)
            await jobs.finish(tx, job)

    async def _not_sent(self, job: Job, attempt: Attempt, error: NotSent) -> None:
        async with self._database.transaction() as tx:
            run_at = tx.now + _pause(job.tries, error)
            wanted_at = (await messages.get(tx, attempt.message_id)).not_before or job.created_at
            final = run_at > max(wanted_at, job.created_at) + self._settings.send_minutes * MINUTE
            await self._outcomes.not_sent(tx, attempt, error.code, error.sentence, final=final)
            await quotas.give_back(tx, attempt.id)
            if final:
                await jobs.finish(tx, job)
            else:
                await jobs.retry(tx, job, run_at, error.code)

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
        try:
            found = await provider.find_sent(sms, to_datetime(attempt.started_at) - LOOK_BACK)
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


def signed(text: str, inbox: Inbox) -> str:
    """A person's text as it goes out, with the inbox's signature below it if there is one."""
    return f"{text}\n{inbox.signature}" if text and inbox.signature else text


def fits(text: str, inbox: Inbox) -> Segments:
    """What the text costs, if it may be sent from the inbox at all."""
    if not text:
        raise Stop("empty", "Not sent: there is no text in it.")
    size = measure(text)
    if size.count > inbox.max_segments:
        raise Stop(
            "too_long",
            f"Not sent: it is {size.count} segments long, and {inbox.max_segments} is the most here. Shorten it.",
        )
    return size


def _pause(tries: int, error: NotSent) -> int:
    """Microseconds before the next try: doubled each time, or what the provider asks for."""
    if isinstance(error, Throttled) and error.retry_after is not None:
        return int(error.retry_after * SECOND)
    return min(SECOND << min(tries, 6), LONGEST_PAUSE)
