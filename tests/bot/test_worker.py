"""The worker's turns: it begins a waiting job when there is room."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from bot.telemetry.metrics import Metrics
from bot.worker import AT_ONCE, Worker
from sandbox.timeouts import PATIENCE
from storage.engine.database import open_database
from storage.tables import jobs

if TYPE_CHECKING:
    from pathlib import Path

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
