"""The worker's turns: it begins a waiting job when there is room."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from bot.slack.client.api import SlackRefused
from bot.telemetry.metrics import Metrics
from bot.worker import AT_ONCE, Worker
from sandbox.timeouts import PATIENCE
from storage.engine.clock import HOUR, system_clock
from storage.engine.database import open_database
from storage.tables import jobs
from tests.storage.held import hold, hurry
from tests.storage.making import a_conversation, value

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from storage.tables.jobs import Job


async def test_what_waits_for_room_is_begun_though_all_before_it_end_in_one_commit(tmp_path: Path) -> None:
    """That commit wakes the worker while all of them are still under way, and nothing else would."""
    database = await open_database(tmp_path / "threadline.db")
    together, last = asyncio.Barrier(AT_ONCE["sms"]), asyncio.Event()

    async def send(job: Job) -> None:
        if job.subject < AT_ONCE["sms"]:
            await together.wait()
        async with database.transaction() as tx:
            await jobs.finish(tx, job)
        if job.subject == AT_ONCE["sms"]:
            last.set()

    nothing_comes_in: Any = None
    worker = Worker(database, nothing_comes_in, {"send": send}, Metrics())
    async with database.transaction() as tx:
        for number in range(AT_ONCE["sms"] + 1):
            await jobs.add(tx, "send", number, side="sms", lane=f"conversation {number}")
    await worker.start()
    try:
        async with asyncio.timeout(PATIENCE):
            await last.wait()
    finally:
        await worker.stop(1)
        await database.close()


async def test_a_job_that_is_given_up_while_the_file_is_held_frees_its_lane(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack refuses it just then: the job ends once the file is free, an alert says so, and the next one runs."""
    hurry(monkeypatch)
    path = tmp_path / "threadline.db"
    database, last = await open_database(path), asyncio.Event()

    async def card(job: Job) -> None:
        if job.subject == 1:
            hold(path)
            raise SlackRefused("invalid_blocks")
        async with database.transaction() as tx:
            await jobs.finish(tx, job)
        last.set()

    async def alert(_job: Job) -> None:
        await asyncio.sleep(0)

    nothing_comes_in: Any = None
    worker = Worker(database, nothing_comes_in, {"card": card, "alert": alert}, Metrics())
    async with database.transaction() as tx:
        subject = (await a_conversation(tx)).id
        for number in (1, 2):
            await jobs.add(tx, "card", number, side="slack", lane=f"card:{subject}")
    await worker.start()
    try:
        async with asyncio.timeout(PATIENCE):
            await last.wait()
        assert await value(database, "SELECT count(*) FROM alerts") == 1
    finally:
        await worker.stop(1)
        await database.close()


async def test_a_job_that_does_not_end_with_its_work_is_given_up(tmp_path: Path) -> None:
    """Its handler forgot to finish it: an alert says so, and the job behind it runs."""
    database, last = await open_database(tmp_path / "threadline.db"), asyncio.Event()

    async def card(job: Job) -> None:
        if job.subject == 1:
            return
        async with database.transaction() as tx:
            await jobs.finish(tx, job)
        last.set()

    nothing_comes_in: Any = None
    worker = Worker(database, nothing_comes_in, {"card": card, "alert": card}, Metrics())
    async with database.transaction() as tx:
        subject = (await a_conversation(tx)).id
        for number in (1, 2):
            await jobs.add(tx, "card", number, side="slack", lane=f"card:{subject}")
    await worker.start()
    try:
        async with asyncio.timeout(PATIENCE):
            await last.wait()
        assert await value(database, "SELECT cause FROM alerts") == "given up:card:unfinished"
    finally:
        await worker.stop(1)
        await database.close()


async def test_a_job_is_done_at_its_time_when_the_clock_jumps_ahead(tmp_path: Path) -> None:
    """The machine was resumed, or its clock put right: what was to wait an hour is due now."""
    ahead, done = 0, asyncio.Event()
    database = await open_database(tmp_path / "threadline.db", lambda: system_clock() + ahead)

    async def card(job: Job) -> None:
        async with database.transaction() as tx:
            await jobs.finish(tx, job)
        done.set()

    nothing_comes_in: Any = None
    worker = Worker(database, nothing_comes_in, {"card": card}, Metrics())
    async with database.transaction() as tx:
        await jobs.add(tx, "card", 1, side="slack", lane="card:1", run_at=tx.now + HOUR)
    await worker.start()
    try:
        await asyncio.sleep(0.1)
        assert not done.is_set()
        ahead = HOUR
        async with asyncio.timeout(PATIENCE):
            await done.wait()
    finally:
        await worker.stop(1)
        await database.close()
