from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from providers.http import open_client
from tests.contract.provider_server import ProviderServer, open_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    """A provider on loopback that gives a test's answers."""
    async with open_server() as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client like the bot's."""
    async with open_client() as client:
        yield client
