"""The part of the team that texts through IO Phone, whose texts can carry files."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tests.e2e.team import Installed, Team

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.e2e.nursery import Nursery

ABROAD = "+13035550142"
PNG = b"\x89PNG\r\n\x1a\n pretend picture"
JPEG = b"\xff\xd8\xff\xe0 pretend picture"
PAGE = b"<!DOCTYPE html><html><body>Not found</body></html>"
MB = 1 << 20


def impatient(written: dict[str, Any]) -> None:
    """Gives Slack half a second to share a file."""
    written["timeouts"] |= {"fetch": [0.05, 0.05], "share": [0.05, 0.1], "share_again": 0.5}


class Desk:
    """The part of the team that texts through IO Phone."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.channel = team.channels["sales"]
        self.number = team.branches["sales"].number
        self.root = ""

    async def begin(self) -> None:
        """Sends a first text: without it IO Phone does not know our URL, and nothing arrives."""
        await self.team.slack.slash(self.team.anna, self.channel, "/sms", f"{ABROAD} Hello")
        await self.team.received(ABROAD, 1)
        await self.team.until(lambda: self.team.slack.see(self.channel))
        self.root = self.team.slack.see(self.channel)[0]["ts"]

    async def picture(self, *contents: tuple[bytes, str], text: str = "Look") -> None:
        """The contact sends pictures, each with its content and its claimed type."""
        media = [self.team.io.host(content, kind) for content, kind in contents]
        await self.team.phones.send(ABROAD, self.number, text, media)

    def roots(self) -> list[str]:
        """Returns the cards in the channel."""
        return [post["ts"] for post in self.team.slack.see(self.channel) if post.get("bot_id") and "blocks" in post]

    def thread(self) -> list[dict[str, Any]]:
        """Returns all posts in the thread."""
        return self.team.slack.thread(self.channel, self.root)

    def files(self) -> list[dict[str, Any]]:
        """Returns the files in the thread, each once for every post that shows it."""
        shown = [post for post in self.thread() if post.get("bot_id")]
        return [file for post in shown for file in post.get("files", [])]

    def content(self, file: dict[str, Any]) -> bytes | None:
        """Returns the content of a file in Slack."""
        return self.team.slack.world.store.files[file["id"]].content

    def said(self) -> str:
        """Returns the words of all posts in the thread."""
        return "\n".join(post["text"] for post in self.thread())

    async def until_said(self, words: str) -> None:
        """Waits until the thread contains these words."""
        try:
            await self.team.until(lambda: words in self.said())
        except TimeoutError:
            raise AssertionError(self.said()) from None

    async def reply(self, text: str = "", *, files: list[str]) -> str:
        """Anna replies with files."""
        return await self.team.slack.say(self.team.anna, self.channel, text, thread_ts=self.root, files=files)


@asynccontextmanager
async def at_the_desk(
    folder: Path, adapt: Callable[[dict[str, Any]], None] = impatient, nursery: Nursery | None = None
) -> AsyncIterator[Desk]:
    """A desk with a conversation under way; with a nursery the bot is a process of its own."""
    async with Team(folder, adapt) if nursery is None else Installed(folder, nursery, adapt) as team:
        desk = Desk(team)
        await desk.begin()
        yield desk
