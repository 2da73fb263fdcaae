"""Messages that people write, edit and delete in channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sandbox.slack import api_objects, message_contents, typed_text
from sandbox.slack.blockkit import rich_text
from sandbox.slack.errors import Json, NotShown
from sandbox.slack.identifiers import short_key
from sandbox.slack.web_api.methods.files import add_share
from sandbox.slack.web_api.methods.reactions import mark_with

if TYPE_CHECKING:
    from sandbox.slack.delivery.events import Events
    from sandbox.slack.store import Channel, Message
    from sandbox.slack.world import World

REVOKED = "UREVOKEDU"


class Messaging:
    """The part of a workspace in which people write."""

    world: World
    events: Events

    async def say(
        self,
        user: str,
        channel: str,
        text: str | list[Json] | None = None,
        *,
        blocks: list[Json] | None = None,
        thread_ts: str | None = None,
        broadcast: bool = False,
        files: list[str] | None = None,
        subtype: str | None = None,
        attachments: list[Json] | None = None,
    ) -> str:
        """Posts a person's message; returns its timestamp.

        Args:
            user: the person.
            channel: its id.
            text: as typed ("*bold*", "@ann", ":tada:", "> quote", "- item" become elements), or rich text elements.
            blocks: instead of the `rich_text` block that a client makes from the text.
            thread_ts: the root, for a reply.
            broadcast: the reply is also sent to the channel.
            files: ids from `add_file`.
            subtype: "me_message", "ekm_access_denied", "bot_message" …, for special messages.
            attachments: `a_table()` or `a_forward()`, as a client attaches them.

        Raises:
            NotShown: the person is not in the channel, it is archived, or there is no such root.
        """
        found = self._open_channel(user, channel)
        data = self._written(user, text or "", blocks)
        data = _marked(data, subtype) if subtype else data
        data |= self._thread(found, thread_ts, broadcast=broadcast)
        if files:
            data |= self._files(files)
        if attachments:
            data["attachments"] = [{"id": number, **one} for number, one in enumerate(attachments, 1)]
        message = self.world.store.add(found, data)
        for file in files or []:
            self._shared(file, found, message)
        self.events.posted(found, message)
        links = [link for link in message_contents.links(data) if link.startswith("http")]
        if links and self.world.settings.unfurl:
            self.world.spawn(self.events.preview(found, message, links))
        return message.ts

    async def post_as(self, user: str, channel: str, text: str, thread_ts: str, *, workflow: bool = False) -> str:
        """Another app posts a reply with the token of this user, or as a workflow; returns its timestamp."""
        found = self.world.store.channel(channel)
        app = {"bot_id": "B0OTHERAPP", "app_id": "A0OTHERAPP"}
        profile = {"id": "B0OTHERAPP", "app_id": "A0OTHERAPP", "name": "Helper", "team_id": self.world.store.team_id}
        data = self._written(user, text, None) | self._thread(found, thread_ts, broadcast=False) | app
        data |= {"bot_profile": profile | ({"is_workflow_bot": True} if workflow else {})}
        data.pop("client_msg_id", None)
        message = self.world.store.add(found, data)
        self.events.posted(found, message)
        return message.ts

    async def slackbot_says(self, channel: str, text: str, thread_ts: str) -> str:
        """Slackbot writes a reply, which no field marks as a bot's; returns its timestamp."""
        found = self.world.store.channel(channel)
        data = {"user": self.world.store.slackbot.id, "team": self.world.store.team_id, **self._text(text)}
        message = self.world.store.add(found, data | self._thread(found, thread_ts, broadcast=False))
        self.events.posted(found, message)
        return message.ts

    async def edit(self, user: str, channel: str, ts: str, text: str | list[Json]) -> None:
        """Edits a person's own message.

        Raises:
            NotShown: it is not theirs.
        """
        found = self.world.store.channel(channel)
        message = self.world.store.message(found, ts)
        if message.data.get("user") != user:
            raise NotShown("people can edit only their own messages")
        previous = self.world.store.wire(found, message)
        message.data |= self._text(text) | {"edited": {"user": user, "ts": found.stamps.next()}}
        self.events.changed(found, message, previous)

    async def delete(self, user: str, channel: str, ts: str) -> None:
        """Deletes a message: the person's own, or as a member anyone's, including the app's.

        Raises:
            NotShown: guests and people of other organizations can delete only their own.
        """
        found = self.world.store.channel(channel)
        message = self.world.store.message(found, ts)
        who = self.world.store.users[user]
        if message.data.get("user") != user and (who.is_guest or who.is_stranger):
            raise NotShown("they can delete only their own messages")
        previous = self.world.store.wire(found, message)
        self.world.store.remove(found, message)
        if message.is_tombstone:
            self.events.changed(found, message, previous)
        else:
            self.events.deleted(found, message.ts, previous)

    async def react(self, user: str, channel: str, ts: str, name: str) -> None:
        """Adds a person's reaction to a message."""
        found = self.world.store.channel(channel)
        message = self.world.store.message(found, ts)
        mark_with(message.data.setdefault("reactions", []), name, user)
        item = {"type": "message", "channel": channel, "ts": ts}
        self.events.plain("reaction_added", user=user, reaction=name, item=item, item_user=message.data.get("user"))

    def _open_channel(self, user: str, channel: str) -> Channel:
        found = self.world.store.channel(channel)
        if user not in found.members:
            raise NotShown("they are not in this channel")
        if found.is_archived:
            raise NotShown("the channel is archived")
        return found

    def _written(self, user: str, text: str | list[Json], blocks: list[Json] | None) -> Json:
        who = self.world.store.users[user]
        data: Json = {"user": user, "client_msg_id": str(uuid4()), "team": who.team_id, **self._text(text)}
        if blocks is not None:
            data["blocks"] = [{"block_id": short_key(), **block} for block in blocks]
        if who.team_id != self.world.store.team_id:
            data |= {"user_team": who.team_id, "source_team": who.team_id}
        if who.is_bot:
            data |= {"bot_id": who.bot_id, "app_id": "A0OTHERAPP"}
            del data["client_msg_id"]
        return data

    def _text(self, text: str | list[Json]) -> Json:
        if not text:
            return {"text": ""}
        elements = (
            typed_text.read(text, typed_text.Names(**self.world.store.names())) if isinstance(text, str) else _top(text)
        )
        block = {"type": "rich_text", "block_id": short_key(), "elements": elements}
        return {"text": typed_text.mrkdwn(elements), "blocks": [block]}

    def _thread(self, channel: Channel, thread_ts: str | None, *, broadcast: bool) -> Json:
        if not thread_ts:
            return {}
        root = channel.messages.get(thread_ts)
        if root is None or root.root:
            raise NotShown("there is no such thread")
        data: Json = {"thread_ts": thread_ts}
        return (
            data | {"subtype": "thread_broadcast", "root": self.world.store.wire(channel, root)} if broadcast else data
        )

    def _files(self, files: list[str]) -> Json:
        store = self.world.store
        strangers = {one.id for one in store.users.values() if one.is_stranger}
        found = [store.files[file] for file in files]
        shown = [
            api_objects.unchecked_file(one) if one.user in strangers else api_objects.file(one, store) for one in found
        ]
        return {"subtype": "file_share", "files": shown, "upload": True, "display_as_bot": False}

    def _shared(self, file: str, channel: Channel, message: Message) -> None:
        found = self.world.store.files[file]
        entry: dict[str, Any] = {"ts": message.ts, "channel_name": channel.name, "team_id": self.world.store.team_id}
        add_share(found, channel, entry | ({"thread_ts": message.root} if message.root else {}))
        if "file_shared" in self.world.settings.subscriptions:
            self.events.plain("file_shared", file_id=file, user_id=found.user, channel_id=channel.id)


def _marked(data: Json, subtype: str) -> Json:
    marked = {**data, "subtype": subtype}
    if subtype == "ekm_access_denied":
        text = "Your admins have suspended everyone's access to this content."
        return {"type": "message", "user": REVOKED, "subtype": subtype, "text": text}
    missing = {"me_message": ("client_msg_id", "blocks"), "bot_message": ("client_msg_id", "user")}.get(subtype, ())
    return {key: value for key, value in marked.items() if key not in missing}


def a_table(*rows: list[str]) -> Json:
    """Returns a table that a person pasted: clients attach it, and the message's own blocks do not have it."""
    cells = [[{"type": "raw_text", "text": cell} for cell in row] for row in rows]
    return {
        "fallback": "[no preview available]",
        "blocks": [{"type": "table", "block_id": short_key(), "rows": cells}],
    }


def a_forward(text: str, author: str = "Ben") -> Json:
    """Returns a message that a person forwarded, without its comment."""
    return {
        "ts": "1767000000.000100",
        "channel_name": "orders",
        "is_msg_unfurl": True,
        "is_share": True,
        "text": text,
        "author_name": author,
        "footer": "Slack Conversation",
        "from_url": "https://sandbox.slack.com/archives/C0OTHER001/p1767000000000100",
        "fallback": f"{author}: {text}",
    }


def _top(elements: list[Json]) -> list[Json]:
    containers = all(one["type"].startswith("rich_text_") for one in elements)
    top = elements if containers else [{"type": "rich_text_section", "elements": elements}]
    wrong: list[str] = []
    for index, one in enumerate(top):
        rich_text.ELEMENT(one, f"/{index}", wrong)
    if wrong:
        raise NotShown("; ".join(wrong))
    return top
