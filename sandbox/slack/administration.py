"""Administration of the workspace: users, channels, groups, files, and changes of channels and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.slack.identifiers import new_id, new_key
from sandbox.slack.store import Channel, File, Message, User, UserGroup
from sandbox.slack.web_api.methods.files import guessed

if TYPE_CHECKING:
    from sandbox.slack.delivery.events import Events
    from sandbox.slack.world import World


class Administration:
    """The part of a workspace that an administrator changes. It causes no traffic except the resulting events."""

    world: World
    events: Events

    def add_user(
        self, name: str, *, guest: bool = False, stranger: bool = False, bot: bool = False, grid: bool = False
    ) -> str:
        """Adds a user to the workspace and to every public channel that is not shared; returns the id.

        Args:
            name: the handle, as after "@".
            guest: a guest of this workspace.
            stranger: from another organization's workspace, here through Slack Connect; only in shared channels.
            bot: another app's bot user.
            grid: a member of this workspace whose home is another workspace of the same Enterprise Grid.
        """
        store = self.world.store
        team = new_id("T") if stranger or grid else store.team_id
        user = User(new_id("U"), name, team, name.title(), is_bot=bot, is_guest=guest, is_stranger=stranger)
        user.bot_id = new_id("B") if bot else ""
        user.teams = (store.team_id, team) if grid else ()
        store.users[user.id] = user
        for channel in store.channels.values():
            if channel.is_shared if stranger else not channel.is_private:
                channel.members.add(user.id)
        return user.id

    def add_channel(self, name: str, *, private: bool = False, member: bool = True, shared: bool = False) -> str:
        """Adds a channel with all users in it, strangers only if it is shared; returns the id.

        Args:
            name: without "#".
            private: `groups:…` scopes and events apply.
            member: True if the bot is in it.
            shared: with other organizations (Slack Connect).
        """
        store = self.world.store
        people = [one for one in store.users.values() if one is not store.bot and (shared or not one.is_stranger)]
        channel = Channel(new_id("C"), name, private, {one.id for one in people}, is_shared=shared)
        channel.creator = people[0].id if people else store.bot.id
        if member:
            channel.members.add(store.bot.id)
        store.channels[channel.id] = channel
        return channel.id

    def add_group(self, handle: str, users: list[str], *, enabled: bool = True) -> str:
        """Adds a user group; returns the id."""
        group = UserGroup(new_id("S"), handle, handle.title(), list(users), enabled)
        self.world.store.groups[group.id] = group
        return group.id

    def add_file(
        self,
        user: str,
        name: str,
        content: bytes,
        *,
        mimetype: str = "",
        external_url: str = "",
        thumbs: dict[int, bytes] | None = None,
        mode: str = "",
    ) -> str:
        """Adds a file that a person has uploaded and not shared yet; returns the id for `say(files=[…])`.

        Args:
            user: its owner.
            name: of the file.
            content: its bytes.
            mimetype: guessed from the name if not given.
            external_url: its location if it is not at Slack; the token must not go there.
            thumbs: Slack's smaller copies of a picture, by their size: 360, 720, 960, 1024.
            mode: "quip" for a canvas, "list", "post"; the download of each is a web page.
        """
        file = File(new_id("F"), name, len(content), user, new_key(40), content, mimetype=mimetype or guessed(name))
        file.completed = True
        file.mode = mode
        file.external_url, file.thumbs = external_url, dict(thumbs or {})
        self.world.store.files[file.id] = file
        return file.id

    async def remove_file(self, file: str) -> None:
        """Deletes a file, and leaves a tombstone where it was shared."""
        self.world.store.files[file].deleted = True
        for channel in self.world.store.channels.values():
            for message in channel.messages.values():
                self._bury_file(channel, message, file)
        self.events.plain("file_deleted", file_id=file)

    def _bury_file(self, channel: Channel, message: Message, file: str) -> None:
        files = message.data.get("files", [])
        if any(one["id"] == file for one in files):
            previous = self.world.store.wire(channel, message)
            message.data["files"] = [{"id": file, "mode": "tombstone"} if one["id"] == file else one for one in files]
            self.events.changed(channel, message, previous)

    def add_emoji(self, name: str) -> None:
        """Adds a custom emoji of the workspace, which has no code point."""
        self.world.store.custom_emoji.add(name)

    async def join(self, channel: str, user: str = "") -> None:
        """Adds a user, by default the bot, to a channel."""
        found, who = self.world.store.channel(channel), user or self.world.store.bot.id
        found.members.add(who)
        self._notice(found, who, "join", f"<@{who}> has joined the channel")
        self.events.membership(found, who, joined=True)

    async def leave(self, channel: str, user: str = "") -> None:
        """Removes a user, by default the bot, from a channel."""
        found, who = self.world.store.channel(channel), user or self.world.store.bot.id
        found.members.discard(who)
        if who == self.world.store.bot.id:
            self.events.channel("left", found, actor_id=found.creator)
        else:
            self._notice(found, who, "leave", f"<@{who}> has left the channel")
            self.events.membership(found, who, joined=False)

    async def archive(self, channel: str, user: str = "") -> None:
        """Archives a channel: nobody can post in it."""
        await self._archived(channel, user, now=True)

    async def unarchive(self, channel: str, user: str = "") -> None:
        """Unarchives a channel."""
        await self._archived(channel, user, now=False)

    async def rename(self, channel: str, name: str) -> None:
        """Renames a channel."""
        found = self.world.store.channel(channel)
        old = found.name
        found.previous_names.append(old)
        found.name = name
        self._notice(found, found.creator, "name", f'has renamed the channel from "{old}" to "{name}"', old_name=old)
        body = {"id": found.id, "name": name, "name_normalized": name, "created": found.created}
        self.events.renamed(found, body)

    async def delete_channel(self, channel: str, user: str = "") -> None:
        """Deletes a channel permanently."""
        found = self.world.store.channel(channel)
        del self.world.store.channels[channel]
        if not found.is_private or self.world.store.bot.id in found.members:
            self.events.channel("deleted", found, actor_id=user or found.creator)

    async def change_channel_id(self, channel: str) -> str:
        """Gives a channel a new id, as sharing it with another organization can do; returns the id."""
        found = self.world.store.channels.pop(channel)
        found.id = new_id("C")
        self.world.store.channels[found.id] = found
        self.events.plain("channel_id_changed", old_channel_id=channel, new_channel_id=found.id)
        return found.id

    async def revoke_token(self, error: str = "token_revoked") -> None:
        """Revokes the bot token.

        Args:
            error: "token_revoked" or "account_inactive", the error code of all methods from now on.
        """
        self.world.token_error = error
        self.events.plain("tokens_revoked", tokens={"oauth": [], "bot": [self.world.store.bot.id]})

    async def uninstall(self) -> None:
        """Uninstalls the app from the workspace."""
        self.events.plain("app_uninstalled")
        await self.revoke_token("account_inactive")

    def restore_token(self) -> None:
        """Makes the bot token valid again."""
        self.world.token_error = ""

    def hide_user(self, user: str, error: str = "user_not_found") -> None:
        """Makes `users.info` refuse a user from now on: "user_not_found", "user_not_visible" or "users_not_found"."""
        self.world.store.hidden_users[user] = error

    def deactivate(self, user: str) -> None:
        """Deactivates a user's account."""
        self.world.store.users[user].deleted = True

    def _notice(self, channel: Channel, user: str, what: str, text: str, **more: str) -> None:
        prefix = "group" if channel.is_private else "channel"
        data = {"user": user, "subtype": f"{prefix}_{what}", "text": text, **more}
        self.events.posted(channel, self.world.store.add(channel, data))

    async def _archived(self, channel: str, user: str, *, now: bool) -> None:
        found = self.world.store.channel(channel)
        found.is_archived = now
        what = "archive" if now else "unarchive"
        who = user or found.creator
        self._notice(found, who, what, f"{what}d the channel")
        self.events.channel(what, found, user=who)
