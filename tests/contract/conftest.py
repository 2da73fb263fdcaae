from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import providers
from bot.telemetry.logs import QUIET
from providers.http import open_client
from tests.contract.provider_server import ProviderServer, open_server
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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Says what to do when the name after `-k` is that of no provider, and nothing would run."""
    keyword, here = config.getoption("keyword"), Path(__file__).parent
    if (
        keyword
        and not items
        and all(Path(place.partition("::")[0]).resolve().is_relative_to(here) for place in config.args)
    ):
        known = ", ".join(providers.names())
        raise pytest.UsageError(
            f"-k {keyword} selects no test of the contract suite. It knows the providers {known}. "
            "Make yours known first: step 13 of docs/add-a-provider.md."
        )


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    """Returns a provider's server on loopback that gives the answers of the test."""
    async with open_server() as server:
        yield server


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
