"""Events from Slack, by Socket Mode or signed HTTP: we append them to the intake, and only then ack.

We configure Bolt so that it loses nothing: the listener ends before the ack, the identity is a constant instead of a
call, and we filter our own messages here, so that we still see the deletion of one.
"""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization.authorize_result import AuthorizeResult
from slack_bolt.response import BoltResponse

from bot.conversations import entries
from bot.conversations.entries import CardDeleted, Deletion, Edit, Reply
from bot.slack.app import channels, installation
from bot.slack.app.app_posts import is_of_an_app
from bot.slack.client.users import SLACKBOT
from bot.text import attachments

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from slack_bolt.async_app import AsyncAck, AsyncBoltContext

    from bot.conversations.entries import SlackJson
    from bot.slack.app.app_posts import AppPosts
    from bot.slack.app.commands import Commands
    from bot.slack.client.workspace import Workspace
    from storage.tables.intake import Arrival
    from storage.tables.replies import Typed

# The subtypes of messages by people (docs.slack.dev, events/message): plain, with files, also in the channel, or /me.
WRITTEN = {None, "file_share", "thread_broadcast", "me_message"}
_VERIFICATION = "token"  # an old secret that Slack sends with each event; we don't use it
_ANYTHING = re.compile(".*")

log = structlog.get_logger("slack events")


class Surface(Protocol):
    """A part of the app with listeners of its own: buttons, modals, Home."""

    def listen(self, app: AsyncApp) -> None:
        """Registers its listeners."""


class SlackEvents:
    """The listeners of one workspace.

    Args:
        workspace: the workspace.
        commands: answers `/sms`.
        app_posts: explains to people why a post of an app is not texted.
        former: channels that are no inbox any more and still have open conversations.
    """

    def __init__(
        self, workspace: Workspace, commands: Commands, app_posts: AppPosts, former: frozenset[str] = frozenset()
    ) -> None:
        self._appender = workspace.appender
        self._settings = workspace.settings
        self._metrics = workspace.metrics
        self._identity = workspace.identity
        self._client = workspace.slack.client
        self._commands = commands
        self._app_posts = app_posts
        self._former = former

    def open(self, surfaces: Iterable[Surface] = ()) -> AsyncApp:
        """Returns the Bolt app with all listeners, also those of the surfaces. It acks and counts everything else."""
        secret = self._settings.slack.signing_secret
        who = AuthorizeResult(
            enterprise_id=None,
            team_id=self._identity.team,
            bot_id=self._identity.bot_id,
            bot_user_id=self._identity.bot_user,
            bot_token=self._settings.slack.bot_token.get_secret_value(),
        )

        async def authorize(**_: object) -> AuthorizeResult:  # a call to Slack would lose events while Slack fails
            return who

        app = AsyncApp(
            name="threadline",  # without a name Bolt searches the sources of every module for one
            logger=logging.getLogger("slack_bolt"),
            client=self._client,
            authorize=authorize,
            signing_secret=secret.get_secret_value() if secret else None,
            request_verification_enabled=secret is not None,
            process_before_response=True,
            ignoring_self_events_enabled=False,
        )
        app.use(self.ours_only)
        app.use(self.held_back)
        app.event("message")(self.message)
        app.command("/sms")(self.command)
        for surface in surfaces:
            surface.listen(app)
        for kind in (app.event, app.command, app.action, app.shortcut, app.view, app.options):
            kind(_ANYTHING)(self.anything_else)
        return app

    async def message(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        """Stores a message that somebody wrote, edited or deleted in a channel of ours."""
        arrival = self._arrival(body, event)
        if arrival is None:
            self._count("ignored")
            if self._is_app_reply(event):
                self._app_posts.explain(event)
            return
        new = await self._appender.append(arrival)
        self._count("stored" if new else "seen before")

    def found(self, channel: str, message: SlackJson) -> Arrival | None:
        """Returns the entry for a message in a channel's history, as if its event had come; None: we don't need it."""
        event = {**message, "channel": channel}
        return self._arrival({"type": "found", "event": event}, event, found=True)

    def edited(self, channel: str, message: SlackJson) -> Arrival | None:
        """Returns the entry for the last edit of a message in the history, as if its event had come; None: no edit."""
        event = {"channel": channel, "subtype": "message_changed", "message": message}
        return self._edit({"type": "found", "event": event}, event)

    def gone(self, channel: str, typed: Typed) -> Arrival:
        """Returns the entry for a reply that is gone from its thread, as if the event of its deletion had come."""
        return self._deleted(Deletion(self._identity.team, channel, typed.thread_ts, typed.ts, typed.user))

    def lost(self, channel: str, ts: str) -> Arrival:
        """Returns the entry for a card of ours that is gone from its channel, as if that event had come."""
        team = self._identity.team
        return entries.arrival("slack", CardDeleted(team, channel, ts), f"{team}:{channel}:{ts}:deleted")

    async def command(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Runs `/sms …` and answers. A command that sends is in the intake before."""
        answer = await self._commands.run(body)
        if answer is None:
            await ack()
        else:
            await ack(text=answer.text, blocks=answer.blocks, response_type="ephemeral")

    async def ours_only(
        self, body: dict[str, Any], context: AsyncBoltContext, next_: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse | None:
        """Refuses a request that Slack signed for another workspace, with the answer that Slack expects."""
        if installation.is_ours(self._identity, context):
            return await next_()
        log.warning("Slack sent a request for another workspace", kind=str(body.get("type") or body.get("command")))
        self._count("of another workspace")
        return installation.refusal(body)

    async def held_back(
        self, body: dict[str, Any], next_: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse | None:
        """Counts Slack's notice that it held back events (docs.slack.dev, Events API, rate limiting)."""
        if body.get("type") != "app_rate_limited":
            return await next_()
        log.warning("Slack held back events")
        self._count("held back")
        return BoltResponse(status=200)

    async def anything_else(self, ack: AsyncAck, context: AsyncBoltContext) -> None:
        """Acks a request that has no listener: without an ack, Slack would send it three times more."""
        log.info("no listener for a request from Slack", kind=str(context.get("action_id") or "event"))
        self._count("unknown")
        await ack()

    # --- message events -----------------------------------------------------------------------------------------------

    def _arrival(self, body: SlackJson, event: SlackJson, *, found: bool = False) -> Arrival | None:
        subtype = event.get("subtype")
        channel = event.get("channel", "")
        if subtype in channels.NOTICES and self._settings.is_ours(channel):
            return channels.arrival(self._identity.team, body, channel, channels.NOTICES[subtype])
        if self._settings.inbox_by_channel.get(channel) is None and channel not in self._former:
            return None
        if subtype == "message_changed":
            return self._edit(body, event) or self._loss(event)
        if subtype == "message_deleted":
            return self._deletion(event) or self._loss(event)
        if not event.get("hidden") and self._is_reply_of_a_person(event):
            content = Reply(*self._where(event["channel"], event), message=_kept(event), found=found)
            return self._row(body, content, event["ts"])
        return None

    def _edit(self, body: SlackJson, event: SlackJson) -> Arrival | None:
        """Returns the entry for a person's edit; unfurls and thread counters are changes without `edited`."""
        before = event.get("previous_message", {})
        message = {"ts": before.get("ts"), **event.get("message", {})}  # Slack may leave out the inner `ts`
        edited = message.get("edited", {}).get("ts")
        if edited is None or not self._is_reply_of_a_person(message) or _words(message) == _words(before):
            return None
        content = Edit(*self._where(event["channel"], message), message=_kept(message))
        return self._row(body, content, f"{message['ts']}:edit:{edited}")

    def _deletion(self, event: SlackJson) -> Arrival | None:
        """Returns the entry for a deleted reply: its place without its words, because somebody wants them gone."""
        before = {"ts": event.get("deleted_ts"), **event.get("previous_message", {})}
        if not self._is_reply_of_a_person(before):
            return None
        return self._deleted(Deletion(*self._where(event["channel"], before)))

    def _deleted(self, content: Deletion) -> Arrival:
        key = f"{content.team}:{content.channel}:{content.ts}:deleted"
        return entries.arrival("slack", content, key)

    def _loss(self, event: SlackJson) -> Arrival | None:
        """Returns the entry for a deleted card of ours. If it had replies, a tombstone takes its place."""
        before, left = event.get("previous_message", {}), event.get("message", {})
        is_ours = before.get("bot_id") == self._identity.bot_id
        is_root = before.get("thread_ts", before.get("ts")) == before.get("ts")
        if not is_ours or not is_root or (left and left.get("subtype") != "tombstone"):
            return None
        return self.lost(event["channel"], before["ts"])

    def _is_reply_of_a_person(self, message: SlackJson) -> bool:
        """True for a reply in a thread that a person wrote, not Slackbot, an app or a workflow."""
        user = message.get("user")
        is_bot = is_of_an_app(message) or user in {self._identity.bot_user, SLACKBOT}
        return bool(user) and not is_bot and message.get("subtype") in WRITTEN and _is_reply(message)

    def _is_app_reply(self, event: SlackJson) -> bool:
        """True for a reply of another app in a thread of an inbox."""
        is_here = event.get("channel") in self._settings.inbox_by_channel or event.get("channel") in self._former
        is_other = is_of_an_app(event) and event.get("bot_id") != self._identity.bot_id
        return is_here and is_other and not event.get("hidden") and _is_reply(event)

    def _where(self, channel: str, message: SlackJson) -> tuple[str, str, str, str, str]:
        """Returns team, channel, thread, ts and user of a message."""
        return self._identity.team, channel, message["thread_ts"], message["ts"], message["user"]

    def _row(self, body: SlackJson, content: Reply, key: str) -> Arrival:
        kept = {name: body[name] for name in body if name != _VERIFICATION}
        dedup_key = f"{content.team}:{content.channel}:{key}"
        return entries.arrival("slack", content, dedup_key, body=json.dumps(kept).encode())

    def _count(self, outcome: str) -> None:
        self._metrics.slack_events.labels(outcome).inc()


def _is_reply(message: SlackJson) -> bool:
    thread, ts = message.get("thread_ts"), message.get("ts")
    return bool(thread) and bool(ts) and thread != ts


def _kept(message: SlackJson) -> SlackJson:
    """Returns the fields of a message that we need for a text."""
    kept = {name: message[name] for name in ("text", "blocks", "files", "x_files") if name in message}
    return {**kept, "attachments": attached} if (attached := attachments.kept(message)) else kept


def _words(message: SlackJson) -> tuple[object, object]:
    return message.get("text"), [file.get("id") for file in message.get("files", ())]
