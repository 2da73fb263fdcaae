"""The phones, and a web server in place of the bot's webhook server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from sandbox.phones import Phones

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


@dataclass(frozen=True, slots=True)
class Call:
    """One webhook call."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Door:
    """Receives every webhook and gives the set answers.

    Attributes:
        calls: the calls so far.
        answers: the answers in turn; 204 once they are used up.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: list[web.Response] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        self.calls.append(Call(request.method, request.path, dict(request.query), headers, body))
        return self.answers.pop(0) if self.answers else web.Response(status=204)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """A running server."""
    door = Door()
    application = web.Application()
    application.router.add_route("*", "/{anything:.*}", door.handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    door.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield door
    await runner.cleanup()


@pytest.fixture
def phones() -> Phones:
    """Phones without texts."""
    return Phones()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """The client that calls the carriers, like the bot."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session
    await asyncio.sleep(0)
