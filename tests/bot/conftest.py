"""A clock that a test moves by hand, and an empty database at its time."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.storage.making import Clock, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from storage.engine.database import Database


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, which each test copies, because the migrations take longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "threadline.db"
    asyncio.run(_migrate(path))
    return path


async def _migrate(path: Path) -> None:
    async with opened(path, Clock()):
        pass


@pytest.fixture
def clock() -> Clock:
    """The time of the database in this test."""
    return Clock()


@pytest.fixture
def path(tmp_path: Path, migrated: Path) -> Path:
    """Where the database of this test is."""
    path = tmp_path / "threadline.db"
    shutil.copy(migrated, path)
    return path


@pytest.fixture
async def database(path: Path, clock: Clock) -> AsyncIterator[Database]:
    """An empty database, open."""
    async with opened(path, clock) as database:
        yield database
