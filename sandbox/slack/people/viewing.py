"""Channels, threads, ephemeral messages, modals and Home tabs as people see them; and waiting for changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sandbox.slack import api_objects, message_contents
from sandbox.slack.identifiers import order
from sandbox.slack.view_stacks import ViewStacks
from sandbox.timeouts import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.slack.errors import Json
    from sandbox.slack.world import World

T = TypeVar("T")


class Viewing:
    """The part of a workspace that shows its content. It uses no rate limit and causes no traffic."""

    world: World

    def channels(self) -> list[Json]:
        """Returns all channels, including private ones."""
        return [api_objects.channel(one, self.world.store) for one in self.world.store.channels.values()]

    def users(self) -> list[Json]:
        """Returns all users, the bot first."""
        return [api_objects.user(one) for one in self.world.store.users.values()]

    def see(self, channel: str) -> list[Json]:
        """Returns a channel's messages, oldest first, without replies, except those also sent to the channel."""
        found = self.world.store.channel(channel)
        shown = [
            one for one in found.messages.values() if not one.root or one.data.get("subtype") == "thread_broadcast"
        ]
        return [self.world.store.wire(found, one) for one in sorted(shown, key=lambda one: order(one.ts))]

    def thread(self, channel: str, ts: str) -> list[Json]:
        """Returns a thread, the root first; empty if the root is gone."""
        found = self.world.store.channel(channel)
        root = found.messages.get(ts)
        if root is None:
            return []
        below = [found.messages[reply] for reply in sorted(root.replies, key=order)]
        return [self.world.store.wire(found, one) for one in (root, *below)]

    def message(self, channel: str, ts: str) -> Json | None:
        """Returns a message, or None."""
        found = self.world.store.channel(channel)
        message = found.messages.get(ts)
        return self.world.store.wire(found, message) if message is not None else None

    def ephemerals(self, user: str) -> list[Json]:
        """Returns the ephemeral messages of this user; each has its `channel`."""
        shown = [one for one in self.world.store.ephemerals if one["user"] == user]
        return [{**one["message"], "channel": one["channel"]} for one in shown]

    def reload(self, user: str) -> None:
        """Reloads the user's Slack client, which removes their ephemeral messages."""
        kept = [one for one in self.world.store.ephemerals if one["user"] != user]
        self.world.store.ephemerals[:] = kept
        self.world.changes.announce()

    def modal(self, user: str) -> Json | None:
        """Returns the modal that this user sees, or None."""
        top = ViewStacks(self.world).top(user)
        return api_objects.view(top, self.world.store) if top is not None else None

    def home(self, user: str) -> Json | None:
        """Returns the Home tab that the app has published for this user, or None."""
        view = self.world.store.views.get(self.world.store.homes.get(user, ""))
        return api_objects.view(view, self.world.store) if view is not None else None

    def words(self, message: Json) -> str:
        """Returns the text that a person reads in a message or a view."""
        return message_contents.words(message)

    def pings(self, message: Json) -> list[str]:
        """Returns whom a message notifies, as "<@U…>", "<!channel>" and so on."""
        return message_contents.pings(message)

    def links(self, message: Json) -> list[str]:
        """Returns the links in a message."""
        return message_contents.links(message)

    async def wait_for(self, predicate: Callable[[], T], timeout: float = PATIENCE) -> T:  # noqa: ASYNC109 - its own clock
        """Returns the first truthy value of the predicate, called now and after every change.

        Raises:
            TimeoutError: it is not truthy within these seconds.
        """
        return await self.world.changes.until(predicate, timeout)

    async def changed(self) -> None:
        """Returns after the next change."""
        await self.world.changes.next()
