"""Hosted pictures, which are really served."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Iterable

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "video/mp4": ".mp4", "text/vcard": ".vcf"}
_SECONDS = 10.0


class Unavailable(Exception):
    """A picture could not be fetched."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A hosted file."""

    content: bytes = field(repr=False)
    content_type: str


class Gallery:
    """The hosted files by name."""

    def __init__(self) -> None:
        self.pictures: dict[str, Picture] = {}

    def keep(self, content: bytes, content_type: str) -> str:
        """Hosts a file; returns its name."""
        name = secrets.token_urlsafe(12) + _SUFFIXES.get(content_type, "")
        self.pictures[name] = Picture(content, content_type)
        return name

    def keep_data(self, url: str) -> str:
        """Hosts the content of a `data:` URL; returns its name.

        Raises:
            Unavailable: it has no readable content.
        """
        head, _, data = url.removeprefix("data:").partition(",")
        content_type, _, encoding = head.partition(";")
        try:
            content = base64.b64decode(data, validate=True) if encoding == "base64" else unquote_to_bytes(data)
        except binascii.Error:
            raise Unavailable from None
        return self.keep(content, content_type or "text/plain")

    async def fetch(self, urls: Iterable[str]) -> dict[str, str]:
        """Fetches and hosts files from this machine; returns the name for each URL.

        Raises:
            Unavailable: one of them cannot be fetched.
        """
        near = [url for url in urls if urlsplit(url).hostname in _LOOPBACK]
        if not near:
            return {}
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            return {url: await self._fetch(session, url) for url in near}

    async def _fetch(self, session: aiohttp.ClientSession, url: str) -> str:
        try:
            async with session.get(url, raise_for_status=True) as response:
                return self.keep(await response.read(), response.content_type)
        except (aiohttp.ClientError, TimeoutError):
            raise Unavailable from None
