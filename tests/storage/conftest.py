"""A clock that stands still until a test moves it, and an empty database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.storage.making import Clock, lay_empty, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from storage.engine.database import Database


@pytest.fixture
def clock() -> Clock:
    """The time of the test's database."""
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the test's database."""
    return tmp_path / "threadline.db"


@pytest.fixture
async def database(path: Path, clock: Clock) -> AsyncIterator[Database]:
    """An empty database, open."""
    await lay_empty(path)
    async with opened(path, clock) as database:
        yield database
