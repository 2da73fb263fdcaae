"""Posts in Slack are found by their key, with any result of the call."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from storage.engine.clock import SECOND
from storage.tables import posts
from tests.storage.making import START

if TYPE_CHECKING:
    from storage.engine.database import Database, Transaction
    from storage.tables.posts import Post
    from tests.storage.making import Clock

TS = "1765535460.000100"


async def begin(tx: Transaction, key: str = "text:1", kind: str = "text", subject: int = 1) -> Post:
    """Begins a post."""
    return await posts.begin(
        tx, key, kind=kind, subject=subject, team="T1", channel="C0SUPPORT", thread_ts="1765535460.000001"
    )


async def test_a_post_is_sending_until_slack_has_answered(database: Database, clock: Clock) -> None:
    """A post may be in Slack from its beginning; then it has its place and content."""
    async with database.transaction() as tx:
        begun = await begin(tx)
        assert (begun.state, begun.ts, begun.tried_at) == ("sending", None, START)
    clock.wait(1)
    async with database.transaction() as tx:
        await posts.sent(tx, begun.id, "C0MOVED", TS, "digest")
        found = await posts.get(tx, begun.id)
        assert (found.state, found.channel, found.ts, found.digest) == ("sent", "C0MOVED", TS, "digest")
        assert found.sent_at == START + SECOND
        assert await posts.find(tx, "text:1") == found
        assert await posts.by_ts(tx, "T1", "C0MOVED", TS) == found
        assert await posts.by_ts(tx, "T1", "C0SUPPORT", TS) is None
        await posts.shows(tx, found.id, "other")
        assert (await posts.get(tx, found.id)).digest == "other"


async def test_of_two_with_one_key_the_first_stays(database: Database, clock: Clock) -> None:
    """A further attempt is for the same post, and updates its time and place."""
    async with database.transaction() as tx:
        first = await begin(tx)
        await posts.wait(tx, first.id)
        assert (await posts.get(tx, first.id)).state == "waiting"
    clock.wait(5)
    async with database.transaction() as tx:
        again = await posts.begin(
            tx, "text:1", kind="text", subject=1, team="T1", channel="C0SUPPORT", thread_ts="1765535460.000002"
        )
    assert (again.id, again.state, again.tried_at) == (first.id, "sending", START + 5 * SECOND)
    assert again.thread_ts == "1765535460.000002"


async def test_the_oldest_unfinished_one(database: Database) -> None:
    """The oldest one of its kind and subject, without those sent, refused or gone."""
    async with database.transaction() as tx:
        sent, refused, gone, waiting, sending = [await begin(tx, f"text:{number}") for number in range(5)]
        await begin(tx, "line:1", "line")
        await begin(tx, "text:other", subject=2)
        await posts.sent(tx, sent.id, "C0SUPPORT", TS)
        await posts.refuse(tx, refused.id, "channel_not_found")
        await posts.lose(tx, gone.id)
        await posts.wait(tx, waiting.id)
        assert await posts.unfinished(tx, "text", 1) == await posts.get(tx, waiting.id)
        await posts.refuse(tx, waiting.id, "x")
        assert await posts.unfinished(tx, "text", 1) == sending
        assert await posts.unfinished(tx, "card", 1) is None


async def test_a_lost_one_gives_its_key_back(database: Database) -> None:
    """A new post replaces it; the old one is still found by its place. This can repeat."""
    async with database.transaction() as tx:
        for number in range(3):
            post = await begin(tx, "card:1", "card")
            await posts.sent(tx, post.id, "C0SUPPORT", f"1765535460.00000{number}")
            await posts.lose(tx, post.id)
            assert await posts.find(tx, "card:1") is None
            lost = await posts.by_ts(tx, "T1", "C0SUPPORT", f"1765535460.00000{number}")
            assert lost is not None
            assert (lost.id, lost.state) == (post.id, "gone")


async def test_two_posts_cannot_be_one_message(database: Database) -> None:
    """A `ts` belongs to one post."""
    async with database.transaction() as tx:
        first, second = await begin(tx, "text:1"), await begin(tx, "text:2")
        await posts.sent(tx, first.id, "C0SUPPORT", TS)
        with pytest.raises(sqlite3.IntegrityError):
            await posts.sent(tx, second.id, "C0SUPPORT", TS)


async def test_one_that_is_not_there(database: Database) -> None:
    """`find` returns None, `get` raises an error."""
    async with database.read() as reader:
        assert await posts.find(reader, "text:1") is None
        with pytest.raises(LookupError, match="no post 1"):
            await posts.get(reader, 1)
