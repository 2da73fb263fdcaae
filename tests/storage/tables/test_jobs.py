"""Jobs: first in their lane only, oldest first, merged by key while they wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.engine.clock import SECOND
from storage.tables import jobs
from tests.storage.making import START, rows, value

if TYPE_CHECKING:
    from storage.engine.database import Database
    from storage.tables.jobs import Job, Side
    from tests.storage.making import Clock


async def add(database: Database, *subjects: int, lane: str = "slack:1", side: Side = "slack", **how: Any) -> None:
    """Adds jobs, each in its own transaction."""
    for subject in subjects:
        async with database.transaction() as tx:
            await jobs.add(tx, "post", subject, side=side, lane=lane, **how)


async def claim(database: Database, side: Side = "slack", limit: int = 100) -> list[Job]:
    """Claims due jobs."""
    async with database.transaction() as tx:
        return await jobs.claim(tx, "bot", side, limit)


async def finish(database: Database, job: Job) -> None:
    """Finishes a job."""
    async with database.transaction() as tx:
        await jobs.finish(tx, job)


async def retry(database: Database, job: Job, seconds: float) -> None:
    """Schedules a retry after this many seconds."""
    async with database.transaction() as tx:
        await jobs.retry(tx, job, tx.now + int(seconds * SECOND), "busy")


def subjects(claimed: list[Job]) -> list[int]:
    """Returns the jobs' subjects in order."""
    return [job.subject for job in claimed]


async def due(database: Database, side: Side = "slack") -> int | None:
    """Returns when the next job is due."""
    async with database.read() as reader:
        return await jobs.next_due(reader, side)


# --- lanes ------------------------------------------------------------------------------------------------------------


async def test_only_the_first_of_a_lane_is_claimed(database: Database) -> None:
    """The next job of a lane is claimed only after the first is finished."""
    await add(database, 1, 2, 3)
    (first,) = await claim(database)
    assert first.subject == 1
    assert await claim(database) == []
    await finish(database, first)
    assert subjects(await claim(database)) == [2]


async def test_lanes_do_not_wait_for_each_other(database: Database) -> None:
    """The first job of each lane is claimed, oldest first."""
    await add(database, 1, 2, lane="slack:1")
    await add(database, 3, lane="slack:2")
    await add(database, 4, lane="slack:3")
    assert subjects(await claim(database)) == [1, 3, 4]


async def test_each_side_takes_its_own(database: Database) -> None:
    """A conversation's posts never hold back its texts."""
    await add(database, 1, lane="slack:1", side="slack")
    await add(database, 2, lane="sms:1", side="sms")
    assert subjects(await claim(database, "sms")) == [2]
    assert subjects(await claim(database, "slack")) == [1]


async def test_no_more_are_claimed_than_asked_for(database: Database) -> None:
    """At most the requested number is claimed, longest due first."""
    for number in range(5):
        await add(database, number, lane=f"slack:{number}", run_at=START - number)
    assert subjects(await claim(database, limit=2)) == [3, 4]
    assert subjects(await claim(database, limit=10)) == [0, 1, 2]


async def test_a_job_of_later_is_not_claimed_before_its_time(database: Database, clock: Clock) -> None:
    """A job is not claimed before its time, and its lane waits."""
    await add(database, 1, run_at=START + 10 * SECOND)
    await add(database, 2)
    clock.wait(9.999999)
    assert await claim(database) == []
    clock.wait(0.000001)
    (first,) = await claim(database)
    assert first.subject == 1


async def test_a_retry_keeps_its_place(database: Database, clock: Clock) -> None:
    """A retry keeps its place in the lane, counts attempts and stores the last error."""
    await add(database, 1, 2)
    (first,) = await claim(database)
    assert first.tries == 1
    await retry(database, first, 30)
    assert await claim(database) == []
    assert await value(database, "SELECT last_error FROM jobs WHERE subject = 1") == "busy"
    clock.wait(30)
    (again,) = await claim(database)
    assert (again.id, again.tries, again.created_at) == (first.id, 2, START)
    await finish(database, again)
    assert subjects(await claim(database)) == [2]


async def test_what_an_ended_process_had_claimed_is_free_again(database: Database) -> None:
    """A job claimed by an ended process is free again, in its place, with its count."""
    await add(database, 1, 2)
    await claim(database)
    async with database.transaction() as tx:
        assert await jobs.release(tx) == 1
    (again,) = await claim(database)
    assert (again.subject, again.tries) == (1, 2)


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), [(10, 20), (20, 10), (10, 10)])
async def test_two_that_wait_under_one_key_are_one(database: Database, first: int, second: int) -> None:
    """Two waiting jobs with one key become one, at the earlier time, in the first one's place."""
    await add(database, 1, key="card:1", run_at=START + first)
    await add(database, 2, lane="slack:1")
    await add(database, 3, key="card:1", run_at=START + second)
    found = await rows(database, "SELECT subject, run_at FROM jobs ORDER BY id")
    assert [row["subject"] for row in found] == [1, 2]
    assert found[0]["run_at"] == START + min(first, second)


async def test_one_that_is_under_way_is_not_merged_with(database: Database) -> None:
    """A job under way is not merged, because its content was decided before: both run, one after the other."""
    await add(database, 1, key="card:1")
    (first,) = await claim(database)
    await add(database, 2, key="card:1")
    await add(database, 3, key="card:1")
    assert await claim(database) == []
    await finish(database, first)
    (second,) = await claim(database)
    assert second.subject == 2
    await finish(database, second)
    assert await claim(database) == []


async def test_a_retry_and_a_newer_one_of_its_key_are_one(database: Database, clock: Clock) -> None:
    """A retry and a newer job with its key become one, in the old place, after the pause."""
    await add(database, 1, key="card:1")
    (first,) = await claim(database)
    await add(database, 2, key="card:1")
    await retry(database, first, 30)
    await add(database, 3, key="card:1")
    assert await claim(database) == []
    assert await due(database) == START + 30 * SECOND
    clock.wait(30)
    (again,) = await claim(database)
    assert (again.id, again.tries) == (first.id, 2)
    await add(database, 4, key="card:1")
    await finish(database, again)
    (newer,) = await claim(database)
    assert (newer.subject, newer.tries) == (4, 1)


async def test_an_interrupted_one_and_a_newer_one_of_its_key_are_one(database: Database) -> None:
    """At start each key has one job, and new jobs are merged with it."""
    await add(database, 1, key="card:1")
    await claim(database)
    await add(database, 2, key="card:1")
    async with database.transaction() as tx:
        assert await jobs.release(tx) == 1
    await add(database, 3, key="card:1")
    (again,) = await claim(database)
    assert (again.subject, again.tries) == (1, 2)
    await finish(database, again)
    assert await claim(database) == []


async def test_without_a_key_none_are_merged(database: Database) -> None:
    """Jobs without a key are not merged."""
    await add(database, 1, 1)
    async with database.read() as reader:
        assert await jobs.waiting(reader) == 2


# --- the rest ---------------------------------------------------------------------------------------------------------


async def test_details_come_back_as_they_went_in(database: Database) -> None:
    """JSON comes back unchanged; no payload is an empty dict."""
    await add(database, 1, payload={"post": 5, "sentence": "é"})
    await add(database, 2, lane="slack:2")
    one, other = await claim(database)
    assert one.details == {"post": 5, "sentence": "é"}
    assert other.details == {}
    assert "sentence" not in repr(one)


async def test_when_the_next_one_is_due(database: Database, clock: Clock) -> None:
    """The next due job is first in its lane, on this side, and not under way."""
    assert await due(database) is None
    await add(database, 1, run_at=START + 50)
    await add(database, 2, run_at=START + 10)
    await add(database, 3, lane="slack:2", run_at=START + 40)
    await add(database, 4, side="sms", lane="sms:1", run_at=START + 5)
    assert await due(database) == START + 40
    assert await due(database, "sms") == START + 5
    clock.wait(1)
    await claim(database)
    assert await due(database) is None


async def test_whoever_does_them_is_woken(database: Database) -> None:
    """A new, a finished and a retried job wake the workers."""
    woken: list[str] = []
    jobs.listen(database, "slack", lambda: woken.append("jobs"))
    jobs.listen(database, "sms", lambda: woken.append("nothing to do there"))
    await add(database, 1)
    (job,) = await claim(database)
    assert len(woken) == 1
    await retry(database, job, 0)
    assert len(woken) == 2
    (job,) = await claim(database)
    await finish(database, job)
    assert len(woken) == 3


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 2), st.sampled_from(["", "a", "b"])),
        st.tuples(st.sampled_from(["finish", "retry", "restart"]), st.integers(0, 2), st.just("")),
    ),
    max_size=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(STEPS)
async def test_within_a_lane_nothing_overtakes_and_nothing_is_lost(
    database: Database, steps: list[tuple[str, int, str]]
) -> None:
    """With any mix of adds, claims, retries and interruptions each lane runs in order of ids, and each job once."""
    under_way: dict[int, Job] = {}
    done: list[Job] = []
    for step, lane, key in steps:
        if step == "add":
            await add(database, lane, lane=f"slack:{lane}", key=f"{key}:{lane}" if key else None)
        for job in await claim(database):
            assert job.subject not in under_way
            under_way[job.subject] = job
        if step == "restart":
            under_way.clear()
            async with database.transaction() as tx:
                await jobs.release(tx)
        elif step != "add" and lane in under_way:
            job = under_way.pop(lane)
            await (finish(database, job) if step == "finish" else retry(database, job, 0))
            done += [job] * (step == "finish")
    for job in under_way.values():
        await retry(database, job, 0)
    while left := await claim(database):
        for job in left:
            await finish(database, job)
            done.append(job)
    assert await value(database, "SELECT count(*) FROM jobs") == 0
    for lane in range(3):
        ids = [job.id for job in done if job.subject == lane]
        assert ids == sorted(set(ids))


KEYED = st.lists(
    st.tuples(st.sampled_from(["change", "change", "do", "fail", "restart"]), st.integers(0, 1)), max_size=25
)


class Board:
    """Two changing things, each shown by jobs with one key; a job shows the state at its beginning."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.there, self.shown, self.seen = [0, 0], [0, 0], [0, 0]
        self.under_way: dict[int, Job] = {}

    async def begin(self) -> None:
        """Claims the jobs that are due and first in their lanes."""
        for job in await claim(self.database):
            assert job.subject not in self.under_way
            self.under_way[job.subject], self.seen[job.subject] = job, self.there[job.subject]

    async def change(self, which: int) -> None:
        """Changes a thing that must be shown."""
        self.there[which] += 1
        await add(self.database, which, lane=f"card:{which}", key=f"card:{which}")

    async def do(self, which: int) -> None:
        """Shows the state from when the job began."""
        if which in self.under_way:
            await finish(self.database, self.under_way.pop(which))
            self.shown[which] = self.seen[which]

    async def fail(self, which: int) -> None:
        """Fails to show it, and retries later."""
        if which in self.under_way:
            await retry(self.database, self.under_way.pop(which), 0)

    async def restart(self, _: int) -> None:
        """Restarts the process."""
        self.under_way.clear()
        async with self.database.transaction() as tx:
            await jobs.release(tx)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(KEYED)
async def test_what_changed_is_shown_and_by_no_more_jobs_than_it_needs(
    database: Database, steps: list[tuple[str, int]]
) -> None:
    """With any failures and interruptions one job per key waits at most, and one more round shows the latest state."""
    board = Board(database)
    waiting = "SELECT count(*) FROM jobs WHERE claimed_by IS NULL GROUP BY key ORDER BY 1 DESC LIMIT 1"
    for step, which in steps:
        await getattr(board, step)(which)
        assert await value(database, waiting) in {None, 1}
        await board.begin()
    for which in (0, 1, 0, 1):  # what is under way, then what changed meanwhile
        await board.do(which)
        await board.begin()
    assert board.shown == board.there
    assert await value(database, "SELECT count(*) FROM jobs") == 0
