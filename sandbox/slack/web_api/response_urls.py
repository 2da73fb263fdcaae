"""`response_url`: five posts within half an hour, as an answer to a command or a click.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.slack.blockkit import content
from sandbox.slack.errors import ApiError, Json
from sandbox.slack.identifiers import new_key
from sandbox.slack.web_api import arguments
from sandbox.slack.web_api.api import answer_with_faults
from sandbox.slack.web_api.arguments import BOOLEAN, STRING, Argument

if TYPE_CHECKING:
    from aiohttp import web

    from sandbox.slack.delivery.events import Events
    from sandbox.slack.store import Channel
    from sandbox.slack.world import World

_ARGS = {
    "text": STRING,
    "blocks": Argument("array", error="invalid_blocks_format"),
    "attachments": Argument("array", error="invalid_attachments"),
    "response_type": STRING,
    "replace_original": BOOLEAN,
    "delete_original": BOOLEAN,
    "thread_ts": STRING,
    "mrkdwn": BOOLEAN,
    "link_names": BOOLEAN,
    "parse": STRING,
    "unfurl_links": BOOLEAN,
    "unfurl_media": BOOLEAN,
    "metadata": Argument("object", error="invalid_metadata_format"),
}
_KINDS = ("ephemeral", "in_channel")


@dataclass
class ResponseUrl:
    """One `response_url` with its context and the posts that came through it."""

    user: str
    channel: str
    original: str = ""
    at: float = field(default_factory=time.monotonic)
    posts: list[Json] = field(default_factory=list, repr=False)
    uses: int = 0


class ResponseUrls:
    """The issued URLs."""

    def __init__(self, world: World, events: Events) -> None:
        self._world = world
        self._events = events
        self._known: dict[str, ResponseUrl] = {}

    def issue(self, user: str, channel: str, original: str = "") -> tuple[str, ResponseUrl]:
        """Issues a URL.

        Args:
            user: who ran the command or clicked.
            channel: its id.
            original: the timestamp of the clicked message, or "".
        """
        key = new_key(40)
        self._known[key] = ResponseUrl(user, channel, original)
        where = f"{self._world.base_url}/actions/{self._world.store.team_id}/{len(self._known)}/{key}"
        return where, self._known[key]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Handles one post to a URL."""
        key = request.match_info["key"]
        try:
            given, _ = await arguments.read(request)
        except ApiError as error:
            given = {"unreadable": error.error}

        async def run() -> Json:
            return self._post(key, given)

        return await answer_with_faults(self._world, request, "response_url", given, run)

    def accept(self, where: ResponseUrl, given: Json) -> Json:
        """Shows an answer, which came at once or through a URL.

        Raises:
            ApiError: as for `chat.postMessage`.
        """
        args = arguments.check(given, _ARGS, self._world.store.team_id)
        if args.get("response_type", "ephemeral") not in _KINDS:
            raise ApiError("invalid_arguments", "must be a valid enum value [json-pointer:/response_type]")
        if args.get("delete_original"):
            return self._delete(where)
        data = content.of_app(self._world.store, args) | content.metadata_of(args)
        shown = self._replace(where, data) if self._replaces(where, args) else self._add(where, data, args)
        where.posts.append(shown)
        self._world.changes.announce()
        return shown

    def _post(self, key: str, given: Json) -> Json:
        where = self._known.get(key)
        if where is None:
            raise ApiError("invalid_url", status=404)
        if time.monotonic() - where.at > self._world.settings.response_url_seconds:
            raise ApiError("expired_url", status=404)
        if where.uses >= self._world.settings.response_url_uses:
            raise ApiError("used_url", status=404)
        where.uses += 1
        if "unreadable" in given:
            raise ApiError("invalid_payload", status=400)
        self.accept(where, given)
        return {}

    def _replaces(self, where: ResponseUrl, args: Json) -> bool:
        return bool(where.original) and args.get("replace_original", "response_type" not in args)

    def _channel(self, where: ResponseUrl) -> Channel:
        return self._world.store.channel(where.channel)

    def _ephemeral(self, where: ResponseUrl) -> Json | None:
        shown = (one for one in self._world.store.ephemerals if one["user"] == where.user)
        return next((one for one in shown if one["message"]["ts"] == where.original), None)

    def _delete(self, where: ResponseUrl) -> Json:
        if (ephemeral := self._ephemeral(where)) is not None:
            self._world.store.ephemerals.remove(ephemeral)
            self._world.changes.announce()
            return {}
        channel = self._channel(where)
        message = self._world.store.message(channel, where.original)
        previous = self._world.store.wire(channel, message)
        self._world.store.remove(channel, message)
        self._events.deleted(channel, message.ts, previous)
        return {}

    def _replace(self, where: ResponseUrl, data: Json) -> Json:
        if (ephemeral := self._ephemeral(where)) is not None:
            ephemeral["message"] = {**ephemeral["message"], **data}
            return dict(ephemeral["message"])
        channel = self._channel(where)
        message = self._world.store.message(channel, where.original)
        previous = self._world.store.wire(channel, message)
        message.data |= {**data, "edited": {"user": self._world.store.bot.id, "ts": channel.stamps.next()}}
        self._events.changed(channel, message, previous)
        return self._world.store.wire(channel, message)

    def _add(self, where: ResponseUrl, data: Json, args: Json) -> Json:
        channel = self._channel(where)
        store = self._world.store
        place: dict[str, Any] = {"thread_ts": args["thread_ts"]} if args.get("thread_ts") in channel.messages else {}
        ours = {"user": store.bot.id, "bot_id": store.bot.bot_id, "app_id": store.app_id, "team": store.team_id}
        body = {**ours, "bot_profile": store.bot_profile(), **data, **place}
        if args.get("response_type") == "in_channel":
            message = store.add(channel, body)
            self._events.posted(channel, message)
            return store.wire(channel, message)
        shown = {**body, "type": "message", "subtype": "bot_message", "is_ephemeral": True, "ts": channel.stamps.next()}
        store.ephemerals.append({"user": where.user, "channel": channel.id, "message": shown})
        return shown
