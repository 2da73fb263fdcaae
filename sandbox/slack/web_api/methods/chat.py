"""Writing messages: chat.postMessage, .update, .delete, .postEphemeral, .getPermalink."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.slack.blockkit import content
from sandbox.slack.errors import ApiError
from sandbox.slack.identifiers import is_ts
from sandbox.slack.web_api.api import Method, MethodCall
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


async def post_message(call: MethodCall) -> Json:
    """Posts a message in a channel or a thread."""
    channel = _writable(call)
    _check_looks(call)
    data = content.of_app(call.world.store, call.args) | content.metadata_of(call.args) | thread(call, channel)
    call.world.limits.check_post(channel.id)
    message = call.world.store.add(channel, signed(call, data))
    call.events.posted(channel, message)
    if links := content.unfurled(call.args, data):
        unfurl(call, channel, message, links)
    return {"channel": channel.id, "ts": message.ts, "message": call.world.store.wire(channel, message)}


async def update(call: MethodCall) -> Json:
    """Edits the app's message. Blocks go if only a text is given; metadata stays unless new metadata is given."""
    channel, message = _own(call, "ts", "cant_update_message")
    if len(call.args.get("text", "")) > content.UPDATE_LIMIT:
        raise ApiError("msg_too_long")
    data = content.of_app(call.world.store, call.args) | content.metadata_of(call.args)
    store = call.world.store
    previous = store.wire(channel, message)
    for key in ("blocks", "attachments"):
        message.data.pop(key, None)
    message.data |= data | {"edited": {"user": store.bot.id, "ts": channel.stamps.next()}}
    call.events.changed(channel, message, previous)
    wire = store.wire(channel, message)
    return {"channel": channel.id, "ts": message.ts, "text": wire.get("text", ""), "message": wire}


async def delete(call: MethodCall) -> Json:
    """Deletes the app's message."""
    channel, message = _own(call, "ts", "cant_delete_message")
    removed(call, channel, message)
    return {"channel": channel.id, "ts": message.ts}


async def post_ephemeral(call: MethodCall) -> Json:
    """Shows an ephemeral message to a user until they reload. It cannot be found, edited or deleted."""
    channel = _writable(call)
    _check_looks(call)
    user = call.args["user"]
    if user not in call.world.store.users or user not in channel.members:
        raise ApiError("user_not_in_channel")
    data = content.of_app(call.world.store, call.args) | thread(call, channel)
    stamp = channel.stamps.next()
    shown = {**signed(call, data), "type": "message", "subtype": "bot_message", "is_ephemeral": True, "ts": stamp}
    call.world.store.ephemerals.append({"user": user, "channel": channel.id, "message": shown})
    call.world.changes.announce()
    return {"message_ts": stamp}


async def get_permalink(call: MethodCall) -> Json:
    """Returns a message's permalink."""
    channel = call.channel()
    message = call.world.store.message(channel, call.args["message_ts"])
    return {"channel": channel.id, "permalink": call.world.store.permalink(channel, message)}


def thread(call: MethodCall, channel: Channel) -> Json:
    """Returns the thread of a new message, as a part of the message.

    A root that never existed gives `thread_not_found`; a reply or a system message as a root gives
    `cannot_reply_to_message`. The setting `gone_root` decides about a deleted root, because Slack does not document it.

    Raises:
        ApiError: as above; `invalid_arguments` if it is not a timestamp.
    """
    ts = call.args.get("thread_ts")
    if not ts:
        return {}
    if not is_ts(ts):
        raise ApiError("invalid_arguments", "invalid timestamp [json-pointer:/thread_ts]")
    root = channel.messages.get(ts)
    if root is None:
        return _gone(call, channel, ts)
    if root.root or root.data.get("subtype", "").startswith(_SYSTEM):
        raise ApiError("cannot_reply_to_message")
    body: Json = {"thread_ts": ts}
    if call.args.get("reply_broadcast"):
        body |= {"subtype": "thread_broadcast", "root": call.world.store.wire(channel, root)}
    return body


def signed(call: MethodCall, data: Json) -> Json:
    """Returns the app's message with Slack's fields for its author."""
    store = call.world.store
    return {
        "user": store.bot.id,
        "bot_id": store.bot.bot_id,
        "app_id": store.app_id,
        "team": store.team_id,
        "bot_profile": store.bot_profile(),
        **data,
    }


def removed(call: MethodCall, channel: Channel, message: Message) -> None:
    """Deletes a message and sends the event; a root with replies becomes a tombstone."""
    store = call.world.store
    previous = store.wire(channel, message)
    store.remove(channel, message)
    if message.is_tombstone:
        call.events.changed(channel, message, previous)
    else:
        call.events.deleted(channel, message.ts, previous)


def unfurl(call: MethodCall, channel: Channel, message: Message, links: list[str]) -> None:
    """Adds previews a little later, with a `message_changed` without `edited`."""
    if not call.world.settings.unfurl:
        return
    call.world.spawn(call.events.preview(channel, message, links))


def _writable(call: MethodCall) -> Channel:
    channel = call.joined()
    if channel.is_archived:
        raise ApiError("is_archived")
    if call.args.get("as_user"):
        raise ApiError("as_user_not_supported")
    return channel


def _check_looks(call: MethodCall) -> None:
    if any(call.args.get(name) for name in _LOOKS):
        call.need("chat:write.customize")


def _gone(call: MethodCall, channel: Channel, ts: str) -> Json:
    how = call.world.settings.gone_root
    if ts not in channel.gone_roots or how == "error":
        raise ApiError("thread_not_found")
    if how == "top_level":
        return {}
    call.world.store.bury(channel, ts)
    return {"thread_ts": ts}


def _own(call: MethodCall, name: str, refusal: str) -> tuple[Channel, Message]:
    channel = call.joined()
    message = call.world.store.message(channel, call.args[name])
    if message.data.get("bot_id") != call.world.store.bot.bot_id:
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
