"""The base of all simulated carriers: the life of a text, its receipts, and webhooks."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from sandbox.carriers.faults import Trouble, receipts_by_state
from sandbox.carriers.outcomes import Fate, Outcomes
from sandbox.carriers.server import Server
from sandbox.carriers.webhooks import Delivery, Hook, Webhooks
from sandbox.phones import Text
from sandbox.timeouts import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from datetime import datetime

    from sandbox.phones import Phones


@dataclass(slots=True, kw_only=True)
class Settings:
    """The common settings; all but the port and the webhook timeout can be changed at run time."""

    port: int = 0  # 0: any free one
    receipt_delay: float = 0.05  # seconds between two states of a text
    retries: tuple[float, ...] = (
        0.2,
        1.0,
        5.0,
        15.0,
    )  # seconds before each further try of a webhook that was not taken
    webhook_seconds: float = 10.0  # the longest time for a webhook


@dataclass(frozen=True, slots=True)
class Accepted:
    """One text that a carrier accepted from us."""

    message_id: str
    from_number: str = field(repr=False)  # the sender that was really used
    to: str = field(repr=False)
    text: str = field(repr=False)
    at: datetime
    media: tuple[str, ...] = field(default=(), repr=False)
    reference: str | None = None  # our own id, if the provider carries one


class Carrier(Server):
    """A simulated provider.

    Attributes:
        name: the provider's name in the bot's settings.
        phones: the phones that its texts go to.
        outcomes: the results of texts.
        accepted: every text that it accepted from us, in order.
    """

    name: ClassVar[str]
    follows_redirects: ClassVar[bool] = False

    def __init__(self, phones: Phones, settings: Settings) -> None:
        super().__init__(phones.clock, phones.changes, settings.port)
        self.phones = phones
        self.outcomes = Outcomes()
        self.accepted: list[Accepted] = []
        self._by_id: dict[str, Accepted] = {}
        self._common = settings
        self._webhooks = Webhooks(
            self.clock, self.changes, seconds=settings.webhook_seconds, redirects=self.follows_redirects
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._crashes: list[Exception] = []
        phones.join(self)

    async def start(self) -> None:
        """Starts to listen on 127.0.0.1."""
        self._webhooks.open()
        await super().start()

    async def stop(self) -> None:
        """Stops everything that is under way.

        Raises:
            ExceptionGroup: a background task of the sandbox failed.
        """
        await super().stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._webhooks.close()
        self._raise_crashes()

    @property
    def deliveries(self) -> list[Delivery]:
        """Every webhook call in order, with its answer."""
        return self._webhooks.deliveries

    def outcome(self, number: str, fate: Fate, *, code: str | None = None, times: int | None = None) -> None:
        """Sets the result of the next texts to a phone; see `Outcomes.set`."""
        self.outcomes.set(number, fate, code=code, times=times)

    async def settle(self, seconds: float = PATIENCE) -> None:
        """Returns once nothing is under way: no receipt is due and no webhook waits for a retry.

        Raises:
            TimeoutError: it takes longer (as with a text that is scheduled for later).
            ExceptionGroup: a background task of the sandbox failed.
        """
        async with asyncio.timeout(seconds):
            while self._tasks:
                await asyncio.wait(self._tasks)
        self._raise_crashes()

    # --- implemented by each provider ---------------------------------------------------------------------------------

    @abstractmethod
    def owns(self, number: str) -> bool:
        """Returns True if texts to this number go to this carrier."""

    @abstractmethod
    def admit(self, from_number: str, to: str, text: str, media: Sequence[str]) -> str:
        """Accepts and stores a text from a phone; returns its id. Raises `NoSuchNumber`."""

    @abstractmethod
    async def forward(self, message_id: str) -> None:
        """Calls the webhook for a text from a phone; returns after the first attempt."""

    @abstractmethod
    def reach(self, message_id: str, state: str) -> None:
        """Records that our text has reached this state."""

    @abstractmethod
    def receipt(self, message_id: str, state: str) -> Hook | None:
        """Returns the receipt webhook for a state, or None if none was requested."""

    @abstractmethod
    def opposite(self, state: str) -> str:
        """Returns the state that a contradicting receipt reports instead of a final one."""

    # --- the life of our text -----------------------------------------------------------------------------------------

    async def take(self, accepted: Accepted, states: Sequence[str], starts: datetime | None = None) -> None:
        """Accepts our text; it then goes through these states, and receipts report them.

        Args:
            accepted: the text.
            states: the provider's own status words, in order; empty if nothing happens to it.
            starts: when it is sent, if later.
        """
        self.accepted.append(accepted)
        self._by_id[accepted.message_id] = accepted
        troubles = self.faults.take_receipts()
        life = self._live(accepted.message_id, states, starts, troubles)
        if Trouble.RECEIPTS_EARLY in troubles:
            await life
        else:
            self.spawn(life)

    async def _live(
        self, message_id: str, states: Sequence[str], starts: datetime | None, troubles: frozenset[Trouble]
    ) -> None:
        if not states:
            return
        if starts is not None:
            await self.clock.until(starts)
        for state, receipts in zip(
            states, receipts_by_state(list(states), self.opposite(states[-1]), troubles), strict=True
        ):
            if Trouble.RECEIPTS_EARLY not in troubles:
                await self.pause(message_id, state)
            self.reach(message_id, state)
            self.changes.announce()
            if receipts and Trouble.RECEIPTS_LATE in troubles:
                await self.clock.sleep(self.faults.late_seconds)
            await self._tell(message_id, receipts)

    async def pause(self, message_id: str, state: str) -> None:  # noqa: ARG002  # for providers that need it
        """Returns when a text may reach this state."""
        await self.clock.sleep(self._common.receipt_delay)

    async def _tell(self, message_id: str, states: Sequence[str]) -> None:
        for state in states:
            hook = self.receipt(message_id, state)
            if hook is not None:
                await self.call(hook)

    def show(self, message_id: str) -> None:
        """Delivers our text to its phone."""
        sent = self._by_id[message_id]
        now = self.clock.now()
        self.phones.show(Text("in", sent.from_number, sent.to, sent.text, sent.media, now, self.name, message_id))

    # --- webhooks -----------------------------------------------------------------------------------------------------

    async def call(self, hook: Hook) -> Delivery | None:
        """Calls a webhook once, or twice for a fault, and retries later if it was not accepted.

        Returns:
            The first call with its result, or None without a call: the carrier is down, or a fault lost the webhook.
        """
        if self.faults.take(Trouble.WEBHOOK_LOST):
            return None
        first = None if self.faults.down else await self._webhooks.call(hook)
        if first is not None and self.faults.take(Trouble.WEBHOOK_TWICE):
            await self._webhooks.call(hook)
        if self._common.retries and not (first is not None and first.is_taken):
            self.spawn(self._try_again(hook))
        return first

    async def _try_again(self, hook: Hook) -> None:
        for attempt, seconds in enumerate(self._common.retries, start=2):
            await self.clock.sleep(seconds)
            if not self.faults.down and (await self._webhooks.call(hook, attempt)).is_taken:
                return

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Runs a coroutine in the background; `settle` waits for it and `stop` cancels it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self._crashes.append(error)
        self.changes.announce()

    def _raise_crashes(self) -> None:
        if self._crashes:
            crashes, self._crashes = self._crashes, []
            raise ExceptionGroup("A background task of the sandbox failed.", crashes)
