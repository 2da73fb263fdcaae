"""Writing messages: chat.postMessage, .update, .delete, .postEphemeral, .getPermalink."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.slack.blockkit import content
from sandbox.slack.errors import ApiError
from sandbox.slack.stamps import is_ts
from sandbox.slack.web_api.api import Asked, Method
from sandbox.slack.web_api.arguments import BOOLEAN, NEEDED, STRING, Argument

if TYPE_CHECKING:
    from sandbox.slack.errors import Json
    from sandbox.slack.store import Channel, Message

_CONTENT = {
    "channel": NEEDED,
    "text": STRING,
    "as_user": BOOLEAN,
    "attachments": Argument("array", error="invalid_attachments"),
    "blocks": Argument("array", error="invalid_blocks_format"),
    "link_names": BOOLEAN,
    "parse": STRING,
    "markdown_text": STRING,
}
_METADATA = {"metadata": Argument("object", error="invalid_metadata_format")}
_SYSTEM = ("channel_", "group_")
_LOOKS = {"icon_emoji": STRING, "icon_url": STRING, "username": STRING}


async def post_message(asked: Asked) -> Json:
    """Posts a message in a channel or a thread."""
    channel = _writable(asked)
    _check_looks(asked)
    data = content.of_app(asked.world.store, asked.args) | content.metadata_of(asked.args) | thread(asked, channel)
    asked.world.limits.check_post(channel.id)
    message = asked.world.store.add(channel, signed(asked, data))
    asked.events.posted(channel, message)
    if links := content.unfurled(asked.args, data):
        unfurl(asked, channel, message, links)
    return {"channel": channel.id, "ts": message.ts, "message": asked.world.store.wire(channel, message)}


async def update(asked: Asked) -> Json:
    """Edits the app's message. Blocks go if only a text is given; metadata stays unless new metadata is given."""
    channel, message = _own(asked, "ts", "cant_update_message")
    if len(asked.args.get("text", "")) > content.UPDATE_LIMIT:
        raise ApiError("msg_too_long")
    data = content.of_app(asked.world.store, asked.args) | content.metadata_of(asked.args)
    store = asked.world.store
    previous = store.wire(channel, message)
    for key in ("blocks", "attachments"):
        message.data.pop(key, None)
    message.data |= data | {"edited": {"user": store.bot.id, "ts": channel.stamps.next()}}
    asked.events.changed(channel, message, previous)
    wire = store.wire(channel, message)
    return {"channel": channel.id, "ts": message.ts, "text": wire.get("text", ""), "message": wire}


async def delete(asked: Asked) -> Json:
    """Deletes the app's message."""
    channel, message = _own(asked, "ts", "cant_delete_message")
    removed(asked, channel, message)
    return {"channel": channel.id, "ts": message.ts}


async def post_ephemeral(asked: Asked) -> Json:
    """Shows an ephemeral message to a user until they reload. It cannot be found, edited or deleted."""
    channel = _writable(asked)
    _check_looks(asked)
    user = asked.args["user"]
    if user not in asked.world.store.users or user not in channel.members:
        raise ApiError("user_not_in_channel")
    data = content.of_app(asked.world.store, asked.args) | thread(asked, channel)
    stamp = channel.stamps.next()
    shown = {**signed(asked, data), "type": "message", "subtype": "bot_message", "is_ephemeral": True, "ts": stamp}
    asked.world.store.ephemerals.append({"user": user, "channel": channel.id, "message": shown})
    asked.world.changes.announce()
    return {"message_ts": stamp}


async def get_permalink(asked: Asked) -> Json:
    """Returns a message's permalink."""
    channel = asked.channel()
    message = asked.world.store.message(channel, asked.args["message_ts"])
    return {"channel": channel.id, "permalink": asked.world.store.permalink(channel, message)}


def thread(asked: Asked, channel: Channel) -> Json:
    """Returns the thread of a new message, as a part of the message.

    A root that never existed gives `thread_not_found`; a reply or a system message as a root gives
    `cannot_reply_to_message`. The setting `gone_root` decides about a deleted root, because Slack does not document it.

    Raises:
        ApiError: as above; `invalid_arguments` if it is not a timestamp.
    """
    ts = asked.args.get("thread_ts")
    if not ts:
        return {}
    if not is_ts(ts):
        raise ApiError("invalid_arguments", "invalid timestamp [json-pointer:/thread_ts]")
    root = channel.messages.get(ts)
    if root is None:
        return _gone(asked, channel, ts)
    if root.root or root.data.get("subtype", "").startswith(_SYSTEM):
        raise ApiError("cannot_reply_to_message")
    body: Json = {"thread_ts": ts}
    if asked.args.get("reply_broadcast"):
        body |= {"subtype": "thread_broadcast", "root": asked.world.store.wire(channel, root)}
    return body


def signed(asked: Asked, data: Json) -> Json:
    """Returns the app's message with Slack's fields for its author."""
    store = asked.world.store
    return {
        "user": store.bot.id,
        "bot_id": store.bot.bot_id,
        "app_id": store.app_id,
        "team": store.team_id,
        "bot_profile": store.bot_profile(),
        **data,
    }


def removed(asked: Asked, channel: Channel, message: Message) -> None:
    """Deletes a message and sends the event; a root with replies becomes a tombstone."""
    store = asked.world.store
    previous = store.wire(channel, message)
    store.remove(channel, message)
    if message.is_tombstone:
        asked.events.changed(channel, message, previous)
    else:
        asked.events.deleted(channel, message.ts, previous)


def unfurl(asked: Asked, channel: Channel, message: Message, links: list[str]) -> None:
    """Adds previews a little later, with a `message_changed` without `edited`."""
    if not asked.world.settings.unfurl:
        return
    asked.world.spawn(asked.events.preview(channel, message, links))


def _writable(asked: Asked) -> Channel:
    channel = asked.joined()
    if channel.is_archived:
        raise ApiError("is_archived")
    if asked.args.get("as_user"):
        raise ApiError("as_user_not_supported")
    return channel


def _check_looks(asked: Asked) -> None:
    if any(asked.args.get(name) for name in _LOOKS):
        asked.need("chat:write.customize")


def _gone(asked: Asked, channel: Channel, ts: str) -> Json:
    how = asked.world.settings.gone_root
    if ts not in channel.gone_roots or how == "error":
        raise ApiError("thread_not_found")
    if how == "top_level":
        return {}
    asked.world.store.bury(channel, ts)
    return {"thread_ts": ts}


def _own(asked: Asked, name: str, refusal: str) -> tuple[Channel, Message]:
    channel = asked.joined()
    message = asked.world.store.message(channel, asked.args[name])
    if message.data.get("bot_id") != asked.world.store.bot.bot_id:
        raise ApiError(refusal)
    if channel.is_archived:
        raise ApiError("is_archived")
    return channel, message


METHODS = {
    "chat.postMessage": Method(
        post_message,
        {
            **_CONTENT,
            **_METADATA,
            **_LOOKS,
            "mrkdwn": BOOLEAN,
            "reply_broadcast": BOOLEAN,
            "thread_ts": STRING,
            "unfurl_links": BOOLEAN,
            "unfurl_media": BOOLEAN,
        },
        "chat:write",
    ),
    "chat.update": Method(update, {**_CONTENT, **_METADATA, "ts": NEEDED}, "chat:write", 3),
    "chat.delete": Method(delete, {"channel": NEEDED, "ts": NEEDED, "as_user": BOOLEAN}, "chat:write", 3),
    "chat.postEphemeral": Method(
        post_ephemeral, {**_CONTENT, **_LOOKS, "user": NEEDED, "thread_ts": STRING}, "chat:write", 4
    ),
    "chat.getPermalink": Method(get_permalink, {"channel": NEEDED, "message_ts": NEEDED}),
}
