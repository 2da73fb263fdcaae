"""Requests to companies: one function sends, and turns what happened into a response or one of the errors.

The line between *not sent* and *unknown* is the one that httpx draws: until a connection stands, nothing can have left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from providers.errors import NotSent, Throttled, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT = httpx.Timeout(20.0, connect=5.0, pool=5.0)  # seconds

_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)


def open_client() -> httpx.AsyncClient:
    """A client for all requests to companies; the caller closes it.

    Every request has a connection of its own: a kept-alive one that the server is just closing makes texts that never
    left look *unknown*. No cookies are kept and no redirect is followed.
    """
    return httpx.AsyncClient(
        timeout=TIMEOUT,
        limits=httpx.Limits(max_keepalive_connections=0, max_connections=200),
        headers={"User-Agent": "threadline"},
        trust_env=False,
    )


async def request(client: httpx.AsyncClient, method: str, url: str, **arguments: Any) -> httpx.Response:
    """Sends one request and reads the whole answer, whatever its status below 500 except 429.

    Args:
        client: from `open_client`.
        method: "GET", "POST" …
        url: absolute.
        arguments: as httpx takes them: `params`, `headers`, `json`, `data`, `content`, `auth`.

    Raises:
        NotSent: no connection could be made.
        Throttled: 429, with the seconds of `Retry-After` if it is given.
        Unknown: the connection broke, timed out, or the answer was a 5xx: the company may have acted.
    """
    try:
        response = await client.request(method, url, **arguments)
    except _NEVER_LEFT:
        raise NotSent("unreachable", "The provider could not be reached.") from None
    except httpx.TransportError as error:
        code = "timeout" if isinstance(error, httpx.TimeoutException) else "connection_lost"
        raise Unknown(code, "The provider did not answer.") from None
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise Throttled("http_429", "The provider asks us to slow down.", _seconds(response.headers))
    if response.is_server_error:
        raise Unknown(f"http_{response.status_code}", "The provider had a fault of its own.")
    return response


def _seconds(headers: Mapping[str, str]) -> float | None:
    value = headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None
