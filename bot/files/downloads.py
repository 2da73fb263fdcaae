"""Fetches files from allowed hosts only, so that nobody can make us fetch anything else.

We check the URL and each redirect against the hosts of the source, and a host must resolve to public addresses. The
limit on the size applies while the file streams. Nothing is unpacked.
"""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

from bot.files import filetypes

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

MOST_REDIRECTS = 5
AT_ONCE = 4  # downloads; each is in memory until it is complete
_CHUNK = 1 << 16
_DEFAULT_PORTS = {"http": 80, "https": 443}
_TRY_AGAIN = {404, 408, 425, 429}  # a file may come a moment after its webhook
_REDIRECTS = {301, 302, 303, 307, 308}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Origin = tuple[str, str, int]  # scheme, host, port


class NotFetched(Exception):
    """We could not fetch the file.

    Attributes:
        code: stable and short.
        reason: the end of a sentence for the thread: "Couldn't fetch …: <reason>."
        may_come: a later try may work.
    """

    def __init__(self, code: str, reason: str, *, may_come: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason
        self.may_come = may_come

    @classmethod
    def too_large(cls, found: int, limit: int, *, at_least: bool = False) -> Self:
        """Returns the error for a file of `found` bytes, or more than that, where the limit is less."""
        more_than = "more than " if at_least else ""
        reason = f"it is too large ({more_than}{filetypes.size(found)}; the limit is {filetypes.size(limit)})"
        return cls("too_large", reason)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Headers that a provider wants with the request of a file.

    Args:
        hosts: names, those below each included; they get the headers over https only.
        headers: returns those for one URL; empty if it needs none.
    """

    hosts: frozenset[str]
    headers: Callable[[str], Mapping[str, str]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Source:
    """The servers from which a file may come.

    Args:
        hosts: names of hosts, each with its subdomains, at the default ports.
        origins: servers that an operator configured; they may have private addresses.
        headers: sent to these servers only. If there are any, plain http is allowed for the origins only.
        credentials: sent to some of these hosts and to the origins, but never to the server of a redirect.
    """

    hosts: frozenset[str] = frozenset()
    origins: frozenset[Origin] = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    credentials: Credentials | None = None

    def allows(self, url: URL) -> bool:
        """True if we may send a request to this URL."""
        if url.scheme not in _DEFAULT_PORTS or not url.host or url.user is not None or url.password is not None:
            return False
        if origin(url) in self.origins:
            return True
        if url.port != _DEFAULT_PORTS[url.scheme] or (self.headers and url.scheme != "https") or _is_address(url.host):
            return False
        return _is_below(url, self.hosts)

    def headers_for(self, url: URL, named: URL) -> Mapping[str, str]:
        """Returns the headers for one request.

        Args:
            url: of the request, one that is allowed.
            named: the URL that the text named; a redirect may have led away from it.
        """
        wanted = self.credentials
        if wanted is None or origin(url) != origin(named):
            return self.headers
        is_theirs = origin(url) in self.origins or (url.scheme == "https" and _is_below(url, wanted.hosts))
        return {**self.headers, **wanted.headers(str(url))} if is_theirs else self.headers


@dataclass(frozen=True, slots=True)
class Fetched:
    """A complete file."""

    content: bytes = field(repr=False)
    kind: str  # its media type, from its content
    name: str = field(repr=False)


class Downloads:
    """Fetches files. A context manager that closes its connections.

    Args:
        seconds: the limit for one file, redirects included.
        private: hosts and ports of ours or of the operator, which may have private addresses.
    """

    def __init__(self, seconds: float, private: Iterable[tuple[str, int]] = ()) -> None:
        self._seconds = seconds
        self._private = frozenset(private)
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=_Resolver(self._private), use_dns_cache=False, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5),
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def fetch(self, url: str, source: Source, limit: int, *, name: str | None = None) -> Fetched:
        """Fetches a file.

        Args:
            url: of the file.
            source: the servers from which it may come.
            limit: of its size, in bytes.
            name: of the file; None: the response or the URL has it.

        Raises:
            NotFetched: with the reason.
        """
        async with self._turns:
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._follow(url, source, limit, name)
            except aiohttp.ClientConnectorError as error:
                raise _unreachable(error) from None
            except TimeoutError:
                raise NotFetched("timeout", "it took too long", may_come=True) from None
            except aiohttp.ClientError:
                raise NotFetched("connection_lost", "the connection broke", may_come=True) from None

    async def _follow(self, url: str, source: Source, limit: int, name: str | None) -> Fetched:
        at = named = _parsed(url)
        for _ in range(MOST_REDIRECTS + 1):
            if not source.allows(at):
                raise NotFetched("not_allowed", "the bot may not fetch files from its address")
            wanted = source.headers_for(at, named)
            headers = {"Accept-Encoding": "identity", "User-Agent": "threadline", **wanted}
            async with self._session.get(at, headers=headers, allow_redirects=False) as answer:
                if answer.status not in _REDIRECTS:
                    return await _read(answer, limit, name or _name(answer))
                at = at.join(_parsed(answer.headers.get("Location", "")))
        raise NotFetched("redirects", "it was redirected too often")


async def _read(answer: aiohttp.ClientResponse, limit: int, name: str) -> Fetched:
    """Reads the whole body, if it is a file that we accept."""
    if answer.status != HTTPStatus.OK:
        raise _refused(answer.status)
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise NotFetched("encoded", "it came in an encoding that we did not ask for")
    if (answer.content_length or 0) > limit:
        raise NotFetched.too_large(answer.content_length or 0, limit)
    body = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > limit:
            raise NotFetched.too_large(limit, limit, at_least=True)
    if not body:
        raise NotFetched("empty", "it is empty", may_come=True)
    kind = filetypes.sniff(bytes(body[:4096]))
    if filetypes.HTML in {kind, answer.content_type}:
        raise NotFetched("web_page", "a web page came instead")
    return Fetched(bytes(body), kind, filetypes.name(name, kind))


def _refused(status: int) -> NotFetched:
    if status in {401, 403}:
        return NotFetched(f"http_{status}", f"the server denied access ({status})")
    if status in _TRY_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        there = "it is not there" if status == HTTPStatus.NOT_FOUND else "the server failed"
        return NotFetched(f"http_{status}", f"{there} ({status})", may_come=True)
    return NotFetched(f"http_{status}", f"it is not there ({status})")


def _unreachable(error: aiohttp.ClientConnectorError) -> NotFetched:
    if isinstance(error.os_error, _NotPublic):
        return NotFetched("not_allowed", "the bot may not fetch files from its address")
    return NotFetched("unreachable", "the server could not be reached", may_come=True)


def _name(answer: aiohttp.ClientResponse) -> str:
    """Returns the name of the file in the response, else the end of its URL."""
    said = answer.content_disposition
    return (said.filename if said is not None else None) or answer.url.name


def _parsed(url: str) -> URL:
    try:
        return URL(url)
    except ValueError:
        raise NotFetched("no_address", "its address is not a URL") from None


# --- addresses --------------------------------------------------------------------------------------------------------


def origin(url: URL) -> Origin:
    """Returns the scheme, host and port of a URL."""
    return url.scheme, url.host or "", url.port or 0


def is_public(address: str) -> bool:
    """True if an IP address, and any address embedded in it, is on the public internet."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


def _is_below(url: URL, hosts: Iterable[str]) -> bool:
    """True if the URL's host is one of these names or below one."""
    return any(url.host == host or (url.host or "").endswith(f".{host}") for host in hosts)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


class _NotPublic(OSError):
    """The host resolves to an address that is not on the public internet."""


class _Resolver(AbstractResolver):
    """Resolves hosts to public addresses only, when we connect, so that the address can't change after the check."""

    def __init__(self, private: frozenset[tuple[str, int]]) -> None:
        self._private = private
        self._inner = DefaultResolver()

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = 0,  # type: ignore[assignment]  # as aiohttp has it
    ) -> list[ResolveResult]:
        """Returns all addresses of the host. Raises `OSError` if one of them is not public."""
        found = await self._inner.resolve(host, port, family)
        if (host, port) not in self._private and not all(is_public(one["host"]) for one in found):
            raise _NotPublic
        return found

    async def close(self) -> None:
        """Closes the inner resolver."""
        await self._inner.close()
