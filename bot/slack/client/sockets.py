"""Two WebSockets to Slack, watched: one that does not come back, or is old, is thrown away and made anew.

The SDK's client asks again and again for a ticket that was refused, and never for a new one; hence a new client.
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
COUNT_AGAIN = 60.0  # seconds: for so long Slack may count a connection that is closed
ASK_AGAIN = 600.0  # seconds, once Socket Mode was switched off

DISABLED = "socket mode off"
STRANGERS = "socket strangers"

log = structlog.get_logger("sockets")


class Connection(SocketModeClient):
    """One connection.

    Attributes:
        is_disabled: Slack said that Socket Mode is switched off.
        others: how many connections the app has, as Slack counted at the last hello; 0 before it.
    """

    def __init__(self, app: AsyncApp, app_token: str) -> None:
        super().__init__(app_token, logger=app.logger, web_client=app.client, ping_interval=PING_EVERY)
        self.is_disabled = False
        self.others = 0
        self._app = app
        self.socket_mode_request_listeners.append(self._take)  # type: ignore[arg-type]  # as Bolt's own handler does

    async def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        """Notes what Slack says of the connection itself; the rest is the SDK's."""
        if message.get("type") == "hello":
            self.others = int(message.get("num_connections", 0))
        if message.get("type") == "disconnect" and message.get("reason") == "link_disabled":
            self.is_disabled = True
            self.auto_reconnect_enabled = False
            return
        await super().run_message_listeners(message, raw_message)

    async def _take(self, client: SocketModeClient, request: SocketModeRequest) -> None:
        began = time.time()
        answer = await run_async_bolt_app(self._app, request)
        await send_async_response(client, request, answer, began)


class Sockets:
    """The connections of one app.

    Args:
        app: handles their events.
        app_token: opens them.
        timeouts: how long one may be down, and how old it may become.
        condition_alerts: raised for what only people can mend.
        link: learns when there is a connection again after there was none, or a new one in its place.
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
        self._goodbyes: set[asyncio.Task[None]] = set()
        self._connected = [False] * CONNECTIONS
        self._stood = [False] * CONNECTIONS  # whether it was ever connected
        self._expires = [0.0] * CONNECTIONS  # on the monotonic clock
        self._suspects = False
        self.connected_since: float | None = None  # seconds since the epoch; None: Slack cannot reach us

    @property
    def connected(self) -> bool:
        """Whether Slack can reach us."""
        return any(self._connected)

    @property
    def count(self) -> int:
        """How many of them are connected."""
        return sum(self._connected)

    def start(self) -> None:
        """Begins to connect, and returns at once: Slack may be down."""
        self._tasks = [asyncio.create_task(self._keep_connected(number)) for number in range(CONNECTIONS)]

    async def stop(self) -> None:
        """Closes them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*self._goodbyes, return_exceptions=True)

    def renew(self) -> None:
        """Makes all of them anew: they stand, but nothing comes through them."""
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
                await self._say_goodbye(client, connecting)
            log.info("a connection to Slack is made anew", connection=number, why=why)
            if client.is_disabled:
                sentence = (
                    "Slack says that Socket Mode is off for the app, so it sends no events: only the sweep finds "
                    f"replies, some minutes late. Switch it on at {APPS}, *Socket Mode*."
                )
                await self._condition_alerts.ring(DISABLED, sentence)
                await asyncio.sleep(ASK_AGAIN)

    async def _say_goodbye(self, client: Connection, connecting: asyncio.Task[None]) -> None:
        """Closes it to the end, also where we are told to stop meanwhile: the SDK would leave half of it open."""

        async def close() -> None:
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)
            await client.close()  # type: ignore[no-untyped-call]  # the SDK's

        goodbye = asyncio.create_task(close())
        self._goodbyes.add(goodbye)
        goodbye.add_done_callback(self._goodbyes.discard)
        await asyncio.shield(goodbye)

    async def _watch(self, number: int, client: Connection) -> str:
        """Returns when it has to be made anew, with the reason."""
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
        """One at a time: it stays while it is the only one, unless all of them were given up."""
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
        if connected and not was and (self._stood[number] or not before):
            self._link.reconnected()
        self._stood[number] |= connected

    async def _count(self, number: int, counted: int) -> None:
        """More connections than ours get a share of the events; an old one of ours is counted for a while too."""
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
