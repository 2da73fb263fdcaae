"""Decides if a text goes out now, and how. Everything happens in the transaction that writes the attempt row."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.conversations import limits
from bot.conversations.consent import Consent
from bot.conversations.decisions import Ask, Done, Hold, Send, Stop
from bot.conversations.multipart import progress
from bot.sending.routing import NOTHING, Route, fits, too_long
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
    from bot.conversations.decisions import Decision
    from bot.conversations.multipart import Progress
    from bot.sending.routing import Routing
    from bot.settings.model import Inbox, Settings
    from providers.provider import Provider
    from sms.address import Address
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


@dataclass(frozen=True, slots=True)
class _Case:
    """A message with everything that the decision needs of it."""

    message: Message
    conversation: Conversation
    contact: Contact
    inbox: Inbox
    progress: Progress
    dropped: Sequence[File]
    options: Mapping[str, object]


class Decider:
    """Decides about each text.

    Args:
        database: read for a dry run.
        settings: the inboxes and their senders.
        providers: by account name.
        routing: chooses the sender.
        urls: makes the callback URLs.
        breaker: knows which accounts can't be reached.
        us: the bot's user id in Slack, for the mention that a reply may begin with.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        providers: Mapping[str, Provider],
        routing: Routing,
        urls: CallbackUrls,
        breaker: CircuitBreaker,
        us: str,
    ) -> None:
        self._database = database
        self._settings = settings
        self._providers = providers
        self._routing = routing
        self._urls = urls
        self._breaker = breaker
        self._us = us
        self._consent = Consent(settings)

    async def decide(
        self, tx: Transaction, message: Message, names: decode.Names, *, automatic: bool = False
    ) -> Decision:
        """Decides about the next part of a message; for `Send` its attempt row is written.

        Args:
            tx: the open transaction.
            message: the message.
            names: what decoding it needs.
            automatic: it goes out by itself, so people's texts have the right of way.
        """
        case = await self._look(tx, message)
        part = case.progress.next
        if message.state in {"asked", "cancelled"} or part is None:
            return Done()
        if message.state == "scheduled" and message.not_before is not None and tx.now < message.not_before:
            return Hold(message.not_before, "scheduled")
        text = await self._text(tx, case, names)
        if isinstance(text, Stop):
            return text
        in_the_way = await self._consent_stop(tx, case) or self._too_old(tx.now, case) or self._quiet_hold(tx.now, case)
        route = in_the_way or await self._route(tx, case, text, part)
        if isinstance(route, Hold | Stop | Ask):
            return route
        sender, provider = self._settings.senders[route.sender], self._providers[route.account]
        hold = await limits.check(tx, route.sender, sender, provider, tx.now, automatic=automatic)
        return hold or await self._begin(tx, case, route, part)

    async def would_send(
        self, inbox: str, to: Address, text: str, via: str | None = None, chosen: Mapping[str, object] = NOTHING
    ) -> Route | Stop:
        """Returns the route that a person's text would take, before it is stored. Writes nothing."""
        async with self._database.read() as reader:
            contact = await contacts.find(reader, str(to)) or Contact.unknown(str(to))
            conversation = await conversations.newest(reader, contact.id, inbox) or Conversation.none_yet(inbox)
            text = self._settings.inboxes[inbox].signed(text)
            if (stop := too_long(text, self._settings.inboxes[inbox])) is not None:
                return stop
            if await self._consent.since(reader, contact) is not None:
                return Stop("opted_out", OPTED_OUT)
            return await self._routing.choose(reader, conversation, contact, text, via, chosen)

    def expires_at(self, message: Message) -> int:
        """Returns when the message is asked about instead of sent (microseconds UTC)."""
        return message.expires_at or message.wanted_at + int(self._settings.expire_minutes * MINUTE)

    # --- may it go out ------------------------------------------------------------------------------------------------

    async def _look(self, tx: Transaction, message: Message) -> _Case:
        conversation = await conversations.get(tx, message.conversation_id)
        return _Case(
            message,
            conversation,
            await contacts.get(tx, conversation.contact_id),
            self._settings.inboxes[conversation.inbox],
            progress(message, await attempts.of_message(tx, message.id)),
            await files.of_message(tx, message.id) if message.media != "[]" else (),
            json.loads(message.options or "{}"),
        )

    async def _text(self, tx: Transaction, case: _Case, names: decode.Names) -> str | Stop:
        """Returns the text that the phone will show, decoded once, if the inbox allows its length."""
        message, inbox = case.message, case.inbox
        if message.removed_at is not None:
            return Stop("removed", REMOVED)
        text = message.text
        if message.typed is not None:
            try:
                text = decode.to_text(json.loads(message.typed), names, us=self._us)
            except decode.CannotBeTexted as error:
                return Stop("cannot_be_texted", f"Not sent: {error}")
        whole = inbox.signed(text or "") if message.author else text or ""
        size = fits(whole, inbox) if whole or not case.dropped else measure("")
        if isinstance(size, Stop):
            return size
        if message.typed is not None:
            await messages.decode(tx, message.id, text or "", size.encoding.value, size.count)
        return whole

    async def _consent_stop(self, tx: Transaction, case: _Case) -> Stop | None:
        message = case.message
        if await self._consent.forbids(tx, case.contact, message.id):
            return Stop("opted_out", OPTED_OUT)
        goes_on = case.progress.begun is not None and case.progress.count > 1
        if message.origin == "confirmation" and not goes_on and await attempts.may_have_come(tx, message.id):
            return Stop("confirmed", CONFIRMED)
        return None

    def _too_old(self, now: int, case: _Case) -> Ask | None:
        if now < self.expires_at(case.message):
            return None
        what = "The rest was not texted" if case.progress.begun else "Not texted"
        waited = timedelta(microseconds=now - max(case.message.created_at, case.message.decided_at))
        return Ask(f"{what}: it waited for {_spell(waited)}, and may be out of date by now. Should it go out?")

    def _quiet_hold(self, now: int, case: _Case) -> Hold | Stop | None:
        """A text that a person sends anyway, an answer, and the rest of a text that began are not held."""
        if case.inbox.quiet_hours is None or case.message.at_once or case.progress.begun:
            return None
        if case.message.origin in {"confirmation", "help"}:
            return None
        return quiet_hold(case.inbox, case.conversation, case.contact, now)

    # --- which way ----------------------------------------------------------------------------------------------------

    async def _route(self, tx: Transaction, case: _Case, text: str, part: int) -> Route | Hold | Stop:
        """Returns the route: that of the parts that are out, else a new one, with the text cut for its sender."""
        begun = case.progress.begun
        if begun is not None and case.progress.texts:
            return await self._route_of_part(tx, case, begun, part)
        route = await self._reachable(tx, case, text)
        if isinstance(route, Hold | Stop):
            return route
        cut = json.dumps(route.parts) if len(route.parts) > 1 else None
        if cut != case.message.parts:
            await schedule.cut(tx, case.message.id, cut, sum(measure(each).count for each in route.parts))
        return route

    async def _reachable(self, tx: Transaction, case: _Case, text: str) -> Route | Hold | Stop:
        """If the first sender's provider can't be reached, the next one takes it; nothing is out yet."""
        route = await self._choose(tx, case, text, case.message.via)
        if isinstance(route, Stop) or (until := self._breaker.waits(route.account)) is None:
            return route
        other = self._other(case)
        if other is None:
            return self._unreachable(tx.now, case, route.account, until)
        found = await self._choose(tx, case, text, other)
        return found if isinstance(found, Route) else self._unreachable(tx.now, case, route.account, until)

    async def _route_of_part(self, tx: Transaction, case: _Case, begun: Attempt, part: int) -> Route | Hold | Stop:
        """Through the sender and from the number of the parts that are out, unless a person chose another since."""
        texts = case.progress.texts
        route = await self._choose(tx, case, texts[part - 1], case.message.via or begun.sender)
        if isinstance(route, Stop):
            return route
        if (until := self._breaker.waits(route.account)) is not None:
            return self._unreachable(tx.now, case, route.account, until)
        if len(route.parts) > 1:
            title = self._providers[route.account].title
            return Stop(
                "too_long",
                f"Not sent: the rest was cut into parts that are too long for {title}. Send it as a new text.",
            )
        sender = self._settings.senders[route.sender]
        if route.sender == begun.sender and sender.is_leased and begun.from_address is not None:
            route = replace(route, address=from_canonical(begun.from_address))
        return replace(route, parts=texts)

    async def _choose(self, tx: Transaction, case: _Case, text: str, via: str | None) -> Route | Stop:
        dropped = () if case.progress.begun and case.progress.texts else case.dropped
        return await self._routing.choose(tx, case.conversation, case.contact, text, via, case.options, dropped)

    def _other(self, case: _Case) -> str | None:
        """Returns the next sender whose provider can be reached; None if a person chose one."""
        if case.message.via is not None:
            return None
        names = self._routing.candidates(case.conversation, case.contact, has_files=bool(case.dropped)).senders
        return next((each for each in names if self._breaker.waits(self._settings.senders[each].account) is None), None)

    def _unreachable(self, now: int, case: _Case, account: str, until: int) -> Hold | Stop:
        """Later, or not at all once it has waited as long as a text may."""
        title = self._providers[account].title
        if now <= case.message.wanted_at + self._settings.send_minutes * MINUTE:
            return Hold(until, "unreachable", f"{title} can't be reached just now. The bot tries again.")
        minutes = f"{self._settings.send_minutes:g} minutes"
        out = "" if case.progress.begun else " Nothing went out."
        return Stop("unreachable", f"Not sent: {title} could not be reached for {minutes}.{out}")

    # --- the attempt --------------------------------------------------------------------------------------------------

    async def _begin(self, tx: Transaction, case: _Case, route: Route, part: int) -> Send:
        """Writes the attempt: from here on the part may have gone out."""
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
        return Send(attempt, sms, await self._callbacks(tx, attempt, case.message))

    async def _callbacks(self, tx: Transaction, attempt: Attempt, message: Message) -> Callbacks:
        """Returns the URLs of this attempt; their tokens are stored before the provider gets them."""
        account = attempt.account
        receipts, attempt_row = self._urls.make(account, "attempt", str(attempt.id))
        replies, conversation_row = self._urls.make(account, "conversation", str(message.conversation_id))
        sender, _ = self._urls.make(account, "sender", attempt.sender)  # the start stored the senders' tokens
        await callbacks.remember(tx, attempt_row)
        await callbacks.remember(tx, conversation_row)
        return Callbacks(receipts, replies, sender, self._urls.header_secret(account))


def quiet_hold(inbox: Inbox, conversation: Conversation, contact: Contact, now: int) -> Hold | Stop | None:
    """Returns the hold of quiet hours by the contact's clock, or a stop if they never end.

    An answer to somebody who wrote just now is not held: they are awake.
    """
    quiet = inbox.quiet_hours
    if quiet is None or now - (conversation.last_in_at or 0) < int(quiet.answer_minutes * MINUTE):
        return None
    moment = to_datetime(now)
    free = free_at(quiet, moment, zones_of(from_canonical(contact.address), contact.time_zone))
    if free is None:
        return Stop("always_quiet", ALWAYS_QUIET)
    if free == moment:
        return None
    sentence = f"It is in the quiet hours where this contact may be ({spell(quiet)})."
    return Hold(from_datetime(free), "quiet", sentence)


def _spell(waited: timedelta) -> str:
    """Returns a time in words, in its largest unit."""
    for unit, seconds in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if (count := int(waited.total_seconds()) // seconds) > 0:
            return f"{count} {unit}" + ("" if count == 1 else "s")
    return "too long"
