"""The workspace's HTTP server, which can stop and start again at the same address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

MOST_BYTES = 64 * 1024 * 1024


class Server:
    """Listens on loopback. Routes are (method, path, handler)."""

    def __init__(self, routes: list[tuple[str, str, Handler]]) -> None:
        self._routes = routes
        self._runner: web.AppRunner | None = None

    @property
    def is_up(self) -> bool:
        """True if it listens."""
        return self._runner is not None

    async def start(self, host: str, port: int) -> int:
        """Starts to listen; returns the port."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.add_routes([web.route(method, path, handler) for method, path, handler in self._routes])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, host, port, reuse_address=True)
        await site.start()
        self._runner = runner
        return int(runner.addresses[0][1])

    async def stop(self) -> None:
        """Rejects new connections and closes the open ones."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
