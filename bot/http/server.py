"""Our HTTP server: webhooks, files, exports, Slack's requests in http mode, health checks and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.settings.sections import HttpSettings
    from bot.slack.client.link import SlackLink
    from bot.telemetry.gauges import Gauges
    from bot.telemetry.metrics import Metrics

BODY_LIMIT = 1 << 20  # bytes of one request


class RouteGroup(Protocol):
    """A group of routes with their handlers."""

    def routes(self) -> list[web.RouteDef]:
        """Returns the routes of the group."""


class Server:
    """One listening socket. It opens before the bot reaches Slack; until then `/slack/events` answers 503.

    Args:
        settings: host and port.
        groups: the routes of the webhooks, files and exports.
        metrics: shown at `/metrics`.
        gauges: refreshed for it.
        link: handles Slack's requests, and knows if Slack can reach us.
    """

    def __init__(
        self, settings: HttpSettings, groups: Iterable[RouteGroup], metrics: Metrics, gauges: Gauges, link: SlackLink
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._gauges = gauges
        self._link = link
        app = web.Application(client_max_size=BODY_LIMIT)
        app.add_routes(
            [
                *(route for group in groups for route in group.routes()),
                web.post("/slack/events", self._slack_events),
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._show_metrics),
            ]
        )
        # No access log: its lines would contain the tokens in paths.
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)

    async def start(self) -> None:
        """Begins to listen."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._settings.host, self._settings.port).start()

    async def stop(self) -> None:
        """Accepts no more requests, and lets those under way end."""
        await self._runner.cleanup()

    async def _slack_events(self, request: web.Request) -> web.Response:
        return await self._link.handle(request) or web.Response(status=503)

    async def _healthz(self, _: web.Request) -> web.Response:
        """Says that the process is alive, even if Slack is down: a supervisor must not kill a healthy bot then."""
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        ready = self._link.is_ready
        return web.Response(text="ready\n" if ready else "not ready\n", status=200 if ready else 503)

    async def _show_metrics(self, _: web.Request) -> web.Response:
        await self._gauges.refresh()
        return web.Response(body=generate_latest(self._metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
