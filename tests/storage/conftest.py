"""A clock that stands still until it is moved, and an empty database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.storage.making import Clock, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from storage.engine.database import Database


@pytest.fixture
def clock() -> Clock:
    """The time of the database in this test."""
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database of this test is."""
    return tmp_path / "threadline.db"


@pytest.fixture
async def database(path: Path, clock: Clock) -> AsyncIterator[Database]:
    """An empty database, open."""
    async with opened(path, clock) as database:
        yield database
