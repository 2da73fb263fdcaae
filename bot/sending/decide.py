"""What is to go out now and how: the gate's deciding half. All of it happens in the transaction of the attempt row."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.conversations.consent import Consent
from bot.conversations.limits import Hold, keep
from bot.conversations.multipart import progress
from bot.sending.routing import NOTHING, Stop, fits
from bot.settings.hours import free_at, spell
from bot.telemetry import message_events
from bot.text import decode
from providers.provider import Callbacks
from sms.address import from_canonical
from sms.countries import zones_of
from sms.message import Status
from sms.segments import measure
from storage.engine.clock import MINUTE, from_datetime, to_datetime
from storage.tables import attempts, callbacks, contacts, conversations, files, messages, quotas, schedule
from storage.tables.contacts import Contact
from storage.tables.conversations import Conversation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.conversations.callbacks import CallbackUrls
    from bot.conversations.circuit_breaker import CircuitBreaker
    from bot.conversations.multipart import Progress
    from bot.sending.routing import Route, Routing
    from bot.settings.model import Inbox, Settings
    from bot.slack.client.users import Users
    from providers.provider import Provider
    from sms.address import Address
    from sms.message import OutboundSms
    from storage.engine.database import Database, Transaction
    from storage.tables.attempts import Attempt
    from storage.tables.files import File
    from storage.tables.messages import Message

OPTED_OUT = "Not sent: this contact has opted out of texts. They can reply START to get them again."
REMOVED = "Not sent: its text was removed after the time that `retention.text_days` sets. Write it again."
CONFIRMED = "Not sent again: this confirmation went out, or may have, and nobody is to get two."
ALWAYS_QUIET = (
    "Not sent: this number may be in so many time zones that it is always quiet in one of them. Set the contact's time "
    "zone (*Contact…* on the card), then retry."
)


class Waits(Exception):
    """The text waits until then (microseconds UTC), because its company is left alone for a while."""

    def __init__(self, until: int, sentence: str) -> None:
        super().__init__(sentence)
        self.until = until
        self.sentence = sentence


class TooOld(Exception):
    """The text waited for longer than texts may: a person is asked. The message is the sentence for the thread."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A committed attempt, and what its request needs."""

    attempt: Attempt
    sms: OutboundSms
    callbacks: Callbacks


@dataclass(frozen=True, slots=True)
class _Case:
    """One message, and all that is known of it in this transaction."""

    message: Message
    conversation: Conversation
    contact: Contact
    inbox: Inbox
    progress: Progress
    dropped: Sequence[File]
    options: Mapping[str, object]


class Deciding:
    """Says of each text whether it goes out now, and how.

    Args:
        database, settings, urls, people: as everywhere.
        providers: by the name of their account.
        routing: which sender takes a text.
        breaker: says which account is left alone for a while.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        providers: Mapping[str, Provider],
        routing: Routing,
        urls: CallbackUrls,
        users: Users,
        breaker: CircuitBreaker,
    ) -> None:
        self._database = database
        self._settings = settings
        self._providers = providers
        self._routing = routing
        self._urls = urls
        self._users = users
        self._breaker = breaker
        self._consent = Consent(settings)

    async def decide(
        self, tx: Transaction, message: Message, names: decode.Names, *, automatic: bool = False
    ) -> Offer | None:
        """What is to go out now and how, with its attempt row; None if nothing is to go out any more.

        Args:
            tx: the open transaction.
            message: whose next part it is about.
            names: what decoding it needs.
            automatic: it goes out by itself, so people's texts have the right of way.

        Raises:
            Stop: it may not go out.
            Hold: not yet.
            Waits: nobody can take it now.
            TooOld: it waited for too long.
        """
        case = await self._look(tx, message)
        part = case.progress.next
        if message.state in {"asked", "cancelled"} or part is None:
            return None  # taken back, asked about, or out already: maybe is also out
        if message.state == "scheduled" and message.not_before is not None and tx.now < message.not_before:
            raise Hold(message.not_before, "later", "")
        text = await self._text(tx, case, names)
        await self._check_consent(tx, case)
        self._check_age(tx.now, case)
        self._check_hours(tx.now, case)
        route = await self._route(tx, case, text, part)
        sender = self._settings.senders[route.sender]
        await keep(tx, route.sender, sender, self._providers[route.account], tx.now, automatic=automatic)
        return await self._begin(tx, case, route, part)

    async def would_send(
        self, inbox: str, to: Address, text: str, via: str | None = None, chosen: Mapping[str, object] = NOTHING
    ) -> Route:
        """Which way a person's text with their choices would go, before it is taken in. Writes nothing.

        Raises:
            Stop: it would not go out.
        """
        async with self._database.read() as reader:
            contact = await contacts.find(reader, str(to)) or Contact.unknown(str(to))
            conversation = await conversations.newest(reader, contact.id, inbox) or Conversation.none_yet(inbox)
            text = self._settings.inboxes[inbox].signed(text)
            fits(text, self._settings.inboxes[inbox])
            if await self._consent.since(reader, contact) is not None:
                raise Stop("opted_out", OPTED_OUT)
            return await self._routing.choose(reader, conversation, contact, text, via, chosen)

    def quiet_until(self, inbox: Inbox, conversation: Conversation, contact: Contact, now: int) -> int | None:
        """Until when quiet hours hold a text (microseconds UTC); None: they do not.

        An answer to somebody who wrote just now is not held: they are awake.

        Raises:
            Stop: they never end.
        """
        quiet = inbox.quiet_hours
        if quiet is None or now - (conversation.last_in_at or 0) < int(quiet.answer_minutes * MINUTE):
            return None
        moment = to_datetime(now)
        free = free_at(quiet, moment, zones_of(from_canonical(contact.address), contact.time_zone))
        if free is None:
            raise Stop("always_quiet", ALWAYS_QUIET)
        return None if free == moment else from_datetime(free)

    def expires_at(self, message: Message) -> int:
        """After which the message is asked about instead of sent (microseconds UTC)."""
        wanted_at = max(message.created_at, message.decided_at, message.not_before or 0)
        return message.expires_at or wanted_at + int(self._settings.expire_minutes * MINUTE)

    # --- may it -------------------------------------------------------------------------------------------------------

    async def _look(self, tx: Transaction, message: Message) -> _Case:
        conversation = await conversations.get(tx, message.conversation_id)
        return _Case(
            message,
            conversation,
            await contacts.get(tx, conversation.contact_id),
            self._settings.inboxes[conversation.inbox],
            progress(message, await attempts.newest(tx, message.id)),
            await files.of_message(tx, message.id),
            json.loads(message.options or "{}"),
        )

    async def _check_consent(self, tx: Transaction, case: _Case) -> None:
        message = case.message
        if await self._consent.forbids(tx, case.contact, message.id):
            raise Stop("opted_out", OPTED_OUT)
        goes_on = case.progress.begun is not None and case.progress.count > 1
        if message.origin == "confirmation" and not goes_on and await attempts.may_have_come(tx, message.id):
            raise Stop("confirmed", CONFIRMED)

    def _check_age(self, now: int, case: _Case) -> None:
        if now < self.expires_at(case.message):
            return
        what = "The rest was not texted" if case.progress.begun else "Not texted"
        waited = timedelta(microseconds=now - max(case.message.created_at, case.message.decided_at))
        raise TooOld(f"{what}: it waited for {_spell(waited)}, and may be out of date by now. Should it go out?")

    def _check_hours(self, now: int, case: _Case) -> None:
        """A text that a person sends all the same, one that answers, and the rest of one that began, are not held."""
        if case.inbox.quiet_hours is None or case.message.at_once or case.progress.begun:
            return
        if case.message.origin in {"confirmation", "help"}:
            return
        until = self.quiet_until(case.inbox, case.conversation, case.contact, now)
        if until is not None:
            hours = spell(case.inbox.quiet_hours)
            raise Hold(until, "quiet", f"It is in the quiet hours where this contact may be ({hours}).")

    async def _text(self, tx: Transaction, case: _Case, names: decode.Names) -> str:
        """What the phone will show, decoded once, within the length that the inbox allows; not empty if it is all."""
        message, inbox = case.message, case.inbox
        if message.removed_at is not None:
            raise Stop("removed", REMOVED)
        text = message.text
        if message.typed is not None:
            try:
                text = decode.to_text(json.loads(message.typed), names, us=self._users.us)
            except decode.CannotBeTexted as error:
                raise Stop("cannot_be_texted", f"Not sent: {error}") from None
        whole = inbox.signed(text or "") if message.author else text or ""
        size = fits(whole, inbox) if whole or not case.dropped else measure("")
        if message.typed is not None:
            await messages.decode(tx, message.id, text or "", size.encoding.value, size.count)
        return whole

    # --- which way ----------------------------------------------------------------------------------------------------

    async def _route(self, tx: Transaction, case: _Case, text: str, part: int) -> Route:
        """The next part of a text that was begun goes the same way; else the whole goes as its sender carries it."""
        begun = case.progress.begun
        if begun is not None and case.progress.texts:
            return await self._route_of_part(tx, case, begun, part)
        route = await self._choose(tx, case, text, case.message.via)
        if (until := self._breaker.waits(route.account)) is not None:
            other = self._other(case)
            if other is None:
                raise self._waits(tx.now, case, route.account, until)
            route = await self._choose(tx, case, text, other)
        cut = json.dumps(route.parts) if len(route.parts) > 1 else None
        if cut != case.message.parts:
            await schedule.cut(tx, case.message.id, cut, sum(measure(each).count for each in route.parts))
        return route

    async def _route_of_part(self, tx: Transaction, case: _Case, begun: Attempt, part: int) -> Route:
        """Through the sender of the parts that are out, unless a person chose another since; from the same number."""
        texts = case.progress.texts
        route = await self._choose(tx, case, texts[part - 1], case.message.via or begun.sender)
        if (until := self._breaker.waits(route.account)) is not None:
            raise self._waits(tx.now, case, route.account, until)
        if len(route.parts) > 1:
            title = self._providers[route.account].title
            raise Stop("too_long", f"Not sent: the rest was cut for another provider, and is too long for {title}.")
        sender = self._settings.senders[route.sender]
        if route.sender == begun.sender and sender.is_leased and begun.from_address is not None:
            route = replace(route, address=from_canonical(begun.from_address))
        return replace(route, parts=texts)

    async def _choose(self, tx: Transaction, case: _Case, text: str, via: str | None) -> Route:
        dropped = () if case.progress.begun and case.progress.texts else case.dropped
        return await self._routing.choose(tx, case.conversation, case.contact, text, via, case.options, dropped)

    def _other(self, case: _Case) -> str | None:
        """The next sender whose company can be reached; none if a person chose one. Nothing is out yet."""
        if case.message.via is not None:
            return None
        names = self._routing.candidates(case.conversation, case.contact, has_files=bool(case.dropped)).senders
        return next((each for each in names if self._breaker.waits(self._settings.senders[each].account) is None), None)

    def _waits(self, now: int, case: _Case, account: str, until: int) -> Exception:
        """Later, or not at all once it has waited for as long as a text may."""
        title = self._providers[account].title
        message = case.message
        wanted_at = max(message.created_at, message.decided_at, message.not_before or 0)
        if now <= wanted_at + self._settings.send_minutes * MINUTE:
            return Waits(until, f"{title} cannot be reached just now. It is tried again.")
        minutes = f"{self._settings.send_minutes:g} minutes"
        out = "" if case.progress.begun else " Nothing went out."
        return Stop("unreachable", f"Not sent: {title} could not be reached for {minutes}.{out}")

    # --- the attempt --------------------------------------------------------------------------------------------------

    async def _begin(self, tx: Transaction, case: _Case, route: Route, part: int) -> Offer:
        """From here on the part may have gone out."""
        attempt = await attempts.start(
            tx,
            case.message.id,
            part,
            account=route.account,
            sender=route.sender,
            from_address=None if route.address is None else str(route.address),
            recipient=case.contact.address,
            text=route.parts[part - 1],
        )
        message_events.tried(tx, case.message, attempt)
        await quotas.use(tx, route.account, route.sender, "texts", attempt.id)
        await messages.set_status(tx, case.message.id, Status.SENDING.value)
        self._breaker.begin(route.account)
        sms = self._routing.sms(route, case.contact, str(attempt.id), case.options, part)
        return Offer(attempt, sms, await self._callbacks(tx, attempt, case.message))

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


def _spell(waited: timedelta) -> str:
    """A time as people say it, in its largest unit."""
    for unit, seconds in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if (count := int(waited.total_seconds()) // seconds) > 0:
            return f"{count} {unit}" + ("" if count == 1 else "s")
    return "too long"
