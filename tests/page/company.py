"""A small environment for the page: the real workspace, phones and providers, with a small Bolt app as the bot."""

from __future__ import annotations

import json
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.carriers.fonedynamics import FoneDynamics, FoneDynamicsSettings
from sandbox.carriers.iophone import IoPhone
from sandbox.phones import Phones
from sandbox.slack import Workspace

if TYPE_CHECKING:
    from types import TracebackType

    from sandbox.carriers.carrier import Carrier

PHONE = "+61488023555"


class Helper:
    """A Bolt app that can be started and killed; tests add listeners to `app`."""

    def __init__(self, slack: Workspace) -> None:
        self._slack = slack
        self._handler: Any = None  # its methods have no types
        self._stack = AsyncExitStack()
        self.starts = 0

    async def open(self) -> None:
        """Creates the app and its client."""
        slack = self._slack
        session = await self._stack.enter_async_context(aiohttp.ClientSession())
        self.web = AsyncWebClient(slack.bot_token, slack.api_url, session=session, retry_handlers=[])
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
            client=self.web, authorize=authorize, signing_secret="no", process_before_response=True
        )  # fmt: skip
        self.app.logger.setLevel(logging.CRITICAL)

    @property
    def is_running(self) -> bool:
        """True if it is connected."""
        return self._handler is not None

    async def start(self) -> None:
        """Connects."""
        web = AsyncWebClient(base_url=self._slack.api_url)
        self._handler = AsyncSocketModeHandler(self.app, self._slack.app_token, web_client=web, ping_interval=1.0)
        self._handler.client.logger.setLevel(logging.CRITICAL)
        await self._handler.connect_async()
        await self._slack.connected(1)
        self.starts += 1

    async def kill(self) -> None:
        """Disconnects."""
        if self._handler is not None:
            await self._handler.close_async()
            self._handler = None

    async def close(self) -> None:
        """Closes everything."""
        await self.kill()
        await self._stack.aclose()


class Company:
    """Two members, two channels, Fone Dynamics and IO Phone."""

    def __init__(self) -> None:
        self.slack = Workspace(posts_per_second=None, tier_scale=None, time_scale=0.005, unfurl=False)
        self.phones = Phones()
        self.fone = FoneDynamics(self.phones, FoneDynamicsSettings(receipt_delay=0.01, retries=()))
        self.io = IoPhone(self.phones)
        self.carriers: list[Carrier] = [self.fone, self.io]
        self.anna = self.slack.add_user("anna")
        self.ben = self.slack.add_user("ben")
        self.support = self.slack.add_channel("support")
        self.alerts = self.slack.add_channel("sms-alerts")
        self.bot = Helper(self.slack)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.slack)
        for carrier in self.carriers:
            await self._stack.enter_async_context(carrier)
        await self.bot.open()
        self._stack.push_async_callback(self.bot.close)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def post(self, text: str, **more: Any) -> str:
        """Posts in #support as the bot, through the real client; returns the timestamp."""
        return str((await self.bot.web.chat_postMessage(channel=self.support, text=text, **more))["ts"])

    async def send(self, text: str, sender: str = "", to: str = PHONE) -> int:
        """Sends a text through Fone Dynamics like the bot; returns the HTTP status, 0 without an answer."""
        settings = self.fone.settings
        url = f"{self.fone.base_url}/v2/Properties/{settings.property_sid}/Messages"
        auth = {"Authorization": aiohttp.encode_basic_auth(settings.account_sid, settings.token)}
        body = json.dumps({"To": to, "Text": text} | ({"From": sender} if sender else {}))
        headers = auth | {"Content-Type": "application/json"}
        async with aiohttp.ClientSession() as http:
            try:
                async with http.post(url, data=body, headers=headers) as response:
                    return response.status
            except aiohttp.ClientError:
                return 0
