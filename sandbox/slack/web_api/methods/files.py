"""Uploads in three steps: files.getUploadURLExternal, the bytes, files.completeUploadExternal; and files.info.

Sharing is asynchronous: the last answer contains no share, and sometimes none follows.
"""

from __future__ import annotations

import asyncio
import mimetypes
from typing import TYPE_CHECKING, Any

from sandbox.slack import api_objects
from sandbox.slack.blockkit import content
from sandbox.slack.blockkit.schema import array, mapping, text
from sandbox.slack.errors import ApiError
from sandbox.slack.identifiers import new_id, new_key, short_key
from sandbox.slack.store import File
from sandbox.slack.web_api.api import Method, MethodCall
from sandbox.slack.web_api.arguments import INTEGER, NEEDED, STRING, Argument
from sandbox.slack.web_api.methods.chat import removed, signed, thread

if TYPE_CHECKING:
    from sandbox.slack.errors import Json
    from sandbox.slack.store import Channel

ALT_LIMIT = 1000
SNIPPET_BYTES = 1_000_000
MOST_BYTES = 1_000_000_000
_FILES = array(mapping({"id": text(least=1)}, {"title": text(), "highlight_type": text()}), least=1)


async def get_upload_url(call: MethodCall) -> Json:
    """Announces a file and returns its upload URL."""
    length = call.args["length"]
    if length <= 0:
        raise ApiError("missing_argument", arg="length")
    if length > MOST_BYTES or (call.args.get("snippet_type") and length > SNIPPET_BYTES):
        raise ApiError("file_upload_size_restricted")
    if len(call.args.get("alt_txt", "")) > ALT_LIMIT:
        raise ApiError("alt_txt_too_large")
    store, name = call.world.store, call.args["filename"]
    file = File(new_id("F"), name, length, store.bot.id, new_key(40), mimetype=guessed(name))
    file.alt_txt = call.args.get("alt_txt", "")
    store.files[file.id] = file
    return {"upload_url": f"{store.base_url}/upload/v1/{file.upload_key}", "file_id": file.id}


async def complete_upload(call: MethodCall) -> Json:
    """Completes the upload, and shares the file a little later if a channel is given."""
    files = [_uploaded(call, one) for one in _listed(call)]
    channel = _channel(call)
    place = thread(call, channel) if channel is not None else {}
    for file in files:
        file.completed = True
    call.world.changes.announce()
    if channel is not None and _will_share(call):
        call.world.spawn(_share(call, channel, files, place))
    return {"files": [api_objects.file(file, call.world.store) for file in files]}


async def info(call: MethodCall) -> Json:
    """Returns a file; its shares show its progress."""
    file = call.world.store.files.get(call.args["file"])
    if file is None or not (file.completed or file.external_url):
        raise ApiError("file_not_found")
    if file.deleted:
        raise ApiError("file_deleted")
    return {"file": api_objects.file(file, call.world.store), "comments": [], "response_metadata": {"next_cursor": ""}}


async def delete(call: MethodCall) -> Json:
    """Deletes the app's file, and messages that show nothing else."""
    store = call.world.store
    file = store.files.get(call.args["file"])
    if file is None:
        raise ApiError("file_not_found")
    if file.deleted:
        raise ApiError("file_deleted")
    if file.user != store.bot.id:
        raise ApiError("cant_delete_file")
    file.deleted, file.content = True, b""
    for channel_id, entries in [one for kind in file.shares.values() for one in kind.items()]:
        channel = store.channels[channel_id]
        for entry in entries:
            message = channel.messages.get(entry["ts"])
            if message is not None and not message.data.get("text") and len(message.data.get("files", ())) == 1:
                removed(call, channel, message)
    return {}


def add_share(file: File, channel: Channel, entry: Json) -> None:
    """Records that a file is shared in a channel."""
    kind = "private" if channel.is_private else "public"
    file.shares.setdefault(kind, {}).setdefault(channel.id, []).append(entry)
    if channel.id not in file.channels:
        file.channels.append(channel.id)


def _listed(call: MethodCall) -> list[Json]:
    wrong: list[str] = []
    _FILES(call.args["files"], "/files", wrong)
    if wrong:
        raise ApiError("invalid_arguments", *wrong)
    listed: list[Json] = call.args["files"]
    return listed


def _uploaded(call: MethodCall, one: Json) -> File:
    file = call.world.store.files.get(one["id"])
    if file is None or file.content is None:
        raise ApiError("file_not_found")
    file.title = one.get("title") or file.title or file.name
    return file


def _channel(call: MethodCall) -> Channel | None:
    if call.args.get("channels"):
        if call.args.get("channel_id") or "," in call.args["channels"]:
            raise ApiError("invalid_arguments", "only one channel can be given here")
        call.args["channel_id"] = call.args["channels"]
    if not call.args.get("channel_id"):
        return None
    channel = call.joined(name="channel_id")
    if channel.is_archived:
        raise ApiError("is_archived")
    return channel


def _will_share(call: MethodCall) -> bool:
    faults = call.world.faults
    if faults.never_share > 0:
        faults.never_share -= 1
        return False
    return True


async def _share(call: MethodCall, channel: Channel, files: list[File], place: Json) -> None:
    await asyncio.sleep(call.world.faults.share_delay)
    store = call.world.store
    args: Json = {"text": call.args.get("initial_comment", "")}
    if call.args.get("blocks"):
        args["blocks"] = call.args["blocks"]
    said = content.of_app(store, args) if args["text"].strip() or "blocks" in args else {"text": ""}
    shown = [api_objects.file(file, store) for file in files]
    data: Json = {"subtype": "file_share", **said, **place, "files": shown, "upload": False, "display_as_bot": False}
    message = store.add(channel, signed(call, {**data, "client_msg_id": short_key()}))
    for file in files:
        add_share(file, channel, {"ts": message.ts, **place, "channel_name": channel.name, "team_id": store.team_id})
    message.data["files"] = [api_objects.file(file, store) for file in files]
    call.events.posted(channel, message)
    for file in files:
        call.events.plain("file_shared", file_id=file.id, user_id=store.bot.id, channel_id=channel.id)


def guessed(name: str) -> str:
    """Guesses the media type from a file name."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


_INFO: dict[str, Any] = {"file": NEEDED, "count": INTEGER, "cursor": STRING, "limit": INTEGER, "page": INTEGER}
METHODS = {
    "files.getUploadURLExternal": Method(
        get_upload_url,
        {
            "filename": NEEDED,
            "length": Argument("integer", required=True),
            "alt_txt": STRING,
            "alt_text": STRING,
            "snippet_type": STRING,
        },
        "files:write",
        4,
    ),
    "files.completeUploadExternal": Method(
        complete_upload,
        {
            "files": Argument("array", required=True),
            "channel_id": STRING,
            "channels": STRING,
            "initial_comment": STRING,
            "thread_ts": STRING,
            "blocks": Argument("array", error="invalid_blocks_format"),
        },
        "files:write",
        4,
    ),
    "files.delete": Method(delete, {"file": NEEDED}, "files:write", 3),
    "files.info": Method(info, _INFO, "files:read", 4),
}
