"""The gauges of /metrics: one reading at a time, which never blocks a request and is stale rather than wrong."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from prometheus_client import generate_latest

from bot.telemetry import gauges
from bot.telemetry.gauges import Gauges
from bot.telemetry.metrics import Metrics
from storage.engine.clock import MINUTE
from storage.engine.database import Database, open_database
from storage.tables import intake, jobs
from storage.tables.intake import Arrival

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Yields an empty database."""
    database = await open_database(tmp_path / "threadline.db")
    yield database
    await database.close()


@pytest.fixture
async def read(database: Database, tmp_path: Path) -> AsyncIterator[Gauges]:
    """The gauges over it."""
    read = Gauges(Metrics(), database, tmp_path / "threadline.db", {"ready": lambda: 1.0})
    yield read
    await read.stop()


def shown(read: Gauges) -> dict[str, float]:
    """Returns each sample as Prometheus sees it."""
    return {
        f"{sample.name}{sorted(sample.labels.values())}": sample.value
        for family in read.collect()
        for sample in family.samples
    }


async def test_queues_are_measured_by_side_and_kind(database: Database, read: Gauges) -> None:
    """The gauges count due and later jobs, and say how long the oldest has been due."""
    async with database.transaction() as tx:
        for lane in ("a", "b"):
            await jobs.add(tx, "send", 1, side="sms", lane=lane, run_at=tx.now - MINUTE)
        await jobs.add(tx, "send", 1, side="sms", lane="c", run_at=tx.now + MINUTE)
        await jobs.add(tx, "post", 1, side="slack", lane="d")
    async with database.transaction() as tx:
        assert await jobs.claim(tx, "bot", "sms", 1)  # a job in progress counts too
    await read.refresh()
    values = shown(read)
    assert values["threadline_jobs_due['send', 'sms']"] == 2
    assert values["threadline_jobs_later['send', 'sms']"] == 1
    assert values["threadline_jobs_due['post', 'slack']"] == 1
    assert 60 <= values["threadline_jobs_oldest_seconds['send', 'sms']"] < 90


async def test_the_intake_is_measured(database: Database, read: Gauges) -> None:
    """The gauges count rows that wait for the bot, and dead rows."""
    async with database.transaction() as tx:
        await intake.append(tx, [Arrival("fone", "inbound", "a", b"", {}), Arrival("fone", "inbound", "b", b"", {})])
        await intake.append(tx, [Arrival("fone", "unreadable", "c", b"?", None, error="no JSON")])
    await read.refresh()
    values = shown(read)
    assert (values["threadline_intake_waiting[]"], values["threadline_dead_rows[]"]) == (2, 1)
    assert values["threadline_intake_oldest_seconds[]"] >= 0


async def test_what_is_over_is_shown_no_more(database: Database, read: Gauges, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of job without jobs has no sample."""
    monkeypatch.setattr(gauges, "FRESH", 0.0)
    async with database.transaction() as tx:
        await jobs.add(tx, "send", 1, side="sms", lane="a")
    await read.refresh()
    async with database.transaction() as tx:
        (job,) = await jobs.claim(tx, "bot", "sms", 1)
        await jobs.finish(tx, job)
    await read.refresh()
    assert "threadline_jobs_due['send', 'sms']" not in shown(read)


async def test_an_answer_does_not_wait_for_the_database(
    database: Database, read: Gauges, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While every reader is busy, a request shows the previous reading and does not block the event loop."""
    monkeypatch.setattr(gauges, "FRESH", 0.0)
    monkeypatch.setattr(gauges, "TIMEOUT", 0.05)
    async with database.transaction() as tx:
        await intake.append(tx, [Arrival("fone", "unreadable", "c", b"?", None, error="no JSON")])
    await read.refresh()
    while "threadline_dead_rows[]" not in shown(read):
        await read.refresh()
    async with database.read(), database.read():
        before = shown(read)
        await asyncio.gather(*(read.refresh() for _ in range(5)))
        assert shown(read) == before


async def test_a_reading_is_not_made_again_at_once(database: Database, read: Gauges) -> None:
    """Many requests at once share one reading."""
    await asyncio.gather(*(read.refresh() for _ in range(5)))
    first = shown(read)["threadline_measured_timestamp_seconds[]"]
    async with database.transaction() as tx:
        await jobs.add(tx, "send", 1, side="sms", lane="a")
    await read.refresh()
    assert shown(read)["threadline_measured_timestamp_seconds[]"] == first
    assert first <= time.time()


async def test_what_is_live_needs_no_reading(read: Gauges) -> None:
    """`ready` needs no database, and a gauge of another mode is absent."""
    assert shown(read) == {"threadline_ready[]": 1.0}


async def test_it_can_be_printed(database: Database, tmp_path: Path) -> None:
    """Every gauge has a help text and a unique name."""
    metrics = Metrics()
    Gauges(metrics, database, tmp_path / "threadline.db", {})
    names = [each.name for each in metrics.declared]
    assert len(names) == len(set(names))
    text = generate_latest(metrics.registry).decode()
    assert all(f"# HELP {name}" in text for name in names)
