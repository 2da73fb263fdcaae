from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from providers.http import open_client
from tests.contract.company import Company, open_company

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx


@pytest.fixture
async def company() -> AsyncIterator[Company]:
    """A company on loopback that answers what a test gives it."""
    async with open_company() as company:
        yield company


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client as the bot opens it."""
    async with open_client() as client:
        yield client
