"""Chooses the sender of a text. Each candidate says why it can't take the text, before any request."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.conversations.decisions import Stop
from bot.conversations.leases import NoLease
from bot.files.outgoing import NotCarried
from bot.settings import rules
from bot.settings.preference import is_own, preferred
from bot.settings.rules import Choice, Occasion
from bot.slack.views.cards import country
from providers.errors import Refused
from sms.address import E164, Address, Alphanumeric, Client, from_canonical
from sms.countries import shows_no_names, zones_of
from sms.message import OutboundSms
from sms.segments import Segments, measure, numbered
from storage.engine.clock import to_datetime

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.conversations.leases import Leases
    from bot.files.outgoing import Outgoing
    from bot.settings.model import Inbox, Settings
    from providers.provider import Provider
    from sms.message import Media
    from storage.engine.clock import Clock
    from storage.engine.database import Connection
    from storage.tables.contacts import Contact
    from storage.tables.conversations import Conversation
    from storage.tables.files import File
    from storage.tables.messages import Message

ONE_WAY = "The customer can't answer this."
NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Route:
    """How one text can go: through this sender, from this address."""

    sender: str  # its name in the settings
    account: str
    address: Address | None  # None: the provider leases a number to us
    text: str = field(repr=False)  # as this sender carries it
    parts: tuple[str, ...] = field(default=(), repr=False)  # the texts that it is split into; one if it is not
    media: tuple[Media, ...] = ()


class Routing:
    """The senders of the settings, and what each can carry.

    Args:
        settings: the inboxes and their senders.
        providers: by account name.
        outgoing: carries files; None for a dry run.
        leases: the leased numbers.
        clock: microseconds UTC, for leases that have ended.
    """

    def __init__(
        self,
        settings: Settings,
        providers: Mapping[str, Provider],
        outgoing: Outgoing | None,
        leases: Leases,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._providers = providers
        self._outgoing = outgoing
        self._leases = leases
        self._clock = clock

    async def prepare(self, message: Message, conversation: Conversation, contact: Contact) -> None:
        """Fetches the files that were dropped with the message, before the gate decides."""
        if self._outgoing is not None and message.media != "[]":
            senders = self.candidates(conversation, contact, message.via, has_files=True).senders
            inbox = self._settings.inboxes[conversation.inbox]
            await self._outgoing.prepare(message, inbox, [self._provider_of(sender) for sender in senders])

    async def choose(
        self,
        connection: Connection,
        conversation: Conversation,
        contact: Contact,
        text: str,
        via: str | None = None,
        chosen: Mapping[str, object] = NOTHING,
        dropped: Sequence[File] = (),
    ) -> Route | Stop:
        """Returns the route through the person's choice, else through the first that can, as the conversation prefers.

        If none can, returns the stop of the first candidate.
        """
        first: Stop | None = None
        choice = self.candidates(conversation, contact, via, has_files=bool(dropped))
        for name in choice.senders:
            found = self.lacking(name, conversation, choice) or await self.route(
                connection, name, conversation, contact, text, chosen, dropped
            )
            if isinstance(found, Route):
                return found
            first = first or found
        assert first is not None  # noqa: S101 - an inbox has a sender
        return first

    def candidates(
        self, conversation: Conversation, contact: Contact, via: str | None = None, *, has_files: bool = False
    ) -> Choice:
        """Returns the senders in question and the rule that names them, in the conversation's order of preference."""
        if via in self._settings.senders:
            return Choice((via,))
        to = from_canonical(contact.address)
        now = to_datetime(self._clock())
        occasion = Occasion(conversation.inbox, to, now, zones_of(to, contact.time_zone), has_files)
        senders = self._settings.inboxes[conversation.inbox].senders
        choice = rules.choose(self._settings.rules, occasion, senders)
        return replace(choice, senders=preferred(self._settings, conversation, choice, self._clock()))

    def lacking(self, name: str, conversation: Conversation, choice: Choice) -> Stop | None:
        """Returns a stop if the sender lacks what the rule needs; the conversation's own senders are exempt."""
        if choice.rule is None or is_own(self._settings, conversation, choice, name, self._clock()):
            return None
        lacks = rules.lacks(choice.rule.needs, self._settings.senders[name].parsed, self._provider_of(name).features)
        if lacks is None:
            return None
        title = rules.title(choice.number, choice.rule)
        return Stop("rule", f"Not sent: {title} of the settings wants a sender that can {lacks}.")

    async def route(
        self,
        connection: Connection,
        name: str,
        conversation: Conversation,
        contact: Contact,
        text: str,
        chosen: Mapping[str, object] = NOTHING,
        dropped: Sequence[File] = (),
    ) -> Route | Stop:
        """Returns how the text goes through this sender, with the files that were dropped with it."""
        sender = self._settings.senders[name]
        inbox = self._settings.inboxes[conversation.inbox]
        try:
            address = await self._leases.address(connection, sender, conversation, contact, self._clock())
            carried, media = self._carry(name, inbox, text, dropped)
        except NoLease as none:
            return Stop("no_lease_free", none.sentence)
        except NotCarried as error:
            return Stop(error.code, error.sentence)
        grown = too_long(carried, inbox) if dropped and carried else None  # links to files make a text longer
        parts = grown or self._split(name, inbox, carried)
        if isinstance(parts, Stop):
            return parts
        return self._checked(Route(name, sender.account, address, carried, parts, media), contact, chosen)

    def _split(self, name: str, inbox: Inbox, text: str) -> tuple[str, ...] | Stop:
        """Splits the text into parts that the provider takes; whole if it takes any length, or nothing may be split."""
        provider = self._provider_of(name)
        features = provider.features
        segments = None if features.concatenates else 1
        if not inbox.split_texts or (segments is None and features.max_text is None):
            return (text,)
        parts = numbered(text, characters=features.max_text, segments=segments)
        cost = sum(measure(part).count for part in parts)
        if len(parts) > 1 and cost > inbox.max_segments:
            return Stop(
                "too_long",
                f"Not sent: {provider.title} takes it as {len(parts)} texts of {cost} segments in all, and "
                f"{inbox.max_segments} is the most here. Shorten it.",
            )
        return tuple(parts) or (text,)

    def _carry(self, name: str, inbox: Inbox, text: str, dropped: Sequence[File]) -> tuple[str, tuple[Media, ...]]:
        """Returns the text and the media as they go out through this sender."""
        if not dropped or self._outgoing is None:
            return text, ()
        return self._outgoing.carry(text, dropped, self._provider_of(name), inbox)

    def _provider_of(self, sender: str) -> Provider:
        return self._providers[self._settings.senders[sender].account]

    def _checked(self, route: Route, contact: Contact, chosen: Mapping[str, object]) -> Route | Stop:
        """Some providers send no file without words: such a file gets the caption of the settings."""
        stop = self._check(route, contact, chosen)
        if stop is not None and route.media and not route.text:
            caption = self._settings.files.caption
            route = replace(route, text=caption, parts=(caption,))
            stop = self._check(route, contact, chosen)
        return stop or route

    def _check(self, route: Route, contact: Contact, chosen: Mapping[str, object]) -> Stop | None:
        """Says before any request what the provider would refuse."""
        provider = self._providers[route.account]
        recipient = from_canonical(contact.address)
        if isinstance(recipient, Alphanumeric):
            return Stop("no_answer", "Not sent: this came from a name, not a number, and can't be answered.")
        if isinstance(recipient, Client) and not provider.features.clients:
            return Stop("unsupported", f"Not sent: {provider.title} can't text a SIP client.")
        if isinstance(route.address, Alphanumeric) and (stop := self._check_name(route.address, recipient)) is not None:
            return stop
        try:
            for part in range(1, len(route.parts) + 1):
                provider.check(self.sms(route, contact, "0", chosen, part))
        except Refused as error:
            return Stop(error.code, f"Not sent: {error.sentence}")
        return None

    def _check_name(self, name: Alphanumeric, recipient: Address) -> Stop | None:
        if not isinstance(recipient, E164) or not shows_no_names(recipient, self._settings.countries_without_names):
            return None
        where = country(recipient.region) or recipient.region
        return Stop(
            "sender_name_country",
            f"Not sent: phones in this country ({where}) don't show a name like {name}. Use a number there.",
        )

    def sms(
        self, route: Route, contact: Contact, attempt: str, chosen: Mapping[str, object] = NOTHING, part: int = 1
    ) -> OutboundSms:
        """Returns a part of the text as the provider gets it; files go with the first."""
        options = {**self._settings.senders[route.sender].options, **chosen}
        recipient = from_canonical(contact.address)
        media = route.media if part == 1 else ()
        is_leased = self._settings.senders[route.sender].is_leased
        return OutboundSms(
            attempt, recipient, route.address, route.parts[part - 1], media, options, is_leased=is_leased
        )


def one_way(address: Address | None) -> bool:
    """True if nobody can answer a text from this address; a leased one (None) can be answered."""
    return isinstance(address, Alphanumeric)


def too_long(text: str, inbox: Inbox) -> Stop | None:
    """Returns a stop for a text that is empty, or longer than the inbox allows."""
    return size if isinstance(size := fits(text, inbox), Stop) else None


def fits(text: str, inbox: Inbox) -> Segments | Stop:
    """Returns the text's size, if the inbox allows it."""
    if not text:
        return Stop("empty", "Not sent: there is no text in it.")
    size = measure(text)
    if size.count > inbox.max_segments:
        return Stop(
            "too_long",
            f"Not sent: it is {size.count} segments long, and {inbox.max_segments} is the most here. Shorten it.",
        )
    return size
