"""Events reach the followers after the commit, with their cause, and never without a commit."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import TYPE_CHECKING

import pytest

from storage.engine.causation import REASON, because
from storage.engine.commit_events import Handled, TakenIn
from storage.tables import intake, jobs
from storage.tables.intake import Arrival

if TYPE_CHECKING:
    from storage.engine.commit_events import News
    from storage.engine.database import Database

_HERE: ContextVar[str] = ContextVar("here", default="nowhere")


def followed(database: Database) -> list[tuple[News, int | None, str]]:
    """Returns the events with their cause and task."""
    told: list[tuple[News, int | None, str]] = []
    database.follow(lambda news, reason: told.append((news, reason, _HERE.get())))
    return told


async def test_what_is_undone_is_never_told(database: Database) -> None:
    """Logs and counters match the disk."""
    told = followed(database)

    async def fail() -> None:
        async with database.transaction() as tx:
            tx.tell(Handled(1, "reply"))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    async with database.transaction() as tx:
        tx.tell(Handled(2, "reply"))
        assert told == []
    assert [news for news, _, _ in told] == [Handled(2, "reply")]


async def test_the_reason_is_the_one_of_when_it_was_told(database: Database) -> None:
    """Several intake rows may share a transaction."""
    told = followed(database)
    async with database.transaction() as tx:
        for number in (1, 2):
            with because(number):
                tx.tell(Handled(number, "reply"))
        tx.tell(Handled(3, "reply"))
    assert [reason for _, reason, _ in told] == [1, 2, None]


async def test_it_is_told_where_the_work_is_done(database: Database) -> None:
    """A follower runs in the task that published the event, even in a shared commit."""
    told = followed(database)

    async def work(name: str) -> None:
        _HERE.set(name)
        async with database.transaction() as tx:
            tx.tell(Handled(int(name), "reply"))

    await asyncio.gather(*(work(str(number)) for number in range(20)))
    assert sorted(here for _, _, here in told) == sorted(map(str, range(20)))
    assert all(isinstance(news, Handled) and str(news.intake) == here for news, _, here in told)


async def test_what_is_cancelled_too_late_is_told(database: Database) -> None:
    """A cancellation during the commit comes too late: the events are published."""
    told = followed(database)

    async def work() -> None:
        async with database.transaction() as tx:
            tx.tell(Handled(1, "reply"))
            task.cancel()

    task = asyncio.create_task(work())
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(told) == 1


async def test_only_what_is_new_is_taken_in(database: Database) -> None:
    """A repeat is no event; of two arrivals at once the first counts."""
    told = followed(database)
    arrivals = [Arrival("fone", "inbound", key, body, {}) for key, body in (("a", b"1"), ("a", b"2"), ("b", b"3"))]
    for _ in range(2):
        async with database.transaction() as tx:
            await intake.append(tx, arrivals)
    async with database.read() as reader:
        waiting = await intake.waiting(reader, 10)
    assert [news for news, _, _ in told] == [TakenIn(entry.id, "fone", "inbound") for entry in waiting]


async def test_a_job_carries_its_reason(database: Database) -> None:
    """A job keeps the id of its intake row for later work; outside there is none."""
    async with database.transaction() as tx:
        with because(7):
            await jobs.add(tx, "send", 1, side="sms", lane="a")
        await jobs.add(tx, "send", 2, side="sms", lane="b")
    async with database.transaction() as tx:
        claimed = await jobs.claim(tx, "bot", "sms", 10)
    assert {job.subject: job.reason for job in claimed} == {1: 7, 2: None}
    assert REASON.get() is None
