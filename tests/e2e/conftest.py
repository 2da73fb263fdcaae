"""A stage for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.desk import Desk, at_the_desk
from tests.e2e.team import Team

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Team]:
    """A team with a running bot, ready for texts; Slack's limits are a twentieth of a second instead of a second."""
    async with Team(tmp_path) as team:
        yield team


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The part of a team that uses IO Phone, with an open conversation."""
    async with at_the_desk(tmp_path) as desk:
        yield desk
