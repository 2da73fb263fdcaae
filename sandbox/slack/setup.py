"""Making the workspace: users, channels, groups, files; and what happens to channels and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.slack.methods.files import guessed
from sandbox.slack.stamps import new_id, new_key
from sandbox.slack.store import Channel, File, User, UserGroup

if TYPE_CHECKING:
    from sandbox.slack.events import Events
    from sandbox.slack.world import World


class Setup:
    """The part of a workspace that makes its furniture. No traffic but the events that follow."""

    world: World
    events: Events

    def add_user(self, name: str, *, guest: bool = False, stranger: bool = False, bot: bool = False) -> str:
        """A new user, in every public channel that is not shared; returns the id.

        Args:
            name: the handle, as after "@".
            guest: a guest of this workspace.
            stranger: of another company's workspace, here through Slack Connect; is in shared channels only.
            bot: another app's bot user.
        """
        store = self.world.store
        team = new_id("T") if stranger else store.team_id
        user = User(new_id("U"), name, team, name.title(), is_bot=bot, is_guest=guest, is_stranger=stranger)
        user.bot_id = new_id("B") if bot else ""
        store.users[user.id] = user
        for channel in store.channels.values():
            if channel.is_shared if stranger else not channel.is_private:
                channel.members.add(user.id)
        return user.id

    def add_channel(self, name: str, *, private: bool = False, member: bool = True, shared: bool = False) -> str:
        """A new channel with everybody in it, strangers only if it is shared; returns the id.

        Args:
            name: without "#".
            private: `groups:…` scopes and events apply.
            member: whether the bot is in it.
            shared: with other companies (Slack Connect).
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
        """A new user group; returns the id."""
        group = UserGroup(new_id("S"), handle, handle.title(), list(users), enabled)
        self.world.store.groups[group.id] = group
        return group.id

    def add_file(self, user: str, name: str, content: bytes, *, mimetype: str = "", external_url: str = "") -> str:
        """A file that a person has uploaded and not yet shared; returns the id for `say(files=[…])`.

        Args:
            user: whose it is.
            name: of the file.
            content: its bytes.
            mimetype: else guessed from the name.
            external_url: where it lies, if not at Slack: no token may go there.
        """
        file = File(new_id("F"), name, len(content), user, new_key(40), content, mimetype=mimetype or guessed(name))
        file.completed = True
        file.external_url = external_url
        self.world.store.files[file.id] = file
        return file.id

    def add_emoji(self, name: str) -> None:
        """An emoji of the workspace's own, which has no code point."""
        self.world.store.custom_emoji.add(name)

    async def join(self, channel: str, user: str = "") -> None:
        """A user, by default the bot, comes into a channel."""
        found, who = self.world.store.channel(channel), user or self.world.store.bot.id
        found.members.add(who)
        self.events.membership(found, who, joined=True)

    async def leave(self, channel: str, user: str = "") -> None:
        """A user, by default the bot, leaves a channel or is removed from it."""
        found, who = self.world.store.channel(channel), user or self.world.store.bot.id
        found.members.discard(who)
        if who == self.world.store.bot.id:
            self.events.channel("left", found, actor_id=found.creator)
        else:
            self.events.membership(found, who, joined=False)

    async def archive(self, channel: str, user: str = "") -> None:
        """Archives a channel: nothing can be written into it."""
        await self._archived(channel, user, now=True)

    async def unarchive(self, channel: str, user: str = "") -> None:
        """Opens an archived channel again."""
        await self._archived(channel, user, now=False)

    async def rename(self, channel: str, name: str) -> None:
        """Gives a channel another name."""
        found = self.world.store.channel(channel)
        found.previous_names.append(found.name)
        found.name = name
        body = {"id": found.id, "name": name, "name_normalized": name, "created": found.created}
        self.events.renamed(found, body)

    async def delete_channel(self, channel: str, user: str = "") -> None:
        """Deletes a channel for good."""
        found = self.world.store.channel(channel)
        del self.world.store.channels[channel]
        self.events.channel("deleted", found, actor_id=user or found.creator)

    async def change_channel_id(self, channel: str) -> str:
        """What sharing a channel with another company can do: it gets a new id, which is returned."""
        found = self.world.store.channels.pop(channel)
        found.id = new_id("C")
        self.world.store.channels[found.id] = found
        self.events.plain("channel_id_changed", old_channel_id=channel, new_channel_id=found.id)
        return found.id

    async def revoke_token(self, error: str = "token_revoked") -> None:
        """The bot token is worth nothing any more.

        Args:
            error: "token_revoked" or "account_inactive", as the methods say from now on.
        """
        self.world.token_error = error
        self.events.plain("tokens_revoked", tokens={"oauth": [], "bot": [self.world.store.bot.id]})

    def restore_token(self) -> None:
        """The bot token is good again."""
        self.world.token_error = ""

    def deactivate(self, user: str) -> None:
        """A user's account is closed."""
        self.world.store.users[user].deleted = True

    async def _archived(self, channel: str, user: str, *, now: bool) -> None:
        found = self.world.store.channel(channel)
        found.is_archived = now
        what = "archive" if now else "unarchive"
        who = user or found.creator
        prefix = "group" if found.is_private else "channel"
        message = self.world.store.add(
            found, {"user": who, "subtype": f"{prefix}_{what}", "text": f"{what}d the channel"}
        )
        self.events.posted(found, message)
        self.events.channel(what, found, user=who)
