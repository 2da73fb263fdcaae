from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

import pytest

from bot.telemetry.logs import QUIET
from providers.http import open_client
from tests.contract.company import Company, open_company
from tests.contract.subject import subjects

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import httpx

_FOLDERS = {"exchange": "exchanges", "webhook": "webhooks", "forgery": "forged"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs a test for each provider, and where it asks for one, for each of its fixtures."""
    if "subject" not in metafunc.fixturenames:
        return
    kind = next((name for name in _FOLDERS if name in metafunc.fixturenames), None)
    if kind is None:
        metafunc.parametrize("subject", [pytest.param(subject, id=subject.name) for subject in subjects()])
        return
    pairs = [(subject, fixture) for subject in subjects() for fixture in getattr(subject, _FOLDERS[kind])]
    ids = [f"{subject.name}-{fixture.path.stem}" for subject, fixture in pairs]
    metafunc.parametrize(("subject", kind), pairs, ids=ids)


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


@pytest.fixture
def logs(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything that is logged from DEBUG up where logging is set up as the bot does it."""
    with contextlib.ExitStack() as levels:
        levels.enter_context(caplog.at_level(logging.DEBUG))
        for name in QUIET:
            levels.enter_context(caplog.at_level(logging.ERROR, name))
        yield caplog
