"""Socket Mode: tickets, connections, envelopes. https://docs.slack.dev/apis/events-api/using-socket-mode."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from aiohttp import WSMsgType, web

from sandbox.slack.delivery.deliveries import Answer
from sandbox.slack.identifiers import new_key

if TYPE_CHECKING:
    from sandbox.slack.errors import Json
    from sandbox.slack.world import World

HOST = "applink-1"
WARNING_SECONDS = 10.0
_ENDS = ("close", "reset", "silent", "dead")
_ANSWERED = ("view_submission", "block_suggestion")


@dataclass(eq=False)
class Socket:
    """One connection. `state`: "open", "silent" (answers pings, hands over nothing) or "dead" (answers nothing)."""

    ws: web.WebSocketResponse
    request: web.Request
    state: str = "open"


class Sockets:
    """The app's connections."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._turn = 0
        self.open: list[Socket] = []

    def issue(self) -> str:
        """Returns the URL for one connection. Slack issues it even while Socket Mode is off."""
        ticket = new_key(36)
        self._tickets.add(ticket)
        where = self._world.base_url.replace("http", "ws", 1)
        return f"{where}/link/?ticket={ticket}&app_id={self._world.store.app_id}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serves a connection from its ticket to its end."""
        if not self._admits(request.query.get("ticket", "")):
            return web.Response(status=404)
        ws = web.WebSocketResponse(autoping=False, heartbeat=None)
        await ws.prepare(request)
        socket = Socket(ws, request)
        if refusal := self._refusal():
            await self._say_goodbye(socket, refusal)
            await ws.close()
            return ws
        self.open.append(socket)
        self._world.changes.announce()
        try:
            await self._serve(socket)
        finally:
            self._forget(socket)
        return ws

    async def deliver(self, kind: str, payload: Json, retry: int, reason: str) -> Answer:
        """Sends an envelope over one of the connections and waits for its acknowledgement."""
        if not self.open:
            return Answer(ok=False, reason="connection_failed")
        socket = self.open[self._turn % len(self.open)]
        self._turn += 1
        envelope = _envelope(kind, payload, retry, reason)
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope["envelope_id"]] = future
        try:
            async with asyncio.timeout(self._world.settings.ack_seconds):
                await self._send(socket, envelope)
                answer = await future
        except TimeoutError:
            return Answer(ok=False, reason="timeout")
        finally:
            del self._waiting[envelope["envelope_id"]]
        return Answer(ok=True, payload=answer.get("payload") if envelope["accepts_response_payload"] else None)

    async def disconnect(self, reason: str, *, close: bool = True) -> int:
        """Sends `disconnect` to every connection and closes it, unless it is only a "warning". Returns how many."""
        sockets = list(self.open)
        for socket in sockets:
            await self._say_goodbye(socket, reason)
            if close and reason != "warning":
                self._forget(socket)
                self._world.spawn(socket.ws.close())
        return len(sockets)

    async def kill(self, how: str) -> int:
        """Ends or breaks every connection; returns how many.

        Args:
            how: "close" with a close frame, "reset" without one; "silent" or "dead" keeps it open but useless.
        """
        if how not in _ENDS:
            raise ValueError(f"unknown way to end a socket: {how}")
        sockets = list(self.open)
        for socket in sockets:
            if how == "close":
                self._world.spawn(socket.ws.close())
            elif how == "reset":
                _reset(socket)
            else:
                socket.state = how
        return len(sockets)

    def _admits(self, ticket: str) -> bool:
        faults = self._world.faults
        if faults.refuse_tickets > 0:
            faults.refuse_tickets -= 1
            faults.refused_tickets += 1
            return False
        known = ticket in self._tickets
        self._tickets.discard(ticket)
        return known

    def _refusal(self) -> str:
        if not self._world.uses_sockets:
            return "link_disabled"
        return "too_many_websockets" if len(self.open) >= self._world.settings.most_sockets else ""

    async def _serve(self, socket: Socket) -> None:
        await self._send(socket, self._hello())
        if self._world.settings.socket_seconds is not None:
            self._world.spawn(self._age(socket, self._world.settings.socket_seconds))
        async for message in socket.ws:
            if socket.state == "dead":
                continue
            if message.type is WSMsgType.PING:
                with contextlib.suppress(ConnectionError):
                    await socket.ws.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self._acknowledge(message.data)

    def _hello(self) -> Json:
        seconds = self._world.settings.socket_seconds or 18060
        return {
            "type": "hello",
            "num_connections": len(self.open),
            "debug_info": {"host": HOST, "build_number": 1, "approximate_connection_time": int(seconds)},
            "connection_info": {"app_id": self._world.store.app_id},
        }

    def _acknowledge(self, text: str) -> None:
        message = json.loads(text)
        future = self._waiting.get(message.get("envelope_id", ""))
        if future is not None and not future.done():
            future.set_result(message)

    async def _age(self, socket: Socket, seconds: float) -> None:
        notice = WARNING_SECONDS * self._world.settings.time_scale
        await asyncio.sleep(max(0.0, seconds - notice))
        await self._say_goodbye(socket, "warning")
        await asyncio.sleep(notice)
        await self._say_goodbye(socket, "refresh_requested")
        self._forget(socket)
        await socket.ws.close()

    async def _say_goodbye(self, socket: Socket, reason: str) -> None:
        await self._send(socket, {"type": "disconnect", "reason": reason, "debug_info": {"host": HOST}})

    async def _send(self, socket: Socket, message: Json) -> None:
        if socket.state == "open" and not socket.ws.closed:
            with contextlib.suppress(ConnectionError):  # it broke: the envelope gets no answer, as at Slack
                await socket.ws.send_str(json.dumps(message))

    def _forget(self, socket: Socket) -> None:
        if socket in self.open:
            self.open.remove(socket)
        self._world.changes.announce()


def _envelope(kind: str, payload: Json, retry: int, reason: str) -> Json:
    answers = kind == "slash_commands" or payload.get("type") in _ANSWERED
    envelope: Json = {
        "envelope_id": str(uuid4()),
        "payload": payload,
        "type": kind,
        "accepts_response_payload": answers,
    }
    return envelope | {"retry_attempt": retry, "retry_reason": reason} if kind == "events_api" else envelope


def _reset(socket: Socket) -> None:
    transport = socket.request.transport
    if transport is not None:
        transport.abort()
