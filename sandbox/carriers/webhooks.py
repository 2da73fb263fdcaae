"""Calls our webhooks over real HTTP and records every call with its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sandbox.clock import Changes, Clock


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook to call."""

    kind: str  # "receipt" or "inbound"
    message_id: str
    url: str = field(repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(slots=True)
class Delivery:
    """One webhook call and its result."""

    hook: Hook
    attempt: int  # 1 is the first
    at: datetime
    status: int | None = None  # None while it is under way, and if no answer came
    content_type: str = ""
    answer: str = field(default="", repr=False)
    error: str | None = None  # the kind of failure if no answer came

    @property
    def is_open(self) -> bool:
        """True if it is still under way."""
        return self.status is None and self.error is None

    @property
    def is_taken(self) -> bool:
        """True if the answer was 2xx."""
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


class Webhooks:
    """Calls webhooks, each over its own connection.

    Attributes:
        deliveries: every call, in order.
    """

    def __init__(self, clock: Clock, changes: Changes, *, seconds: float, redirects: bool) -> None:
        self.deliveries: list[Delivery] = []
        self._clock = clock
        self._changes = changes
        self._seconds = seconds
        self._redirects = redirects
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Opens the session; call it inside a running loop."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, limit=0),
            timeout=aiohttp.ClientTimeout(total=self._seconds),
        )

    async def close(self) -> None:
        """Cancels what is under way."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, hook: Hook, attempt: int = 1) -> Delivery:
        """Makes one call, and raises nothing for what the other side does."""
        delivery = Delivery(hook, attempt, self._clock.now())
        self.deliveries.append(delivery)
        try:
            await self._request(delivery)
        except (
            aiohttp.ClientError,
            OSError,
            ValueError,
        ) as error:  # TimeoutError is an OSError, InvalidURL a ValueError
            delivery.error = type(error).__name__
        finally:
            self._changes.announce()
        return delivery

    async def _request(self, delivery: Delivery) -> None:
        if self._session is None:
            raise ConnectionAbortedError("The carrier is stopped.")
        hook = delivery.hook
        async with self._session.request(
            hook.method,
            URL(hook.url, encoded=True),
            data=hook.body,
            headers=hook.headers,
            allow_redirects=self._redirects,
            skip_auto_headers=("Content-Type",),
        ) as response:
            answer = await response.text(errors="replace")
            delivery.content_type = response.headers.get("Content-Type", "")
            delivery.answer = answer
            delivery.status = response.status
