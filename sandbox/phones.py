"""The contacts' phones: one per number, across all carriers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

from sandbox.clock import Changes, Clock
from sandbox.timeouts import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

T = TypeVar("T")


class NoSuchNumber(Exception):
    """No carrier has the number that a phone texted."""


class NotForThisPhone(NoSuchNumber):
    """The number is leased to another phone, or its lease has ended."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text on a phone.

    Numbers are `+` and digits, a short code, a name, or `client:` and a name, regardless of the carrier's format.
    """

    direction: str  # from the phone's view: "in" was received, "out" was typed on it
    from_number: str = field(repr=False)
    to: str = field(repr=False)
    text: str = field(repr=False)
    media: tuple[str, ...] = field(repr=False)  # URLs
    at: datetime  # aware, UTC
    carrier: str
    message_id: str  # the carrier's id


class Network(Protocol):
    """The interface of a carrier that phones use."""

    name: ClassVar[str]

    def owns(self, number: str) -> bool:
        """Returns True if texts to this number go to this carrier."""

    def admit(self, from_number: str, to: str, text: str, media: Sequence[str]) -> str:
        """Accepts a text from a phone and returns its id. Raises `NoSuchNumber`."""

    async def forward(self, message_id: str) -> None:
        """Calls the webhook for the text, and returns after the first attempt, with any result."""


class Phones:
    """All phones. A number that was not used yet has a phone without texts.

    Attributes:
        changes: notified of every text, and of every request and webhook of a carrier.
        clock: the time for the phones and all their carriers.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.changes = Changes()
        self._networks: list[Network] = []
        self._texts: defaultdict[str, list[Text]] = defaultdict(list)

    def join(self, network: Network) -> None:
        """Connects a carrier."""
        self._networks.append(network)

    def numbers(self) -> list[str]:
        """Returns the phones that have texts, in the order of their first text."""
        return [number for number, texts in self._texts.items() if texts]

    def texts(self, number: str) -> list[Text]:
        """Returns all texts on a phone, oldest first."""
        return list(self._texts.get(number, ()))

    def received(self, number: str) -> list[Text]:
        """Returns the texts that a phone received, oldest first."""
        return [text for text in self.texts(number) if text.direction == "in"]

    def show(self, text: Text) -> None:
        """Delivers a text to a phone."""
        self._texts[text.to].append(text)
        self.changes.announce()

    async def send(self, from_number: str, to: str, text: str, media: Sequence[str] = ()) -> Text:
        """Sends a text from a phone, and returns once the carrier has called our webhook, with any answer.

        Args:
            from_number: the phone.
            to: one of our numbers.
            text: the body.
            media: URLs of pictures that this machine serves or the carrier knows.

        Raises:
            NoSuchNumber: no carrier has the number.
            NotForThisPhone: the number is not leased to this phone, or not any more.
        """
        network = self._network(to)
        message_id = network.admit(from_number, to, text, media)
        typed = Text("out", from_number, to, text, tuple(media), self.clock.now(), network.name, message_id)
        self._texts[from_number].append(typed)
        self.changes.announce()
        await network.forward(message_id)
        return typed

    async def wait_for(self, predicate: Callable[[], T], seconds: float = PATIENCE) -> T:
        """Returns the first truthy value of a predicate, called after each change on a phone or at a carrier.

        Raises:
            TimeoutError: it is not truthy within this many seconds.
        """
        return await self.changes.wait_for(predicate, seconds)

    def _network(self, number: str) -> Network:
        for network in self._networks:
            if network.owns(number):
                return network
        raise NoSuchNumber("No carrier has this number.")
