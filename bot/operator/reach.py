"""Checks of the providers' credentials and of our public URL for `threadline doctor`. They send no text."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from bot.operator.finding import Finding
from bot.operator.session import is_running
from providers.errors import NotSent, ProviderError, Refused, Throttled
from providers.http import open_client
from storage.engine.clock import to_datetime

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.settings.model import Settings
    from providers.provider import Provider
    from storage.engine.clock import Clock

_HERE = {"127.0.0.1", "::1", "localhost"}
_TIMEOUT = 8.0  # seconds for one answer


# --- providers --------------------------------------------------------------------------------------------------------


async def check_providers(settings: Settings, clock: Clock) -> AsyncIterator[Finding]:
    """Checks that each provider accepts our credentials, by listing the texts received since now (none)."""
    async with open_client(httpx.Timeout(_TIMEOUT)) as client:
        for name, account in settings.accounts.items():
            provider = account.kind(account.provider_settings(), client)
            if provider.features.list_inbound:
                yield await _check_provider(name, provider, clock)
            else:
                what = f"Only the first text will show if {provider.title} ({name}) accepts our credentials."
                yield Finding("provider", True, what)


async def _check_provider(name: str, provider: Provider, clock: Clock) -> Finding:
    who = f"{provider.title} ({name})"
    try:
        async for _ in provider.list_inbound(to_datetime(clock())):
            break
    except Throttled:
        return Finding("provider", True, f"{who} accepts our credentials, but asks us to slow down.")
    except NotSent:
        cure = f"Check accounts.{name}, the network and the firewall: this machine has to reach the provider's API."
        return Finding("provider", False, f"We can't reach {who}.", cure)
    except Refused as error:
        cure = f"Copy the credentials under accounts.{name} again from the provider's portal."
        return Finding("provider", False, f"{who} refused our request: {error.sentence}", cure)
    except ProviderError as error:
        cure = f"Try again later. If it happens again, check accounts.{name} and ask the provider."
        return Finding("provider", False, f"{who} gave no clear answer: {error.sentence}", cure)
    return Finding("provider", True, f"{who} accepts our credentials.")


# --- our public URL ---------------------------------------------------------------------------------------------------


async def check_public_url(settings: Settings) -> AsyncIterator[Finding]:
    """Checks that the URL that providers call back leads to the running bot, as far as this machine can tell."""
    url = settings.public_url
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _HERE:
        cure = "Put a reverse proxy with a certificate in front of the bot, and start public_url with https://."
        what = f"public_url {url} is not encrypted: others could read the texts on their way."
        yield Finding("public url", False, what, cure)
    if not await is_running(settings):
        what = f"The bot isn't running, so we couldn't check {url}. Run this again while it runs."
        yield Finding("public url", True, what)
        return
    yield await _request(url, f"{settings.http.host}:{settings.http.port}")


async def _request(url: str, place: str) -> Finding:
    proxy = f"Let the reverse proxy forward {url} to {place}."
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:
            answer = await client.get(f"{url}/healthz")
    except httpx.HTTPError as error:
        if isinstance(error.__cause__ and error.__cause__.__cause__, ssl.SSLError) or "CERTIFICATE" in str(error):
            cure = "Renew it, and let the proxy send the whole chain. Browsers repair a missing chain, providers don't."
            return Finding("public url", False, f"The certificate of {url} is not valid.", cure)
        cure = f"Check the DNS name, the firewall and the proxy. {proxy} In some networks it works only from outside."
        return Finding("public url", False, f"We can't reach {url} ({type(error).__name__}).", cure)
    if answer.status_code != httpx.codes.OK or answer.text != "ok\n":
        what = f"Something other than the bot answers at {url} (HTTP {answer.status_code})."
        return Finding("public url", False, what, proxy)
    return Finding("public url", True, f"{url} leads to the bot, as seen from this machine.")
