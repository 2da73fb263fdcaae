"""Reactions: reactions.add and reactions.remove."""

from __future__ import annotations

from typing import TYPE_CHECKING

import emoji

from sandbox.slack.errors import ApiError
from sandbox.slack.web_api.api import Method, MethodCall
from sandbox.slack.web_api.arguments import NEEDED, STRING

if TYPE_CHECKING:
    from sandbox.slack.errors import Json
    from sandbox.slack.store import Channel, Message, Store

MOST_KINDS = 23  # different emoji per app and message
MOST_ON_MESSAGE = 50


async def add(call: MethodCall) -> Json:
    """Adds the app's reaction to a message."""
    channel, message, name = _target(call)
    user = call.world.store.bot.id
    marks: list[Json] = message.data.setdefault("reactions", [])
    mark = next((one for one in marks if one["name"] == name), None)
    if mark is not None and user in mark["users"]:
        raise ApiError("already_reacted")
    if sum(user in one["users"] for one in marks) >= MOST_KINDS:
        raise ApiError("too_many_emoji")
    if len(marks) >= MOST_ON_MESSAGE:
        raise ApiError("too_many_reactions")
    mark_with(marks, name, user)
    _say(call, "reaction_added", channel, message, name)
    return {}


async def remove(call: MethodCall) -> Json:
    """Removes the app's reaction."""
    channel, message, name = _target(call)
    user = call.world.store.bot.id
    marks: list[Json] = message.data.get("reactions", [])
    mark = next((one for one in marks if one["name"] == name and user in one["users"]), None)
    if mark is None:
        raise ApiError("no_reaction")
    mark["users"].remove(user)
    mark["count"] -= 1
    message.data["reactions"] = [one for one in marks if one["count"]]
    _say(call, "reaction_removed", channel, message, name)
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


def _target(call: MethodCall) -> tuple[Channel, Message, str]:
    channel = call.joined()
    if channel.is_archived:
        raise ApiError("is_archived")
    name = call.args["name"].strip(":")
    if not is_emoji(call.world.store, name):
        raise ApiError("invalid_name")
    return channel, call.world.store.message(channel, call.args["timestamp"]), name


def _say(call: MethodCall, kind: str, channel: Channel, message: Message, name: str) -> None:
    call.events.plain(
        kind,
        user=call.world.store.bot.id,
        reaction=name,
        item={"type": "message", "channel": channel.id, "ts": message.ts},
        item_user=message.data.get("user", ""),
    )


_ARGS = {"channel": NEEDED, "name": NEEDED, "timestamp": NEEDED}
METHODS = {
    "reactions.add": Method(add, _ARGS, "reactions:write", 3),
    "reactions.remove": Method(remove, {**_ARGS, "file": STRING, "file_comment": STRING}, "reactions:write", 2),
}
