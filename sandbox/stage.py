"""Everything that the demo needs around the bot: a workspace, carriers, phones, and an installation that knows them."""

from __future__ import annotations

import secrets
import socket
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

from sandbox.bot import BotProcess
from sandbox.carriers.fonedynamics import FoneDynamics, FoneDynamicsSettings
from sandbox.phones import Phones
from sandbox.slack import Workspace

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class Stage:
    """A team with one inbox per provider, its workspace, its carriers and its customers.

    Attributes:
        slack: the workspace.
        phones: the customers'.
        fone: the pretend Fone Dynamics.
        bot: the real bot.
        anna, ben: members of the team.
        support, alerts: channels.
        sydney: the dedicated number of the team at Fone Dynamics.
    """

    def __init__(self, folder: Path, **workspace: Any) -> None:
        self._folder = folder
        self.slack = Workspace(**{"time_scale": 0.02, **workspace})
        self.phones = Phones()
        self.fone = FoneDynamics(self.phones, FoneDynamicsSettings())
        self.anna = self.slack.add_user("anna")
        self.ben = self.slack.add_user("ben")
        self.support = self.slack.add_channel("support")
        self.alerts = self.slack.add_channel("sms-alerts")
        self.sydney = self.fone.settings.numbers[0]
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.slack)
        await self.fone.start()
        self._stack.push_async_callback(self.fone.stop)
        await self._install_bot(free_port())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _install_bot(self, port: int) -> None:
        self.bot = BotProcess(self._folder, self.settings(port), port)
        self._stack.push_async_callback(self.bot.kill)
        await self.bot.start()
        self.set_up_portals(await self.bot.ask("callbacks", "--json"))

    def set_up_portals(self, urls: dict[str, str]) -> None:
        """What an operator pastes into the providers' portals: the URL of each sender by its name."""
        self.fone.settings.portal_webhook = urls["sydney"]

    def settings(self, port: int) -> dict[str, Any]:
        """What an operator writes into the settings file, for a bot whose doors are at this port."""
        return {
            "public_url": f"http://127.0.0.1:{port}",
            "secret": secrets.token_hex(32),
            "database": str(self._folder / "threadline.db"),
            "http": {"port": port},
            "slack": {
                "bot_token": self.slack.bot_token,
                "app_token": self.slack.app_token,
                "api_url": self.slack.api_url,
                "alert_channel": self.alerts,
                "settle_seconds": 2.0,
            },
            "accounts": {
                "fone": {
                    "provider": "fonedynamics",
                    "account_sid": self.fone.settings.account_sid,
                    "token": self.fone.settings.token,
                    "property_sid": self.fone.settings.property_sid,
                    "base_url": self.fone.base_url,
                }
            },
            "senders": {
                "leased": {"account": "fone", "address": "leased"},
                "sydney": {"account": "fone", "address": self.fone.settings.numbers[0]},
            },
            "inboxes": {"support": {"channel": self.support, "senders": ["leased", "sydney"], "default_region": "AU"}},
        }


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
