"""Requests to companies: one function sends, and turns what happened into a response or one of the errors.

The line between *not sent* and *unknown* is the one that httpx draws: until a connection stands, nothing can have left.

httpx logs every URL at INFO, with the keys and numbers in it: whoever sets up logging has to keep the loggers `httpx`
and `httpcore` at WARNING or above, as `bot/telemetry/logs.py` does.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import httpx

from providers.errors import NotSent, Refused, Throttled, Unknown
from providers.payload import moment

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping

TIMEOUT = httpx.Timeout(20.0, connect=5.0, pool=5.0)  # seconds, each for one step
DEADLINE = 60.0  # seconds, for a whole request: an answer that trickles never runs into a step's limit
LONGEST_WAIT = 86_400.0  # seconds; a Retry-After beyond a day is taken as a day

_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)


@cache
def _trusted() -> ssl.SSLContext:
    """Reads the list of certificate authorities, once: that takes longer than a whole request."""
    return httpx.create_ssl_context(trust_env=False)


def open_transport() -> httpx.AsyncHTTPTransport:
    """What sends the requests of one client or of several; the caller closes it.

    Every request has a connection of its own: a kept-alive one that the server is just closing makes texts that never
    left look *unknown*. No proxy and no certificates are taken from the environment.
    """
    limits = httpx.Limits(max_keepalive_connections=0, max_connections=200)
    return httpx.AsyncHTTPTransport(verify=_trusted(), limits=limits, trust_env=False)


def open_client(
    timeout: httpx.Timeout = TIMEOUT, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """A client for requests to companies; the caller closes it, and its transport with it.

    No cookies are kept, no redirect is followed, and no proxy is taken from the environment.

    Args:
        timeout: for the steps of a request.
        transport: what sends; one of its own if not given.
    """
    return httpx.AsyncClient(
        timeout=timeout,
        transport=transport or open_transport(),
        headers={"User-Agent": "threadline", "Connection": "close"},
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        trust_env=False,
    )


async def request(
    client: httpx.AsyncClient, method: str, url: str, *, deadline: float = DEADLINE, **arguments: Any
) -> httpx.Response:
    """Sends one request and reads the whole answer, whatever its status below 500 except 429.

    Args:
        client: from `open_client`.
        method: "GET", "POST" …
        url: absolute.
        deadline: seconds for the whole of it.
        arguments: as httpx takes them: `params`, `headers`, `json`, `data`, `content`, `auth`.

    Raises:
        NotSent: no connection could be made.
        Throttled: 429, with the seconds of `Retry-After` if it is given.
        Refused: no request can be made of this (a lone surrogate in the text, a URL that is none).
        Unknown: the connection broke, timed out, or the answer was a 5xx or unreadable: the company may have acted.
    """
    auth = arguments.pop("auth", None)
    async with _outcomes(deadline):
        response = await client.send(_build(client, method, url, arguments), auth=auth)
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise Throttled("http_429", "The provider asks us to slow down.", _seconds(response.headers))
    if response.is_server_error:
        raise Unknown(f"http_{response.status_code}", "The provider had a fault of its own.")
    return response


def _build(client: httpx.AsyncClient, method: str, url: str, arguments: Mapping[str, Any]) -> httpx.Request:
    try:
        return client.build_request(method, url, **arguments)
    except (httpx.InvalidURL, ValueError):  # UnicodeEncodeError is a ValueError
        raise Refused("unsayable", "The text or its settings hold something that cannot be sent.") from None


@asynccontextmanager
async def _outcomes(deadline: float) -> AsyncIterator[None]:
    """Turns what httpx raises into our errors."""
    try:
        async with asyncio.timeout(deadline):
            yield
    except _NEVER_LEFT:
        raise NotSent("unreachable", "The provider could not be reached.") from None
    except (httpx.TimeoutException, TimeoutError):
        raise Unknown("timeout", "The provider did not answer.") from None
    except httpx.DecodingError:
        raise Unknown("unreadable_answer", "The provider's answer cannot be read.") from None
    except httpx.TransportError:
        raise Unknown("connection_lost", "The provider did not answer.") from None


def _seconds(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` in seconds. A date is measured from the `Date` of the same answer: their clock, not ours."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_WAIT)
    until, now = moment(value), moment(headers.get("Date"))
    return min(max((until - now).total_seconds(), 0.0), LONGEST_WAIT) if until and now else None
