"""`threadline doctor`: finds what an operator has to fix, and says how. It changes nothing."""

from __future__ import annotations

import asyncio
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.operator import disk
from bot.operator.finding import Finding
from bot.operator.reach import check_providers, check_public_url
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

TIMEOUT = 8.0  # seconds for one answer of Slack
MOST_SKEW = 60.0  # seconds between our clock and Slack's; at 300 we would reject Slack's signatures
_UNREACHABLE = (aiohttp.ClientError, TimeoutError)


async def examine(settings: Settings, clock: Clock = system_clock, least_free: int = disk.LEAST_FREE) -> list[Finding]:
    """Checks everything, in the order in which an operator has to fix it.

    Args:
        settings: valid settings.
        clock: our clock, to compare with Slack's.
        least_free: bytes that must be free on the disk.
    """
    async with open_session(TIMEOUT) as session:
        client = open_client(settings.slack, session)
        return [
            Finding("settings", True, "The settings are valid."),
            await asyncio.to_thread(disk.space, settings.database, least_free),
            *[found async for found in _database(settings)],
            *[found async for found in _slack(settings, client, clock)],
            *[found async for found in _socket(settings, client, session)],
            *[found async for found in check_providers(settings, clock)],
            *[found async for found in check_public_url(settings)],
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
            f"The bot couldn't read or handle some webhooks or Slack events: {dead} dead rows.",
            "Look at them with `threadline dead list`; after a fix, use `threadline dead replay`.",
        )


def _learned_by_sending(settings: Settings) -> list[str]:
    """Returns the senders whose provider learns our callback URL from a text that we send."""
    accounts = settings.accounts
    return [
        name for name, sender in settings.senders.items() if accounts[sender.account].kind.features.inbound_after_send
    ]


def _not_primed(settings: Settings, name: str) -> Finding:
    title = settings.accounts[settings.senders[name].account].kind.title
    return Finding(
        "inbound",
        False,
        f"{title} doesn't know our callback URL for the sender {name}, so texts to it don't reach us.",
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
        yield Finding("slack token", False, "slack.bot_token belongs to a person, not to the bot.", cure)
        return
    yield Finding("slack token", True, "Slack accepts slack.bot_token.")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    for finding in (*_scopes(settings, headers), *_clock(headers, clock)):
        yield finding
    places = {inbox.channel: f"inbox {name}" for name, inbox in settings.inboxes.items()}
    for channel, place in {settings.slack.alert_channel: "alerts", **places}.items():
        yield await _channel(client, channel, place)


def _scopes(settings: Settings, headers: Mapping[str, str]) -> list[Finding]:
    """Finds the scopes that the token lacks, and the calls that need them. User groups in the settings need one too."""
    granted = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")}
    listed = [*settings.admins, *(member for inbox in settings.inboxes.values() for member in inbox.members)]
    groups = any(each.startswith("S") for each in listed)
    needed: Mapping[str, tuple[str, ...]] = {**SCOPES, **(OPTIONAL_SCOPES if groups else {})}
    cure = "Add it under *OAuth & Permissions* and reinstall the app, or paste the new `threadline manifest`."
    missing = [
        Finding("slack scopes", False, f"The bot token lacks the scope {scope}, for {', '.join(calls)}.", cure)
        for scope, calls in needed.items()
        if scope not in granted
    ]
    return missing or [Finding("slack scopes", True, "The bot token has every scope that the bot needs.")]


def _clock(headers: Mapping[str, str], clock: Clock) -> list[Finding]:
    if "date" not in headers:
        return []
    skew = clock() / SECOND - parsedate_to_datetime(headers["date"]).timestamp()
    if abs(skew) <= MOST_SKEW:
        return [Finding("clock", True, "The clock of this machine agrees with Slack's.")]
    way = "ahead of" if skew > 0 else "behind"
    what = f"The clock of this machine is {abs(skew):.0f} seconds {way} Slack's."
    cure = "Synchronize it with NTP: Slack's signatures are valid for five minutes only."
    return [Finding("clock", False, what, cure)]


async def _channel(client: AsyncWebClient, channel: str, place: str) -> Finding:
    invite = f"In Slack, write `/invite @threadline` in the channel {channel}."
    try:
        answer = await client.api_call("conversations.info", params={"channel": channel})
    except SlackApiError as error:
        code = error.response.get("error") or f"http_{error.response.status_code}"
        what = f"Slack doesn't show us the channel {channel} ({place}): {code}."
        return Finding("slack channel", False, what, f"Check its id. If it is private: {invite}")
    except _UNREACHABLE:
        return _unreachable("Slack")
    found: dict[str, Any] = answer["channel"]
    if found.get("is_archived"):
        what = f"#{found.get('name')} ({place}) is archived."
        return Finding("slack channel", False, what, "Unarchive it, or set another channel in the settings.")
    if not found.get("is_member"):
        return Finding("slack channel", False, f"The bot is not in #{found.get('name')} ({place}).", invite)
    return Finding("slack channel", True, f"The bot is in #{found.get('name')} ({place}).")


async def _socket(settings: Settings, client: AsyncWebClient, session: aiohttp.ClientSession) -> AsyncIterator[Finding]:
    """In socket mode, checks that we can open a WebSocket to Slack. Closes it after Slack's hello."""
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
        async with asyncio.timeout(TIMEOUT), session.ws_connect(str(answer["url"])) as socket:
            hello = await socket.receive_json()
    except (*_UNREACHABLE, TypeError, ValueError):
        hello = {}
    if hello.get("type") == "hello":
        yield Finding("slack socket", True, "We can open a WebSocket to Slack.")
    else:
        cure = "Let this machine open WebSockets (wss) to Slack: some proxies block them. Or set slack.mode to http."
        yield Finding("slack socket", False, "We can't open a WebSocket to Slack.", cure)


def _refused(error: SlackApiError, setting: str) -> Finding:
    code = error.response.get("error") or f"http_{error.response.status_code}"
    cure = "Copy it again from the app's page at api.slack.com/apps."
    return Finding("slack token", False, f"Slack rejects {setting}: {code}.", cure)


def _unreachable(where: str) -> Finding:
    return Finding("slack", False, f"{where} doesn't answer.", "Check the network, the proxy and the firewall.")
