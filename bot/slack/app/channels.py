"""What becomes of the channels of our inboxes and of the alerts: archived, left, deleted, renamed, or there again.

Slack says some of it as events of their own and some as notices in the channel; one of the two is taken for each.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bot.conversations import entries
from bot.conversations.entries import ChannelChange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_bolt.async_app import AsyncApp

    from bot.slack.client.workspace import Workspace
    from storage.tables.intake import Arrival


# The notices that are events of no other kind for certain (docs.slack.dev, events/message): subtype to what became.
NOTICES = {
    "channel_archive": "archived",
    "group_archive": "archived",
    "channel_unarchive": "opened",
    "group_unarchive": "opened",
}


class Channels:
    """The listeners for what becomes of channels.

    Args:
        workspace: the workspace.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._appender = workspace.appender
        self._settings = workspace.settings
        self._identity = workspace.identity

    def listen(self, app: AsyncApp) -> None:
        """Takes the events, for public channels and for private ones."""
        app.event("channel_left")(self.left)
        app.event("group_left")(self.left)
        app.event("channel_deleted")(self.deleted)
        app.event("group_deleted")(self.deleted)
        app.event("channel_rename")(self.renamed)
        app.event("group_rename")(self.renamed)
        app.event("channel_id_changed")(self.moved)
        app.event("member_joined_channel")(self.joined)

    async def left(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        """The app was removed from a channel."""
        await self._take(body, event["channel"], "left")

    async def deleted(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        """A channel was deleted for good."""
        await self._take(body, event["channel"], "deleted")

    async def renamed(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        """A channel has another name; the event holds an object where others hold an id."""
        await self._take(body, event["channel"]["id"], "renamed", name=event["channel"]["name"])

    async def moved(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        """A channel has another id, as sharing it with another company can bring about."""
        await self._take(body, event["old_channel_id"], "moved", now=event["new_channel_id"])

    async def joined(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        """Somebody came into a channel: only our own coming opens it for us."""
        if event["user"] == self._identity.bot_user:
            await self._take(body, event["channel"], "opened")

    async def _take(self, body: Mapping[str, Any], channel: str, became: str, **more: str) -> None:
        if self._settings.is_ours(channel):
            await self._appender.append(arrival(self._identity.team, body, channel, became, **more))


def arrival(team: str, body: Mapping[str, Any], channel: str, became: str, **more: str) -> Arrival:
    """What became of a channel, as the intake keeps it."""
    key = f"{team}:{channel}:{became}:{body['event']['event_ts']}"
    change = ChannelChange(team, channel, became, **more)
    return entries.arrival("slack", change, key, body=json.dumps(body).encode())
