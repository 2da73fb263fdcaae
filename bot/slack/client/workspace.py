"""The objects that parts of the bot need for one Slack workspace, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.settings.model import Settings
    from bot.slack.client.api import SlackApi
    from bot.slack.client.users import Users
    from bot.telemetry.metrics import Metrics
    from providers.provider import Provider
    from storage.engine.database import Database
    from storage.tables.identity import Identity
    from storage.tables.intake import Appender


@dataclass(frozen=True, slots=True)
class Workspace:
    """One workspace.

    Attributes:
        settings: the settings.
        database: the open database.
        appender: appends to the intake, before we acknowledge.
        providers: by account name.
        slack: the Web API.
        users: the users in Slack, and their rights.
        metrics: counters.
        identity: the bot's own in Slack.
    """

    settings: Settings
    database: Database
    appender: Appender
    providers: Mapping[str, Provider]
    slack: SlackApi
    users: Users
    metrics: Metrics
    identity: Identity

    @property
    def team(self) -> str:
        """The workspace's id."""
        return self.identity.team
