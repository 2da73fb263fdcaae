"""Builds everything once, and starts and stops it in order. No work at import, no globals.

The order of the start is a promise: the database, the providers' door, and only then Slack, so that customers' texts
are taken in while Slack is down.
"""

from __future__ import annotations

import asyncio
import gc
import signal
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import structlog

from bot.conversations.alert import Alarm
from bot.conversations.callbacks import CallbackUrls
from bot.conversations.circuit_breaker import Breaker
from bot.conversations.intake_handlers import Bridge
from bot.conversations.lease_notices import LeaseNotices
from bot.conversations.send_results import Outcomes
from bot.files.downloads import Downloads
from bot.files.file_store import Shelf
from bot.files.media import Incoming, private_places
from bot.files.outgoing import Outgoing
from bot.files.signed_urls import SignedUrls
from bot.http.export_routes import ExportDoor, export_urls
from bot.http.file_routes import FileDoor
from bot.http.server import Server
from bot.http.sms_webhooks import SmsDoor
from bot.operator.single_instance import NotAlone, alone
from bot.privacy.erasure import Erasing
from bot.privacy.retention import Retention
from bot.sending.fetching import Fetching
from bot.sending.gate import Gate
from bot.slack.app.actions import Actions
from bot.slack.app.background import Tasks
from bot.slack.app.channels import Channels
from bot.slack.app.commands import Commands
from bot.slack.app.compose import Compose
from bot.slack.app.events import SlackDoor
from bot.slack.app.home import Home
from bot.slack.app.modal_loader import Windows
from bot.slack.app.modals import Sheets
from bot.slack.app.rights import Rights
from bot.slack.app.routes import Routes
from bot.slack.app.slash_replies import Answers
from bot.slack.app.sweep import Listening, Sweep
from bot.slack.client.api import SlackApi, open_client, open_session
from bot.slack.client.rate_limit import Pacing
from bot.slack.client.sockets import Sockets
from bot.slack.client.startup import CannotStart, identify, know_erased
from bot.slack.client.users import People
from bot.slack.threads.fallback_alerts import SecondWay
from bot.slack.threads.idempotent_post import Posting
from bot.slack.threads.presenter import Presenter
from bot.slack.threads.publisher import Thread
from bot.telemetry import log_context
from bot.telemetry.gauges import Gauges
from bot.telemetry.metered_transport import Measured
from bot.telemetry.metrics import Metrics
from bot.worker import Worker
from providers.http import open_client as open_provider_client
from providers.http import open_transport
from sms import keywords
from storage.engine.database import open_database
from storage.tables import attempts, callbacks, conversations
from storage.tables.intake import Appender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    import aiohttp
    from slack_bolt.async_app import AsyncApp

    from bot.settings.model import Settings
    from bot.slack.app.events import Surface
    from providers.provider import Provider
    from storage.engine.database import Database
    from storage.tables.identity import Identity
    from storage.tables.jobs import Job

DRAIN = 8.0  # seconds for what is under way when we are told to stop

log = structlog.get_logger("app")


async def run(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT, then lets what is under way end, ten seconds at most.

    Raises:
        CannotStart: another bot has the database, or Slack does not know our token.
        storage.engine.migrations.TooNew: the database is from a newer version.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(settings) as reaching_slack:
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({reaching_slack, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if reaching_slack.done():
            reaching_slack.result()
            await asyncio.to_thread(keywords.prepare)
            gc.freeze()  # what a start makes stays, and is not looked through for garbage again and again
        await stopping
        log.info("stopping")


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[asyncio.Task[None]]:
    """The bot, with the providers' door open; gives the task that ends once Slack is reached and the work has begun."""
    async with AsyncExitStack() as stack:
        bot = await _open(settings, stack)
        reaching_slack = asyncio.create_task(bot.reach_slack(stack))
        try:
            yield reaching_slack
        finally:
            reaching_slack.cancel()
            await asyncio.wait([reaching_slack])


async def _open(settings: Settings, stack: AsyncExitStack) -> Bot:
    """The database, the providers and their door: what works without Slack."""
    stack.enter_context(_alone(settings.database))
    database = await open_database(settings.database)
    stack.push_async_callback(database.close)
    await know_erased(database, settings)
    session = await stack.enter_async_context(open_session(settings.patience.slack))
    metrics = Metrics()
    gauges = Gauges(metrics, database, settings.database)
    stack.push_async_callback(gauges.stop)
    database.follow(metrics.note)
    database.follow(log_context.write)
    providers = await _providers(settings, metrics, stack)
    downloads = Downloads(settings.files.seconds, private_places(settings))
    bot = Bot(settings, database, providers, session, await stack.enter_async_context(downloads), metrics, gauges)
    await bot.know_senders()
    await bot.know_places()
    await bot.server.start()
    stack.push_async_callback(bot.server.stop)
    log.info("the door for providers is open", port=settings.http.port, accounts=sorted(settings.accounts))
    return bot


async def _providers(settings: Settings, metrics: Metrics, stack: AsyncExitStack) -> dict[str, Provider]:
    """By the name of their account; each one's requests are measured."""
    timeout = httpx.Timeout(settings.patience.provider, connect=5.0, pool=5.0)
    transport = await stack.enter_async_context(open_transport())
    found: dict[str, Provider] = {}
    for name, account in settings.accounts.items():
        client = open_provider_client(timeout, Measured(transport, metrics, name))
        found[name] = account.kind(account.provider_settings(), await stack.enter_async_context(client))
    return found


@dataclass(frozen=True, slots=True)
class Work:
    """The parts of the work that the surfaces need too."""

    gate: Gate
    people: People
    presenter: Presenter
    actions: Actions
    breaker: Breaker


class Bot:
    """Everything that is built, and how it hangs together."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        providers: dict[str, Provider],
        session: aiohttp.ClientSession,
        downloads: Downloads,
        metrics: Metrics,
        gauges: Gauges,
    ) -> None:
        self._settings = settings
        self._database = database
        self._providers = providers
        self._session = session
        self._downloads = downloads
        self._shelf = Shelf(settings.database.with_name("files"))
        self._metrics = metrics
        self._gauges = gauges
        self._urls = CallbackUrls(settings.public_url, settings.secret.get_secret_value())
        self._file_urls = SignedUrls(settings.public_url, settings.secret.get_secret_value())
        self._export_urls = export_urls(settings.public_url, settings.secret.get_secret_value())
        self._appender = Appender(database)
        self._former: frozenset[str] = frozenset()
        door = SmsDoor(database, self._appender, providers, self._urls, self._metrics)
        file_door = FileDoor(database, self._shelf, self._file_urls)
        export_door = ExportDoor(database, self._export_urls)
        self.server = Server(settings.http, [door, file_door, export_door], metrics, gauges)

    async def know_senders(self) -> None:
        """Recognises the URLs that an operator pastes into the providers' portals."""
        async with self._database.transaction() as tx:
            for name, sender in self._settings.senders.items():
                await callbacks.remember(tx, self._urls.make(sender.account, "sender", name)[1])

    async def know_places(self) -> None:
        """Finds the channels that are no inbox any more and still have open conversations: replies there are texted.

        Raises:
            CannotStart: an inbox with open conversations is not in the settings.
        """
        async with self._database.read() as reader:
            places = await conversations.places(reader)
        missing = sorted({inbox for inbox, _ in places if inbox not in self._settings.inboxes})
        if missing:
            raise CannotStart(
                f"The inbox {missing[0]} has open conversations and is not in the settings. Put inboxes.{missing[0]} "
                "back (two inboxes may share a channel), and close them before you remove it."
            )
        self._former = frozenset(channel for _, channel in places if not self._settings.is_ours(channel))

    async def reach_slack(self, stack: AsyncExitStack) -> None:
        """Learns who we are, starts the work, and listens to Slack."""
        client = open_client(self._settings.slack, self._session)
        pacing = Pacing(self._database, self._settings.slack)
        await pacing.load()
        slack = SlackApi(client, pacing, self._metrics)
        who = await identify(self._database, slack)
        work = await self._begin_work(slack, pacing, who, stack)
        commands, surfaces = self._surfaces(slack, who, work, stack)
        door = SlackDoor(self._appender, self._settings, commands, self._metrics, who, self._former)
        alarm = Alarm(self._database)
        sweep = Sweep(self._database, slack, door, self._settings, self._providers, work.breaker, alarm, self._former)
        self._listen(door.open(client, surfaces), slack, sweep, alarm, stack)
        second_way = SecondWay(self._database, slack, alarm, self._settings.second_way)
        second_way.start()
        stack.push_async_callback(second_way.stop)
        log.info("started", team=who.team, mode=self._settings.slack.mode)

    async def _begin_work(self, slack: SlackApi, pacing: Pacing, who: Identity, stack: AsyncExitStack) -> Work:
        """What is done about what comes in, and the worker that does it."""
        outcomes = Outcomes(self._settings, self._providers)
        bridge = Bridge(self._settings, outcomes, who)
        people = People(self._database, slack, who)
        outgoing = Outgoing(self._database, slack, self._settings, self._downloads, self._shelf, self._file_urls)
        breaker = Breaker(self._database, self._metrics, self._providers)
        await breaker.load()
        gate = Gate(self._database, self._settings, self._providers, outcomes, self._urls, people, breaker, outgoing)
        posting = Posting(self._database, slack, pacing, self._settings, who.team)
        presenter = Presenter(self._settings, self._providers, who.url)
        thread = Thread(self._database, slack, posting, presenter, self._settings, self._session)
        incoming = Incoming(self._database, slack, self._settings, self._downloads, self._shelf, self._session)
        fetching = Fetching(self._database, self._appender, self._providers, breaker)
        actions = Actions(self._database, self._appender, self._settings, people, outcomes, who.team)
        told = LeaseNotices(self._database, self._settings, self._providers, outcomes.ledger)
        handlers = _handlers(gate, thread, fetching, actions, incoming, outgoing)
        handlers |= {"number": told.number, "lease": told.lease}
        handlers["erase"] = Erasing(self._database, slack, self._shelf, who).erase
        worker = Worker(self._database, bridge, handlers, self._metrics)
        await self._resume(outcomes)
        await worker.start()
        retention = Retention(self._database, self._shelf, self._settings.retention)
        retention.start()
        stack.push_async_callback(retention.stop)
        stack.push_async_callback(worker.stop, DRAIN)
        return Work(gate, people, presenter, actions, breaker)

    def _surfaces(
        self, slack: SlackApi, who: Identity, work: Work, stack: AsyncExitStack
    ) -> tuple[Commands, list[Surface]]:
        """What people see and use in Slack beside the threads."""
        gate, people, presenter, actions = work.gate, work.people, work.presenter, work.actions
        tasks = Tasks()
        stack.push_async_callback(tasks.drain, DRAIN)
        windows = Windows(slack, tasks)
        compose = Compose(
            self._database,
            self._appender,
            self._settings,
            self._providers,
            people,
            gate,
            slack,
            tasks,
            windows,
            who.team,
        )
        routes = Routes(self._database, self._settings, self._providers, gate)
        answers = Answers(self._database, self._settings, self._providers, presenter, routes)
        rights = Rights(self._database, self._appender, self._settings, self._export_urls)
        commands = Commands(
            self._appender, self._settings, people, gate, answers, rights, compose, tasks, self._session, who.team
        )
        sheets = Sheets(self._database, self._settings, self._providers, people, actions, windows, who.team)
        home = Home(self._database, self._settings, self._providers, people, presenter, slack, tasks, compose, who.team)
        channels = Channels(self._appender, self._settings, who)
        return commands, [actions, compose, sheets, home, channels]

    def _listen(self, app: AsyncApp, slack: SlackApi, sweep: Sweep, alarm: Alarm, stack: AsyncExitStack) -> None:
        """Takes what Slack tells, and looks for what it does not tell."""
        token = self._settings.slack.app_token
        if self._settings.slack.mode == "http" or token is None:
            self.server.slack = app
            self.server.is_ready = lambda: slack.failing_since is None
        else:
            sockets = Sockets(app, token.get_secret_value(), self._settings.patience, alarm, sweep.soon)
            sweep.listening = Listening(lambda: sockets.connected_since, sockets.renew)
            self._gauges.live["sockets"] = lambda: sockets.standing
            sockets.start()
            stack.push_async_callback(sockets.stop)
            self.server.is_ready = lambda: sockets.connected
        sweep.start()
        stack.push_async_callback(sweep.stop)

    async def _resume(self, outcomes: Outcomes) -> None:
        """A request that was under way when the process died may have been done."""
        async with self._database.transaction() as tx:
            for attempt in await attempts.interrupted(tx):
                await outcomes.unknown(tx, attempt, "interrupted", "We were stopped while it was being sent.")


def _handlers(
    gate: Gate, thread: Thread, fetching: Fetching, actions: Actions, incoming: Incoming, outgoing: Outgoing
) -> dict[str, Callable[[Job], Awaitable[None]]]:
    """Who does which kind of job (`bot/conversations/enqueue.py`)."""
    return {
        "send": gate.send,
        "settle": gate.settle,
        "fetch": fetching.fetch,
        "post": thread.post,
        "rest": thread.rest,
        "file": incoming.file,
        "drop_file": outgoing.drop,
        "notice": thread.notice,
        "doubt": thread.doubt,
        "card": thread.card,
        "show": thread.show,
        "overdue": fetching.overdue,
        "alert": thread.alert,
        "act": actions.act,
        "tell": thread.tell,
        "answer": thread.answer,
    }


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """Two bots on one database would send each text twice, so the second one does not start.

    Raises:
        CannotStart: another process holds the lock.
    """
    try:
        with alone(database):
            yield
    except NotAlone:
        raise CannotStart(f"Another threadline is running on {database}. Stop it first.") from None
