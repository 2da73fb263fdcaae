"""Which sender takes a text, and how: every candidate says why it cannot, before any request."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.conversations.leases import NoLease
from bot.files.outgoing import NotCarried
from bot.settings import rules
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

ONE_WAY = "The customer cannot answer this."
NOTHING: Mapping[str, object] = MappingProxyType({})


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
    parts: tuple[str, ...] = field(default=(), repr=False)  # what it is cut into, one where it needs not be
    media: tuple[Media, ...] = ()


class Routing:
    """The senders of the settings, and what each can carry.

    Args:
        settings: the inboxes and their senders.
        providers: by the name of their account.
        outgoing: brings files; None where it is only asked what would be decided.
        ledger: knows which leases there are.
        clock: for leases that have ended.
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
        """Brings the files that were dropped with the message, before anything is decided about it."""
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
    ) -> Route:
        """The sender that a person chose, else the conversation's own, else the first candidate that can.

        Raises:
            Stop: none can; with the sentence of the first.
        """
        reasons: list[Stop] = []
        choice = self.candidates(conversation, contact, via, has_files=bool(dropped))
        for name in choice.senders:
            try:
                self.check_needs(name, conversation, choice)
                return await self.route(connection, name, conversation, contact, text, chosen, dropped)
            except Stop as reason:
                reasons.append(reason)
        raise reasons[0]

    def candidates(
        self, conversation: Conversation, contact: Contact, via: str | None = None, *, has_files: bool = False
    ) -> Choice:
        """The senders that come into question and the rule that names them, the sender that is kept first."""
        if via in self._settings.senders:
            return Choice((via,))
        to = from_canonical(contact.address)
        now = to_datetime(self._clock())
        occasion = Occasion(conversation.inbox, to, now, zones_of(to, contact.time_zone), has_files)
        senders = self._settings.inboxes[conversation.inbox].senders
        choice = rules.choose(self._settings.rules, occasion, senders)
        if conversation.sender not in senders or conversation.state == "closed":
            return choice
        others = (name for name in choice.senders if name != conversation.sender)
        return replace(choice, senders=(conversation.sender, *others))

    def check_needs(self, name: str, conversation: Conversation, choice: Choice) -> None:
        """What the rule needs of its senders; the one that the conversation keeps was taken by another one.

        Raises:
            Stop: this sender lacks some of it.
        """
        if choice.rule is None or name == conversation.sender:
            return
        lacking = rules.lacks(choice.rule.needs, self._settings.senders[name].parsed, self._provider_of(name).features)
        if lacking is not None:
            which = rules.title(choice.number, choice.rule)
            raise Stop("rule", f"Not sent: {which} of the settings wants a sender that can {lacking}.")

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
        try:
            address = await self._leases.address(connection, sender, conversation, contact, self._clock())
        except NoLease as none:
            raise Stop("no_lease_free", none.sentence) from None
        carried, media = self._carry(name, conversation, text, dropped)
        parts = self._cut(name, conversation, carried)
        route = Route(name, sender.account, address, carried, parts, media)
        try:
            self._check(route, contact, chosen)
        except Stop:
            if route.text or not route.media:
                raise
            caption = self._settings.files.caption  # some send no file without words
            route = replace(route, text=caption, parts=(caption,))
            self._check(route, contact, chosen)
        return route

    def _cut(self, name: str, conversation: Conversation, text: str) -> tuple[str, ...]:
        """The text in parts that the sender's company takes; whole where it takes any length, or nothing may be cut.

        Raises:
            Stop: they would be more than the inbox allows.
        """
        provider, inbox = self._provider_of(name), self._settings.inboxes[conversation.inbox]
        features = provider.features
        segments = None if features.concatenates else 1
        if not inbox.split_texts or (segments is None and features.max_text is None):
            return (text,)
        parts = numbered(text, characters=features.max_text, segments=segments)
        cost = sum(measure(part).count for part in parts)
        if len(parts) > 1 and cost > inbox.max_segments:
            raise Stop(
                "too_long",
                f"Not sent: {provider.title} takes it as {len(parts)} texts of {cost} segments in all, and "
                f"{inbox.max_segments} is the most here. Shorten it.",
            )
        return tuple(parts) or (text,)

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

    def _check(self, route: Route, contact: Contact, chosen: Mapping[str, object]) -> None:
        """What the provider would refuse is said before any request."""
        provider = self._providers[route.account]
        recipient = from_canonical(contact.address)
        if isinstance(recipient, Alphanumeric):
            raise Stop("no_answer", "Not sent: this came from a name, not a number, and cannot be answered.")
        if isinstance(recipient, Client) and not provider.features.clients:
            raise Stop("unsupported", f"Not sent: {provider.title} cannot text a SIP client.")
        if isinstance(route.address, Alphanumeric):
            self._check_name(route.address, recipient)
        try:
            for part in range(1, len(route.parts) + 1):
                provider.check(self.sms(route, contact, "0", chosen, part))
        except Refused as error:
            raise Stop(error.code, f"Not sent: {error.sentence}") from None

    def _check_name(self, name: Alphanumeric, recipient: Address) -> None:
        if isinstance(recipient, E164) and shows_no_names(recipient, self._settings.countries_without_names):
            where = country(recipient.region) or recipient.region
            raise Stop(
                "sender_name_country",
                f"Not sent: a name like {name} is not shown in this country ({where}). Use a number there.",
            )

    def sms(
        self, route: Route, contact: Contact, attempt: str, chosen: Mapping[str, object] = NOTHING, part: int = 1
    ) -> OutboundSms:
        """A part of the text as the provider gets it; files go with the first."""
        options = {**self._settings.senders[route.sender].options, **chosen}
        recipient = from_canonical(contact.address)
        media = route.media if part == 1 else ()
        return OutboundSms(attempt, recipient, route.address, route.parts[part - 1], media, options)


def one_way(address: Address | None) -> bool:
    """Whether nobody can answer a text from this address; a leased one (None) can be answered."""
    return isinstance(address, Alphanumeric)


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
