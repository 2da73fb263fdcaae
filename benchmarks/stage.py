"""An installation between its counterparts, with known conversations and a way to load it."""

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

CHANNELS = 64  # one channel has only one post under way at a time
NOTES = "C00NOTES"  # an inbox whose replies are notes: they are stored, and nothing follows
SECRET = "b" * 32
SIGNING = "s" * 32
AGES = 1e9  # seconds
LONG = 86_400.0  # seconds: what is not measured is postponed until then


def contact(conversation: int) -> str:
    """Returns the contact's number in this conversation."""
    return f"+614{conversation:08d}"


def sender(conversation: int) -> str:
    """Returns our number in this conversation."""
    return f"+612800{conversation % CHANNELS:05d}"


def channel(conversation: int) -> str:
    """Returns its Slack channel."""
    return f"C00{conversation % CHANNELS:05d}"


def thread(conversation: int) -> str:
    """Returns its thread."""
    return f"1700000000.{conversation:06d}"


class Stage:
    """The bot and its counterparts.

    Args:
        folder: for its files; an existing `threadline.db` is used.
        socket: receive events by Socket Mode, else by signed requests.
        timeouts: of the bot, in seconds; None: those that postpone the card and the status line.
        environment: of the bot's process.

    Attributes:
        bot: the process.
        port: of its HTTP server.
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
        self._timeouts = {"status_line": LONG, "card": LONG} if timeouts is None else timeouts
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
        """Starts the bot and returns once texts can flow both ways."""
        await self.bot.start()
        await self.bot.ready(self.port)

    async def start_door(self) -> None:
        """Starts the bot without Slack and returns once it accepts webhooks, which it then only stores."""
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
        """Sends a counterpart a command."""
        url = f"http://127.0.0.1:{self._ports[whom]}/bench/{what}"
        async with self._session.post(url, json=said) as answer:
            answer.raise_for_status()

    async def ask(self, whom: str, what: str) -> Any:
        """Returns a counterpart's records."""
        async with self._session.get(f"http://127.0.0.1:{self._ports[whom]}/bench/{what}") as answer:
            return await answer.json()

    async def delay(self, seconds: float) -> None:
        """Sets the delay of both sides, in seconds."""
        for whom in ("slack", "carrier"):
            await self.tell(whom, "delay", {"seconds": seconds})

    async def forget(self) -> None:
        """Clears the records of both sides."""
        for whom in ("slack", "carrier"):
            await self.tell(whom, "forget", {})

    async def settled(self) -> None:
        """Waits until the bot has no due work."""
        await until(self._is_settled, 60.0)

    async def threads(self) -> list[tuple[str, str]]:
        """Returns the channel and the thread of each conversation, the oldest first."""
        with closing(sqlite3.connect(f"file:{self._folder}/threadline.db?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT channel, thread_ts FROM conversations ORDER BY id").fetchall()

    async def messages(self) -> dict[int, int]:
        """Returns the message id for each attempt id."""
        with closing(sqlite3.connect(f"file:{self._folder}/threadline.db?mode=ro", uri=True)) as connection:
            return dict(connection.execute("SELECT id, message_id FROM attempts ORDER BY id DESC LIMIT 100000"))

    async def _is_settled(self) -> bool:
        with closing(sqlite3.connect(f"file:{self._folder}/threadline.db?mode=ro", uri=True)) as connection:
            (left,) = connection.execute(
                "SELECT (SELECT count(*) FROM intake WHERE state = 'new') + count(*) FROM jobs WHERE run_at < ?",
                (system_clock(),),
            ).fetchone()
        return not left

    # --- input for the bot --------------------------------------------------------------------------------------------

    def inbound(self, number: int, conversation: int) -> bytes:
        """Returns a contact's text as a webhook request."""
        name = f"s{conversation % CHANNELS:02d}"
        path = self.urls.make("fone", "sender", name)[0].removeprefix(f"http://127.0.0.1:{self.port}")
        text = f"Hello, where is my parcel? It should be here today. {mark(number)}"
        return events.request(path, events.inbound(number, contact(conversation), sender(conversation), text))

    def receipt(self, taken: dict[str, Any]) -> bytes:
        """Returns the receipt for an accepted text as a webhook request."""
        path = taken["receipts"].removeprefix(f"http://127.0.0.1:{self.port}")
        return events.request(path, events.receipt(taken["sid"], taken["from"], taken["to"]))

    def note(self, number: int) -> bytes:
        """Returns a reply in the notes inbox as a signed request."""
        text = f"Shall I call them? {mark(number)}"
        body = events.as_json(events.envelope(NOTES, thread(0), text))
        return events.signed("/slack/events", body, SIGNING)

    def replies(self, first: int, count: int, conversations: int) -> list[tuple[str, str, str]]:
        """Returns replies to one conversation after the other, in the form of Slack's counterpart."""
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
            "timeouts": self._timeouts,
            "sweep": {"missing": AGES},  # the counterpart has no history, so the sweep must not take cards for deleted
            "accounts": {
                "fone": {
                    "provider": "fonedynamics",
                    "account_sid": "A" + "0" * 31,
                    "property_sid": "P" + "0" * 31,
                    "token": "t",
                    "base_url": f"http://127.0.0.1:{self._ports['carrier']}",
                }
            },
            "senders": {
                **{f"s{n:02d}": {"account": "fone", "address": sender(n)} for n in numbers},
                "leased": {"account": "fone", "address": "leased"},
            },
            "inboxes": {**inboxes, "notes": {"channel": NOTES, "senders": ["leased"], "reply_mode": "off"}},
        }


TEAM_ID = TEAM["team_id"]
