"""A server on loopback that logs requests and can have faults."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from aiohttp import web

from sandbox.carriers.faults import AFTER, Faults, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from types import TracebackType

    from aiohttp.typedefs import Handler

    from sandbox.clock import Changes, Clock

_MAX_BODY = 16 * 1024 * 1024  # bytes; the providers' own limits are lower


@dataclass(slots=True)
class Request:
    """One request to a carrier."""

    kind: str  # "send", "fetch", "list" …; "unknown" if no route matches
    method: str
    path: str = field(repr=False)  # with its query
    headers: Mapping[str, str] = field(repr=False)  # names in lower case
    body: bytes = field(repr=False)
    at: datetime
    status: int | None = None  # of the answer; None until there is one
    outcome: str = "open"  # "accepted", "refused", or the fault that hit it


class Answered(Exception):
    """Ends a request with an unsuccessful answer.

    Attributes:
        response: the answer.
    """

    def __init__(self, response: web.Response) -> None:
        super().__init__(f"HTTP {response.status}")
        self.response = response


class Server(ABC):
    """The HTTP part of a carrier. Use it as an asynchronous context manager, or call `start` and `stop`.

    Attributes:
        clock: its time.
        changes: notified of every request.
        faults: the injected faults.
        requests: every request, in order of arrival.
    """

    def __init__(self, clock: Clock, changes: Changes, port: int) -> None:
        self.clock = clock
        self.changes = changes
        self.faults = Faults()
        self.requests: list[Request] = []
        self._port = port
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    # --- running it ---------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Starts to listen on 127.0.0.1."""
        application = web.Application(middlewares=[self._door], client_max_size=_MAX_BODY)
        application.add_routes(self.routes())
        self._stopping.clear()
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await self.plug()

    async def stop(self) -> None:
        """Drops every connection, including hanging ones."""
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = self._site = None

    async def plug(self) -> None:
        """Listens, on the same port as before an `unplug`."""
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
        """The base URL for the bot's settings, without a trailing slash."""
        return f"http://127.0.0.1:{self._port}"

    # --- implemented by each provider ---------------------------------------------------------------------------------

    @abstractmethod
    def routes(self) -> Iterable[web.RouteDef]:
        """Returns the routes; the name of a route is the kind of its requests."""

    @abstractmethod
    def refusal(self) -> web.Response:
        """Returns a permanent error in the provider's own words."""

    @abstractmethod
    def server_error(self) -> web.Response:
        """Returns a 500 in the provider's own words."""

    def throttled(self) -> web.Response:
        """Returns a 429 in the provider's own words, or its answer in place of one."""
        return web.Response(status=HTTPStatus.TOO_MANY_REQUESTS, text="Too Many Requests")

    def kind(self, request: web.Request) -> str:
        """Returns the kind of a request, for the log and the faults."""
        return request.match_info.route.name or "unknown"

    # --- handling a request -------------------------------------------------------------------------------------------

    @web.middleware
    async def _door(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Logs every request, and applies its fault before or after the provider handles it."""
        entry = await self._log(request)
        trouble = None if self.faults.down else self.faults.take_request(entry.kind)
        self.changes.announce()
        try:
            if self.faults.down:
                entry.outcome = "down"
                return _drop(request)
            return await self._answer(request, handler, entry, trouble)
        finally:
            self.changes.announce()

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
        if self.faults.retry_after is not None and response.status == HTTPStatus.TOO_MANY_REQUESTS:
            response.headers["Retry-After"] = str(self.faults.retry_after)
        return response

    async def _hang(self) -> None:
        try:
            async with asyncio.timeout(self.faults.hang_seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


async def _ask(handler: Handler, request: web.Request) -> web.StreamResponse:
    try:
        return await handler(request)
    except Answered as answered:
        return answered.response
    except web.HTTPException as error:  # unknown path, wrong method, too large
        return web.Response(status=error.status, text=error.text)


def _drop(request: web.Request) -> web.Response:
    """Closes the connection; the returned response is never sent."""
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
