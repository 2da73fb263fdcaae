"""Fetching a file from somewhere else, so that nobody can make us fetch anything else.

Only hosts that a source names are asked, each redirect is held against the same names, and what a name resolves to has
to be an address of the public internet. The size is kept to while it streams, and nothing is unpacked.
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
AT_ONCE = 4  # each is held in memory until it is whole
_CHUNK = 1 << 16
_DEFAULT_PORTS = {"http": 80, "https": 443}
_TRY_AGAIN = {404, 408, 425, 429}  # a file that was announced a moment ago may not be there yet
_REDIRECTS = {301, 302, 303, 307, 308}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Origin = tuple[str, str, int]  # scheme, host, port


class NotFetched(Exception):
    """The file is not here.

    Attributes:
        code: stable and short.
        reason: the end of a sentence for the thread: "… could not be fetched: <reason>."
        may_come: whether it may be there later.
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
    """From where a file may come.

    Args:
        hosts: names, those below each included, at the usual ports.
        origins: whose own addresses may also be private ones: what an operator configured.
        headers: for these hosts only; with any, plain http is asked nowhere but at the origins.
        credentials: for some of these hosts and for the origins, and for no server that a redirect leads to.
    """

    hosts: frozenset[str] = frozenset()
    origins: frozenset[Origin] = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    credentials: Credentials | None = None

    def allows(self, url: URL) -> bool:
        """Whether this address may be asked at all."""
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
    """A whole file."""

    content: bytes = field(repr=False)
    kind: str  # its media type, by its content
    name: str = field(repr=False)


class Downloads:
    """Where files are fetched. A context manager, for its connections.

    Args:
        seconds: for one file, redirects included.
        private: hosts and ports of ours or of the operator's, that need not be on the public internet.
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
        """The file at this address.

        Args:
            url: where it is said to be.
            source: from where it may come.
            limit: bytes.
            name: what it is called, if that is known; else the answer or the address says.

        Raises:
            NotFetched: it is not here, and why.
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
    """The whole body, if it is a file that we take."""
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
    """What the answer calls the file, else the end of its address."""
    said = answer.content_disposition
    return (said.filename if said is not None else None) or answer.url.name


def _parsed(url: str) -> URL:
    try:
        return URL(url)
    except ValueError:
        raise NotFetched("no_address", "its address is not a URL") from None


# --- addresses --------------------------------------------------------------------------------------------------------


def origin(url: URL) -> Origin:
    """What two addresses of one server have in common."""
    return url.scheme, url.host or "", url.port or 0


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, also where another one is wrapped in it."""
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
    """A name that resolves to an address that is not on the public internet."""


class _Resolver(AbstractResolver):
    """Resolves names to public addresses only, at the moment of connecting, so that a name cannot change between."""

    def __init__(self, private: frozenset[tuple[str, int]]) -> None:
        self._private = private
        self._inner = DefaultResolver()

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = 0,  # type: ignore[assignment]  # as aiohttp has it
    ) -> list[ResolveResult]:
        """All addresses of the name; raises `OSError` where one of them is not public."""
        found = await self._inner.resolve(host, port, family)
        if (host, port) not in self._private and not all(is_public(one["host"]) for one in found):
            raise _NotPublic
        return found

    async def close(self) -> None:
        """Ends the real one."""
        await self._inner.close()
