"""The demo's environment for the bot: a workspace, carriers, phones, and an installation that connects them."""

from __future__ import annotations

import secrets
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from sandbox.bot import BotProcess
from sandbox.carriers.fonedynamics import FoneDynamics
from sandbox.carriers.iophone import IoPhone
from sandbox.carriers.iovox import Flow, Iovox
from sandbox.carriers.restcomm import Restcomm
from sandbox.phones import Phones
from sandbox.slack import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from sandbox.carriers.carrier import Carrier


@dataclass(frozen=True, slots=True)
class Branch:
    """A part of the team: one inbox with the numbers of one provider."""

    name: str  # of its inbox and channel
    carrier: Carrier
    number: str  # dedicated, `+` and digits
    sender: str  # the number's name in the settings
    region: str  # ISO 3166-1 alpha-2
    account: str  # the account's name in the settings
    access: Mapping[str, Any] = field(repr=False)  # the account's settings
    leased: bool = False  # True if it texts from leased numbers first


class DemoEnvironment:
    """A team with one inbox per provider, its workspace, its carriers and its contacts.

    Attributes:
        slack: the workspace.
        phones: the contacts'.
        fone, io, iovox, restcomm: the simulated providers.
        branches: the inboxes by name: support (Fone Dynamics), sales (IO Phone), london (IOVOX), boston (Restcomm).
        channels: their channels by name.
        support: the channel of the first inbox; `sydney` is its dedicated number.
        alerts: the alert channel.
        anna, ben: members of the team.
        bot: the real bot.
    """

    bot: BotProcess

    def __init__(self, folder: Path, **workspace: Any) -> None:
        self._folder = folder
        self.slack = Workspace(**{"time_scale": 0.02, **workspace})
        self.phones = Phones()
        self.fone = FoneDynamics(self.phones)
        self.io = IoPhone(self.phones)
        self.iovox = Iovox(self.phones)
        self.restcomm = Restcomm(self.phones)
        self.carriers: list[Carrier] = [self.fone, self.io, self.iovox, self.restcomm]
        self.anna = self.slack.add_user("anna")
        self.ben = self.slack.add_user("ben")
        names = ("support", "sales", "london", "boston")
        self.channels = {name: self.slack.add_channel(name) for name in names}
        self.support = self.channels["support"]
        self.alerts = self.slack.add_channel("sms-alerts")
        self.sydney = self.fone.settings.numbers[0]
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _open(self) -> None:
        await self._stack.enter_async_context(self.slack)
        for carrier in self.carriers:
            await carrier.start()
            self._stack.push_async_callback(carrier.stop)
        self.branches = {branch.name: branch for branch in self._branches()}
        await self._install_bot(free_port())

    async def _install_bot(self, port: int) -> None:
        self.bot = BotProcess(self._folder, self.settings(port), port)
        self._stack.push_async_callback(self.bot.kill)
        await self.bot.start()
        self.set_up_portals(await self.bot.ask("callbacks", "--json"))

    def set_up_portals(self, callbacks: Mapping[str, Mapping[str, str]]) -> None:
        """Sets up the providers' portals, as an operator does.

        Args:
            callbacks: the output of `threadline callbacks --json`: for each sender its `url` and its account's
                `secret`.
        """
        self.fone.settings.portal_webhook = callbacks["sydney"]["url"]
        restcomm = self.branches["boston"]
        self.restcomm.settings.numbers[restcomm.number].sms_url = callbacks[restcomm.sender]["url"]
        london = self.branches["london"]
        self.iovox.settings.voxnumbers[london.number] = Flow.from_xml(callbacks[london.sender]["paste"])

    def settings(self, port: int) -> dict[str, Any]:
        """Returns the settings file's content for a bot whose HTTP server uses this port."""
        branches = self.branches.values()
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
                "reconcile_seconds": 2.0,
            },
            "accounts": {branch.account: dict(branch.access) for branch in branches},
            "senders": {
                "leased": {"account": "fone", "address": "leased"},
                **{branch.sender: {"account": branch.account, "address": branch.number} for branch in branches},
            },
            "inboxes": {
                branch.name: {
                    "channel": self.channels[branch.name],
                    "senders": ["leased", branch.sender] if branch.leased else [branch.sender],
                    "default_region": branch.region,
                }
                for branch in branches
            },
        }

    def _branches(self) -> list[Branch]:
        """Returns the branches, once the providers have their addresses."""
        return [self._support(), self._sales(), self._london(), self._boston()]

    def _support(self) -> Branch:
        theirs = self.fone.settings
        access = {
            "provider": "fonedynamics",
            "account_sid": theirs.account_sid,
            "token": theirs.token,
            "property_sid": theirs.property_sid,
            "base_url": self.fone.base_url,
        }
        return Branch("support", self.fone, self.sydney, "sydney", "AU", "fone", access, leased=True)

    def _sales(self) -> Branch:
        theirs = self.io.settings
        access = {"provider": "iophone", "api_key": theirs.api_key, "base_url": self.io.base_url}
        return Branch("sales", self.io, theirs.numbers[0], "denver", "US", "io", access)

    def _london(self) -> Branch:
        theirs = self.iovox.settings
        access = {
            "provider": "iovox",
            "username": theirs.username,
            "secure_key": theirs.secure_key,
            "base_url": self.iovox.base_url,
        }
        return Branch("london", self.iovox, next(iter(theirs.voxnumbers)), "voxnumber", "GB", "iovox", access)

    def _boston(self) -> Branch:
        theirs = self.restcomm.settings
        access = {
            "provider": "restcomm",
            "account_sid": theirs.account_sid,
            "auth_token": theirs.auth_token,
            "base_url": self.restcomm.base_url,
            "prefix": "",
        }
        return Branch("boston", self.restcomm, next(iter(theirs.numbers)), "switchboard", "US", "restcomm", access)


def free_port() -> int:
    """Returns a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
