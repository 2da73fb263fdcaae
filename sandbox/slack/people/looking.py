"""What people see: channels, threads, what only they see, modals and Home tabs. And waiting for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sandbox.slack import reading, shapes
from sandbox.slack.stacks import Stacks
from sandbox.slack.stamps import order
from sandbox.timeouts import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.slack.errors import Json
    from sandbox.slack.world import World

T = TypeVar("T")


class Looking:
    """The part of a workspace that shows. Nothing here counts against the app's limits or causes traffic."""

    world: World

    def channels(self) -> list[Json]:
        """All channels, private ones too."""
        return [shapes.channel(one, self.world.store) for one in self.world.store.channels.values()]

    def users(self) -> list[Json]:
        """Everybody, the bot first."""
        return [shapes.user(one) for one in self.world.store.users.values()]

    def see(self, channel: str) -> list[Json]:
        """What stands in a channel, oldest first: no replies but those also sent to the channel."""
        found = self.world.store.channel(channel)
        shown = [
            one for one in found.messages.values() if not one.root or one.data.get("subtype") == "thread_broadcast"
        ]
        return [self.world.store.wire(found, one) for one in sorted(shown, key=lambda one: order(one.ts))]

    def thread(self, channel: str, ts: str) -> list[Json]:
        """A thread, the root first; empty when the root is gone."""
        found = self.world.store.channel(channel)
        root = found.messages.get(ts)
        if root is None:
            return []
        below = [found.messages[reply] for reply in sorted(root.replies, key=order)]
        return [self.world.store.wire(found, one) for one in (root, *below)]

    def message(self, channel: str, ts: str) -> Json | None:
        """One message, or None."""
        found = self.world.store.channel(channel)
        message = found.messages.get(ts)
        return self.world.store.wire(found, message) if message is not None else None

    def ephemerals(self, user: str) -> list[Json]:
        """What is shown to this user only; each with its `channel`."""
        shown = [one for one in self.world.store.ephemerals if one["user"] == user]
        return [{**one["message"], "channel": one["channel"]} for one in shown]

    def reload(self, user: str) -> None:
        """The user reloads Slack: what was shown only to them is gone."""
        kept = [one for one in self.world.store.ephemerals if one["user"] != user]
        self.world.store.ephemerals[:] = kept
        self.world.changes.announce()

    def modal(self, user: str) -> Json | None:
        """The modal that this user sees, or None."""
        top = Stacks(self.world).top(user)
        return shapes.view(top, self.world.store) if top is not None else None

    def home(self, user: str) -> Json | None:
        """What the app has published for this user, or None."""
        view = self.world.store.views.get(self.world.store.homes.get(user, ""))
        return shapes.view(view, self.world.store) if view is not None else None

    def words(self, message: Json) -> str:
        """What a person reads in a message or a view."""
        return reading.words(message)

    def pings(self, message: Json) -> list[str]:
        """Whom a message notifies, as "<@U…>", "<!channel>" and so on."""
        return reading.pings(message)

    def links(self, message: Json) -> list[str]:
        """What can be clicked in a message."""
        return reading.links(message)

    async def wait_for(self, predicate: Callable[[], T], timeout: float = PATIENCE) -> T:  # noqa: ASYNC109 - its own clock
        """The first truthy value of the predicate, asked now and after every change.

        Raises:
            TimeoutError: it was not true within these seconds.
        """
        return await self.world.changes.until(predicate, timeout)

    async def changed(self) -> None:
        """Returns after the next change of anything."""
        await self.world.changes.next()
