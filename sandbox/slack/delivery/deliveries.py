"""Delivery to the app: events are retried until acknowledged, clicks and commands are sent once.

https://docs.slack.dev/apis/events-api: at once; after a failure again nearly at once, then after 1 and 5 minutes.
"""

from __future__ import annotations

import asyncio
import copy
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from sandbox.slack.identifiers import new_id

if TYPE_CHECKING:
    from sandbox.slack.errors import Json
    from sandbox.slack.world import World

RETRY_SECONDS = (0.0, 60.0, 300.0)


@dataclass
class Answer:
    """The result of one delivery attempt.

    Args:
        ok: acknowledged in time.
        payload: the acknowledgement's payload.
        reason: why it failed, as in `x-slack-retry-reason`.
        is_final: the app asked for no retry.
    """

    ok: bool
    payload: Any = field(default=None, repr=False)
    reason: str = ""
    is_final: bool = False


class Transport(Protocol):
    """A transport to the app: Socket Mode, or signed HTTP requests."""

    async def deliver(self, kind: str, payload: Json, retry: int, reason: str) -> Answer:
        """Makes one attempt.

        Args:
            kind: "events_api", "slash_commands" or "interactive".
            payload: what is delivered.
            retry: 0 for the first attempt.
            reason: why the attempt before failed.
        """


@dataclass
class Delivery:
    """One event under way. `tries` has the result of each attempt: "" or the reason why it failed."""

    event_id: str
    event: Json = field(repr=False)
    at: float
    tries: list[str] = field(default_factory=list)
    acked_at: float | None = None
    is_lost: bool = False
    is_over: bool = False


class Deliveries:
    """Everything under way to the app, with its state."""

    def __init__(self, world: World, sockets: Transport, requests: Transport) -> None:
        self._world = world
        self._sockets = sockets
        self._requests = requests
        self._held: list[tuple[Delivery, Json]] = []
        self.log: list[Delivery] = []
        self.under_way = 0

    @property
    def transport(self) -> Transport:
        """The transport: Socket Mode, unless an events URL is set; never both."""
        return self._requests if self._world.settings.events_url else self._sockets

    def send(self, event: Json, *, is_shared: bool = False) -> None:
        """Starts the delivery of an event, subject to the injected faults."""
        delivery = Delivery(new_id("Ev"), copy.deepcopy(event), time.time())
        self.log.append(delivery)
        if self._world.faults.for_event("lose", event):
            delivery.is_lost = delivery.is_over = True
            return
        self.under_way += 1
        if self._world.faults.reorder_window > 1:
            self._mix(delivery, self._envelope(delivery, is_shared=is_shared))
        else:
            self._world.spawn(self._deliver(delivery, self._envelope(delivery, is_shared=is_shared)))

    async def ask(self, kind: str, payload: Json) -> Answer:
        """Delivers a command or an interaction: one attempt, which the app must answer within three seconds."""
        return await self._deliver_once(kind, payload, 0, "")

    def forget(self) -> None:
        """Gives up everything that is under way."""
        self.under_way = 0
        self._held.clear()

    async def _deliver_once(self, kind: str, payload: Json, retry: int, reason: str) -> Answer:
        if not self._world.is_up:
            return Answer(ok=False, reason="connection_failed")
        return await self.transport.deliver(kind, payload, retry, reason)

    def _envelope(self, delivery: Delivery, *, is_shared: bool) -> Json:
        store = self._world.store
        authorization = {
            "enterprise_id": None,
            "team_id": store.team_id,
            "user_id": store.bot.id,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        return {
            "token": store.verification_token,
            "team_id": store.team_id,
            "context_team_id": store.team_id,
            "context_enterprise_id": None,
            "api_app_id": store.app_id,
            "event": delivery.event,
            "type": "event_callback",
            "event_id": delivery.event_id,
            "event_time": int(delivery.at),
            "authorizations": [authorization],
            "is_ext_shared_channel": is_shared,
            "event_context": f"4-{delivery.event_id}",
        }

    def _mix(self, delivery: Delivery, envelope: Json) -> None:
        self._held.append((delivery, envelope))
        faults = self._world.faults
        if len(self._held) >= faults.reorder_window:
            self._let_go()
        elif len(self._held) == 1:
            asyncio.get_running_loop().call_later(faults.reorder_seconds, self._let_go)

    def _let_go(self) -> None:
        held, self._held = self._held, []
        self._world.faults.dice.shuffle(held)
        for delivery, envelope in held:
            self._world.spawn(self._deliver(delivery, envelope))

    async def _deliver(self, delivery: Delivery, envelope: Json) -> None:
        faults = self._world.faults
        await faults.may_send.wait()
        await self._try_until_acked(delivery, envelope)
        for fault in faults.for_event("redeliver", delivery.event):
            for copy_number in range(fault.copies):
                await self._deliver_once("events_api", envelope, copy_number + 1, "timeout")
        delivery.is_over = True
        self.under_way -= 1
        self._world.changes.announce()

    async def _try_until_acked(self, delivery: Delivery, envelope: Json) -> None:
        reason = ""
        for retry, seconds in enumerate((None, *RETRY_SECONDS)):
            if seconds:
                await asyncio.sleep(seconds * self._world.settings.time_scale)
            answer = await self._deliver_once("events_api", envelope, retry, reason)
            reason = answer.reason
            if answer.ok and self._world.faults.for_event("ignore_ack", delivery.event):
                reason = "timeout"
            delivery.tries.append(reason)
            self._world.changes.announce()
            if not reason:
                delivery.acked_at = time.time()
                return
            if answer.is_final or (reason == "connection_failed" and self._world.faults.lose_without_socket):
                return
