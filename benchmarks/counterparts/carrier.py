"""A provider that accepts every text, with an optional delay, and records each arrival. It calls no webhooks."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiohttp import web

from benchmarks.counterparts.marks import marks
from benchmarks.counterparts.serving import serve


class Carrier:
    """The part of Fone Dynamics' API that a text needs (https://www.fonedynamics.com/docs/rest-api/send-sms)."""

    def __init__(self) -> None:
        self._delay = 0.0
        self._taken: list[dict[str, Any]] = []

    def open_app(self) -> web.Application:
        """Returns the server: the API, and under /bench the interface for the benchmark."""
        app = web.Application()
        app.add_routes(
            [
                web.post("/v2/Properties/{property}/Messages", self.send),
                web.get("/v2/Properties/{property}/Messages", self.find),
                web.post("/bench/delay", self.delay),
                web.post("/bench/forget", self.forget),
                web.get("/bench/taken", self.taken),
                web.get("/bench/heard", self.heard),
            ]
        )
        return app

    async def send(self, request: web.Request) -> web.Response:
        """Accepts a text."""
        arrived = time.monotonic()
        asked = await request.json()
        if self._delay:
            await asyncio.sleep(self._delay)
        sid = f"M{asked['ExternalId']:0>31}"
        self._taken.append(
            {
                "marks": marks(asked["Text"]),
                "arrived": arrived,
                "answered": time.monotonic(),
                "receipts": asked.get("DeliveryReceiptWebhookUri"),
                "to": asked["To"],
                "from": asked["From"],
                "sid": sid,
                "attempt": int(asked["ExternalId"]),
            }
        )
        message = {name: asked[name] for name in ("From", "To", "Text", "ExternalId")}
        return web.json_response({**message, "MessageSid": sid, "Status": "Processing"})

    async def find(self, _: web.Request) -> web.Response:
        """Returns no texts."""
        return web.json_response([])

    async def delay(self, request: web.Request) -> web.Response:
        """Sets the delay of every answer, in seconds."""
        self._delay = float((await request.json())["seconds"])
        return web.Response()

    async def taken(self, _: web.Request) -> web.Response:
        """Returns every text since the last `forget`."""
        return web.json_response(self._taken)

    async def heard(self, _: web.Request) -> web.Response:
        """Returns the number of texts, which is cheap to poll."""
        return web.json_response({"send": len(self._taken)})

    async def forget(self, _: web.Request) -> web.Response:
        """Starts a new measurement."""
        self._taken = []
        return web.Response()


if __name__ == "__main__":
    serve(Carrier().open_app())
