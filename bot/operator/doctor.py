"""`threadline doctor`: what an operator has to put right, each thing with its cure. Changes nothing."""

from __future__ import annotations

import asyncio
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.operator import disk
from bot.operator.finding import Finding
from bot.operator.reach import companies, doors
from bot.operator.session import was_primed
from bot.slack.client.api import open_client, open_session
from bot.slack.views.manifest import OPTIONAL_SCOPES, SCOPES
from storage.engine.clock import SECOND, system_clock
from storage.engine.database import open_database
from storage.queries import status_queries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from slack_sdk.web.async_client import AsyncWebClient

    from bot.settings.model import Settings
    from storage.engine.clock import Clock

PATIENCE = 8.0  # seconds for one answer of Slack
MOST_SKEW = 60.0  # seconds between our clock and Slack's; at 300 Slack's signatures are refused
_UNREACHABLE = (aiohttp.ClientError, TimeoutError)


async def examine(settings: Settings, clock: Clock = system_clock, least_free: int = disk.LEAST_FREE) -> list[Finding]:
    """Looks at everything, in the order in which it has to be put right.

    Args:
        settings: that can be used.
        clock: to be compared with Slack's.
        least_free: bytes that have to be free on the disk.
    """
    async with open_session(PATIENCE) as session:
        client = open_client(settings.slack, session)
        return [
            Finding("settings", True, "The settings can be used."),
            await asyncio.to_thread(disk.space, settings.database, least_free),
            *[found async for found in _database(settings)],
            *[found async for found in _slack(settings, client, clock)],
            *[found async for found in _socket(settings, client, session)],
            *[found async for found in companies(settings, clock)],
            *[found async for found in doors(settings)],
        ]


# --- the database -----------------------------------------------------------------------------------------------------


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    finding = await asyncio.to_thread(disk.file, settings.database)
    yield finding
    if not finding.ok:
        return
    if not settings.database.is_file():
        for name in _learned_by_sending(settings):
            yield _not_primed(settings, name)
        return
    database = await open_database(settings.database)
    try:
        for name in _learned_by_sending(settings):
            if await was_primed(database, settings, name):
                yield Finding("inbound", True, f"Texts to the sender {name} reach us.")
            else:
                yield _not_primed(settings, name)
        async with database.read() as reader:
            dead = await status_queries.dead(reader)
    finally:
        await database.close()
    if dead:
        yield Finding(
            "intake",
            False,
            f"What came in could not be read or handled: {dead} rows.",
            "Look at them with `threadline dead list`, then `threadline dead replay`.",
        )


def _learned_by_sending(settings: Settings) -> list[str]:
    """The senders whose company learns our URL from a text that we send."""
    accounts = settings.accounts
    return [
        name for name, sender in settings.senders.items() if accounts[sender.account].kind.features.inbound_after_send
    ]


def _not_primed(settings: Settings, name: str) -> Finding:
    title = settings.accounts[settings.senders[name].account].kind.title
    return Finding(
        "inbound",
        False,
        f"{title} does not know our URL for the sender {name}, so texts to it do not reach us.",
        f"Run `threadline prime {name} --to <a phone of yours>`.",
    )


# --- Slack ------------------------------------------------------------------------------------------------------------


async def _slack(settings: Settings, client: AsyncWebClient, clock: Clock) -> AsyncIterator[Finding]:
    try:
        answer = await client.api_call("auth.test")
    except SlackApiError as error:
        yield _refused(error, "slack.bot_token")
        return
    except _UNREACHABLE:
        yield _unreachable(settings.slack.api_url)
        return
    if not answer.get("bot_id"):
        cure = "Copy the *Bot User OAuth Token* (xoxb-…) from *OAuth & Permissions*."
        yield Finding("slack token", False, "slack.bot_token is the token of a person, not of the bot.", cure)
        return
    yield Finding("slack token", True, "Slack knows slack.bot_token.")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    for finding in (*_scopes(settings, headers), *_clock(headers, clock)):
        yield finding
    places = {inbox.channel: f"inbox {name}" for name, inbox in settings.inboxes.items()}
    for channel, place in {settings.slack.alert_channel: "alerts", **places}.items():
        yield await _channel(client, channel, place)


def _scopes(settings: Settings, headers: Mapping[str, str]) -> list[Finding]:
    """What the token may not do, and what that breaks. A user group in the settings needs a scope of its own."""
    granted = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")}
    listed = [*settings.admins, *(member for inbox in settings.inboxes.values() for member in inbox.members)]
    groups = any(each.startswith("S") for each in listed)
    needed: Mapping[str, tuple[str, ...]] = {**SCOPES, **(OPTIONAL_SCOPES if groups else {})}
    cure = "Add it under *OAuth & Permissions* and install the app again, or paste `threadline manifest` anew."
    missing = [
        Finding("slack scopes", False, f"The bot token lacks the scope {scope}, for {', '.join(calls)}.", cure)
        for scope, calls in needed.items()
        if scope not in granted
    ]
    return missing or [Finding("slack scopes", True, "The bot token has every scope that is needed.")]


def _clock(headers: Mapping[str, str], clock: Clock) -> list[Finding]:
    if "date" not in headers:
        return []
    skew = clock() / SECOND - parsedate_to_datetime(headers["date"]).timestamp()
    if abs(skew) <= MOST_SKEW:
        return [Finding("clock", True, "The clock is right.")]
    way = "ahead of" if skew > 0 else "behind"
    what = f"The clock of this machine is {abs(skew):.0f} seconds {way} Slack's."
    return [Finding("clock", False, what, "Let it be set by NTP: Slack's signatures hold for five minutes.")]


async def _channel(client: AsyncWebClient, channel: str, place: str) -> Finding:
    invite = f"In Slack, write `/invite @threadline` in the channel {channel}."
    try:
        answer = await client.api_call("conversations.info", params={"channel": channel})
    except SlackApiError as error:
        code = error.response.get("error") or f"http_{error.response.status_code}"
        what = f"Slack does not show the channel {channel} ({place}): {code}."
        return Finding("slack channel", False, what, f"Check its id. If it is private: {invite}")
    except _UNREACHABLE:
        return _unreachable("Slack")
    found: dict[str, Any] = answer["channel"]
    if found.get("is_archived"):
        what = f"#{found.get('name')} ({place}) is archived."
        return Finding("slack channel", False, what, "Unarchive it, or name another one in the settings.")
    if not found.get("is_member"):
        return Finding("slack channel", False, f"The bot is not in #{found.get('name')} ({place}).", invite)
    return Finding("slack channel", True, f"The bot is in #{found.get('name')} ({place}).")


async def _socket(settings: Settings, client: AsyncWebClient, session: aiohttp.ClientSession) -> AsyncIterator[Finding]:
    """In socket mode, whether a WebSocket to Slack opens; it is closed again after Slack's hello."""
    token = settings.slack.app_token
    if settings.slack.mode != "socket" or token is None:
        return
    try:
        answer = await client.apps_connections_open(app_token=token.get_secret_value())
    except SlackApiError as error:
        yield _refused(error, "slack.app_token")
        return
    except _UNREACHABLE:
        yield _unreachable(settings.slack.api_url)
        return
    try:
        async with asyncio.timeout(PATIENCE), session.ws_connect(str(answer["url"])) as socket:
            hello = await socket.receive_json()
    except (*_UNREACHABLE, TypeError, ValueError):
        hello = {}
    if hello.get("type") == "hello":
        yield Finding("slack socket", True, "A WebSocket to Slack opens.")
    else:
        cure = "Let this machine open WebSockets (wss) to Slack; some proxies do not. Or set slack.mode to http."
        yield Finding("slack socket", False, "No WebSocket to Slack opens.", cure)


def _refused(error: SlackApiError, setting: str) -> Finding:
    code = error.response.get("error") or f"http_{error.response.status_code}"
    return Finding("slack token", False, f"Slack refuses {setting}: {code}.", "Copy it again from the app's page.")


def _unreachable(where: str) -> Finding:
    return Finding("slack", False, f"{where} does not answer.", "Check the network, a proxy or a firewall.")
