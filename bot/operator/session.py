"""Work of the `threadline` command beside the running bot, on the same database: status, leases, route and send.

Nothing here talks to Slack or to a provider. A text to send goes into the intake, where the running bot sees it within
a second.
"""

from __future__ import annotations

import uuid
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from bot.conversations import entries
from bot.conversations.callbacks import CallbackUrls
from bot.conversations.circuit_breaker import CircuitBreaker
from bot.conversations.decisions import Stop
from bot.conversations.entries import Command
from bot.conversations.leases import Leases
from bot.sending.decide import Decider
from bot.sending.routing import ONE_WAY, Routing, one_way
from bot.slack.app import route_explainer
from bot.slack.client.api import SlackApi, open_client, open_session
from bot.slack.client.rate_limit import RateLimits
from bot.slack.views.cards import spaced
from bot.telemetry import status_report
from bot.telemetry.metrics import Metrics
from bot.text.parse_number import read_number
from providers.http import open_client as open_provider_client
from sms.address import NotAnAddress
from storage.engine.database import open_database
from storage.queries import status_queries
from storage.tables import intake

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from bot.settings.model import Settings
    from bot.telemetry.status_report import LeaseView, StatusReport
    from providers.provider import Provider
    from sms.address import Address
    from storage.engine.database import Database

SOURCE = "command line"
PRIMING = "This number is set up for texts. There is no need to answer."


class CannotDo(Exception):
    """A command can't be done. The message is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Session:
    """The open connections of a running command."""

    settings: Settings
    database: Database
    providers: Mapping[str, Provider]
    routing: Routing
    decider: Decider
    slack: SlackApi


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Session]:
    """Opens the bot's database and builds its gate.

    Raises:
        CannotDo: there is no database yet.
        storage.engine.migrations.TooNew: a newer version of threadline wrote the database.
    """
    if not settings.database.is_file():
        raise CannotDo(f"There is no database {settings.database} yet. `threadline run` creates it.")
    async with AsyncExitStack() as stack:
        database = await open_database(settings.database)
        stack.push_async_callback(database.close)
        client = await stack.enter_async_context(open_provider_client())
        providers = {name: each.kind(each.provider_settings(), client) for name, each in settings.accounts.items()}
        http = await stack.enter_async_context(open_session(settings.timeouts.slack))
        slack = SlackApi(open_client(settings.slack, http), RateLimits(database, settings.slack))
        urls = CallbackUrls(settings.public_url, settings.secret.get_secret_value())
        routing = Routing(settings, providers, None, Leases(settings, providers), database.clock)
        breaker = CircuitBreaker(database, Metrics(), providers)
        decider = Decider(database, settings, providers, routing, urls, breaker, us="")
        yield Session(settings, database, providers, routing, decider, slack)


async def status(settings: Settings) -> StatusReport:
    """Returns queues, failures and provider health."""
    async with connect(settings) as session:
        return await status_report.look(session.database, settings, settings.inboxes)


async def leases(settings: Settings) -> list[LeaseView]:
    """Returns every live lease, the next to end first."""
    async with connect(settings) as session:
        return await status_report.live_leases(session.database, session.providers, settings.inboxes)


async def route(settings: Settings, number: str, text: str, inbox: str | None) -> route_explainer.Explanation:
    """Explains which sender a text would come from.

    Raises:
        CannotDo: there is no such number or inbox.
    """
    name = _inbox(settings, inbox)
    async with connect(settings) as session:
        explainer = route_explainer.RouteExplainer(session.database, settings, session.providers, session.routing)
        return await explainer.explain(name, number_in(settings, name, number), text)


async def send(settings: Settings, number: str, text: str, inbox: str | None, via: str | None) -> str:
    """Queues a text for the bot. Returns a sentence that says when it goes out.

    Raises:
        CannotDo: the text would not go out, with the reason.
    """
    name = _inbox(settings, inbox)
    if via is not None and via not in settings.senders:
        raise CannotDo(f"There is no sender {via}. The senders are {', '.join(settings.senders)}.")
    to = number_in(settings, name, number)
    async with connect(settings) as session:
        way = await session.decider.would_send(name, to, text, via)
        if isinstance(way, Stop):
            raise CannotDo(way.sentence)
        await _store(session.database, Command(str(to), text, name, user=None, via=via))
    running = "The bot sends it now." if await is_running(settings) else "It goes out once the bot runs."
    answer = f" {ONE_WAY}" if one_way(way.address) else ""
    return f"Queued for {spaced(str(to))} in the inbox {name}. {running}{answer}"


async def prime(settings: Settings, sender: str, number: str) -> str:
    """Queues one text from a sender whose provider learns our callback URL only from a text.

    Raises:
        CannotDo: there is no such sender, it needs no such text, or the text would not go out.
    """
    if sender not in settings.senders:
        raise CannotDo(f"There is no sender {sender}. The senders are {', '.join(settings.senders)}.")
    kind = settings.accounts[settings.senders[sender].account].kind
    inbox = settings.inbox_by_sender.get(sender)
    if not kind.features.inbound_after_send:
        raise CannotDo(f"{kind.title} needs no text for that. `threadline callbacks` shows what to do instead.")
    if inbox is None:
        raise CannotDo(f"No inbox has the sender {sender}. Add it to the senders of an inbox.")
    return await send(settings, number, PRIMING, inbox, sender)


async def is_running(settings: Settings) -> bool:
    """True if the bot answers HTTP on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.http.host, settings.http.host)  # noqa: S104 - a name
    host = f"[{host}]" if ":" in host else host
    try:
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            return (await client.get(f"http://{host}:{settings.http.port}/healthz")).is_success
    except httpx.HTTPError:
        return False


async def was_primed(database: Database, settings: Settings, sender: str) -> bool:
    """True if the provider has accepted a text from the sender."""
    async with database.read() as reader:
        return await status_queries.last_accepted(reader, settings.senders[sender].account, sender) is not None


def _inbox(settings: Settings, name: str | None) -> str:
    if name is None:
        return next(iter(settings.inboxes))
    if name not in settings.inboxes:
        raise CannotDo(f"There is no inbox {name}. The inboxes are {', '.join(settings.inboxes)}.")
    return name


def number_in(settings: Settings, inbox: str, number: str) -> Address:
    """Reads a number as a person writes it, with this inbox's default country.

    Raises:
        CannotDo: it is not a phone number.
    """
    try:
        return read_number(number, settings.inboxes[inbox].default_region)
    except NotAnAddress as error:
        raise CannotDo(str(error)) from None


async def _store(database: Database, command: Command) -> None:
    async with database.transaction() as tx:
        await intake.append(tx, [entries.arrival(SOURCE, command, f"{SOURCE}:{uuid.uuid4().hex}")])
