"""Builds everything once, and starts and stops it in order. No work at import, no globals, nothing set afterwards.

The order of the start is a promise: the database, the server for the providers' webhooks, and only then Slack, so that
customers' texts are stored while Slack is down.
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

from bot.conversations import job_kinds
from bot.conversations.callbacks import CallbackUrls
from bot.conversations.circuit_breaker import CircuitBreaker
from bot.conversations.condition_alerts import ConditionAlerts
from bot.conversations.intake_handlers import IntakeHandlers
from bot.conversations.job_kinds import handler
from bot.conversations.lease_notices import LeaseNotices
from bot.conversations.send_results import SendResults
from bot.files.downloads import Downloads
from bot.files.file_store import FileStore
from bot.files.media import Incoming, private_places
from bot.files.outgoing import Outgoing
from bot.files.signed_urls import SignedUrls
from bot.http.export_routes import ExportRoutes, export_urls
from bot.http.file_routes import FileRoutes
from bot.http.server import RouteGroup, Server
from bot.http.sms_webhooks import SmsWebhooks
from bot.operator.single_instance import AlreadyRunning, hold_lock
from bot.privacy.erasure import Eraser
from bot.privacy.retention import Retention
from bot.sending.decide import Decider
from bot.sending.fetching import Fetcher
from bot.sending.gate import Gate
from bot.sending.reconcile import Reconciler
from bot.sending.routing import Routing
from bot.slack.app.actions import Actions
from bot.slack.app.app_posts import AppPosts
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
from bot.slack.app.sweep import Sweep
from bot.slack.client.api import SlackApi, open_client, open_session
from bot.slack.client.link import SignedRequests, SlackLink
from bot.slack.client.rate_limit import RateLimits
from bot.slack.client.sockets import Sockets
from bot.slack.client.startup import CannotStart, identify, know_erased
from bot.slack.client.users import Users
from bot.slack.client.workspace import Workspace
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
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from pathlib import Path

    import aiohttp

    from bot.conversations.job_kinds import Handler
    from bot.settings.model import Settings
    from bot.slack.app.events import Surface
    from providers.provider import Provider
    from storage.engine.database import Database

DRAIN = 8.0  # seconds for requests and jobs in progress when the bot is asked to stop

log = structlog.get_logger("app")


async def run(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT, then waits at most ten seconds for requests and jobs in progress.

    Raises:
        CannotStart: another bot has the database, or Slack refuses our token.
        storage.engine.migrations.TooNew: a newer version wrote the database.
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
            gc.freeze()  # the objects of the start stay: no collection looks through them again
        await stopping
        log.info("stopping")


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[asyncio.Task[None]]:
    """Opens the bot's server; yields a task that ends once the bot is connected to Slack and works."""
    async with AsyncExitStack() as stack:
        base = await _open(settings, stack)
        reaching_slack = asyncio.create_task(_reach_slack(base, stack))
        try:
            yield reaching_slack
        finally:
            reaching_slack.cancel()
            await asyncio.wait([reaching_slack])


# --- without Slack ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Base:
    """The parts that work without Slack.

    Attributes:
        former: channels that no inbox has any more, with open conversations.
    """

    settings: Settings
    database: Database
    appender: Appender
    providers: Mapping[str, Provider]
    metrics: Metrics
    session: aiohttp.ClientSession  # towards Slack
    downloads: Downloads
    file_store: FileStore
    callback_urls: CallbackUrls
    file_urls: SignedUrls
    export_urls: Mapping[str, SignedUrls]
    link: SlackLink
    former: frozenset[str]


async def _open(settings: Settings, stack: AsyncExitStack) -> Base:
    """Opens the database, the providers and the server for their webhooks."""
    stack.enter_context(_alone(settings.database))
    database = await open_database(settings.database)
    stack.push_async_callback(database.close)
    await know_erased(database, settings)
    metrics = Metrics()
    database.follow(metrics.note)
    database.follow(log_context.write)
    secret = settings.secret.get_secret_value()
    base = Base(
        settings,
        database,
        Appender(database),
        await _providers(settings, metrics, stack),
        metrics,
        await stack.enter_async_context(open_session(settings.timeouts.slack)),
        await stack.enter_async_context(Downloads(settings.files.seconds, private_places(settings))),
        FileStore(settings.database.with_name("files")),
        CallbackUrls(settings.public_url, secret),
        SignedUrls(settings.public_url, secret),
        export_urls(settings.public_url, secret),
        SlackLink(),
        await _former_channels(database, settings),
    )
    await _remember_senders(base)
    await _serve(base, stack)
    return base


async def _providers(settings: Settings, metrics: Metrics, stack: AsyncExitStack) -> dict[str, Provider]:
    """Returns the providers by account name; each one's requests are measured."""
    timeout = httpx.Timeout(settings.timeouts.provider, connect=5.0, pool=5.0)
    transport = await stack.enter_async_context(open_transport())
    found: dict[str, Provider] = {}
    for name, account in settings.accounts.items():
        client = open_provider_client(timeout, MeteredTransport(transport, metrics, name))
        found[name] = account.kind(account.provider_settings(), await stack.enter_async_context(client))
    return found


async def _former_channels(database: Database, settings: Settings) -> frozenset[str]:
    """Returns channels that no inbox has any more, with open conversations: the bot still texts replies there.

    Raises:
        CannotStart: an inbox with open conversations is not in the settings.
    """
    async with database.read() as reader:
        places = await conversations.places(reader)
    missing = sorted({inbox for inbox, _ in places if inbox not in settings.inboxes})
    if missing:
        raise CannotStart(
            f"The inbox {missing[0]} has open conversations and is not in the settings. Put inboxes.{missing[0]} "
            "back (two inboxes may share a channel), and close them before you remove it."
        )
    return frozenset(channel for _, channel in places if not settings.is_ours(channel))


async def _remember_senders(base: Base) -> None:
    """Stores the tokens of the URLs that an operator pastes into the providers' portals."""
    async with base.database.transaction() as tx:
        for name, sender in base.settings.senders.items():
            await callbacks.remember(tx, base.callback_urls.make(sender.account, "sender", name)[1])


async def _serve(base: Base, stack: AsyncExitStack) -> None:
    """Starts the server: webhooks, files and exports, Slack's requests, health and metrics."""
    live: dict[str, Callable[[], float]] = {"ready": lambda: float(base.link.is_ready)}
    if base.settings.slack.mode == "socket":
        live["sockets"] = lambda: float(base.link.connections)
    gauges = Gauges(base.metrics, base.database, base.settings.database, live)
    stack.push_async_callback(gauges.stop)
    routes: list[RouteGroup] = [
        SmsWebhooks(base.database, base.appender, base.providers, base.callback_urls, base.metrics, base.settings),
        FileRoutes(base.database, base.file_store, base.file_urls),
        ExportRoutes(base.database, base.export_urls),
    ]
    server = Server(base.settings.http, routes, base.metrics, gauges, base.link)
    await server.start()
    stack.push_async_callback(server.stop)
    log.info("the server is open", port=base.settings.http.port, accounts=sorted(base.settings.accounts))


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """Locks the database while the bot runs: two bots on one database would send each text twice.

    Raises:
        CannotStart: another process holds the lock.
    """
    try:
        with hold_lock(database):
            yield
    except AlreadyRunning:
        raise CannotStart(f"Another threadline is running on {database}. Stop it first.") from None


# --- the workspace ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Core:
    """The parts that both the worker and the Slack app use."""

    send_results: SendResults
    outgoing: Outgoing
    routing: Routing
    decider: Decider
    breaker: CircuitBreaker
    presenter: Presenter
    actions: Actions


async def _reach_slack(base: Base, stack: AsyncExitStack) -> None:
    """Asks Slack for the bot's identity, starts the worker, and listens to Slack."""
    rate_limits = RateLimits(base.database, base.settings.slack)
    await rate_limits.load()
    workspace = await _enter(base, rate_limits)
    core = await _core(base, workspace)
    await _resume(base.database, core.send_results)
    await _start_worker(base, workspace, core, rate_limits, stack)
    _listen(base, workspace, core, stack)
    log.info("started", team=workspace.team, mode=base.settings.slack.mode)


async def _enter(base: Base, rate_limits: RateLimits) -> Workspace:
    """Asks Slack for the bot's identity.

    Raises:
        CannotStart: Slack refuses our token.
    """
    slack = SlackApi(open_client(base.settings.slack, base.session), rate_limits, base.metrics)
    who = await identify(base.database, slack)
    users = Users(base.database, slack, who)
    return Workspace(base.settings, base.database, base.appender, base.providers, slack, users, base.metrics, who)


async def _core(base: Base, workspace: Workspace) -> Core:
    settings, database, providers = base.settings, base.database, base.providers
    breaker = CircuitBreaker(database, base.metrics, providers)
    await breaker.load()
    send_results = SendResults(settings, providers)
    outgoing = Outgoing(workspace, base.downloads, base.file_store, base.file_urls)
    routing = Routing(settings, providers, outgoing, send_results.leases, database.clock)
    us = workspace.identity.bot_user
    decider = Decider(database, settings, providers, routing, base.callback_urls, breaker, us)
    presenter = Presenter(settings, providers, workspace.identity.url)
    return Core(send_results, outgoing, routing, decider, breaker, presenter, Actions(workspace, send_results))


async def _resume(database: Database, send_results: SendResults) -> None:
    """Marks attempts as *unknown* whose request was in progress when the process died."""
    async with database.transaction() as tx:
        for attempt in await attempts.interrupted(tx):
            await send_results.unknown(tx, attempt, "interrupted", "We were stopped while it was being sent.")


async def _start_worker(
    base: Base, workspace: Workspace, core: Core, rate_limits: RateLimits, stack: AsyncExitStack
) -> None:
    """Starts the worker and the daily retention."""
    intake_handlers = IntakeHandlers(base.settings, core.send_results, workspace.identity)
    handlers = [*_sending(base, workspace, core), *_publishing(workspace, core, rate_limits)]
    handlers += _keeping(base, workspace, core)
    worker = Worker(base.database, intake_handlers, job_kinds.table(handlers), base.metrics)
    await worker.start()
    retention = Retention(base.database, base.file_store, base.settings.retention)
    retention.start()
    stack.push_async_callback(retention.stop)
    stack.push_async_callback(worker.stop, DRAIN)


def _sending(base: Base, workspace: Workspace, core: Core) -> list[Handler]:
    """Returns the handlers of jobs that call providers, and of jobs about files."""
    gate = Gate(workspace, core.decider, core.routing, core.send_results, core.breaker)
    reconciler = Reconciler(workspace, core.send_results, core.breaker)
    fetcher = Fetcher(workspace, core.breaker)
    incoming = Incoming(workspace, base.downloads, base.file_store, base.session)
    return [
        handler(job_kinds.SEND, gate.send),
        handler(job_kinds.RECONCILE, reconciler.reconcile),
        handler(job_kinds.FETCH, fetcher.fetch),
        handler(job_kinds.OVERDUE, fetcher.overdue),
        handler(job_kinds.FILE, incoming.file),
        handler(job_kinds.DROP_FILE, core.outgoing.drop),
    ]


def _publishing(workspace: Workspace, core: Core, rate_limits: RateLimits) -> list[Handler]:
    """Returns the handlers of jobs that post to Slack."""
    publisher = Publisher(workspace, IdempotentPosts(workspace, rate_limits), core.presenter)
    return [
        handler(job_kinds.POST, publisher.post),
        handler(job_kinds.REST, publisher.rest),
        handler(job_kinds.NOTICE, publisher.notice),
        handler(job_kinds.OPT_OUT_QUESTION, publisher.opt_out_question),
        handler(job_kinds.CARD, publisher.card),
        handler(job_kinds.SHOW, publisher.show),
        handler(job_kinds.ALERT, publisher.alert),
        handler(job_kinds.TELL, publisher.tell),
        handler(job_kinds.ANSWER, publisher.answer),
    ]


def _keeping(base: Base, workspace: Workspace, core: Core) -> list[Handler]:
    """Returns the handlers of jobs about rows: actions, notices of leases, erasure."""
    notices = LeaseNotices(base.database, base.settings, base.providers, core.send_results.leases)
    eraser = Eraser(base.database, workspace.slack, base.file_store, workspace.identity)
    return [
        handler(job_kinds.ACT, core.actions.act),
        handler(job_kinds.NUMBER, notices.number),
        handler(job_kinds.LEASE, notices.lease),
        handler(job_kinds.ERASE, eraser.erase),
    ]


def _surfaces(base: Base, workspace: Workspace, core: Core, tasks: BackgroundTasks) -> tuple[Commands, list[Surface]]:
    """Returns the slash commands and the other surfaces in Slack, besides threads."""
    loader = ModalLoader(workspace.slack, tasks)
    compose = Compose(workspace, core.decider, tasks, loader)
    explainer = RouteExplainer(base.database, base.settings, base.providers, core.routing)
    replies = SlashReplies(workspace, core.presenter, explainer)
    commands = Commands(workspace, core.decider, replies, Rights(workspace, base.export_urls), compose, tasks)
    modals = Modals(workspace, core.actions, loader)
    home = Home(workspace, core.presenter, tasks, compose)
    return commands, [core.actions, commands, compose, modals, home, Channels(workspace)]


def _listen(base: Base, workspace: Workspace, core: Core, stack: AsyncExitStack) -> None:
    """Listens to Slack, and sweeps for missing events."""
    tasks = BackgroundTasks()
    stack.push_async_callback(tasks.drain, DRAIN)
    commands, surfaces = _surfaces(base, workspace, core, tasks)
    events = SlackEvents(workspace, commands, AppPosts(workspace, tasks), base.former)
    app = events.open(surfaces)
    condition_alerts = ConditionAlerts(base.database)
    sweep = Sweep(workspace, events, core.breaker, condition_alerts, base.link, base.former)
    token = base.settings.slack.app_token
    if base.settings.slack.mode == "http" or token is None:
        base.link.open(SignedRequests(app, workspace.slack))
    else:
        timeouts = base.settings.timeouts
        sockets = Sockets(app, token.get_secret_value(), timeouts, condition_alerts, base.link)
        base.link.open(sockets)
        sockets.start()
        stack.push_async_callback(sockets.stop)
    sweep.start()
    stack.push_async_callback(sweep.stop)
    fallback_alerts = FallbackAlerts(workspace, condition_alerts)
    fallback_alerts.start()
    stack.push_async_callback(fallback_alerts.stop)
