"""What `threadline doctor` finds of the companies, and of our own doors as the internet sees them. Nothing is sent."""

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
_PATIENCE = 8.0  # seconds for one answer


# --- the companies ----------------------------------------------------------------------------------------------------


async def companies(settings: Settings, clock: Clock) -> AsyncIterator[Finding]:
    """Whether each company takes our credentials: it is asked for the texts that came since now, so for none."""
    async with open_client(httpx.Timeout(_PATIENCE)) as client:
        for name, account in settings.accounts.items():
            provider = account.kind(account.provider_settings(), client)
            if provider.features.list_inbound:
                yield await _company(name, provider, clock)
            else:
                what = f"{provider.title} ({name}) cannot be asked without sending: the first text shows it."
                yield Finding("provider", True, what)


async def _company(name: str, provider: Provider, clock: Clock) -> Finding:
    who = f"{provider.title} ({name})"
    try:
        async for _ in provider.list_inbound(to_datetime(clock())):
            break
    except Throttled:
        return Finding("provider", True, f"{who} asks us to slow down, so it knows us.")
    except NotSent:
        cure = f"Check accounts.{name}, the network and a firewall: this machine has to reach the company's API."
        return Finding("provider", False, f"{who} cannot be reached.", cure)
    except Refused as error:
        cure = f"Copy the credentials under accounts.{name} again from the company's portal."
        return Finding("provider", False, f"{who} refuses us: {error.sentence}", cure)
    except ProviderError as error:
        cure = f"Try again later; if it stays, check accounts.{name} and ask the company."
        return Finding("provider", False, f"{who} gives no clear answer: {error.sentence}", cure)
    return Finding("provider", True, f"{who} takes our credentials.")


# --- our own doors ----------------------------------------------------------------------------------------------------


async def doors(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the address that the companies call back leads to the running bot, as far as it can be seen from here."""
    url = settings.public_url
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _HERE:
        cure = "Put a reverse proxy with a certificate before the bot, and write https:// into public_url."
        yield Finding("public url", False, f"public_url {url} is not encrypted: texts would pass in the open.", cure)
    if not await is_running(settings):
        yield Finding("public url", True, f"The bot does not run, so {url} was not tried. Look again while it runs.")
        return
    yield await _door(url, f"{settings.http.host}:{settings.http.port}")


async def _door(url: str, place: str) -> Finding:
    proxy = f"Let the reverse proxy pass {url} on to {place}."
    try:
        async with httpx.AsyncClient(timeout=_PATIENCE, trust_env=False) as client:
            answer = await client.get(f"{url}/healthz")
    except httpx.HTTPError as error:
        if isinstance(error.__cause__ and error.__cause__.__cause__, ssl.SSLError) or "CERTIFICATE" in str(error):
            cure = "Renew the certificate, and let the proxy send its whole chain: companies refuse what browsers mend."
            return Finding("public url", False, f"The certificate of {url} is not good.", cure)
        cure = f"Check the DNS name, the firewall and the proxy. {proxy} From some networks it works from outside only."
        return Finding("public url", False, f"{url} cannot be reached ({type(error).__name__}).", cure)
    if answer.status_code != httpx.codes.OK or answer.text != "ok\n":
        what = f"At {url} something else answers than the bot (HTTP {answer.status_code})."
        return Finding("public url", False, what, proxy)
    return Finding("public url", True, f"{url} leads to the bot, as seen from here.")
