"""Finds replies and texts for which no event or webhook came: at the start, after a reconnect, every few minutes.

Slack's own document says that it can lose events, so they are only the fast path. The sweep appends to the intake with
the same keys as events and webhooks do. The intake handlers ask about replies that are too old to be texted.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import structlog

from bot.conversations import alert_sentences, entries, recovery
from bot.conversations.circuit_breaker import LIST_INBOUND
from bot.conversations.entries import Inbound
from bot.sending.fetching import listed
from bot.slack.app.history import SecondLook, pages
from bot.slack.client.api import SlackError, SlackRefused
from providers.errors import ProviderError
from storage.engine.clock import SECOND, to_datetime
from storage.tables import conversations, intake, watermarks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.conversations.circuit_breaker import CircuitBreaker
    from bot.conversations.condition_alerts import ConditionAlerts
    from bot.slack.app.events import SlackEvents
    from bot.slack.client.link import SlackLink
    from bot.slack.client.workspace import Workspace
    from providers.provider import Provider
    from storage.tables.intake import Arrival

OVERLAP = timedelta(minutes=10)  # a provider's clock may differ, and its list may be late
DEAF = "events missing"

log = structlog.get_logger("sweep")


class Sweep:
    """The sweep over one workspace and all accounts.

    Args:
        workspace: the workspace.
        events: makes the entry that the event of a message would have made.
        breaker: knows which accounts can't be reached.
        condition_alerts: raises an alert if events do not come.
        link: how events come; it reports gaps.
        former: channels that are no inbox any more and still have open conversations.
    """

    def __init__(
        self,
        workspace: Workspace,
        events: SlackEvents,
        breaker: CircuitBreaker,
        condition_alerts: ConditionAlerts,
        link: SlackLink,
        former: frozenset[str] = frozenset(),
    ) -> None:
        self._database = workspace.database
        self._slack = workspace.slack
        self._settings = workspace.settings
        self._providers = workspace.providers
        self._events = events
        self._breaker = breaker
        self._condition_alerts = condition_alerts
        self._link = link
        self._former = former
        self._again = SecondLook(workspace, events)
        self._wanted = asyncio.Event()
        self._wanted_again = asyncio.Event()
        self._has_gap = True  # Slack could not reach us for a while
        self._tasks: list[asyncio.Task[None]] = []
        link.listen(self.soon)

    def start(self) -> None:
        """Sweeps at once, and then every `sweep.every` seconds."""
        work = [
            self._keep(self._all_channels, self._wanted),
            self._keep(self._look_again, self._wanted_again),  # a task of its own, so that new replies come first
            self._keep_asking(),
        ]
        self._tasks = [asyncio.create_task(each) for each in work]

    async def stop(self) -> None:
        """Ends. The next sweep repeats one that was interrupted."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def soon(self) -> None:
        """Sweeps now, because events may be missing."""
        self._has_gap = True
        self._wanted.set()
        self._wanted_again.set()

    async def _keep(self, sweep: Callable[[], Any], wanted: asyncio.Event) -> None:
        while True:
            wanted.clear()
            try:
                await sweep()
            except SlackError as error:
                log.warning("the sweep waits for Slack", reason=error.code)
            except Exception as error:
                log.exception("a sweep failed", kind=type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.sweep.every):  # wait_for of 3.11 may swallow a cancellation
                    await wanted.wait()

    async def _keep_asking(self) -> None:
        while True:
            for account, provider in self._providers.items():
                if provider.features.list_inbound:
                    await self._ask(account, provider)
            await asyncio.sleep(self._settings.sweep.every)

    # --- Slack --------------------------------------------------------------------------------------------------------

    async def _all_channels(self) -> None:
        missed = [channel for channel in self._channels() if await self._look_into(channel)]
        if missed:
            sentence = (
                f"Slack sent no events for replies in {' and '.join(map(alert_sentences.channel, missed))}; the sweep "
                "found them, and the bot texts them. It replaces its connections to Slack. If this lasts, run "
                "`threadline doctor`."
            )
            await self._condition_alerts.ring(DEAF, sentence)
            self._link.renew()
        else:
            await self._condition_alerts.calm(DEAF)

    def _channels(self) -> list[str]:
        inboxes = [inbox.channel for inbox in self._settings.inboxes.values()]
        return list(dict.fromkeys([*inboxes, *sorted(self._former)]))

    async def _look_again(self) -> None:
        """Looks for edits and deletions of replies that we know."""
        gap, self._has_gap = self._has_gap, False
        try:
            for channel in self._channels():
                await self._again.look(channel, gap=gap)
        except BaseException:
            self._has_gap |= gap
            raise

    async def _look_into(self, channel: str) -> int:
        """Sweeps a channel; raises an alert if it is closed. Returns how many replies should have come as events."""
        try:
            missed = await self._channel(channel)
        except SlackRefused as error:
            if error.code not in recovery.CLOSED:
                raise
            if self._settings.is_ours(channel):
                async with self._database.transaction() as tx:
                    await recovery.close_channel(tx, channel, error.code, self._settings)
            return 0
        await self._condition_alerts.calm(recovery.moved(channel))
        return missed

    async def _channel(self, channel: str) -> int:
        """Sweeps the threads with new replies, from the oldest open conversation on. Returns like `_look_into`."""
        async with self._database.read() as reader:
            oldest = await conversations.oldest_thread(reader, channel)
            cards = await conversations.threads(reader, channel)
        if oldest is None:
            return 0
        missed = 0
        async for root in pages(self._slack, "conversations.history", channel=channel, oldest=oldest, inclusive=True):
            if root.get("subtype") != "tombstone":
                cards.discard(root["ts"])
            if "latest_reply" in root:
                missed += await self._thread(channel, root)
        await self._cards_gone(channel, cards)
        return missed

    async def _cards_gone(self, channel: str, cards: set[str]) -> None:
        """Stores that cards are gone, so that new threads open. Slack may not list a card yet that was just posted."""
        long_ago = self._database.clock() / SECOND - self._settings.sweep.missing
        lost = [self._events.lost(channel, ts) for ts in sorted(cards) if float(ts) < long_ago]
        if lost:
            async with self._database.transaction() as tx:
                await intake.append(tx, lost)

    async def _thread(self, channel: str, root: Mapping[str, Any]) -> int:
        """Stores the new replies in a thread. Returns how many of them should have come as events."""
        key = f"thread:{channel}:{root['ts']}"
        async with self._database.read() as reader:
            seen = await watermarks.get(reader, key) or root["ts"]
        if Decimal(root["latest_reply"]) <= Decimal(seen):
            return 0
        reading = pages(self._slack, "conversations.replies", channel=channel, ts=root["ts"], oldest=seen)
        replies = [reply async for reply in reading if Decimal(reply["ts"]) > Decimal(seen)]
        found = {reply["ts"]: arrival for reply in replies if (arrival := self._events.found(channel, reply))}
        async with self._database.transaction() as tx:
            new = await intake.append(tx, list(found.values())) if found else set()
            await watermarks.move(tx, key, max((reply["ts"] for reply in replies), key=Decimal, default=seen))
        if new:
            log.info("the sweep found replies", count=len(new))
        return sum(each.dedup_key in new and self._should_have_come(float(ts)) for ts, each in found.items())

    def _should_have_come(self, written: float) -> bool:
        """True if Slack could reach us at this time (seconds since the epoch), and it is long ago."""
        since = self._link.connected_since
        return since is not None and since < written < self._database.clock() / SECOND - self._settings.sweep.missing

    # --- the providers ------------------------------------------------------------------------------------------------

    async def _ask(self, account: str, provider: Provider) -> None:
        """Stores texts that a provider has and sent no webhook for. The newest may still come by webhook."""
        key = f"inbound:{account}"
        async with self._database.read() as reader:
            seen = await watermarks.get(reader, key)
        now = self._database.clock()
        until = now - int(self._settings.sweep.missing * SECOND)
        try:
            found = [] if seen is None else await self._listed(account, provider, int(seen), until)
        except ProviderError as error:
            log.warning("a provider did not list its texts to the sweep", account=account, reason=error.code)
            return
        async with self._database.transaction() as tx:
            new = await intake.append(tx, found) if found else set()
            await watermarks.move(tx, key, str(until))
        if new:
            log.warning("the sweep found texts", account=account, count=len(new))

    async def _listed(self, account: str, provider: Provider, since: int, until: int) -> list[Arrival]:
        begin = to_datetime(since) - OVERLAP
        found = await self._breaker.ask(account, LIST_INBOUND, lambda: listed(provider, begin))
        recovered = f"found at {provider.title}: it sent no webhook"
        return [
            entries.arrival(account, Inbound(sms, recovered), entries.dedup_key(account, sms, ""))
            for sms in found
            if sms.provider_id is not None and (sms.sent_at is None or sms.sent_at <= to_datetime(until))
        ]
