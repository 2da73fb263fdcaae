"""Builds the event for each change: https://docs.slack.dev/reference/events."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sandbox.slack.identifiers import Timestamps

if TYPE_CHECKING:
    from sandbox.slack.delivery.deliveries import Deliveries
    from sandbox.slack.errors import Json
    from sandbox.slack.store import Channel, Message
    from sandbox.slack.world import World


PREVIEW_SECONDS = 0.05


class Events:
    """Builds events and sends those that the app subscribed to and may see."""

    def __init__(self, world: World, deliveries: Deliveries) -> None:
        self._world = world
        self._deliveries = deliveries
        self._stamps = Timestamps()

    def emit(self, event: Json, channel: Channel | None = None) -> None:
        """Sends an event if the app subscribed to it, and announces the change in any case."""
        kind = event["type"]
        if kind == "message" and channel is not None:
            kind = "message.groups" if channel.is_private else "message.channels"
        is_visible = channel is None or self._sees(kind, channel)
        if kind in self._world.settings.subscriptions and is_visible:
            self._deliveries.send(event, is_shared=channel is not None and channel.is_shared)
        self._world.changes.announce()

    def posted(self, channel: Channel, message: Message) -> None:
        """Sends the event for a new message; for a reply, also the change of its root."""
        wire = self._world.store.wire(channel, message, metadata=False)
        self.emit(self._in(channel, {**wire, "event_ts": message.ts}), channel)
        if message.root:
            self._replied(channel, channel.messages[message.root])

    def changed(self, channel: Channel, message: Message, previous: Json) -> None:
        """Sends `message_changed` for an edit, an unfurl or a tombstone. Only an edit has `edited` in its message."""
        wire = self._world.store.wire(channel, message, metadata=False)
        body = {"type": "message", "subtype": "message_changed", "message": wire, "previous_message": previous}
        self._hidden(channel, body)

    def deleted(self, channel: Channel, ts: str, previous: Json) -> None:
        """Sends `message_deleted`."""
        body = {"type": "message", "subtype": "message_deleted", "previous_message": previous, "deleted_ts": ts}
        self._hidden(channel, body)

    def membership(self, channel: Channel, user: str, *, joined: bool) -> None:
        """Sends the event for a user who joined or left."""
        kind = "member_joined_channel" if joined else "member_left_channel"
        letter = "G" if channel.is_private else "C"
        event = {"type": kind, "user": user, "channel": channel.id, "channel_type": letter}
        self.emit({**event, "team": self._world.store.team_id, "event_ts": self._stamps.next()}, channel)

    def channel(self, what: str, channel: Channel, **more: Any) -> None:
        """Sends a channel's event: `what` is "archive", "unarchive", "rename", "deleted", "left" and so on."""
        prefix = "group" if channel.is_private else "channel"
        event = {"type": f"{prefix}_{what}", "channel": channel.id, "event_ts": self._stamps.next(), **more}
        self.emit(event, channel if what not in ("left", "deleted") else None)

    def renamed(self, channel: Channel, body: Json) -> None:
        """Sends the event for a renamed channel, in which `channel` is an object."""
        prefix = "group" if channel.is_private else "channel"
        self.emit({"type": f"{prefix}_rename", "channel": body, "event_ts": self._stamps.next()}, channel)

    def plain(self, kind: str, **fields: Any) -> None:
        """Sends an event that belongs to no channel."""
        self.emit({"type": kind, **fields, "event_ts": self._stamps.next()})

    async def preview(self, channel: Channel, message: Message, links: list[str]) -> None:
        """Unfurls links: adds attachments to the message and sends a `message_changed` without `edited`."""
        await asyncio.sleep(PREVIEW_SECONDS)
        if channel.messages.get(message.ts) is not message or message.is_tombstone:
            return
        previous = self._world.store.wire(channel, message)
        shown = [
            {"id": index + 1, "from_url": link, "title": link, "fallback": link} for index, link in enumerate(links)
        ]
        message.data["attachments"] = [*message.data.get("attachments", []), *shown]
        self.changed(channel, message, previous)

    def _replied(self, channel: Channel, root: Message) -> None:
        wire = self._world.store.wire(channel, root)
        if len(root.replies) == 1 and not root.is_tombstone:
            previous = {key: value for key, value in wire.items() if key in root.data and key != "thread_ts"}
            self.changed(channel, root, previous)
        # Slack's own documents call this a bug: the event should have the subtype `message_replied`, and has none.
        self._hidden(channel, {"type": "message", "message": wire, "thread_ts": root.ts})

    def _hidden(self, channel: Channel, body: Json) -> None:
        stamp = channel.stamps.next()
        self.emit(self._in(channel, {**body, "hidden": True, "ts": stamp, "event_ts": stamp}), channel)

    def _in(self, channel: Channel, body: Json) -> Json:
        return {**body, "channel": channel.id, "channel_type": channel.kind}

    def _sees(self, kind: str, channel: Channel) -> bool:
        return self._world.store.bot.id in channel.members or not (kind.startswith("message") or channel.is_private)
