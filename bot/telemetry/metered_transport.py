"""An HTTP transport that measures and logs requests to providers, by account and answer, never by URL or body."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
import structlog
from structlog.contextvars import get_contextvars

if TYPE_CHECKING:
    from bot.telemetry.metrics import Metrics

ELSEWHERE = "sweep"  # the kind of work outside jobs

log = structlog.get_logger("requests")


class MeteredTransport(httpx.AsyncBaseTransport):
    """The transport of one account.

    Args:
        transport: sends the requests. All accounts share it; its owner closes it.
        metrics: counts the requests.
        account: the name of the account in the settings.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, metrics: Metrics, account: str) -> None:
        self._transport = transport
        self._metrics = metrics
        self._account = account

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request. Passes the response or the error on to the caller."""
        began = time.monotonic()
        answer = "none"
        try:
            response = await self._transport.handle_async_request(request)
            answer = (
                "429" if response.status_code == httpx.codes.TOO_MANY_REQUESTS else f"{response.status_code // 100}xx"
            )
        finally:
            self._note(time.monotonic() - began, answer)
        return response

    async def aclose(self) -> None:
        """Leaves the shared transport open."""

    def _note(self, seconds: float, answer: str) -> None:
        kind = get_contextvars().get("kind", ELSEWHERE)
        self._metrics.provider_seconds.labels(self._account, kind).observe(seconds)
        self._metrics.provider_requests.labels(self._account, answer).inc()
        log.info("provider request", account=self._account, answer=answer, seconds=round(seconds, 3))
