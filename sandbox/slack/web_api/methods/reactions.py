"""Reactions: reactions.add and reactions.remove."""

from __future__ import annotations

from typing import TYPE_CHECKING

import emoji

from sandbox.slack.errors import ApiError
from sandbox.slack.web_api.api import Asked, Method
from sandbox.slack.web_api.arguments import NEEDED, STRING

if TYPE_CHECKING:
    from sandbox.slack.errors import Json
    from sandbox.slack.store import Channel, Message, Store

MOST_KINDS = 23  # different emoji per app and message
MOST_ON_MESSAGE = 50


async def add(asked: Asked) -> Json:
    """Adds the app's reaction to a message."""
    channel, message, name = _target(asked)
    user = asked.world.store.bot.id
    marks: list[Json] = message.data.setdefault("reactions", [])
    mark = next((one for one in marks if one["name"] == name), None)
    if mark is not None and user in mark["users"]:
        raise ApiError("already_reacted")
    if sum(user in one["users"] for one in marks) >= MOST_KINDS:
        raise ApiError("too_many_emoji")
    if len(marks) >= MOST_ON_MESSAGE:
        raise ApiError("too_many_reactions")
    mark_with(marks, name, user)
    _say(asked, "reaction_added", channel, message, name)
    return {}


async def remove(asked: Asked) -> Json:
    """Removes the app's reaction."""
    channel, message, name = _target(asked)
    user = asked.world.store.bot.id
    marks: list[Json] = message.data.get("reactions", [])
    mark = next((one for one in marks if one["name"] == name and user in one["users"]), None)
    if mark is None:
        raise ApiError("no_reaction")
    mark["users"].remove(user)
    mark["count"] -= 1
    message.data["reactions"] = [one for one in marks if one["count"]]
    _say(asked, "reaction_removed", channel, message, name)
    return {}


def mark_with(marks: list[Json], name: str, user: str) -> None:
    """Adds a user's reaction to the others."""
    for mark in marks:
        if mark["name"] == name:
            mark["users"].append(user)
            mark["count"] += 1
            return
    marks.append({"name": name, "users": [user], "count": 1})


def is_emoji(store: Store, name: str) -> bool:
    """Returns True if the workspace has an emoji with this name."""
    bare = name.partition("::")[0]
    return bare in store.custom_emoji or emoji.emojize(f":{bare}:", language="alias") != f":{bare}:"


def _target(asked: Asked) -> tuple[Channel, Message, str]:
    channel = asked.joined()
    if channel.is_archived:
        raise ApiError("is_archived")
    name = asked.args["name"].strip(":")
    if not is_emoji(asked.world.store, name):
        raise ApiError("invalid_name")
    return channel, asked.world.store.message(channel, asked.args["timestamp"]), name


def _say(asked: Asked, kind: str, channel: Channel, message: Message, name: str) -> None:
    asked.events.plain(
        kind,
        user=asked.world.store.bot.id,
        reaction=name,
        item={"type": "message", "channel": channel.id, "ts": message.ts},
        item_user=message.data.get("user", ""),
    )


_ARGS = {"channel": NEEDED, "name": NEEDED, "timestamp": NEEDED}
METHODS = {
    "reactions.add": Method(add, _ARGS, "reactions:write", 3),
    "reactions.remove": Method(remove, {**_ARGS, "file": STRING, "file_comment": STRING}, "reactions:write", 2),
}
