"""A support team with its customers, and the bot running in this process."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from bot import app
from bot.callbacks import CallbackUrls
from bot.settings import Settings, check
from sandbox.stage import Stage
from storage.database import Database, open_database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE = 5.0  # seconds for anything to happen
POSTS_PER_SECOND = 20.0

CUSTOMER = "+61488023555"
UNLUCKY = "+61488020001"  # the network fails every text to it


class Team(Stage):
    """A stage whose bot is no child process, so that a test can look into its database.

    Args:
        folder: for its files.
        adapt: changes the settings (nested dicts, as in the file) before the bot starts.
        workspace: options of the pretend workspace.
    """

    def __init__(self, folder: Path, adapt: Callable[[dict[str, Any]], None] | None = None, **workspace: Any) -> None:
        super().__init__(folder, **{"posts_per_second": POSTS_PER_SECOND, "tier_scale": None, **workspace})
        self._adapt = adapt
        self._bot_stack = AsyncExitStack()

    async def _install_bot(self, port: int) -> None:
        written = self.settings(port)
        written["slack"] |= {"posts_per_second": POSTS_PER_SECOND, "posts_per_minute": 6000.0, "settle_seconds": 0.4}
        if self._adapt is not None:
            self._adapt(written)
        self.bot_settings = check(Settings(**written))
        urls = CallbackUrls(self.bot_settings.public_url, self.bot_settings.secret.get_secret_value())
        senders = self.bot_settings.senders.items()
        self.set_up_portals({name: urls.make(sender.account, "sender", name)[0] for name, sender in senders})
        await self.start_bot()
        self._stack.push_async_callback(self.stop_bot)

    async def start_bot(self) -> None:
        """Starts it, and returns once texts flow both ways."""
        self._bot_stack = AsyncExitStack()
        reached = await self._bot_stack.enter_async_context(app.running(self.bot_settings))
        if self.bot_settings.slack.mode == "socket":
            await asyncio.wait_for(self.slack.connected(1), PATIENCE)
        await asyncio.wait_for(asyncio.shield(reached), PATIENCE)

    async def stop_bot(self) -> None:
        """Stops it as SIGTERM does."""
        await self._bot_stack.aclose()

    async def database(self) -> Database:
        """A second look at the bot's file; the caller closes it."""
        return await open_database(self.bot_settings.database)

    # --- what people do -----------------------------------------------------------------------------------------------

    async def conversation(self, phone: str = CUSTOMER, text: str = "Hello") -> str:
        """A customer texts in; returns the thread's `ts` once the text stands in it."""
        await self.phones.send(phone, self.sydney, text)
        await self.until(lambda: text in self.shown(phone))
        return self.root(phone)

    async def reply(self, root: str, text: str, **how: Any) -> str:
        """Anna replies in a thread; returns the `ts` of her message."""
        return await self.slack.say(self.anna, self.support, text, thread_ts=root, **how)

    async def received(self, phone: str, count: int) -> list[str]:
        """Waits until so many texts came to the phone, and returns them."""
        await self.phones.wait_for(lambda: len(self.phones.received(phone)) >= count, PATIENCE)
        return [text.text for text in self.phones.received(phone)]

    async def until(self, holds: Callable[[], object]) -> None:
        """Waits until something is so in the workspace.

        Raises:
            TimeoutError: it is not.
        """
        await self.slack.wait_for(holds, PATIENCE)

    async def quiet(self, seconds: float = 0.5) -> None:
        """Gives what should not happen the time to happen."""
        await asyncio.sleep(seconds)

    # --- what people see ----------------------------------------------------------------------------------------------

    def roots(self, phone: str) -> list[str]:
        """The threads whose card is about this phone."""
        digits = phone.removeprefix("+")
        cards = self.slack.see(self.support)
        return [card["ts"] for card in cards if digits in "".join(filter(str.isdigit, card["text"].split(":")[0]))]

    def root(self, phone: str) -> str:
        """The phone's only thread."""
        (root,) = self.roots(phone)
        return root

    def below(self, root: str) -> list[dict[str, Any]]:
        """What the bot posted in a thread, oldest first, without the card."""
        return [post for post in self.slack.thread(self.support, root)[1:] if post.get("bot_id")]

    def shown(self, phone: str) -> str:
        """Every literal text in the phone's threads, as its readers see it."""
        posts = [post for root in self.roots(phone) for post in self.below(root)]
        return "\n".join(literal(post) for post in posts)

    def lines(self, root: str) -> list[str]:
        """The receipt lines in a thread, oldest first."""
        return [post["text"] for post in self.below(root) if post["blocks"][0]["block_id"].startswith("k:line:")]

    def alerted(self) -> list[str]:
        """What stands in the alert channel."""
        return [post["text"] for post in self.slack.see(self.alerts)]

    def told(self, user: str | None = None) -> list[str]:
        """What was said to one person only (Anna, if nobody is named)."""
        return [post["text"] for post in self.slack.ephemerals(user or self.anna)]


def literal(post: dict[str, Any]) -> str:
    """What a post shows as literal text."""
    sections = [part for block in post["blocks"] if block["type"] == "rich_text" for part in block["elements"]]
    return "".join(piece.get("text", "") for section in sections for piece in section["elements"])
