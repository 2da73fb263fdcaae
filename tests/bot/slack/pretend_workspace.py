"""The bot's workspace with the real Slack client, connected to the simulated Slack, at the time of the test."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.settings.model import Settings
from bot.slack.client.api import SlackApi, open_client, open_session
from bot.slack.client.rate_limit import RateLimits
from bot.slack.client.users import Users
from bot.slack.client.workspace import Workspace
from bot.telemetry.metrics import Metrics
from providers.provider import Features
from sandbox import slack as sandbox
from storage.tables.identity import Identity
from storage.tables.intake import Appender
from tests.bot.installation import changed
from tests.bot.pretend_provider import PretendProvider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage.engine.database import Database

URL = "https://acme.slack.com/"


@dataclass(frozen=True, slots=True)
class Connected:
    """A workspace with the channels "support" and "alerts", and Anna in both.

    Attributes:
        slack: the simulated Slack.
        workspace: the bot's side of it.
        rate_limits: of the bot's calls.
        fone: the provider of the inbox's senders.
    """

    slack: sandbox.Workspace
    workspace: Workspace
    rate_limits: RateLimits
    fone: PretendProvider
    support: str
    alerts: str
    anna: str

    def called(self, method: str) -> int:
        """Returns how often the bot called this method."""
        return sum(call.method == method for call in self.slack.calls)


@asynccontextmanager
async def connected(database: Database, **changes: Any) -> AsyncIterator[Connected]:
    """Starts a simulated Slack and connects to it.

    Args:
        database: open.
        changes: of the settings, as `installation.changed` takes them.
    """
    options: dict[str, Any] = {"posts_per_second": None, "tier_scale": None, "time_scale": 0.01}
    async with sandbox.Workspace(**options) as slack, open_session(15.0) as session:
        support, alerts, anna = slack.add_channel("support"), slack.add_channel("alerts"), slack.add_user("anna")
        fone = PretendProvider("Fone Dynamics", Features(receipts=True, inbound=True))
        settings = _settings(slack, support, alerts, changes)
        rate_limits = RateLimits(database, settings.slack)
        api = SlackApi(open_client(settings.slack, session), rate_limits)
        who = Identity(slack.team_id, slack.bot_id, slack.bot_user_id, URL)
        providers: Any = {"fone": fone, "rental": PretendProvider("IO Phone")}
        users, appender = Users(database, api, who), Appender(database)
        workspace = Workspace(settings, database, appender, providers, api, users, Metrics(), who)
        yield Connected(slack, workspace, rate_limits, fone, support, alerts, anna)


def _settings(slack: sandbox.Workspace, support: str, alerts: str, changes: dict[str, Any]) -> Settings:
    usual: dict[str, Any] = {
        "slack__bot_token": slack.bot_token,
        "slack__app_token": slack.app_token,
        "slack__api_url": slack.api_url,
        "slack__alert_channel": alerts,
        "slack__posts_per_second": 1000.0,
        "slack__posts_per_minute": 60_000.0,
        "inboxes__support__channel": support,
        "inboxes__support__senders": ["sydney"],
    }
    return Settings(**changed(**usual | changes))
