"""Changes of our channels, for inboxes and alerts: archived, left, deleted, renamed, moved, or open again.

Slack reports some changes as events and some as notices in the channel. We use one of the two for each change.
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


# Notices by subtype (docs.slack.dev, events/message): only for these changes an event of their own is not certain.
NOTICES = {
    "channel_archive": "archived",
    "group_archive": "archived",
    "channel_unarchive": "opened",
    "group_unarchive": "opened",
}


class Channels:
    """The listeners for changes of channels.

    Args:
        workspace: the workspace.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._appender = workspace.appender
        self._settings = workspace.settings
        self._identity = workspace.identity

    def listen(self, app: AsyncApp) -> None:
        """Registers the listeners, for public and private channels."""
        app.event("channel_left")(self.left)
        app.event("group_left")(self.left)
        app.event("channel_deleted")(self.deleted)
        app.event("group_deleted")(self.deleted)
        app.event("channel_rename")(self.renamed)
        app.event("group_rename")(self.renamed)
        app.event("channel_id_changed")(self.moved)
        app.event("member_joined_channel")(self.joined)

    async def left(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        """Stores that the app was removed from a channel."""
        await self._store(body, event["channel"], "left")

    async def deleted(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        """Stores that a channel was deleted for good."""
        await self._store(body, event["channel"], "deleted")

    async def renamed(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        """Stores a channel's new name. The event has an object in place of the id."""
        await self._store(body, event["channel"]["id"], "renamed", name=event["channel"]["name"])

    async def moved(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        """Stores a channel's new id. A channel gets one when another organisation shares it, for example."""
        await self._store(body, event["old_channel_id"], "moved", now=event["new_channel_id"])

    async def joined(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        """Stores that the app joined a channel; other people joining changes nothing."""
        if event["user"] == self._identity.bot_user:
            await self._store(body, event["channel"], "opened")

    async def _store(self, body: Mapping[str, Any], channel: str, became: str, **more: str) -> None:
        if self._settings.is_ours(channel):
            await self._appender.append(arrival(self._identity.team, body, channel, became, **more))


def arrival(team: str, body: Mapping[str, Any], channel: str, became: str, **more: str) -> Arrival:
    """Returns the change of a channel as an entry for the intake."""
    key = f"{team}:{channel}:{became}:{body['event']['event_ts']}"
    change = ChannelChange(team, channel, became, **more)
    return entries.arrival("slack", change, key, body=json.dumps(body).encode())
