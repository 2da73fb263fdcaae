"""HTTP requests to providers: one function sends a request and returns the response or raises one of our errors.

httpx draws the line between *not sent* and *unknown*: nothing can have been sent before there is a connection.

httpx logs every URL at INFO, with keys and phone numbers in it. Whatever configures logging must keep the loggers
`httpx` and `httpcore` at WARNING or above, as `bot/telemetry/logs.py` does.
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

TIMEOUT = httpx.Timeout(20.0, connect=5.0, pool=5.0)  # seconds for each step
DEADLINE = 60.0  # seconds for the whole request: a slowly trickling answer never exceeds a step's limit
LONGEST_WAIT = 86_400.0  # seconds; a longer Retry-After counts as one day

_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)


@cache
def _trusted() -> ssl.SSLContext:
    """Loads the certificate authorities once: that takes longer than a whole request."""
    return httpx.create_ssl_context(trust_env=False)


def open_transport() -> httpx.AsyncHTTPTransport:
    """Returns a transport for one or several clients; the caller closes it.

    Every request uses its own connection. A kept-alive one may be closed by the server just then, and a text that never
    left would look *unknown*. The environment's proxies and certificates are ignored.
    """
    limits = httpx.Limits(max_keepalive_connections=0, max_connections=200)
    return httpx.AsyncHTTPTransport(verify=_trusted(), limits=limits, trust_env=False)


def open_client(
    timeout: httpx.Timeout = TIMEOUT, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """Returns a client for requests to providers. The caller closes it, which closes its transport too.

    It stores no cookies, follows no redirects and ignores the environment's proxies.

    Args:
        timeout: for the steps of a request.
        transport: sends the requests; a new one if not given.
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
    """Sends one request and returns the response with any status below 500 except 429.

    Args:
        client: from `open_client`.
        method: "GET", "POST" …
        url: absolute.
        deadline: seconds for the whole request.
        arguments: as in httpx: `params`, `headers`, `json`, `data`, `content`, `auth`.

    Raises:
        NotSent: no connection could be made.
        Throttled: 429, with the seconds of `Retry-After` if given.
        Refused: the request cannot be built (a lone surrogate in the text, an invalid URL).
        Unknown: a lost connection, a timeout, a 5xx or an unreadable answer: the provider may have sent the text.
    """
    auth = arguments.pop("auth", None)
    async with _outcomes(deadline):
        response = await client.send(_build(client, method, url, arguments), auth=auth)
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise Throttled("http_429", "The provider asks us to slow down.", _seconds(response.headers))
    if response.is_server_error:
        raise Unknown(f"http_{response.status_code}", "The provider had an internal error.")
    return response


def _build(client: httpx.AsyncClient, method: str, url: str, arguments: Mapping[str, Any]) -> httpx.Request:
    try:
        return client.build_request(method, url, **arguments)
    except (httpx.InvalidURL, ValueError):  # UnicodeEncodeError is a ValueError
        raise Refused("unsayable", "The text or its options contain something that cannot be sent.") from None


@asynccontextmanager
async def _outcomes(deadline: float) -> AsyncIterator[None]:
    """Turns httpx's exceptions into our errors."""
    try:
        async with asyncio.timeout(deadline):
            yield
    except _NEVER_LEFT:
        raise NotSent("unreachable", "The provider could not be reached.") from None
    except (httpx.TimeoutException, TimeoutError):
        raise Unknown("timeout", "The provider did not answer.") from None
    except httpx.DecodingError:
        raise Unknown("unreadable_answer", "The provider sent an unreadable answer.") from None
    except httpx.TransportError:
        raise Unknown("connection_lost", "The provider did not answer.") from None


def _seconds(headers: Mapping[str, str]) -> float | None:
    """Returns `Retry-After` in seconds. A date is compared with the same answer's `Date`: their clock, not ours."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_WAIT)
    until, now = moment(value), moment(headers.get("Date"))
    return min(max((until - now).total_seconds(), 0.0), LONGEST_WAIT) if until and now else None
