"""The customers' phones: one per number, over all carriers."""

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
    """The number is leased, but to another phone, or no longer."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text on a phone.

    Numbers are `+` and digits, a short code, a name, or `client:` and a name, whatever form the carrier speaks.
    """

    direction: str  # seen from the phone: "in" came to it, "out" was typed on it
    from_number: str = field(repr=False)
    to: str = field(repr=False)
    text: str = field(repr=False)
    media: tuple[str, ...] = field(repr=False)  # URLs
    at: datetime  # aware, UTC
    carrier: str
    message_id: str  # the carrier's own


class Network(Protocol):
    """What a carrier is to the phones."""

    name: ClassVar[str]

    def owns(self, number: str) -> bool:
        """Whether texts to this number end up here."""

    def admit(self, from_number: str, to: str, text: str, media: Sequence[str]) -> str:
        """Takes a text from a phone; its id. Raises `NoSuchNumber`."""

    async def forward(self, message_id: str) -> None:
        """Calls the webhook that the text belongs to; returns after the first try, whatever came of it."""


class Phones:
    """All the phones there are; a number that was never seen has a phone without texts.

    Attributes:
        changes: told of every text here and of every request and webhook of a carrier.
        clock: the time that the phones and all their carriers live in.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.changes = Changes()
        self._networks: list[Network] = []
        self._texts: defaultdict[str, list[Text]] = defaultdict(list)

    def join(self, network: Network) -> None:
        """A carrier connects itself."""
        self._networks.append(network)

    def numbers(self) -> list[str]:
        """The phones that have texts, in the order in which they got their first."""
        return [number for number, texts in self._texts.items() if texts]

    def texts(self, number: str) -> list[Text]:
        """All texts on one phone, oldest first."""
        return list(self._texts.get(number, ()))

    def received(self, number: str) -> list[Text]:
        """The texts that came to one phone, oldest first."""
        return [text for text in self.texts(number) if text.direction == "in"]

    def show(self, text: Text) -> None:
        """A carrier brings a text to the phone."""
        self._texts[text.to].append(text)
        self.changes.tell()

    async def send(self, from_number: str, to: str, text: str, media: Sequence[str] = ()) -> Text:
        """Types a text on a phone; returns once the carrier has called our webhook, whatever was answered.

        Args:
            from_number: the phone.
            to: a number of ours, at the carrier that owns it.
            text: what is typed.
            media: URLs of pictures that this machine serves or the carrier knows.

        Raises:
            NoSuchNumber: no carrier has the number.
            NotForThisPhone: it is leased, but not (or no longer) to this phone.
        """
        network = self._network(to)
        message_id = network.admit(from_number, to, text, media)
        typed = Text("out", from_number, to, text, tuple(media), self.clock.now(), network.name, message_id)
        self._texts[from_number].append(typed)
        self.changes.tell()
        await network.forward(message_id)
        return typed

    async def wait_for(self, predicate: Callable[[], T], seconds: float = PATIENCE) -> T:
        """The first true value of a predicate, looked at whenever something changes on a phone or at a carrier.

        Raises:
            TimeoutError: if it is not true within so many seconds.
        """
        return await self.changes.wait_for(predicate, seconds)

    def _network(self, number: str) -> Network:
        for network in self._networks:
            if network.owns(number):
                return network
        raise NoSuchNumber("No carrier has this number.")
