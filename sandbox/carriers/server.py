"""A server on loopback that logs what it is asked, and misbehaves on request."""

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

_MAX_BODY = 16 * 1024 * 1024  # bytes; a company's own limit lies below it


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


class Answered(Exception):
    """Ends a request with an answer that is not a success.

    Attributes:
        response: what is answered.
    """

    def __init__(self, response: web.Response) -> None:
        super().__init__(f"HTTP {response.status}")
        self.response = response


class Server(ABC):
    """The HTTP half of a carrier. Use it as an asynchronous context manager, or `start` and `stop` it.

    Attributes:
        clock: the time it lives in.
        changes: told of every request.
        faults: what will go wrong.
        requests: every request, in the order of arrival.
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
        """Listens on 127.0.0.1."""
        application = web.Application(middlewares=[self._door], client_max_size=_MAX_BODY)
        application.add_routes(self.routes())
        self._stopping.clear()
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await self.plug()

    async def stop(self) -> None:
        """Drops every connection, also those that hang."""
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = self._site = None

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

    # --- what each company fills in -----------------------------------------------------------------------------------

    @abstractmethod
    def routes(self) -> Iterable[web.RouteDef]:
        """What is at which address; the name of a route is the kind of its requests."""

    @abstractmethod
    def refusal(self) -> web.Response:
        """A permanent error in the company's own words."""

    @abstractmethod
    def server_error(self) -> web.Response:
        """A 500 in the company's own words."""

    def throttled(self) -> web.Response:
        """A 429 in the company's own words, or what it answers instead."""
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
        self.changes.tell()
        try:
            if self.faults.down:
                entry.outcome = "down"
                return _drop(request)
            return await self._answer(request, handler, entry, trouble)
        finally:
            self.changes.tell()

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
    except web.HTTPException as error:  # no such address, no such method, too large
        return web.Response(status=error.status, text=error.text)


def _drop(request: web.Request) -> web.Response:
    """Closes the connection; what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
