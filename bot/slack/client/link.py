"""How Slack reaches us. The server opens before we reach Slack: it gets this link first, and the transport later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web
    from slack_bolt.async_app import AsyncApp

    from bot.slack.client.api import SlackApi


class Transport(Protocol):
    """A transport for events: WebSockets or signed HTTP requests."""

    @property
    def connected(self) -> bool:
        """True if Slack can reach us now."""

    @property
    def connected_since(self) -> float | None:
        """When Slack began to reach us (seconds since the epoch); None: it can't, or we don't know."""

    @property
    def count(self) -> int:
        """The number of connections."""

    def renew(self) -> None:
        """Replaces the connections: they are there, but nothing comes through."""

    async def handle(self, request: web.Request) -> web.Response | None:
        """Handles a request to `/slack/events`; None if no events come by HTTP."""


class SlackLink:
    """The link to one workspace: closed until a transport opens it."""

    def __init__(self) -> None:
        self._transport: Transport | None = None
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Calls `listener` each time Slack can reach us again after a gap."""
        self._listeners.append(listener)

    def reconnected(self) -> None:
        """Notifies the listeners that Slack can reach us again, so that events may be missing."""
        for listener in self._listeners:
            listener()

    def open(self, transport: Transport) -> None:
        """Opens the link: from now on events come by this transport."""
        self._transport = transport

    @property
    def is_ready(self) -> bool:
        """True if Slack can reach us now."""
        return self._transport is not None and self._transport.connected

    @property
    def connected_since(self) -> float | None:
        """When Slack began to reach us (seconds since the epoch); None: it can't, or we don't know."""
        return None if self._transport is None else self._transport.connected_since

    @property
    def connections(self) -> int:
        """The number of connected WebSockets."""
        return 0 if self._transport is None else self._transport.count

    def renew(self) -> None:
        """Replaces the connections: they are there, but nothing comes through."""
        if self._transport is not None:
            self._transport.renew()

    async def handle(self, request: web.Request) -> web.Response | None:
        """Handles a request to `/slack/events`; None if no events come by HTTP now."""
        return None if self._transport is None else await self._transport.handle(request)


class SignedRequests:
    """The transport for events that come as signed HTTP requests.

    Args:
        app: checks the signature and runs the listeners.
        slack: the Web API, which shows if Slack works at all.
    """

    connected_since = None  # there is no connection, so we don't know
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
