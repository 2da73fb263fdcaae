"""A workspace, the real clients, and a small bot, for the tests of the simulated Slack."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import Workspace
from sandbox.timeouts import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def slack() -> AsyncIterator[Workspace]:
    """A workspace without rate limits."""
    async with Workspace(posts_per_second=None, tier_scale=None, time_scale=0.001) as workspace:
        yield workspace


@asynccontextmanager
async def client_of(slack: Workspace, token: str | None = None) -> AsyncIterator[AsyncWebClient]:
    """Returns the real client, which retries nothing."""
    async with aiohttp.ClientSession() as session:
        bot = slack.bot_token if token is None else token
        yield AsyncWebClient(token=bot, base_url=slack.api_url, session=session, retry_handlers=[])


@pytest.fixture
async def client(slack: Workspace) -> AsyncIterator[AsyncWebClient]:
    """The real client for that workspace."""
    async with client_of(slack) as web:
        yield web


class Bot:
    """A real Bolt app that records what it gets."""

    def __init__(self, slack: Workspace, web: AsyncWebClient) -> None:
        self.events: list[dict[str, Any]] = []
        self.bodies: list[dict[str, Any]] = []
        identity = AuthorizeResult(
            enterprise_id=None,
            team_id=slack.team_id,
            bot_id=slack.bot_id,
            bot_user_id=slack.bot_user_id,
            bot_token=slack.bot_token,
        )

        async def authorize(**_: Any) -> AuthorizeResult:
            return identity

        self.app = AsyncApp(
            client=web,
            authorize=authorize,
            signing_secret=slack.signing_secret,
            ignoring_self_events_enabled=False,
            process_before_response=True,
        )
        self.app.logger.setLevel(logging.CRITICAL)
        self.web = web

    def listen_to(self, *kinds: str) -> None:
        """Records events of these types."""

        async def keep(event: dict[str, Any], body: dict[str, Any]) -> None:
            self.events.append(event)
            self.bodies.append(body)

        for kind in kinds:
            self.app.event(kind)(keep)

    @asynccontextmanager
    async def connected(self, slack: Workspace, count: int = 1) -> AsyncIterator[list[Any]]:
        """Opens this many Socket Mode connections inside the block."""
        async with AsyncExitStack() as stack:
            handlers = []
            for _ in range(count):
                handler: Any = AsyncSocketModeHandler(  # its methods have no types
                    self.app, slack.app_token, web_client=AsyncWebClient(base_url=slack.api_url), ping_interval=0.5
                )
                handler.client.logger.setLevel(logging.CRITICAL)
                stack.push_async_callback(handler.close_async)
                await asyncio.wait_for(handler.connect_async(), PATIENCE)
                handlers.append(handler)
            await slack.connected(count)
            yield handlers


@pytest.fixture
async def bot(slack: Workspace, client: AsyncWebClient) -> Bot:
    """A bot that records messages."""
    one = Bot(slack, client)
    one.listen_to("message")
    return one
