"""A person's interactions with the app: commands, buttons, menus, shortcuts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.slack.blockkit.blocks import elements_of
from sandbox.slack.element_values import entered, option, options_of, state_of
from sandbox.slack.errors import ApiError, Json, NotShown
from sandbox.slack.typed_text import escape

if TYPE_CHECKING:
    from sandbox.slack.delivery.deliveries import Answer, Deliveries
    from sandbox.slack.identifiers import Timestamps
    from sandbox.slack.store import Channel
    from sandbox.slack.web_api.response_urls import ResponseUrl, ResponseUrls
    from sandbox.slack.world import World


@dataclass
class InteractionResult:
    """The result of a command or a click.

    Args:
        answer: the acknowledgement's payload.
        error: "" or what the person sees: "operation_timeout", "dispatch_failed", or Slack's error code for a bad
            answer.
        posts: what came through the `response_url`, the immediate answer included; it grows while more arrives.
        trigger_id: the one that the app got.
    """

    answer: Any = field(default=None, repr=False)
    error: str = ""
    posts: list[Json] = field(default_factory=list, repr=False)
    trigger_id: str = ""


class Interactions:
    """The part of a workspace in which people use the app."""

    world: World
    deliveries: Deliveries
    responses: ResponseUrls
    _action_stamps: Timestamps

    async def slash(self, user: str, channel: str, command: str, text: str = "") -> InteractionResult:
        """Runs a command in a channel; commands cannot be run in threads.

        Args:
            user: the person.
            channel: its id.
            command: with its slash.
            text: after it; "@ann" and "#general" become `<@U…>` and `<#C…>`, as with `should_escape`.

        Raises:
            NotShown: the person is a stranger or not in the channel.
        """
        self._own_people(user, "commands")
        found = self.world.store.channel(channel)
        if user not in found.members:
            raise NotShown("they are not in this channel")
        url, where = self.responses.issue(user, channel)
        trigger = self.world.triggers.issue(user, channel=channel)
        payload = {
            "token": self.world.store.verification_token,
            "team_id": self.world.store.team_id,
            "team_domain": self.world.store.domain,
            "channel_id": channel,
            "channel_name": "privategroup" if found.is_private else found.name,
            "user_id": user,
            "user_name": self.world.store.users[user].name,
            "command": command,
            "text": self._escaped(text),
            "api_app_id": self.world.store.app_id,
            "is_enterprise_install": "false",
            "response_url": url,
            "trigger_id": trigger,
        }
        answer = await self.deliveries.ask("slash_commands", payload)
        used = self._used(answer, trigger, where)
        if answer.ok and answer.payload:
            used.error = self._said(where, answer.payload)
        return used

    async def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str | None = None,
        *,
        value: Any = None,
        block_id: str | None = None,
    ) -> InteractionResult:
        """Uses an element of a message, including an ephemeral one.

        Args:
            user: the person.
            channel: its id.
            ts: of the message.
            action_id: of the element; without it, `value` finds it.
            value: of a button, to find it; of a menu, the choice.
            block_id: needed if the `action_id` is not unique.

        Raises:
            NotShown: there is no such element.
        """
        found, message, is_ephemeral = self._shown(user, channel, ts)
        block, element = find(message.get("blocks", []), action_id, value, block_id)
        action = self._action(block, element, value)
        url, where = self.responses.issue(user, channel, ts)
        trigger = self.world.triggers.issue(user, channel=channel)
        container = {"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": is_ephemeral}
        if message.get("thread_ts"):
            container["thread_ts"] = message["thread_ts"]
        payload = self._interaction("block_actions", user, trigger) | {
            "container": container,
            "channel": {"id": channel, "name": found.name},
            "message": message,
            "state": state_of(message["blocks"], {(block["block_id"], element["action_id"]): action}),
            "response_url": url,
            "actions": [action],
        }
        if is_ephemeral:
            del payload["message"]
        return self._used(await self.deliveries.ask("interactive", payload), trigger, where)

    async def shortcut(self, user: str, callback_id: str) -> InteractionResult:
        """Uses a global shortcut."""
        self._own_people(user, "shortcuts")
        trigger = self.world.triggers.issue(user)
        payload = self._interaction("shortcut", user, trigger) | {
            "callback_id": callback_id,
            "action_ts": self._action_stamps.next(),
        }
        return self._used(await self.deliveries.ask("interactive", payload), trigger, None)

    async def message_shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> InteractionResult:
        """Uses a message shortcut."""
        self._own_people(user, "shortcuts")
        found = self.world.store.channel(channel)
        message = self.world.store.message(found, ts)
        url, where = self.responses.issue(user, channel, ts)
        trigger = self.world.triggers.issue(user, channel=channel)
        payload = self._interaction("message_action", user, trigger) | {
            "callback_id": callback_id,
            "action_ts": self._action_stamps.next(),
            "channel": {"id": channel, "name": found.name},
            "message_ts": ts,
            "message": self.world.store.wire(found, message),
            "response_url": url,
        }
        return self._used(await self.deliveries.ask("interactive", payload), trigger, where)

    def _interaction(self, kind: str, user: str, trigger: str) -> Json:
        who = self.world.store.users[user]
        body: Json = {
            "type": kind,
            "user": {"id": user, "username": who.name, "name": who.name, "team_id": who.team_id},
            "api_app_id": self.world.store.app_id,
            "token": self.world.store.verification_token,
            "team": {"id": self.world.store.team_id, "domain": self.world.store.domain},
            "enterprise": None,
            "is_enterprise_install": False,
        }
        return body | {"trigger_id": trigger} if trigger else body

    def _action(self, block: Json, element: Json, value: Any, offered: list[Json] | None = None) -> Json:
        action: Json = {
            "type": element["type"],
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "action_ts": self._action_stamps.next(),
        }
        if element["type"] == "button":
            kept = {key: element[key] for key in ("text", "value", "style", "url") if key in element}
            return action | kept
        if element["type"] == "overflow":
            return action | {"selected_option": option(element, value)}
        return action | entered(element, value, offered)

    def _used(self, answer: Answer, trigger: str, where: ResponseUrl | None) -> InteractionResult:
        used = InteractionResult(answer.payload, trigger_id=trigger, posts=where.posts if where is not None else [])
        if not answer.ok:
            used.error = "operation_timeout" if "timeout" in answer.reason else "dispatch_failed"
        return used

    def _said(self, where: ResponseUrl, payload: Any) -> str:
        given = payload if isinstance(payload, dict) else {"text": str(payload)}
        try:
            self.responses.accept(where, given)
        except ApiError as error:
            return error.error
        return ""

    def _shown(self, user: str, channel: str, ts: str) -> tuple[Channel, Json, bool]:
        found = self.world.store.channel(channel)
        for one in self.world.store.ephemerals:
            if one["user"] == user and one["channel"] == channel and one["message"]["ts"] == ts:
                return found, one["message"], True
        message = found.messages.get(ts)
        if user not in found.members or message is None or message.is_tombstone:
            raise NotShown("they do not see this message")
        if message.data.get("bot_id") != self.world.store.bot.bot_id:
            raise NotShown("this message is not from the app")
        return found, self.world.store.wire(found, message, metadata=False), False

    def _own_people(self, user: str, what: str) -> None:
        if self.world.store.users[user].is_stranger:
            raise NotShown(f"people of other organizations cannot use the app's {what}")

    def _escaped(self, text: str) -> str:
        users = {one.name: one for one in self.world.store.users.values()}
        channels = {one.name: one for one in self.world.store.channels.values()}
        words = []
        for word in text.split(" "):
            if word.startswith("@") and word[1:] in users:
                words.append(f"<@{users[word[1:]].id}|{word[1:]}>")
            elif word.startswith("#") and word[1:] in channels:
                words.append(f"<#{channels[word[1:]].id}|{word[1:]}>")
            else:
                words.append(escape(word))
        return " ".join(words)


def find(blocks: list[Json], action_id: str | None, value: Any, block_id: str | None) -> tuple[Json, Json]:
    """Returns the block and the element that are meant.

    Raises:
        NotShown: there is none.
    """
    for block in blocks:
        for element in elements_of(block):
            if _is_meant(block, element, action_id, value, block_id):
                return block, element
    raise NotShown(f"there is no element {action_id or 'with this value'} here")


def _is_meant(block: Json, element: Json, action_id: str | None, value: Any, block_id: str | None) -> bool:
    if block_id is not None and block["block_id"] != block_id:
        return False
    if action_id is not None and element["action_id"] != action_id:
        return False
    if element["type"] == "button":
        return value is None or element.get("value") == value
    return action_id is not None or any(one["value"] == value for one in options_of(element))
