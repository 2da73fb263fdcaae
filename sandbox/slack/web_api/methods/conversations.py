"""Reads channels: conversations.history, .replies, .info and users.conversations."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.slack import api_objects
from sandbox.slack.errors import ApiError
from sandbox.slack.identifiers import is_bound, order
from sandbox.slack.web_api.api import Method, MethodCall
from sandbox.slack.web_api.arguments import BOOLEAN, INTEGER, NEEDED, STRING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.slack.errors import Json
    from sandbox.slack.store import Channel, Message

MOST = 999
HISTORY_DEFAULT = 100
REPLIES_DEFAULT = 1000
CHANNELS_DEFAULT = 100
_PAGED = {
    "channel": NEEDED,
    "cursor": STRING,
    "inclusive": BOOLEAN,
    "include_all_metadata": BOOLEAN,
    "limit": INTEGER,
    "latest": STRING,
    "oldest": STRING,
}


async def history(call: MethodCall) -> Json:
    """Returns a channel's messages, newest first; replies only if they were also sent to the channel."""
    channel = call.joined("history")
    shown = [one for one in _within(channel.messages.values(), call.args) if _is_top_level(one)]
    shown.sort(key=lambda one: order(one.ts), reverse=True)
    page = _page(call, channel, shown, _limit(call, HISTORY_DEFAULT))
    return {**page, "pin_count": 0, "channel_actions_ts": None, "channel_actions_count": 0}


async def replies(call: MethodCall) -> Json:
    """Returns a thread, oldest first; its root begins every page."""
    channel = call.joined("history")
    root = channel.messages.get(call.args["ts"])
    if root is None:
        raise ApiError("thread_not_found")
    below = [channel.messages[ts] for ts in sorted(root.replies, key=order)]
    page = _page(call, channel, _within(below, call.args), _limit(call, REPLIES_DEFAULT) - 1)
    top = call.world.store.wire(channel, root, metadata=bool(call.args.get("include_all_metadata")))
    return {**page, "messages": [top, *page["messages"]]}


async def info(call: MethodCall) -> Json:
    """Returns a channel."""
    channel = call.channel("read")
    wanted = bool(call.args.get("include_num_members"))
    return {"channel": api_objects.channel(channel, call.world.store, num_members=wanted)}


async def users_conversations(call: MethodCall) -> Json:
    """Returns the channels of a user, by default of the app."""
    store = call.world.store
    user = call.args.get("user", store.bot.id)
    if user not in store.users:
        raise ApiError("user_not_found")
    kinds = [kind.strip() for kind in call.args.get("types", "public_channel").split(",")]
    _check_kinds(call, kinds)
    mine = [one for one in store.channels.values() if user in one.members and _is_listed(call, one, kinds)]
    start, limit = _offset(call), _limit(call, CHANNELS_DEFAULT)
    shown = [api_objects.channel(one, store) for one in mine[start : start + limit]]
    cursor = _cursor(start + limit) if start + limit < len(mine) else ""
    return {"channels": shown, "response_metadata": {"next_cursor": cursor}}


def _check_kinds(call: MethodCall, kinds: list[str]) -> None:
    scopes = {"public_channel": "channels:read", "private_channel": "groups:read", "mpim": "mpim:read", "im": "im:read"}
    for kind in kinds:
        if kind not in scopes:
            raise ApiError("invalid_types")
        call.need(scopes[kind])


def _is_listed(call: MethodCall, channel: Channel, kinds: list[str]) -> bool:
    if channel.is_archived and call.args.get("exclude_archived"):
        return False
    if channel.is_private and call.world.store.bot.id not in channel.members:
        return False
    return ("private_channel" if channel.is_private else "public_channel") in kinds


def _is_top_level(message: Message) -> bool:
    return message.root is None or message.data.get("subtype") == "thread_broadcast"


def _within(messages: Iterable[Message], args: Json) -> list[Message]:
    oldest = _bound(args, "oldest", Decimal(0))
    latest = _bound(args, "latest", Decimal("Infinity"))
    found = list(messages)
    if args.get("inclusive"):
        return [one for one in found if oldest <= order(one.ts) <= latest]
    return [one for one in found if oldest < order(one.ts) < latest]


def _bound(args: Json, name: str, default: Decimal) -> Decimal:
    value = args.get(name)
    if not value:
        return default
    if not is_bound(value):
        raise ApiError(f"invalid_ts_{name}")
    return order(value)


def _limit(call: MethodCall, default: int) -> int:
    limit = int(call.args.get("limit", default) or default)
    most = max(MOST, default)
    if not 1 <= limit <= most:
        raise ApiError("invalid_limit")
    return limit


def _cursor(offset: int | str) -> str:
    return base64.b64encode(f"next:{offset}".encode()).decode()


def _offset(call: MethodCall) -> int:
    value = _read_cursor(call)
    return int(value) if value else 0


def _read_cursor(call: MethodCall) -> str:
    cursor: str = call.args.get("cursor", "")
    try:
        kind, _, value = base64.b64decode(cursor, validate=True).decode().partition(":")
    except ValueError:
        raise ApiError("invalid_cursor") from None
    if cursor and (kind != "next" or not value.replace(".", "").isdigit()):
        raise ApiError("invalid_cursor")
    return value


def _from_cursor(call: MethodCall, shown: list[Message]) -> list[Message]:
    cursor = _read_cursor(call)
    if not cursor or not shown:
        return shown
    at, newest_first = order(cursor), order(shown[0].ts) > order(shown[-1].ts)
    return [one for one in shown if (order(one.ts) <= at if newest_first else order(one.ts) >= at)]


def _page(call: MethodCall, channel: Channel, shown: list[Message], limit: int) -> Json:
    shown = _from_cursor(call, shown)
    page, rest = shown[: max(1, limit)], shown[max(1, limit) :]
    full = bool(call.args.get("include_all_metadata"))
    body: Json = {
        "messages": [call.world.store.wire(channel, one, metadata=full) for one in page],
        "has_more": bool(rest),
    }
    return body | {"response_metadata": {"next_cursor": _cursor(rest[0].ts)}} if rest else body


METHODS = {
    "conversations.history": Method(history, _PAGED, tier=3),
    "conversations.replies": Method(replies, {**_PAGED, "ts": NEEDED}, tier=3),
    "conversations.info": Method(
        info, {"channel": NEEDED, "include_locale": BOOLEAN, "include_num_members": BOOLEAN}, tier=3
    ),
    "users.conversations": Method(
        users_conversations,
        {
            "cursor": STRING,
            "exclude_archived": BOOLEAN,
            "limit": INTEGER,
            "team_id": STRING,
            "types": STRING,
            "user": STRING,
        },
        tier=3,
    ),
}
