"""The posts of a long text that follow its first one, when nothing is left for them to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.conversations import enqueue
from tests.bot.slack.pretend_workspace import connected
from tests.bot.slack.publishing import Publishing, begun
from tests.storage.making import rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage.engine.database import Database


@pytest.fixture
async def publishing(database: Database) -> AsyncIterator[Publishing]:
    """A publisher with the usual settings."""
    async with connected(database) as workspace:
        yield await begun(workspace)


async def test_the_rest_of_a_text_that_was_removed_ends(publishing: Publishing) -> None:
    """Nothing is left to post, and the texts behind it are shown."""
    await publishing.writes("Hello")
    await publishing.work()
    (first,) = await rows(publishing.database, "SELECT id FROM posts WHERE kind = 'text'")
    await publishing.add(enqueue.rest, publishing.id, first["id"])
    await publishing.writes("Are you there?")
    await publishing.work()
    assert len(await publishing.shown()) == 2
