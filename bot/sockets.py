"""Two WebSockets to Slack, watched: a connection that does not come back is thrown away and made anew.

The SDK's client asks again and again for a ticket that was refused, and never for a new one; hence a new client.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp

CONNECTIONS = 2  # one stays while Slack renews the other
LOOK_EVERY = 2.0  # seconds
LOOK_SOON = 0.1  # seconds, while there is no connection

log = structlog.get_logger("sockets")


class Sockets:
    """The connections of one app.

    Args:
        app: what takes their events.
        app_token: opens them.
        patience: seconds without a connection before it is made anew.
    """

    def __init__(self, app: AsyncApp, app_token: str, patience: float) -> None:
        self._app = app
        self._token = app_token
        self._patience = patience
        self._tasks: list[asyncio.Task[None]] = []
        self._connected = [False] * CONNECTIONS

    @property
    def connected(self) -> bool:
        """Whether Slack can reach us."""
        return any(self._connected)

    def start(self) -> None:
        """Begins to connect, and returns at once: Slack may be down."""
        self._tasks = [asyncio.create_task(self._keep_connected(number)) for number in range(CONNECTIONS)]

    async def stop(self) -> None:
        """Closes them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep_connected(self, number: int) -> None:
        while True:
            handler = AsyncSocketModeHandler(self._app, self._token, ping_interval=5)
            connecting = asyncio.create_task(handler.connect_async())  # type: ignore[no-untyped-call]  # Bolt's
            try:
                await self._watch(number, handler)
            finally:
                self._connected[number] = False
                connecting.cancel()
                await asyncio.gather(connecting, return_exceptions=True)
                await handler.close_async()  # type: ignore[no-untyped-call]  # Bolt's
            log.warning("a connection to Slack did not come back and is made anew", connection=number)

    async def _watch(self, number: int, handler: AsyncSocketModeHandler) -> None:
        """Returns when it has been down for too long."""
        down = 0.0
        while down < self._patience:
            self._connected[number] = await handler.client.is_connected()
            pause = LOOK_EVERY if self._connected[number] else LOOK_SOON
            down = 0.0 if self._connected[number] else down + pause
            await asyncio.sleep(pause)
