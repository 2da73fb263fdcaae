"""The workspace's data: users, channels, messages, files, views. It has no rules and causes no traffic."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.errors import ApiError, Json
from sandbox.slack.identifiers import Timestamps, new_id, new_key, order


@dataclass
class User:
    """A member, a guest, a bot, or a stranger from another organization's workspace."""

    id: str
    name: str
    team_id: str
    real_name: str = ""
    is_bot: bool = False
    is_guest: bool = False
    is_stranger: bool = False
    deleted: bool = False
    bot_id: str = ""
    tz: str = "Australia/Sydney"
    teams: tuple[str, ...] = ()  # of an Enterprise Grid, the workspaces that they belong to
    updated: int = field(default_factory=lambda: int(time.time()))


@dataclass
class Message:
    """One message of a channel.

    `data` holds what does not depend on other messages; `replies` has the timestamps of a root's replies.
    """

    data: Json = field(repr=False)
    replies: list[str] = field(default_factory=list)
    is_tombstone: bool = False

    @property
    def ts(self) -> str:
        """Its key within the channel."""
        return str(self.data["ts"])

    @property
    def root(self) -> str | None:
        """The root of its thread if it is a reply, or None."""
        thread = self.data.get("thread_ts")
        return str(thread) if thread and thread != self.ts else None


@dataclass
class Channel:
    """A channel and its messages, oldest first."""

    id: str
    name: str
    is_private: bool
    members: set[str] = field(default_factory=set)
    is_archived: bool = False
    is_shared: bool = False
    creator: str = ""
    created: int = field(default_factory=lambda: int(time.time()))
    messages: dict[str, Message] = field(default_factory=dict, repr=False)
    gone_roots: set[str] = field(default_factory=set)
    stamps: Timestamps = field(default_factory=Timestamps)
    previous_names: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """The value of `channel_type` in events."""
        return "group" if self.is_private else "channel"


@dataclass
class File:
    """An upload: known from the request for its URL on, shared later or never."""

    id: str
    name: str
    length: int
    user: str
    upload_key: str = field(repr=False)
    content: bytes | None = field(default=None, repr=False)
    title: str = ""
    mimetype: str = "application/octet-stream"
    alt_txt: str = ""
    completed: bool = False
    created: int = field(default_factory=lambda: int(time.time()))
    shares: dict[str, dict[str, list[Json]]] = field(default_factory=dict)
    channels: list[str] = field(default_factory=list)
    external_url: str = ""
    thumbs: dict[int, bytes] = field(default_factory=dict, repr=False)
    deleted: bool = False
    mode: str = ""  # "quip" for a canvas, "list", "post"; empty for a file


@dataclass
class View:
    """A modal or a Home tab, with its user's input so far."""

    id: str
    user: str
    data: Json = field(repr=False)
    hash: str
    root: str
    previous: str | None = None
    channel: str = ""
    values: dict[str, dict[str, Json]] = field(default_factory=dict, repr=False)
    is_closed: bool = False


@dataclass
class UserGroup:
    """A group of users that can be mentioned together."""

    id: str
    handle: str
    name: str
    users: list[str]
    is_enabled: bool = True


class Store:
    """All data of a workspace, in memory."""

    def __init__(self, base_url: str = "") -> None:
        self.base_url = base_url
        self.team_id = new_id("T")
        self.team_name = "Sandbox"
        self.domain = "sandbox"
        self.app_id = new_id("A")
        self.app_name = "threadline"
        self.verification_token = new_key()
        self.bot = User(new_id("U"), "threadline", self.team_id, "threadline", is_bot=True, bot_id=new_id("B"))
        self.users: dict[str, User] = {self.bot.id: self.bot}
        self.slackbot = User("USLACKBOT", "slackbot", self.team_id, "Slackbot")  # in no channel, and not "is_bot"
        self.hidden_users: dict[str, str] = {}  # the error that users.info answers, by user
        self.enterprise_id = ""  # of the Enterprise Grid, if the workspace belongs to one
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.views: dict[str, View] = {}
        self.modals: dict[str, list[str]] = {}
        self.homes: dict[str, str] = {}
        self.groups: dict[str, UserGroup] = {}
        self.ephemerals: list[Json] = []
        self.custom_emoji: set[str] = set()

    def channel(self, channel_id: str) -> Channel:
        """Returns the channel with this id.

        Raises:
            ApiError: `channel_not_found`.
        """
        found = self.channels.get(channel_id)
        if found is None:
            raise ApiError("channel_not_found")
        return found

    def message(self, channel: Channel, ts: str) -> Message:
        """Returns the message with this timestamp, unless it is deleted.

        Raises:
            ApiError: `message_not_found`.
        """
        found = channel.messages.get(ts)
        if found is None or found.is_tombstone:
            raise ApiError("message_not_found")
        return found

    def add(self, channel: Channel, data: Json) -> Message:
        """Adds a message to a channel, and to its root if it is a reply."""
        message = Message({**data, "type": "message", "ts": channel.stamps.next()})
        channel.messages[message.ts] = message
        if message.root:
            channel.messages[message.root].replies.append(message.ts)
        return message

    def remove(self, channel: Channel, message: Message) -> None:
        """Removes a message; a root with replies stays as a tombstone until the last of them is gone."""
        if message.replies:
            message.is_tombstone = True
            return
        del channel.messages[message.ts]
        if message.root is None:
            channel.gone_roots.add(message.ts)
            return
        root = channel.messages[message.root]
        root.replies.remove(message.ts)
        if root.is_tombstone and not root.replies:
            del channel.messages[root.ts]
            channel.gone_roots.add(root.ts)

    def bury(self, channel: Channel, ts: str) -> None:
        """Puts a tombstone in place of a deleted root, so that a reply can refer to it."""
        message = Message({"type": "message", "ts": ts}, is_tombstone=True)
        channel.gone_roots.discard(ts)
        channel.messages[ts] = message

    def wire(self, channel: Channel, message: Message, *, metadata: bool = True) -> Json:
        """Returns the message as Slack shows it now: with its thread's counters, or as a tombstone."""
        data = self._tombstone(message) if message.is_tombstone else copy.deepcopy(message.data)
        if message.root and message.root in channel.messages:
            data["parent_user_id"] = channel.messages[message.root].data.get("user", "USLACKBOT")
        if message.replies:
            data |= self._counters(channel, message)
        if not metadata and "metadata" in data:
            data["metadata"] = {"event_type": data["metadata"]["event_type"]}
        return data

    def _tombstone(self, message: Message) -> Json:
        text = "This message was deleted."
        return {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "text": text, "hidden": True} | {
            "ts": message.ts,
            "thread_ts": message.ts,
        }

    def _counters(self, channel: Channel, message: Message) -> Json:
        authors = [channel.messages[ts].data.get("user", "") for ts in message.replies]
        users = list(dict.fromkeys(authors))
        return {
            "thread_ts": message.ts,
            "reply_count": len(message.replies),
            "reply_users_count": len(users),
            "latest_reply": max(message.replies, key=order),
            "reply_users": users[:5],
            "is_locked": False,
            "subscribed": message.data.get("user") == self.bot.id,
        }

    def bot_profile(self) -> Json:
        """Returns the app's profile, which each of its messages carries."""
        return {
            "id": self.bot.bot_id,
            "app_id": self.app_id,
            "user_id": self.bot.id,
            "name": self.app_name,
            "icons": {"image_36": f"{self.base_url}/icon.png"},
            "deleted": False,
            "updated": self.bot.updated,
            "team_id": self.team_id,
        }

    def permalink(self, channel: Channel, message: Message) -> str:
        """Returns the message's permalink."""
        link = f"https://{self.domain}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
        return f"{link}?thread_ts={message.root}&cid={channel.id}" if message.root else link

    def names(self, **how: Any) -> dict[str, Any]:
        """Returns the arguments for `typed.Names` in this workspace."""
        users = {user.name: user.id for user in self.users.values()}
        channels = {channel.name: channel.id for channel in self.channels.values()}
        return {"users": users, "channels": channels, "custom": frozenset(self.custom_emoji), **how}
