"""An installation between its lean counterparts: where its conversations are, and how to put a load on it."""

from __future__ import annotations

import sqlite3
from contextlib import AsyncExitStack, closing
from typing import TYPE_CHECKING, Any, Self

import aiohttp

from benchmarks import events
from benchmarks.counterparts.marks import mark
from benchmarks.counterparts.slack import TEAM
from benchmarks.processes import Child, until
from bot.conversations.callbacks import CallbackUrls
from sandbox.bot import to_toml
from sandbox.demo_environment import free_port
from storage.engine.clock import system_clock

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

CHANNELS = 64  # into one channel only one post is under way at a time
NOTES = "C00NOTES"  # an inbox whose replies stay in the team: they are taken in, and nothing follows
SECRET = "b" * 32
SIGNING = "s" * 32
AGES = 1e9  # seconds
LONG = 86_400.0  # seconds: what is not measured is put off until then


def contact(conversation: int) -> str:
    """The number of the customer in this conversation."""
    return f"+614{conversation:08d}"


def sender(conversation: int) -> str:
    """The number of ours that it came to."""
    return f"+612800{conversation % CHANNELS:05d}"


def channel(conversation: int) -> str:
    """The Slack channel that it is in."""
    return f"C00{conversation % CHANNELS:05d}"


def thread(conversation: int) -> str:
    """Its thread."""
    return f"1700000000.{conversation:06d}"


class Stage:
    """The bot and its counterparts.

    Args:
        folder: for its files; a `threadline.db` that is there is used.
        socket: events come by Socket Mode, else by signed requests.
        patience: of the bot, beside what puts the card and the receipt line off.
        environment: of the bot's process.

    Attributes:
        bot: the process.
        port: of its doors.
    """

    def __init__(
        self,
        folder: Path,
        *,
        socket: bool = True,
        timeouts: dict[str, float] | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._socket = socket
        self._patience = {"status_line": LONG, "card": LONG} if timeouts is None else timeouts
        self.port = free_port()
        self.urls = CallbackUrls(f"http://127.0.0.1:{self.port}", SECRET)
        self._stack = AsyncExitStack()
        self._ports: dict[str, int] = {}
        self._slack = Child("benchmarks.counterparts.slack", log=folder / "slack.log")
        self._carrier = Child("benchmarks.counterparts.carrier", log=folder / "carrier.log")
        settings = str(folder / "threadline.toml")
        self.bot = Child("benchmarks.child", settings, log=folder / "bot.log", environment=environment, alone=True)

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _open(self) -> None:
        self._session = await self._stack.enter_async_context(aiohttp.ClientSession())
        for name, child in {"slack": self._slack, "carrier": self._carrier}.items():
            await child.start()
            self._stack.push_async_callback(child.stop)
            self._ports[name] = await child.port()
        (self._folder / "threadline.toml").write_text(to_toml(self._settings()), encoding="utf-8")
        self._stack.push_async_callback(self.bot.stop)

    async def start_bot(self) -> None:
        """Starts it, and returns once texts flow both ways."""
        await self.bot.start()
        await self.bot.ready(self.port)

    async def start_door(self) -> None:
        """Starts it while Slack cannot be reached, and returns once the providers' door is open: it only takes in."""
        await self.tell("slack", "refuse", {})
        await self.bot.start()
        await until(self._is_open, 30.0)

    async def _is_open(self) -> bool:
        try:
            async with self._session.get(f"http://127.0.0.1:{self.port}/healthz") as answer:
                return answer.ok
        except aiohttp.ClientError:
            return False

    # --- the counterparts ---------------------------------------------------------------------------------------------

    async def tell(self, whom: str, what: str, said: dict[str, Any]) -> None:
        """Tells a counterpart how to be."""
        url = f"http://127.0.0.1:{self._ports[whom]}/bench/{what}"
        async with self._session.post(url, json=said) as answer:
            answer.raise_for_status()

    async def ask(self, whom: str, what: str) -> Any:
        """What a counterpart has seen."""
        async with self._session.get(f"http://127.0.0.1:{self._ports[whom]}/bench/{what}") as answer:
            return await answer.json()

    async def delay(self, seconds: float) -> None:
        """Both sides take so long for each answer."""
        for whom in ("slack", "carrier"):
            await self.tell(whom, "delay", {"seconds": seconds})

    async def forget(self) -> None:
        """Both sides forget what they have seen."""
        for whom in ("slack", "carrier"):
            await self.tell(whom, "forget", {})

    async def settled(self) -> None:
        """Waits until nothing that is due waits for the bot."""
        await until(self._is_settled, 60.0)

    async def threads(self) -> list[tuple[str, str]]:
        """The channel and the thread of each conversation, the oldest first."""
        with closing(sqlite3.connect(f"file:{self._folder}/threadline.db?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT channel, thread_ts FROM conversations ORDER BY id").fetchall()

    async def messages(self) -> dict[int, int]:
        """Whose attempt each is, by their ids."""
        with closing(sqlite3.connect(f"file:{self._folder}/threadline.db?mode=ro", uri=True)) as connection:
            return dict(connection.execute("SELECT id, message_id FROM attempts ORDER BY id DESC LIMIT 100000"))

    async def _is_settled(self) -> bool:
        with closing(sqlite3.connect(f"file:{self._folder}/threadline.db?mode=ro", uri=True)) as connection:
            (left,) = connection.execute(
                "SELECT (SELECT count(*) FROM intake WHERE state = 'new') + count(*) FROM jobs WHERE run_at < ?",
                (system_clock(),),
            ).fetchone()
        return not left

    # --- what comes in ------------------------------------------------------------------------------------------------

    def inbound(self, number: int, conversation: int) -> bytes:
        """A customer's text, as a request to the door."""
        name = f"s{conversation % CHANNELS:02d}"
        path = self.urls.make("fone", "sender", name)[0].removeprefix(f"http://127.0.0.1:{self.port}")
        text = f"Hello, where is my parcel? It should be here today. {mark(number)}"
        return events.request(path, events.inbound(number, contact(conversation), sender(conversation), text))

    def receipt(self, taken: dict[str, Any]) -> bytes:
        """The receipt of a text that the carrier has taken, as a request to the door."""
        path = taken["receipts"].removeprefix(f"http://127.0.0.1:{self.port}")
        return events.request(path, events.receipt(taken["sid"], taken["from"], taken["to"]))

    def note(self, number: int) -> bytes:
        """A reply in the inbox whose replies stay in the team, as a signed request."""
        text = f"Shall I call them? {mark(number)}"
        body = events.as_json(events.envelope(NOTES, thread(0), text))
        return events.signed("/slack/events", body, SIGNING)

    def replies(self, first: int, count: int, conversations: int) -> list[tuple[str, str, str]]:
        """Replies, one conversation after the other, as the counterpart of Slack sends them."""
        return [
            (channel(n % conversations), thread(n % conversations), f"It is on its way, it comes at 3. {mark(n)}")
            for n in range(first, first + count)
        ]

    # --- the settings -------------------------------------------------------------------------------------------------

    def _settings(self) -> dict[str, Any]:
        numbers = range(CHANNELS)
        inboxes = {f"i{n:02d}": {"channel": channel(n), "senders": [f"s{n:02d}"]} for n in numbers}
        return {
            "public_url": f"http://127.0.0.1:{self.port}",
            "secret": SECRET,
            "database": str(self._folder / "threadline.db"),
            "http": {"port": self.port},
            "slack": {
                "mode": "socket" if self._socket else "http",
                "bot_token": "xoxb-bench",
                "app_token": "xapp-bench",
                "signing_secret": SIGNING,
                "api_url": f"http://127.0.0.1:{self._ports['slack']}/api/",
                "alert_channel": "C00ALERTS",
                "posts_per_second": 1e6,
                "posts_per_minute": 1e9,
            },
            "timeouts": self._patience,
            "sweep": {"missing": AGES},  # the counterpart has no history: no card is taken for a deleted one
            "accounts": {
                "fone": {
                    "provider": "fonedynamics",
                    "account_sid": "A" + "0" * 31,
                    "property_sid": "P" + "0" * 31,
                    "token": "t",
                    "base_url": f"http://127.0.0.1:{self._ports['carrier']}",
                }
            },
            "senders": {f"s{n:02d}": {"account": "fone", "address": sender(n)} for n in numbers},
            "inboxes": {**inboxes, "notes": {"channel": NOTES, "senders": ["s00"], "reply_mode": "off"}},
        }


TEAM_ID = TEAM["team_id"]
