"""A stage for each test."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import structlog

from tests.e2e.desk import Desk, at_the_desk
from tests.e2e.nursery import Nursery
from tests.e2e.team import Team

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _log() -> Iterator[None]:
    """The bot's log stays out of what a command prints meanwhile, and shows no pictures of tracebacks."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.__stderr__),
    )
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Forks the bots of a worker that are killed."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Team]:
    """A team with the bot running, ready for texts."""
    async with Team(tmp_path) as team:
        yield team


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The part of a team that uses IO Phone, with an open conversation."""
    async with at_the_desk(tmp_path) as desk:
        yield desk
