"""What all pretend carriers share: a server on loopback, its log, the life of a text, webhooks and faults."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar, Self

from aiohttp import web

from sandbox.carriers.faults import AFTER, Faults, Trouble, told
from sandbox.carriers.outcomes import Fate, Outcomes
from sandbox.carriers.webhooks import Delivery, Hook, Webhooks
from sandbox.phones import Text

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from aiohttp.typedefs import Handler

    from sandbox.phones import Phones

_MAX_BODY = 16 * 1024 * 1024  # bytes; a company's own limit lies below it


@dataclass(slots=True, kw_only=True)
class Settings:
    """What can be set at every carrier; all but the port and the webhook timeout also while it runs."""

    port: int = 0  # 0: any free one
    receipt_delay: float = 0.05  # seconds between two states of a text
    retries: tuple[float, ...] = (0.2, 1.0, 5.0)  # seconds before each further try of a webhook that was not taken
    webhook_seconds: float = 10.0  # how long a webhook may take


@dataclass(slots=True)
class Request:
    """One request to a carrier."""

    kind: str  # "send", "fetch", "list" …; "unknown" where nothing is at that address
    method: str
    path: str = field(repr=False)  # with its query
    headers: Mapping[str, str] = field(repr=False)  # names in lower case
    body: bytes = field(repr=False)
    at: datetime
    status: int | None = None  # of the answer; None while there is none
    outcome: str = "open"  # "accepted", "refused", or the trouble it met


@dataclass(frozen=True, slots=True)
class Accepted:
    """One text that a carrier took from us."""

    message_id: str
    from_number: str = field(repr=False)  # the sender really used
    to: str = field(repr=False)
    text: str = field(repr=False)
    at: datetime
    media: tuple[str, ...] = field(default=(), repr=False)
    reference: str | None = None  # our own id, where the company carries one for us


class Answered(Exception):
    """Ends a request with an answer that is not a success.

    Attributes:
        response: what is answered.
    """

    def __init__(self, response: web.Response) -> None:
        super().__init__(f"HTTP {response.status}")
        self.response = response


class Carrier(ABC):
    """One pretend company. Use it as an asynchronous context manager, or `start` and `stop` it.

    Attributes:
        name: as the bot's settings name the company.
        phones: the phones that its texts go to.
        faults: what will go wrong.
        outcomes: what becomes of texts.
        requests: every request, in the order of arrival.
    """

    name: ClassVar[str]
    follows_redirects: ClassVar[bool] = False

    def __init__(self, phones: Phones, settings: Settings) -> None:
        self.phones = phones
        self.clock = phones.clock
        self.faults = Faults()
        self.outcomes = Outcomes()
        self.requests: list[Request] = []
        self._accepted: dict[str, Accepted] = {}
        self._common = settings
        self._port = settings.port
        self._webhooks = Webhooks(
            self.clock, phones.changes, seconds=settings.webhook_seconds, redirects=self.follows_redirects
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._crashes: list[Exception] = []
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        phones.join(self)

    # --- running it ---------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listens on 127.0.0.1."""
        application = web.Application(middlewares=[self._door], client_max_size=_MAX_BODY)
        application.add_routes(self.routes())
        self._stopping.clear()
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        self._webhooks.open()
        await self.plug()

    async def stop(self) -> None:
        """Ends everything that is under way.

        Raises:
            ExceptionGroup: if a task of the sandbox itself went wrong.
        """
        self._stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._webhooks.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = self._site = None
        self._raise_crashes()

    async def plug(self) -> None:
        """Listens, on the port it had before if it was unplugged."""
        if self._runner is None:
            raise RuntimeError("The carrier is not started.")
        self._site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    async def unplug(self) -> None:
        """Refuses connections until `plug`."""
        if self._site is not None:
            await self._site.stop()
            self._site = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def base_url(self) -> str:
        """What the bot's settings name, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def accepted(self) -> list[Accepted]:
        """Every text it took from us, in order."""
        return list(self._accepted.values())

    @property
    def deliveries(self) -> list[Delivery]:
        """Every call of a webhook of ours, in order, with what was answered."""
        return self._webhooks.deliveries

    def outcome(self, number: str, fate: Fate, *, code: str | None = None, times: int | None = None) -> None:
        """Decides what becomes of the next texts to a phone; see `Outcomes.set`."""
        self.outcomes.set(number, fate, code=code, times=times)

    async def settle(self, seconds: float = 5.0) -> None:
        """Returns when nothing is under way: no receipt to come, no webhook to be tried again.

        Raises:
            TimeoutError: if that takes longer (a text that is scheduled for later does).
            ExceptionGroup: if a task of the sandbox itself went wrong.
        """
        async with asyncio.timeout(seconds):
            while self._tasks:
                await asyncio.wait(self._tasks)
        self._raise_crashes()

    # --- what each company fills in -----------------------------------------------------------------------------------

    @abstractmethod
    def routes(self) -> Iterable[web.RouteDef]:
        """What is at which address; the name of a route is the kind of its requests."""

    @abstractmethod
    def owns(self, number: str) -> bool:
        """Whether texts to this number end up here."""

    @abstractmethod
    def admit(self, from_number: str, to: str, text: str, media: Sequence[str]) -> str:
        """Takes a text from a phone and keeps it; its id. Raises `NoSuchNumber`."""

    @abstractmethod
    async def forward(self, message_id: str) -> None:
        """Calls the webhook that a text from a phone belongs to; returns after the first try."""

    @abstractmethod
    def reach(self, message_id: str, state: str) -> None:
        """A text of ours has come as far as this."""

    @abstractmethod
    def receipt(self, message_id: str, state: str) -> Hook | None:
        """The webhook that says so, or None where none was asked for."""

    @abstractmethod
    def opposite(self, state: str) -> str:
        """What a contradicting receipt says instead of a last state."""

    @abstractmethod
    def refusal(self) -> web.Response:
        """A permanent error in the company's own words."""

    @abstractmethod
    def server_error(self) -> web.Response:
        """A 500 in the company's own words."""

    def throttled(self) -> web.Response:
        """A 429 in the company's own words."""
        return web.Response(status=HTTPStatus.TOO_MANY_REQUESTS, text="Too Many Requests")

    def kind(self, request: web.Request) -> str:
        """What a request wants, for the log and the faults."""
        return request.match_info.route.name or "unknown"

    # --- a request comes in -------------------------------------------------------------------------------------------

    @web.middleware
    async def _door(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Logs every request, and lets it meet its trouble before or after the company looks at it."""
        entry = await self._log(request)
        trouble = None if self.faults.down else self.faults.take_request(entry.kind)
        self.phones.changes.tell()
        try:
            if self.faults.down:
                entry.outcome = "down"
                return _drop(request)
            return await self._answer(request, handler, entry, trouble)
        finally:
            self.phones.changes.tell()

    async def _log(self, request: web.Request) -> Request:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        entry = Request(self.kind(request), request.method, request.path_qs, headers, body, self.clock.now())
        self.requests.append(entry)
        return entry

    async def _answer(
        self, request: web.Request, handler: Handler, entry: Request, trouble: Trouble | None
    ) -> web.StreamResponse:
        if trouble is None or trouble in AFTER:
            response = await _ask(handler, request)
            entry.outcome = "accepted" if response.status < HTTPStatus.BAD_REQUEST else "refused"
            if trouble is not None and entry.outcome == "refused":
                self.faults.give_back(trouble, entry.kind)
                trouble = None
        if trouble is not None:
            entry.outcome = trouble.value
            response = await self._meet(trouble, request)
        entry.status = response.status
        return response

    async def _meet(self, trouble: Trouble, request: web.Request) -> web.StreamResponse:
        if trouble is Trouble.REFUSE:
            return self.refusal()
        if trouble in (Trouble.ERROR_BEFORE, Trouble.ERROR_AFTER):
            return self.server_error()
        if trouble is Trouble.THROTTLE:
            return self._throttle()
        if trouble in (Trouble.HANG_BEFORE, Trouble.HANG_AFTER):
            await self._hang()
        return _drop(request)

    def _throttle(self) -> web.Response:
        response = self.throttled()
        if self.faults.retry_after is not None:
            response.headers["Retry-After"] = str(self.faults.retry_after)
        return response

    async def _hang(self) -> None:
        try:
            async with asyncio.timeout(self.faults.hang_seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    # --- a text of ours lives -----------------------------------------------------------------------------------------

    async def take(self, accepted: Accepted, states: Sequence[str], starts: datetime | None = None) -> None:
        """A text of ours is accepted: it goes through these states, and receipts tell of them.

        Args:
            accepted: the text.
            states: the company's own words, in order; none where nothing becomes of it.
            starts: when it goes out, if that is later.
        """
        self._accepted[accepted.message_id] = accepted
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
        for state, receipts in zip(states, told(list(states), self.opposite(states[-1]), troubles), strict=True):
            if Trouble.RECEIPTS_EARLY not in troubles:
                await self.clock.sleep(self._common.receipt_delay)
            self.reach(message_id, state)
            self.phones.changes.tell()
            if receipts and Trouble.RECEIPTS_LATE in troubles:
                await self.clock.sleep(self.faults.late_seconds)
            await self._tell(message_id, receipts)

    async def _tell(self, message_id: str, states: Sequence[str]) -> None:
        for state in states:
            hook = self.receipt(message_id, state)
            if hook is not None:
                await self.call(hook)

    def show(self, message_id: str) -> None:
        """The phone that a text of ours went to has it now."""
        sent = self._accepted[message_id]
        now = self.clock.now()
        self.phones.show(Text("in", sent.from_number, sent.to, sent.text, sent.media, now, self.name, message_id))

    # --- webhooks -----------------------------------------------------------------------------------------------------

    async def call(self, hook: Hook) -> Delivery | None:
        """Calls a webhook once, twice where a fault says so, and tries again later where it was not taken.

        Returns:
            What came of the first call, or None where it was lost on the way.
        """
        if self.faults.down or self.faults.take(Trouble.WEBHOOK_LOST):
            return None
        first = await self._webhooks.call(hook)
        if self.faults.take(Trouble.WEBHOOK_TWICE):
            await self._webhooks.call(hook)
        if not first.is_taken and self._common.retries:
            self.spawn(self._try_again(hook))
        return first

    async def _try_again(self, hook: Hook) -> None:
        for attempt, seconds in enumerate(self._common.retries, start=2):
            await self.clock.sleep(seconds)
            if (await self._webhooks.call(hook, attempt)).is_taken:
                return

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Runs something beside; `settle` waits for it and `stop` ends it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self._crashes.append(error)
        self.phones.changes.tell()

    def _raise_crashes(self) -> None:
        if self._crashes:
            crashes, self._crashes = self._crashes, []
            raise ExceptionGroup("The sandbox itself went wrong.", crashes)


async def _ask(handler: Handler, request: web.Request) -> web.StreamResponse:
    try:
        return await handler(request)
    except Answered as answered:
        return answered.response


def _drop(request: web.Request) -> web.Response:
    """Closes the connection; what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
