"""Passes new intake rows to their handlers, and does the jobs that are due. Commits wake it up; it does not poll."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, get_args

import structlog

from bot.conversations import enqueue, failure_alerts
from bot.slack.client.api import SlackError, SlackRefused
from bot.telemetry import log_context
from storage.engine.clock import SECOND
from storage.engine.patience import until_written
from storage.tables import intake, jobs
from storage.tables.jobs import Job, Side

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.conversations.intake_handlers import IntakeHandlers
    from bot.conversations.job_kinds import Run
    from bot.telemetry.metrics import Metrics
    from storage.engine.database import Database, Transaction
    from storage.tables.intake import Entry

BATCH = 32  # intake rows in one transaction
AT_ONCE: dict[Side, int] = {"slack": 1000, "sms": 100}  # jobs under way; most to Slack wait for a turn
LONGEST_PAUSE = 60 * SECOND
MOST_TRIES = 12  # of a job that fails by a fault of ours; failures of Slack and providers are retried without end
LOOK_EVERY = 1.0  # seconds between two checks for changes by other processes
SET_BACK = SECOND // 2  # a smaller jump is the usual correction of a clock

log = structlog.get_logger("worker")


class Worker:
    """The tasks that handle intake rows and do jobs.

    Args:
        database: its commits wake the tasks.
        intake_handlers: handle intake rows.
        handlers: do jobs, by the name of their kind (`bot/conversations/job_kinds.py`).
        metrics: counts the results of jobs.
    """

    def __init__(
        self,
        database: Database,
        intake_handlers: IntakeHandlers,
        handlers: Mapping[str, Run],
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._intake_handlers = intake_handlers
        self._handlers = handlers
        self._metrics = metrics
        self._arrived = asyncio.Event()
        self._due: dict[Side, asyncio.Event] = {side: asyncio.Event() for side in get_args(Side)}
        self._running: dict[Side, set[asyncio.Task[None]]] = {side: set() for side in get_args(Side)}
        self._tasks: list[asyncio.Task[None]] = []
        database.listen("intake", self._arrived.set)
        for side, due in self._due.items():
            jobs.listen(database, side, due.set)

    async def start(self) -> None:
        """Releases the jobs that an ended process had claimed, then begins."""
        async with self._database.transaction() as tx:
            await jobs.release(tx)
            await jobs.clock_set_back(tx)
        self._arrived.set()
        work: list[Callable[[], Awaitable[None]]] = [self._drain_intake, self._watch_others]
        work += [partial(self._work, side) for side in self._due]
        self._tasks = [asyncio.create_task(_without_end(each)) for each in work]

    async def stop(self, seconds: float) -> None:
        """Claims no more jobs, and gives those under way so many seconds to end."""
        await _cancel(self._tasks)
        running = [task for tasks in self._running.values() for task in tasks]
        if running:
            await asyncio.wait(running, timeout=seconds)
        await _cancel(running)

    # --- the intake ---------------------------------------------------------------------------------------------------

    async def _drain_intake(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            try:
                while await self._handle_some():
                    pass
            except sqlite3.OperationalError as error:  # a full disk or a locked file: not the fault of a row
                log.error("the intake waits for the database", error=str(error))
                await asyncio.sleep(1)
                self._arrived.set()

    async def _handle_some(self) -> bool:
        """Handles the oldest rows in one transaction, or one by one if one breaks it. False: there is none."""
        entries = await intake.waiting(self._database.reader, BATCH)
        if not entries:
            return False
        try:
            async with self._database.transaction(synced=False) as tx:
                for entry in entries:
                    with log_context.of_entry(entry):
                        await self._intake_handlers.handle(tx, entry)
                    await asyncio.sleep(0)  # webhooks and events come first: our statements run in this thread
        except sqlite3.OperationalError:
            raise
        except Exception:  # noqa: BLE001 - the loop below finds the row that broke it
            for entry in entries:
                await self._handle_one(entry)
        return True

    async def _handle_one(self, entry: Entry) -> None:
        with log_context.of_entry(entry):
            await self._handle_or_bury(entry)

    async def _handle_or_bury(self, entry: Entry) -> None:
        try:
            async with self._database.transaction() as tx:
                await self._intake_handlers.handle(tx, entry)
        except sqlite3.OperationalError:
            raise
        except Exception as error:
            log.exception("an intake row could not be handled", kind=entry.kind)
            async with self._database.transaction() as tx:
                await intake.bury(tx, entry.id, f"{type(error).__name__} in the intake handler")
                await failure_alerts.dead(tx, entry)

    # --- jobs ---------------------------------------------------------------------------------------------------------

    async def _work(self, side: Side) -> None:
        while True:
            self._due[side].clear()
            try:
                await self._wait(side, await self._claim(side))
            except sqlite3.OperationalError as error:
                log.error("jobs wait for the database", error=str(error))
                await asyncio.sleep(1)

    async def _claim(self, side: Side) -> float | None:
        """Begins the due jobs. Returns the seconds until the next is due; None: it needs a commit, or a free place."""
        while (free := AT_ONCE[side] - len(self._running[side])) > 0:
            due = await jobs.next_due(self._database.reader, side)
            if due is None or (left := due - self._database.clock()) > 0:
                return None if due is None else left / SECOND
            async with self._database.transaction(synced=False) as tx:
                claimed = await jobs.claim(tx, "bot", side, free)
            for job in claimed:
                task = asyncio.create_task(self._do(job))
                self._running[side].add(task)
                task.add_done_callback(partial(self._ended, side))
        return None

    def _ended(self, side: Side, task: asyncio.Task[None]) -> None:
        """Frees the place of a job. Its last commit may have woken us before the place was free."""
        if len(self._running[side]) == AT_ONCE[side]:
            self._due[side].set()
        self._running[side].discard(task)

    async def _wait(self, side: Side, seconds: float | None) -> None:
        """Waits for a commit, or for so many seconds; None: without end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # asyncio.wait_for of Python 3.11 may swallow a cancellation
                await self._due[side].wait()

    async def _do(self, job: Job) -> None:
        with log_context.of_job(job):
            await self._finish_or_retry(job)

    async def _finish_or_retry(self, job: Job) -> None:
        try:
            await self._handlers[job.kind](job)
        except enqueue.RetryLater as later:
            await self._retry(job, int(later.seconds * SECOND), later.reason)
        except SlackRefused as error:
            if job.kind == "alert":
                await self._retry(job, LONGEST_PAUSE, error.code)  # fallback_alerts.py sends it meanwhile
            else:
                await self._give_up(job, error.code, failure_alerts.slack_says(error.code))
        except (SlackError, sqlite3.OperationalError) as error:
            await self._retry(job, _pause(job.tries), str(error))
        except Exception as error:
            log.exception("a job failed")
            if job.tries >= MOST_TRIES:
                await self._give_up(job, type(error).__name__, failure_alerts.fault(error))
            else:
                await self._retry(job, _pause(job.tries), type(error).__name__)
        else:
            await self._check_finished(job)

    async def _check_finished(self, job: Job) -> None:
        """Gives up a job whose handler ended without finishing it: it would hold up its lane without end."""
        if await jobs.is_claimed(self._database.reader, job):
            log.error("a job did not end with its work")
            await self._give_up(job, "unfinished", failure_alerts.fault(RuntimeError()))
        else:
            self._metrics.jobs.labels(job.kind, "done").inc()

    async def _retry(self, job: Job, pause: int, reason: str) -> None:
        self._metrics.jobs.labels(job.kind, "again").inc()
        await until_written(self._database, lambda tx: jobs.retry(tx, job, tx.now + pause, reason))

    async def _give_up(self, job: Job, code: str, why: str) -> None:
        """Finishes a job that can't be done, and raises an alert."""
        self._metrics.jobs.labels(job.kind, "given up").inc()
        log.error("a job was given up", code=code)

        async def write(tx: Transaction) -> None:
            await jobs.finish(tx, job)
            if job.kind != "alert":
                await failure_alerts.given_up(tx, job, code, why)

        await until_written(self._database, write)

    # --- waking -------------------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        for event in (self._arrived, *self._due.values()):
            event.set()

    async def _watch_others(self) -> None:
        """Checks if another process changed the database: commits of the command line don't wake us."""
        seen = await self._database.data_version()
        times = self._times()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            times = await self._check_clock(times)
            if (found := await self._database.data_version()) != seen:
                seen = found
                self._wake()

    async def _check_clock(self, before: tuple[int, int]) -> tuple[int, int]:
        """Moves all jobs back by as much as the clock was set back, so that they don't wait for the old time."""
        wall, steady = self._times()
        jump = (before[0] + steady - before[1]) - wall
        if jump > SET_BACK:
            try:
                async with self._database.transaction() as tx:
                    await jobs.clock_set_back(tx, jump)
            except sqlite3.OperationalError:
                return before  # the next check does it
            log.warning("the clock was set back", seconds=jump / SECOND)
        elif jump < -SET_BACK:
            self._wake()  # jobs are due that were to wait longer by the old time
        return wall, steady

    def _times(self) -> tuple[int, int]:
        """Returns the time in microseconds UTC, and that of the monotonic clock."""
        return self._database.clock(), time.monotonic_ns() // 1_000


def _pause(tries: int) -> int:
    """Returns the microseconds before the next try; they double each time."""
    return min(SECOND << min(tries - 1, 6), LONGEST_PAUSE)


async def _without_end(work: Callable[[], Awaitable[None]]) -> None:
    """Restarts the work when an unexpected error ends it. The rest of the bot continues."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("a task of the worker failed and is restarted")
        await asyncio.sleep(1)


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
