"""A Slack that answers every call, with an optional delay and no rate limit, and records each call.

It sends events by Socket Mode on request; the benchmark sends signed requests itself (`benchmarks/load.py`).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from benchmarks.counterparts.marks import marks
from benchmarks.counterparts.serving import serve
from benchmarks.events import USER, envelope

if TYPE_CHECKING:
    from collections.abc import Callable

TEAM = {"team_id": "T0BENCH", "bot_id": "B0BENCH", "user_id": "U0BENCHBOT", "url": "https://bench.slack.com/"}
_PERSON = {"id": USER, "team_id": TEAM["team_id"], "name": "anna", "profile": {"display_name": "Anna"}, "tz": "Etc/UTC"}


class Slack:
    """The workspace."""

    def __init__(self) -> None:
        self._delay = 0.0
        self._is_closed = False
        self._calls: list[dict[str, Any]] = []
        self._heard: Counter[str] = Counter()
        self._sent: dict[str, float] = {}
        self._acks = 0
        self._sockets: list[web.WebSocketResponse] = []
        self._seconds = int(time.time())
        self._ts = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()
        self._answers: dict[str, Callable[[dict[str, Any], str], dict[str, Any]]] = {
            "auth.test": lambda _, __: dict(TEAM),
            "users.info": lambda _, __: {"user": _PERSON},
            "apps.connections.open": lambda _, host: {"url": f"ws://{host}/link"},
            "conversations.history": lambda _, __: {"messages": []},
            "conversations.replies": lambda _, __: {"messages": []},
            "chat.postMessage": self._posted,
            "chat.update": lambda asked, _: {"channel": asked["channel"], "ts": asked["ts"]},
        }

    def open_app(self) -> web.Application:
        """Returns the server: the Web API, the socket, and under /bench the interface for the benchmark."""
        app = web.Application(client_max_size=1 << 26)
        app.add_routes(
            [
                web.post("/api/{method}", self.call),
                web.get("/api/{method}", self.call),
                web.get("/link", self.link),
                web.post("/bench/delay", self.delay),
                web.post("/bench/refuse", self.refuse),
                web.post("/bench/play", self.play),
                web.post("/bench/forget", self.forget),
                web.post("/bench/stop", self.stop),
                web.get("/bench/seen", self.seen),
                web.get("/bench/heard", self.heard),
            ]
        )
        return app

    async def call(self, request: web.Request) -> web.Response:
        """Answers one call of the Web API."""
        arrived = time.monotonic()
        method = request.match_info["method"]
        if self._is_closed:
            return web.Response(status=503)
        body = await request.read()
        asked = json.loads(body) if body.startswith(b"{") else {}
        if self._delay and method.startswith("chat."):
            await asyncio.sleep(self._delay)
        answer = {"ok": True, **self._answers[method](asked, request.host)}
        key = _key(asked)
        kind = key.split(":", 1)[0]
        found = marks(body.decode()) if method == "chat.postMessage" else []
        self._heard[kind] += max(1, len(found))
        self._calls.append(
            {
                "method": method,
                "key": key,
                "kind": kind,
                "marks": found,
                "thread": asked.get("thread_ts"),
                "arrived": arrived,
                "answered": time.monotonic(),
            }
        )
        return web.json_response(answer)

    async def link(self, request: web.Request) -> web.WebSocketResponse:
        """Serves one Socket Mode connection (https://docs.slack.dev/apis/events-api/using-socket-mode)."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": len(self._sockets) + 1, "connection_info": {}})
        self._sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self._acks += 1
        self._sockets.remove(socket)
        return socket

    async def play(self, request: web.Request) -> web.Response:
        """Sends replies as events, `rate` a second (0: all at once); each is a channel, a thread and a text."""
        asked = await request.json()
        task = asyncio.create_task(self._play(asked["replies"], asked["rate"]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return web.Response()

    async def stop(self, _: web.Request) -> web.Response:
        """Drops the replies that were not sent yet."""
        for task in self._tasks:
            task.cancel()
        return web.Response()

    async def delay(self, request: web.Request) -> web.Response:
        """Sets the delay of every `chat.*` call, in seconds."""
        self._delay = float((await request.json())["seconds"])
        return web.Response()

    async def refuse(self, _: web.Request) -> web.Response:
        """Refuses every call from now on."""
        self._is_closed = True
        return web.Response()

    async def seen(self, _: web.Request) -> web.Response:
        """Returns every call and each reply's send time since the last `forget`."""
        return web.json_response({"calls": self._calls, "sent": self._sent, "acks": self._acks})

    async def heard(self, _: web.Request) -> web.Response:
        """Returns the counts by kind, with one text for merged posts; cheap to poll."""
        return web.json_response(self._heard)

    async def forget(self, _: web.Request) -> web.Response:
        """Starts a new measurement."""
        self._calls, self._sent, self._acks = [], {}, 0
        self._heard.clear()
        return web.Response()

    async def _play(self, replies: list[tuple[str, str, str]], rate: float) -> None:
        began = time.monotonic()
        for number, (channel, thread, text) in enumerate(replies):
            if rate and (wait := began + number / rate - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            event = envelope(channel, thread, text)
            self._sent[str(marks(text)[0])] = time.monotonic()
            socket = self._sockets[number % len(self._sockets)]
            framed = {"envelope_id": event["event_id"], "type": "events_api", "payload": event}
            await socket.send_str(json.dumps({**framed, "accepts_response_payload": False, "retry_attempt": 0}))

    def _posted(self, asked: dict[str, Any], _: str) -> dict[str, Any]:
        ts = f"{self._seconds}.{next(self._ts):06d}"
        message = {"ts": ts, "text": asked.get("text"), "thread_ts": asked.get("thread_ts")}
        return {"channel": asked["channel"], "ts": ts, "message": message}


def _key(asked: dict[str, Any]) -> str:
    """Returns the key of the post that a call is about: "text:…", "card:…", "line:…" and so on."""
    key = asked.get("metadata", {}).get("event_payload", {}).get("key")
    if key is None:
        key = next((str(block.get("block_id", "")) for block in asked.get("blocks") or ()), "").removeprefix("k:")
    return str(key)


if __name__ == "__main__":
    serve(Slack().open_app())
