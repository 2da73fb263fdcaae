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

from bot.conversations.callbacks import CallbackUrls
from bot.conversations.circuit_breaker import CircuitBreaker
from bot.conversations.condition_alerts import ConditionAlerts
from bot.conversations.intake_handlers import IntakeHandlers
from bot.conversations.lease_notices import LeaseNotices
from bot.conversations.send_results import SendResults
from bot.files.downloads import Downloads
from bot.files.file_store import FileStore
from bot.files.media import Incoming, private_places
from bot.files.outgoing import Outgoing
from bot.files.signed_urls import SignedUrls
from bot.http.export_routes import ExportRoutes, export_urls
from bot.http.file_routes import FileRoutes
from bot.http.server import Server
from bot.http.sms_webhooks import SmsWebhooks
from bot.operator.single_instance import AlreadyRunning, alone
from bot.privacy.erasure import Eraser
from bot.privacy.retention import Retention
from bot.sending.fetching import Fetcher
from bot.sending.gate import Gate
from bot.slack.app.actions import Actions
from bot.slack.app.background import BackgroundTasks
from bot.slack.app.channels import Channels
from bot.slack.app.commands import Commands
from bot.slack.app.compose import Compose
from bot.slack.app.events import SlackEvents
from bot.slack.app.home import Home
from bot.slack.app.modal_loader import ModalLoader
from bot.slack.app.modals import Modals
from bot.slack.app.rights import Rights
from bot.slack.app.route_explainer import RouteExplainer
from bot.slack.app.slash_replies import SlashReplies
from bot.slack.app.sweep import Listening, Sweep
from bot.slack.client.api import SlackApi, open_client, open_session
from bot.slack.client.rate_limit import RateLimits
from bot.slack.client.sockets import Sockets
from bot.slack.client.startup import CannotStart, identify, know_erased
from bot.slack.client.users import Users
from bot.slack.threads.fallback_alerts import FallbackAlerts
from bot.slack.threads.idempotent_post import IdempotentPosts
from bot.slack.threads.presenter import Presenter
from bot.slack.threads.publisher import Publisher
from bot.telemetry import log_context
from bot.telemetry.gauges import Gauges
from bot.telemetry.metered_transport import MeteredTransport
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
    session = await stack.enter_async_context(open_session(settings.timeouts.slack))
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
    timeout = httpx.Timeout(settings.timeouts.provider, connect=5.0, pool=5.0)
    transport = await stack.enter_async_context(open_transport())
    found: dict[str, Provider] = {}
    for name, account in settings.accounts.items():
        client = open_provider_client(timeout, MeteredTransport(transport, metrics, name))
        found[name] = account.kind(account.provider_settings(), await stack.enter_async_context(client))
    return found


@dataclass(frozen=True, slots=True)
class Work:
    """The parts of the work that the surfaces need too."""

    gate: Gate
    users: Users
    presenter: Presenter
    actions: Actions
    breaker: CircuitBreaker


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
        self._file_store = FileStore(settings.database.with_name("files"))
        self._metrics = metrics
        self._gauges = gauges
        self._urls = CallbackUrls(settings.public_url, settings.secret.get_secret_value())
        self._file_urls = SignedUrls(settings.public_url, settings.secret.get_secret_value())
        self._export_urls = export_urls(settings.public_url, settings.secret.get_secret_value())
        self._appender = Appender(database)
        self._former: frozenset[str] = frozenset()
        door = SmsWebhooks(database, self._appender, providers, self._urls, self._metrics)
        file_door = FileRoutes(database, self._file_store, self._file_urls)
        export_door = ExportRoutes(database, self._export_urls)
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
        rate_limits = RateLimits(self._database, self._settings.slack)
        await rate_limits.load()
        slack = SlackApi(client, rate_limits, self._metrics)
        who = await identify(self._database, slack)
        work = await self._begin_work(slack, rate_limits, who, stack)
        commands, surfaces = self._surfaces(slack, who, work, stack)
        door = SlackEvents(self._appender, self._settings, commands, self._metrics, who, self._former)
        condition_alerts = ConditionAlerts(self._database)
        sweep = Sweep(
            self._database, slack, door, self._settings, self._providers, work.breaker, condition_alerts, self._former
        )
        self._listen(door.open(client, surfaces), slack, sweep, condition_alerts, stack)
        fallback_alerts = FallbackAlerts(self._database, slack, condition_alerts, self._settings.fallback_alerts)
        fallback_alerts.start()
        stack.push_async_callback(fallback_alerts.stop)
        log.info("started", team=who.team, mode=self._settings.slack.mode)

    async def _begin_work(self, slack: SlackApi, rate_limits: RateLimits, who: Identity, stack: AsyncExitStack) -> Work:
        """What is done about what comes in, and the worker that does it."""
        send_results = SendResults(self._settings, self._providers)
        bridge = IntakeHandlers(self._settings, send_results, who)
        users = Users(self._database, slack, who)
        outgoing = Outgoing(self._database, slack, self._settings, self._downloads, self._file_store, self._file_urls)
        breaker = CircuitBreaker(self._database, self._metrics, self._providers)
        await breaker.load()
        gate = Gate(self._database, self._settings, self._providers, send_results, self._urls, users, breaker, outgoing)
        idempotent_posts = IdempotentPosts(self._database, slack, rate_limits, self._settings, who.team)
        presenter = Presenter(self._settings, self._providers, who.url)
        thread = Publisher(self._database, slack, idempotent_posts, presenter, self._settings, self._session)
        incoming = Incoming(self._database, slack, self._settings, self._downloads, self._file_store, self._session)
        fetching = Fetcher(self._database, self._appender, self._providers, breaker)
        actions = Actions(self._database, self._appender, self._settings, users, send_results, who.team)
        told = LeaseNotices(self._database, self._settings, self._providers, send_results.leases)
        handlers = _handlers(gate, thread, fetching, actions, incoming, outgoing)
        handlers |= {"number": told.number, "lease": told.lease}
        handlers["erase"] = Eraser(self._database, slack, self._file_store, who).erase
        worker = Worker(self._database, bridge, handlers, self._metrics)
        await self._resume(send_results)
        await worker.start()
        retention = Retention(self._database, self._file_store, self._settings.retention)
        retention.start()
        stack.push_async_callback(retention.stop)
        stack.push_async_callback(worker.stop, DRAIN)
        return Work(gate, users, presenter, actions, breaker)

    def _surfaces(
        self, slack: SlackApi, who: Identity, work: Work, stack: AsyncExitStack
    ) -> tuple[Commands, list[Surface]]:
        """What people see and use in Slack beside the threads."""
        gate, users, presenter, actions = work.gate, work.users, work.presenter, work.actions
        tasks = BackgroundTasks()
        stack.push_async_callback(tasks.drain, DRAIN)
        windows = ModalLoader(slack, tasks)
        compose = Compose(
            self._database,
            self._appender,
            self._settings,
            self._providers,
            users,
            gate,
            slack,
            tasks,
            windows,
            who.team,
        )
        routes = RouteExplainer(self._database, self._settings, self._providers, gate)
        answers = SlashReplies(self._database, self._settings, self._providers, presenter, routes)
        rights = Rights(self._database, self._appender, self._settings, self._export_urls)
        commands = Commands(
            self._appender, self._settings, users, gate, answers, rights, compose, tasks, self._session, who.team
        )
        sheets = Modals(self._database, self._settings, self._providers, users, actions, windows, who.team)
        home = Home(self._database, self._settings, self._providers, users, presenter, slack, tasks, compose, who.team)
        channels = Channels(self._appender, self._settings, who)
        return commands, [actions, compose, sheets, home, channels]

    def _listen(
        self, app: AsyncApp, slack: SlackApi, sweep: Sweep, condition_alerts: ConditionAlerts, stack: AsyncExitStack
    ) -> None:
        """Takes what Slack tells, and looks for what it does not tell."""
        token = self._settings.slack.app_token
        if self._settings.slack.mode == "http" or token is None:
            self.server.slack = app
            self.server.is_ready = lambda: slack.failing_since is None
        else:
            sockets = Sockets(app, token.get_secret_value(), self._settings.timeouts, condition_alerts, sweep.soon)
            sweep.listening = Listening(lambda: sockets.connected_since, sockets.renew)
            self._gauges.live["sockets"] = lambda: sockets.standing
            sockets.start()
            stack.push_async_callback(sockets.stop)
            self.server.is_ready = lambda: sockets.connected
        sweep.start()
        stack.push_async_callback(sweep.stop)

    async def _resume(self, send_results: SendResults) -> None:
        """A request that was under way when the process died may have been done."""
        async with self._database.transaction() as tx:
            for attempt in await attempts.interrupted(tx):
                await send_results.unknown(tx, attempt, "interrupted", "We were stopped while it was being sent.")


def _handlers(
    gate: Gate, thread: Publisher, fetching: Fetcher, actions: Actions, incoming: Incoming, outgoing: Outgoing
) -> dict[str, Callable[[Job], Awaitable[None]]]:
    """Who does which kind of job (`bot/conversations/enqueue.py`)."""
    return {
        "send": gate.send,
        "reconcile": gate.reconcile,
        "fetch": fetching.fetch,
        "post": thread.post,
        "rest": thread.rest,
        "file": incoming.file,
        "drop_file": outgoing.drop,
        "notice": thread.notice,
        "opt_out_question": thread.opt_out_question,
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
    except AlreadyRunning:
        raise CannotStart(f"Another threadline is running on {database}. Stop it first.") from None
