"""Two WebSockets to Slack. We replace one that does not come back, or that is old.

The SDK's client repeats a refused ticket without end and never asks for a new one, so we make a new client.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import structlog
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from bot.conversations.alert_sentences import APPS

if TYPE_CHECKING:
    from aiohttp import web
    from slack_bolt.async_app import AsyncApp
    from slack_sdk.socket_mode.request import SocketModeRequest

    from bot.conversations.condition_alerts import ConditionAlerts
    from bot.settings.sections import Timeouts
    from bot.slack.client.link import SlackLink

CONNECTIONS = 2  # one stays while Slack renews the other
LOOK_EVERY = 2.0  # seconds
LOOK_SOON = 0.1  # seconds, while there is no connection
PING_EVERY = 5.0  # seconds
COUNT_AGAIN = 60.0  # seconds; for so long Slack may count a closed connection
ASK_AGAIN = 600.0  # seconds, while Socket Mode is off

DISABLED = "socket mode off"
STRANGERS = "socket strangers"

log = structlog.get_logger("sockets")


class Connection(SocketModeClient):
    """One connection.

    Attributes:
        is_disabled: Slack says that Socket Mode is off.
        others: connections of the app, as Slack counted them in its last hello; 0 before it.
    """

    def __init__(self, app: AsyncApp, app_token: str) -> None:
        super().__init__(app_token, logger=app.logger, web_client=app.client, ping_interval=PING_EVERY)
        self.is_disabled = False
        self.others = 0
        self._app = app
        self.socket_mode_request_listeners.append(self._handle)  # type: ignore[arg-type]  # as Bolt's own handler does

    async def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        """Handles Slack's messages about the connection itself; the SDK handles the rest."""
        if message.get("type") == "hello":
            self.others = int(message.get("num_connections", 0))
        if message.get("type") == "disconnect" and message.get("reason") == "link_disabled":
            self.is_disabled = True
            self.auto_reconnect_enabled = False
            return
        await super().run_message_listeners(message, raw_message)

    async def _handle(self, client: SocketModeClient, request: SocketModeRequest) -> None:
        began = time.time()
        answer = await run_async_bolt_app(self._app, request)
        await send_async_response(client, request, answer, began)


class Sockets:
    """The connections of one app.

    Args:
        app: handles the events.
        app_token: opens the connections.
        timeouts: how long a connection may be down, and how old it may become.
        condition_alerts: raises alerts about faults that only people can fix.
        link: learns when a connection is back, or replaced.
    """

    def __init__(
        self, app: AsyncApp, app_token: str, timeouts: Timeouts, condition_alerts: ConditionAlerts, link: SlackLink
    ) -> None:
        self._app = app
        self._token = app_token
        self._timeouts = timeouts
        self._condition_alerts = condition_alerts
        self._link = link
        self._tasks: list[asyncio.Task[None]] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._connected = [False] * CONNECTIONS
        self._was_connected = [False] * CONNECTIONS  # True once it has been connected
        self._expires = [0.0] * CONNECTIONS  # on the monotonic clock
        self._suspects = False
        self.connected_since: float | None = None  # seconds since the epoch; None: Slack cannot reach us

    @property
    def connected(self) -> bool:
        """True if Slack can reach us."""
        return any(self._connected)

    @property
    def count(self) -> int:
        """The number of connections that are up."""
        return sum(self._connected)

    def start(self) -> None:
        """Begins to connect. Returns at once, because Slack may be down."""
        self._tasks = [asyncio.create_task(self._keep_connected(number)) for number in range(CONNECTIONS)]

    async def stop(self) -> None:
        """Closes the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*self._closing, return_exceptions=True)

    def renew(self) -> None:
        """Replaces the connections: they are up, but nothing comes through."""
        self._expires = [0.0] * CONNECTIONS

    async def handle(self, _: web.Request) -> None:
        """Returns None: no events come by HTTP."""

    async def _keep_connected(self, number: int) -> None:
        while True:
            client = Connection(self._app, self._token)
            self._expires[number] = time.monotonic() + self._timeouts.renew
            connecting = asyncio.create_task(client.connect())  # type: ignore[no-untyped-call]  # the SDK's
            try:
                why = await self._watch(number, client)
            finally:
                self._note(number, connected=False)
                await self._close(client, connecting)
            log.info("a connection to Slack is replaced", connection=number, why=why)
            if client.is_disabled:
                sentence = (
                    "Slack says that Socket Mode is off for the app, so it sends no events: only the sweep finds "
                    f"replies, some minutes late. Switch it on at {APPS}, *Socket Mode*."
                )
                await self._condition_alerts.ring(DISABLED, sentence)
                await asyncio.sleep(ASK_AGAIN)

    async def _close(self, client: Connection, connecting: asyncio.Task[None]) -> None:
        """Closes a connection completely, even if we stop meanwhile: the SDK would leave a part of it open."""

        async def close() -> None:
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)
            await client.close()  # type: ignore[no-untyped-call]  # the SDK's

        closing = asyncio.create_task(close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        await asyncio.shield(closing)

    async def _watch(self, number: int, client: Connection) -> str:
        """Waits until the connection has to be replaced. Returns the reason."""
        down = 0.0
        counted = 0
        while down < self._timeouts.socket:
            if client.is_disabled:
                return "switched off"
            if await self._is_too_old(number):
                return "old"
            connected = await client.is_connected()
            self._note(number, connected=connected)
            if connected and client.others != counted:
                counted = client.others
                await self._count(number, counted)
            pause = LOOK_EVERY if connected else LOOK_SOON
            down = 0.0 if connected else down + pause
            await asyncio.sleep(min(pause, self._timeouts.socket))
        return "down"

    async def _is_too_old(self, number: int) -> bool:
        """True if it is old and another one is up, so that we replace one at a time; or if `renew` gave up all."""
        if time.monotonic() < self._expires[number]:
            return False
        others = [connected for other, connected in enumerate(self._connected) if other != number]
        return all(others) or not any(self._expires)

    def _note(self, number: int, *, connected: bool) -> None:
        was, before = self._connected[number], self.connected
        self._connected[number] = connected
        if not self.connected:
            self.connected_since = None
        elif not before:
            self.connected_since = time.time()
        if connected and not was and (self._was_connected[number] or not before):
            self._link.reconnected()
        self._was_connected[number] |= connected

    async def _count(self, number: int, counted: int) -> None:
        """Checks Slack's count for strangers, whose connections take events. It may include a closed one of ours."""
        if counted <= CONNECTIONS:
            self._suspects = False
            await self._condition_alerts.calm(STRANGERS)
        elif self._suspects:
            sentence = (
                f"Slack counts {counted} connections of the app, and the bot has {CONNECTIONS}. Another program uses "
                "our app token and takes some of the replies, which only the sweep finds. Stop it, or create a new "
                f"app-level token at {APPS} and revoke the old one."
            )
            await self._condition_alerts.ring(STRANGERS, sentence)
        else:
            self._suspects = True
            self._expires[number] = min(self._expires[number], time.monotonic() + COUNT_AGAIN)
        if counted:
            await self._condition_alerts.calm(DISABLED)
