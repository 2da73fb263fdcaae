"""A support team with its customers, and the bot in this process or in a child process."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import AsyncExitStack, asynccontextmanager, closing
from typing import TYPE_CHECKING, Any

import aiohttp

from bot import app
from bot.conversations.callbacks import portal
from bot.settings.loading import check
from bot.settings.model import Settings
from sandbox.demo_environment import DemoEnvironment
from sandbox.slack.identifiers import order
from sandbox.timeouts import PATIENCE
from storage.engine.clock import SECOND, system_clock
from tests.e2e.nursery import Child
from tests.storage.making import lay_empty

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from tests.e2e.nursery import Nursery

LOOK_EVERY = 0.02  # seconds between two looks; the first ones come sooner
FIRST_LOOK = 0.002
SOON = 1.0  # seconds: a job that is due later than that is not waited for
# Counts the work that is due until :soon. A job behind an earlier one of its lane is due no sooner than that one.
WAITING = """
    (SELECT count(*) FROM intake WHERE state = 'new')
    + (SELECT count(*) FROM jobs WHERE run_at < :soon
        AND NOT EXISTS (SELECT 1 FROM jobs AS ahead WHERE ahead.lane = jobs.lane AND ahead.id < jobs.id))
"""

CUSTOMER = "+61488023555"
ANOTHER = "+61488023666"
UNLUCKY = "+61488020001"  # the network fails every text to it
SILENT = "+61488020007"  # every text arrives, and no receipt comes

# The defaults are for the real Slack and real providers; seconds. An answer takes a while on a busy machine.
_IMPATIENT = {
    "provider": 2.0,
    "reconcile": [0.2, 0.3],
    "retry": 0.3,
    "slack": 2.5,
    "socket": 0.8,
    "status_line": 0.6,
    "card": 0.1,
}


class Team(DemoEnvironment):
    """A demo environment with the bot in this process, so that it starts at once.

    Args:
        folder: for its files.
        adapt: changes the settings (nested dicts, as in the file) before the bot starts.
        http: events come as signed requests instead of by Socket Mode.
        starts: whether the bot runs from the beginning.
        workspace: options of the simulated workspace.

    Attributes:
        pace: posts a second that Slack accepts in a channel, in place of one.
    """

    pace = 100.0

    def __init__(
        self,
        folder: Path,
        adapt: Callable[[dict[str, Any]], None] | None = None,
        *,
        http: bool = False,
        starts: bool = True,
        **workspace: Any,
    ) -> None:
        super().__init__(folder, **{"posts_per_second": self.pace, "post_burst": 5, "tier_scale": None, **workspace})
        for settings in (self.fone.settings, self.io.settings, self.iovox.settings, self.restcomm.settings):
            settings.receipt_delay = 0.01
            settings.retries = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
        self._adapt = adapt
        self._http = http
        self._starts = starts
        self._bot_stack = AsyncExitStack()

    def settings(self, port: int) -> dict[str, Any]:
        """The settings of an operator, with shorter timeouts."""
        written = super().settings(port)
        written["slack"] |= {
            "posts_per_second": self.pace,
            "posts_per_minute": 6000.0,
            "calls_scale": 50.0,
            "reconcile_seconds": 0.4,
        }
        written["timeouts"] = dict(_IMPATIENT)
        written["sweep"] = {"missing": 1.0}
        if self._http:
            written["slack"] |= {"mode": "http", "signing_secret": self.slack.signing_secret}
            self.slack.settings.events_url = f"{written['public_url']}/slack/events"
        if self._adapt is not None:
            self._adapt(written)
        return written

    async def _install_bot(self, port: int) -> None:
        self._written = self.settings(port)
        self.bot_settings = check(Settings(**self._written))
        self.url = self.bot_settings.public_url
        self.set_up_portals({name: portal(self.bot_settings, name) for name in self.bot_settings.senders})
        await self._run_bot(port)

    async def _run_bot(self, _port: int) -> None:
        self._stack.push_async_callback(self.stop_bot)
        if self._starts:
            await self.start_bot()

    async def start_bot(self) -> None:
        """Starts the bot, and returns when texts flow in both directions."""
        reached = await self.open_bot()
        await asyncio.wait_for(asyncio.shield(reached), PATIENCE)
        if self.bot_settings.slack.mode == "socket":
            await self.slack.connected()

    async def open_bot(self) -> asyncio.Task[None]:
        """Starts it, and returns once the providers' door is open; the task ends when Slack is reached."""
        await lay_empty(self.bot_settings.database)
        self._bot_stack = AsyncExitStack()
        return await self._bot_stack.enter_async_context(app.running(self.bot_settings))

    async def stop_bot(self) -> None:
        """Stops the bot as SIGTERM does."""
        await self._bot_stack.aclose()

    # --- what people do -----------------------------------------------------------------------------------------------

    async def conversation(self, phone: str = CUSTOMER, text: str = "Hello") -> str:
        """Sends a text from a customer; returns the thread's `ts` when the text is in it."""
        await self.phones.send(phone, self.sydney, text)
        await self.until(lambda: text in self.shown(phone))
        return self.root(phone)

    async def reply(self, root: str, text: str, **how: Any) -> str:
        """Anna replies in a thread; returns the `ts` of her message."""
        return await self.slack.say(self.anna, self.support, text, thread_ts=root, **how)

    async def slash(self, text: str) -> str:
        """Anna writes `/sms …`; returns the answer, also if it comes a little later."""
        used = await self.slack.slash(self.anna, self.support, "/sms", text)
        assert not used.error
        if used.posts and used.posts[0]["text"].startswith("One moment"):
            await self.until(lambda: len(used.posts) > 1)
        return str(used.posts[-1]["text"] if used.posts else used.answer)

    async def call(self, url: str, method: str = "POST", **how: Any) -> tuple[int, str]:
        """Sends a request to the bot's HTTP server; returns the status and the body of the answer."""
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.request(method, url, **how) as answer:
            return answer.status, await answer.text()

    # --- waiting ------------------------------------------------------------------------------------------------------

    async def received(self, phone: str, count: int, seconds: float = PATIENCE) -> list[str]:
        """Waits until the phone has received so many texts, and returns them."""
        await self.until(lambda: len(self.phones.received(phone)) >= count, seconds)
        return [text.text for text in self.phones.received(phone)]

    async def until(self, holds: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Waits until a condition holds, in the workspace, on the phones, at the carriers or in the database.

        Raises:
            TimeoutError: it does not hold in time.
        """
        pause = FIRST_LOOK
        async with asyncio.timeout(seconds):
            while not holds():
                await asyncio.sleep(pause)
                pause = min(LOOK_EVERY, pause * 1.5)

    async def quiet(self) -> None:
        """Waits until nothing more will happen soon: no event, receipt, intake row or due job is left.

        Raises:
            TimeoutError: the work does not end.
        """
        await self.slack.delivered()
        await self.fone.settle()
        await self.until(lambda: not self._is_busy())

    def _is_busy(self) -> bool:
        soon = system_clock() + int(SOON * SECOND)
        return bool(self.rows(f"SELECT {WAITING} AS waiting", soon=soon)[0]["waiting"])

    # --- what people see ----------------------------------------------------------------------------------------------

    def roots(self, phone: str) -> list[str]:
        """Returns the threads whose card is about this phone."""
        digits = phone.removeprefix("+")
        posts = self.slack.world.store.channel(self.support).messages.values()  # as they are: `see` copies each
        cards = [post for post in posts if post.root is None and not post.is_tombstone]
        found = [card.ts for card in cards if digits in "".join(filter(str.isdigit, card.data["text"].split(":")[0]))]
        return sorted(found, key=order)

    def root(self, phone: str) -> str:
        """Returns the phone's only thread."""
        (root,) = self.roots(phone)
        return root

    def card(self, root: str) -> str:
        """Returns the words of a thread's card, as a person reads them."""
        return self.slack.words(self.slack.thread(self.support, root)[0])

    def below(self, root: str) -> list[dict[str, Any]]:
        """Returns the bot's posts in a thread, oldest first, without the card."""
        return [post for post in self.slack.thread(self.support, root)[1:] if post.get("bot_id")]

    def shown(self, phone: str) -> str:
        """Returns every literal text in the phone's threads, as its readers see it."""
        posts = [post for root in self.roots(phone) for post in self.below(root)]
        return "\n".join(filter(None, map(literal, posts)))

    def methods(self, since: int) -> list[str]:
        """Returns the Slack methods called after the first `since` calls, without the reads of the sweep."""
        reads = {"conversations.history", "conversations.replies"}
        return [call.method for call in self.slack.calls[since:] if call.method not in reads]

    def lines(self, root: str) -> list[str]:
        """Returns the status lines in a thread, oldest first."""
        return [post["text"] for post in self.below(root) if key(post).startswith("line:")]

    def notices(self, root: str) -> list[str]:
        """Returns the bot's notices in a thread, oldest first."""
        return [post["text"] for post in self.below(root) if key(post).startswith(("moved:", "notice:"))]

    def alerted(self) -> list[str]:
        """Returns the posts in the alert channel."""
        return [post["text"] for post in self.slack.see(self.alerts)]

    def told(self, user: str | None = None) -> list[str]:
        """Returns the private posts to one person (Anna, if no user is given)."""
        return [post["text"] for post in self.slack.ephemerals(user or self.anna)]

    # --- what a test can look up --------------------------------------------------------------------------------------

    def requests(self, kind: str = "send") -> list[dict[str, Any]]:
        """Returns the requests of the bot to the carrier, as JSON, whatever their result."""
        asked = [request for request in self.fone.requests if request.kind == kind]
        return [json.loads(request.body) for request in asked]

    def accepted(self, text: str) -> int:
        """Returns the number of texts with these words that the carrier accepted."""
        return sum(sent.text == text for sent in self.fone.accepted)

    def refused(self) -> int:
        """Returns the number of requests that the carrier refused."""
        return sum(request.outcome == "refused" for request in self.fone.requests)

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Returns rows of the bot's database."""
        with closing(sqlite3.connect(f"file:{self.bot_settings.database}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]

    def attempts(self) -> list[dict[str, Any]]:
        """Returns every attempt, oldest first."""
        return self.rows("SELECT * FROM attempts ORDER BY id")

    async def counted(self, name: str, **labels: str) -> float:
        """Returns the value of a counter in /metrics."""
        _, text = await self.call(f"{self.url}/metrics", "GET")
        pairs = ",".join(f'{label}="{value}"' for label, value in labels.items())
        wanted = f"{name}_total{{{pairs}}}"
        found = [line.rsplit(" ", 1)[1] for line in text.splitlines() if line.startswith(wanted)]
        return float(found[0]) if found else 0.0


class Installed(Team):
    """The same with the bot as a child process, which can be killed.

    Args:
        folder: for its files.
        nursery: forks the bot.
        adapt: changes the settings before the bot starts.
        options: of `run`.
    """

    bot: Child  # type: ignore[assignment]  # forked, so that it starts at once

    def __init__(
        self,
        folder: Path,
        nursery: Nursery,
        adapt: Callable[[dict[str, Any]], None] | None = None,
        *,
        options: Sequence[str] = (),
    ) -> None:
        super().__init__(folder, adapt)
        self._nursery = nursery
        self._options = options

    async def _run_bot(self, port: int) -> None:
        self.bot = Child(self._nursery, self._folder, self._written, port, *self._options)
        self._stack.push_async_callback(self.bot.kill)
        await self.bot.start()


def by_order(settings: dict[str, Any]) -> None:
    """Adds rules by which texts leave through the inbox's senders in their order, whatever the contact texted to."""
    settings["rules"] = [
        {"override": True, "inboxes": [name], "senders": inbox["senders"]}
        for name, inbox in settings["inboxes"].items()
    ]


async def change(team: Team, sql: str, **values: Any) -> None:
    """Changes rows of the bot's database from another connection."""

    def run() -> None:
        with closing(sqlite3.connect(team.bot_settings.database, timeout=2)) as connection, connection:
            connection.execute(sql, values)

    await asyncio.to_thread(run)


async def ask_each_time(team: Team) -> None:
    """Makes the bot ask for a leased number with each text, as if replies to leases that texts name were missing."""
    await change(team, "INSERT INTO lease_habits (account, replies, learnt_at) VALUES ('fone', 'missing', 0)")


def contact(team: Team, root: str) -> str:
    """Returns how an alert names the contact of a thread: a link to the thread, and its channel."""
    name = team.slack.thread(team.support, root)[0]["text"].split(":")[0]
    place = f"https://{team.slack.world.store.domain}.slack.com/archives/{team.support}/p{root.replace('.', '')}"
    return f"<{place}|{name}> in <#{team.support}>"


@asynccontextmanager
async def held(database: Path) -> AsyncIterator[None]:
    """Holds the database from another connection, so that nobody else can write to it."""
    with closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as holder:
        await asyncio.to_thread(holder.execute, "BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            holder.execute("ROLLBACK")


def literal(post: dict[str, Any]) -> str:
    """Returns the literal text of a post."""
    sections = [part for block in post["blocks"] if block["type"] == "rich_text" for part in block["elements"]]
    return "".join(piece.get("text", "") for section in sections for piece in section["elements"])


def key(post: dict[str, Any]) -> str:
    """Returns the key by which the bot finds its post again."""
    return str(post["blocks"][0]["block_id"]).removeprefix("k:")
