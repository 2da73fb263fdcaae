"""A team whose bot dies and comes back, with customers and people who remember their messages."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.conversations.callbacks import portal
from bot.settings.loading import check
from bot.settings.model import Settings
from sandbox.phones import NotForThisPhone
from storage.engine.clock import SECOND, system_clock
from tests.e2e.nursery import Child, Nursery
from tests.e2e.team import LOOK_EVERY, WAITING, Team

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

Point = tuple[str, int]
PATIENCE = 60.0  # seconds for anything to happen in one life of the bot; each life has as many


class Storm(Team):
    """A stage that restarts its bot whenever the bot dies.

    Args:
        folder: for its files.
        nursery: forks the bots.
        points: where the bot kills itself, one life after the other: a seam (see `child.py`) and the passage.
        trace: gets a line for each passage of a seam.
        workspace: options of the simulated workspace.

    Attributes:
        texted: texts of customers: phone and text.
        replied: replies of the team in threads: phone and text.
        commanded: texts of the team with `/sms` that the bot confirmed: phone and text.
        maybe: the same, if the answer was lost.
        forbidden: texts of the team to a contact after their STOP, with the time of their next START.
        intruded: replies of strangers in threads, and texts from forged webhooks.
        said: replies of the team in threads, by channel and `ts`.
        decisions: texts that people sent once more with a button: phone and text.
        forged_answers: the answers to forged webhooks, by status.
        homes: the inbox of each phone that is not in support.
        told_to_wait: the number of refusals for speed by faults that are cleared.
    """

    child: Child
    pace = 20.0

    def __init__(
        self,
        folder: Path,
        nursery: Nursery,
        *,
        points: Iterable[Point] = (),
        trace: Path | None = None,
        **workspace: Any,
    ) -> None:
        super().__init__(folder, **{"time_scale": 0.01, "ack_seconds": 1.0, "post_burst": 2, **workspace})
        self._nursery = nursery
        self.points = list(points)
        self._trace = trace
        self.fone.settings.retries = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)  # it may be dead for long on a busy machine
        self.io.settings.retries = self.fone.settings.retries
        self.texted: list[tuple[str, str]] = []
        self.replied: list[tuple[str, str]] = []
        self.commanded: list[tuple[str, str]] = []
        self.maybe: set[tuple[str, str]] = set()
        self.forbidden: dict[tuple[str, str], datetime] = {}
        self.intruded: list[str] = []
        self.said: dict[tuple[str, str], str] = {}
        self.decisions: Counter[tuple[str, str]] = Counter()
        self.homes: dict[str, str] = {}
        self.forged_answers: Counter[int] = Counter()
        self._others = (self.slack.add_user("guest", guest=True), self.slack.add_user("stranger", stranger=True))
        self.ahead = 20.0  # seconds: `calm` does not wait for a job that is due later than this
        self.told_to_wait = 0
        self.armed = False  # True if the bot has not yet reached the current point
        self.failures: list[BaseException] = []  # errors of starts
        self._reviving: asyncio.Task[None] | None = None

    def settings(self, port: int) -> dict[str, Any]:
        """Adds a sweep every two seconds, and timeouts that are shorter than the delays of the storm."""
        written = super().settings(port)
        written["timeouts"] |= {"provider": 0.6, "slack": 1.0}
        written["sweep"] = {"every": 2.0, "missing": 1.0, "late": 120.0}
        return written

    async def _install_bot(self, port: int) -> None:
        written = self.settings(port)
        self.bot_settings = check(Settings(**written))
        self.url = self.bot_settings.public_url
        self.set_up_portals({name: portal(self.bot_settings, name) for name in self.bot_settings.senders})
        self.child = Child(self._nursery, self._folder, written, port)
        self._stack.push_async_callback(self.end)
        await self._live()
        self._reviving = asyncio.create_task(self._revive())

    async def end(self) -> None:
        """Stops the restarts and kills the bot."""
        if self._reviving is not None:
            self._reviving.cancel()
            await asyncio.gather(self._reviving, return_exceptions=True)
            self._reviving = None
        if self.child.starts:
            await self.child.kill()

    async def _live(self) -> None:
        """Starts one more life, until the next of the points."""
        seam, nth = self.points.pop(0) if self.points else ("", 1)
        self.armed = bool(seam)
        await self.child.start(STORM_SEAM=seam, STORM_NTH=str(nth), STORM_TRACE=str(self._trace or ""))

    async def _revive(self) -> None:
        """Restarts the bot after each death, as a supervisor does."""
        while True:
            await self.child.wait()
            try:
                await self._live()
            except (TimeoutError, RuntimeError) as error:
                self.failures.append(error)
                return
            self.slack.world.changes.announce()

    # --- what people do -----------------------------------------------------------------------------------------------

    async def text(self, phone: str, text: str, to: str | None = None) -> None:
        """A customer sends a text; the carrier retries by itself while the bot is away."""
        self.texted.append((phone, text))
        try:
            await self.phones.send(phone, to or self.sydney, text)
        except NotForThisPhone:
            self.texted.remove((phone, text))

    async def answer(self, phone: str, text: str) -> str:
        """Anna replies in the phone's thread; returns the `ts`."""
        self.replied.append((phone, text))
        channel = self.channel_of(phone)
        ts = await self.slack.say(self.anna, channel, text, thread_ts=self.roots(phone)[-1])
        self.said[channel, ts] = text
        return ts

    def forbid(self, phone: str, text: str) -> None:
        """Records that this text must not go out to a contact who opted out, until they text START."""
        self.forbidden[phone, text] = datetime.max.replace(tzinfo=UTC)

    async def start_again(self, phone: str) -> None:
        """The contact texts START; texts that are under way may now go out."""
        now = datetime.now(UTC)
        self.forbidden = {
            each: min(until, now) if each[0] == phone else until for each, until in self.forbidden.items()
        }
        await self.text(phone, "START")

    async def command(self, phone: str, text: str) -> None:
        """Anna texts with `/sms`; an unacknowledged text may be lost."""
        used = await self.slack.slash(self.anna, self.channel_of(phone), "/sms", f"{phone} {text}")
        if not used.error and "Texting" in str(used.answer):
            self.commanded.append((phone, text))
        else:
            self.maybe.add((phone, text))

    async def intrude(self, phone: str, text: str, stranger: bool) -> None:  # noqa: FBT001 - one of two people
        """A guest or a stranger replies in the phone's thread."""
        self.intruded.append(text)
        who = self._others[stranger]
        channel = self.channel_of(phone)
        self.slack.world.store.channels[channel].members.add(who)
        await self.slack.say(who, channel, text, thread_ts=self.roots(phone)[-1])

    async def forge(self, text: str) -> None:
        """Calls the webhooks as a provider would, with tokens that nobody gave away."""
        self.intruded.append(text)
        real = next((each.hook for each in self.fone.deliveries if each.hook.kind == "inbound"), None)
        body = text.encode() if real is None or real.body is None else real.body.replace(b"A text", text.encode())
        for account in ("fone", "io", "iovox", "restcomm"):
            url = f"{self.url}/sms/{account}/{secrets.token_urlsafe(32)}"
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):  # it may be dead just now
                status, _ = await self.call(url, data=body, headers=dict(real.headers) if real else {})
                self.forged_answers[status] += 1

    # --- what people see ----------------------------------------------------------------------------------------------

    def channel_of(self, phone: str) -> str:
        """Returns the channel of the phone's conversation."""
        return self.channels[self.homes.get(phone, "support")]

    def roots(self, phone: str) -> list[str]:
        """Returns the threads whose card is about this phone, in its own inbox."""
        digits = phone.removeprefix("+")
        cards = self.slack.see(self.channel_of(phone))
        return [card["ts"] for card in cards if digits in "".join(filter(str.isdigit, card["text"].split(":")[0]))]

    # --- waiting ------------------------------------------------------------------------------------------------------

    async def until(self, holds: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Waits until a condition holds; after each death of the bot, the time begins again.

        Raises:
            TimeoutError: it does not hold in time.
        """
        loop = asyncio.get_running_loop()
        life, end = self.child.starts, loop.time() + seconds
        while not holds():
            await asyncio.sleep(LOOK_EVERY)
            if life != self.child.starts:
                life, end = self.child.starts, loop.time() + seconds
            if loop.time() > end:
                raise TimeoutError

    async def calm(self, seconds: float = PATIENCE) -> None:
        """Waits until nothing more will happen soon, even if the bot dies meanwhile.

        Raises:
            TimeoutError: the work does not end; with a list of the rest.
        """
        try:
            async with asyncio.timeout(seconds):
                while not await self._is_calm(seconds):  # noqa: ASYNC110 - another process is waited for
                    await asyncio.sleep(LOOK_EVERY)
        except TimeoutError:
            raise TimeoutError(self._left()) from None

    async def _is_calm(self, seconds: float) -> bool:
        await self.slack.delivered(seconds)
        for carrier in self.carriers:
            await carrier.settle(seconds)
        seen = len(self.slack.calls), self.child.starts
        if not self.child.is_running or self._is_busy() or not self.slack.connections:
            return False
        await asyncio.sleep(0.1)
        return seen == (len(self.slack.calls), self.child.starts) and not self._is_busy()

    def _left(self) -> str:
        """Returns the reasons why it is not calm, without any text or number."""
        jobs = self.rows("SELECT kind, tries, run_at, claimed_by, last_error FROM jobs ORDER BY run_at LIMIT 20")
        for job in jobs:
            job["run_at"] = (job["run_at"] - system_clock()) / SECOND
        calls = [(round(time.time() - call.at, 1), call.method, call.error) for call in self.slack.calls[-10:]]
        states = {"running": self.child.is_running, "lives": self.child.starts, "sockets": self.slack.connections}
        return f"{states}, {self.slack.deliveries.under_way} events under way, jobs {jobs}, calls {calls}"

    def _is_busy(self) -> bool:
        clock = self._folder / "clock"  # the seconds by which the bot's clock is wrong
        wrong = int(clock.read_text(encoding="utf-8")) if clock.exists() else 0
        soon = system_clock() + int((self.ahead + wrong) * SECOND)
        (found,) = self.rows(f"SELECT {WAITING} AS waiting", soon=soon)
        return bool(found["waiting"])

    # --- counting -----------------------------------------------------------------------------------------------------

    def sent(self) -> Counter[tuple[str, str]]:
        """Returns the number of times that a carrier accepted each text for each phone."""
        return Counter(
            (each.to if each.to.startswith("+") else f"+{each.to}", each.text)
            for carrier in self.carriers
            for each in carrier.accepted
        )
