"""How Slack reaches us. The server opens before Slack knows us, so it gets this link first and the way later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web
    from slack_bolt.async_app import AsyncApp

    from bot.slack.client.api import SlackApi


class Way(Protocol):
    """A way by which events come: WebSockets or signed HTTP requests."""

    @property
    def connected(self) -> bool:
        """True if Slack can reach us now."""

    @property
    def connected_since(self) -> float | None:
        """Since when (seconds since the epoch); None: it can't, or we don't know."""

    @property
    def count(self) -> int:
        """How many connections there are."""

    def renew(self) -> None:
        """Replaces the connections: they are there, but nothing comes through."""

    async def handle(self, request: web.Request) -> web.Response | None:
        """Handles a request to `/slack/events`; None if no events come by HTTP."""


class SlackLink:
    """The link to one workspace: closed until it is opened with a way."""

    def __init__(self) -> None:
        self._way: Way | None = None
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Calls `listener` each time Slack can reach us again after a gap."""
        self._listeners.append(listener)

    def reconnected(self) -> None:
        """Slack can reach us again: events may be missing."""
        for listener in self._listeners:
            listener()

    def open(self, way: Way) -> None:
        """From now on events come by this way."""
        self._way = way

    @property
    def is_ready(self) -> bool:
        """True if Slack can reach us now."""
        return self._way is not None and self._way.connected

    @property
    def connected_since(self) -> float | None:
        """Since when Slack can reach us (seconds since the epoch); None: it can't, or we don't know."""
        return None if self._way is None else self._way.connected_since

    @property
    def connections(self) -> int:
        """How many WebSockets are connected."""
        return 0 if self._way is None else self._way.count

    def renew(self) -> None:
        """Replaces the connections: they are there, but nothing comes through."""
        if self._way is not None:
            self._way.renew()

    async def handle(self, request: web.Request) -> web.Response | None:
        """Handles a request to `/slack/events`; None if no events come by HTTP now."""
        return None if self._way is None else await self._way.handle(request)


class SignedRequests:
    """Events come as signed HTTP requests.

    Args:
        app: checks the signature and runs the listeners.
        slack: the Web API, which tells if Slack is there at all.
    """

    connected_since = None  # requests come or they don't: nobody tells since when
    count = 0

    def __init__(self, app: AsyncApp, slack: SlackApi) -> None:
        self._app = app
        self._slack = slack

    @property
    def connected(self) -> bool:
        """True if Slack answered our last call."""
        return self._slack.failing_since is None

    def renew(self) -> None:
        """Does nothing: there is no connection of ours."""

    async def handle(self, request: web.Request) -> web.Response:
        """Handles one request."""
        return await to_aiohttp_response(await self._app.async_dispatch(await to_bolt_request(request)))
