"""Gauges that we read from the database when somebody requests /metrics: queues, waiting texts, leases, file sizes.

We take one reading at a time, over a read-only connection, and at most one per second. A request waits for it only
briefly and then shows the previous reading. So a slow disk makes /metrics stale, never slow.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from typing import TYPE_CHECKING

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from storage.engine.clock import SECOND
from storage.queries import metric_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from bot.telemetry.metrics import Metrics
    from storage.engine.database import Connection, Database

FRESH = 1.0  # seconds for which we reuse a reading
TIMEOUT = 1.0  # seconds that a request waits for a new one

Values = dict[tuple[str, ...], float]  # by the values of the labels

# The help and the labels of each gauge.
GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "jobs_due": ("Jobs that are due, including those in progress", ("side", "kind")),
    "jobs_later": ("Jobs that are not due yet", ("side", "kind")),
    "jobs_oldest_seconds": ("How long the oldest due job has been due", ("side", "kind")),
    "intake_waiting": ("Intake rows that the bot has not handled yet", ()),
    "intake_oldest_seconds": ("Age of the oldest intake row that the bot has not handled yet", ()),
    "dead_rows": ("Dead rows: intake rows that the bot could not read or handle", ()),
    "texts_waiting": ("Texts that wait for a person (asked, unknown) or a time (held, scheduled)", ("inbox", "why")),
    "leases": ("Live leases", ("account",)),
    "opted_out": ("Contacts who opted out", ()),
    "alerts": ("Unresolved alerts, by the first word of their cause", ("cause",)),
    "database_bytes": ("Size of the database and of its write-ahead log", ("file",)),
    "disk_free_bytes": ("Free space on the database's disk", ()),
    "measured_timestamp_seconds": ("When the bot read these values (seconds since the epoch)", ()),
    "ready": ("1 if texts flow both ways, else 0; same as /readyz", ()),
    "sockets": ("Open connections to Slack; in socket mode only", ()),
}

log = structlog.get_logger("gauges")


class Gauges(Collector):
    """The newest reading of the gauges.

    Args:
        metrics: the metrics to add the gauges to.
        database: the database to read.
        path: the database's file.
        live: functions by the gauge's name, called at each answer: values that need no database.
    """

    def __init__(
        self, metrics: Metrics, database: Database, path: Path, live: Mapping[str, Callable[[], float]]
    ) -> None:
        self._live = live
        self._database = database
        self._path = path
        self._read: dict[str, Values] = {}
        self._read_at = 0.0  # on the monotonic clock
        self._reading: asyncio.Task[None] | None = None
        self._names = declare(metrics)
        metrics.registry.register(self)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Returns the families of `collect`, without values."""
        return [self._family(name) for name in GAUGES]

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yields the values of the last reading, and the live ones."""
        now: dict[str, Values] = {name: {(): value()} for name, value in self._live.items()}
        for name in GAUGES:
            family = self._family(name)
            for labels, value in {**self._read.get(name, {}), **now.get(name, {})}.items():
                family.add_metric(labels, value)
            yield family

    async def refresh(self) -> None:
        """Starts a new reading if the last one is old, and waits for it for at most `TIMEOUT` seconds."""
        if self._reading is None and time.monotonic() - self._read_at > FRESH:
            self._reading = asyncio.create_task(self._look())
        if self._reading is not None:
            await asyncio.wait([self._reading], timeout=TIMEOUT)

    async def stop(self) -> None:
        """Waits for a reading in progress."""
        if self._reading is not None:
            await asyncio.wait([self._reading])

    async def _look(self) -> None:
        try:
            async with self._database.read() as reader:
                read = await values(reader, self._database.clock())
            read["database_bytes"], read["disk_free_bytes"] = await asyncio.to_thread(_sizes, self._path)
        except Exception as error:
            log.exception("could not read the gauges", error=type(error).__name__)
        else:
            self._read = read | {"measured_timestamp_seconds": {(): time.time()}}
            self._read_at = time.monotonic()
        finally:
            self._reading = None

    def _family(self, name: str) -> GaugeMetricFamily:
        text, labels = GAUGES[name]
        return GaugeMetricFamily(self._names[name], text, labels=labels)


def declare(metrics: Metrics) -> dict[str, str]:
    """Declares the gauges for docs/metrics.md. Returns their full names."""
    return {name: metrics.declare(name, "gauge", text, labels) for name, (text, labels) in GAUGES.items()}


async def values(reader: Connection, now: int) -> dict[str, Values]:
    """Reads all gauges from the database.

    Args:
        reader: an open connection.
        now: microseconds UTC.
    """
    queues = await metric_queries.queues(reader, now)
    waiting, oldest, dead = await metric_queries.intake(reader)
    aside = [*await metric_queries.set_aside(reader), *await metric_queries.unknown(reader)]
    return {
        "jobs_due": {(each.side, each.kind): each.due for each in queues},
        "jobs_later": {(each.side, each.kind): each.later for each in queues},
        "jobs_oldest_seconds": {(each.side, each.kind): _age(each.oldest, now) for each in queues},
        "intake_waiting": {(): waiting},
        "intake_oldest_seconds": {(): _age(oldest, now)},
        "dead_rows": {(): dead},
        "texts_waiting": {(each.inbox, each.why): each.count for each in aside},
        "leases": {(each.name,): each.count for each in await metric_queries.leases(reader, now)},
        "opted_out": {(): await metric_queries.opted_out(reader)},
        "alerts": {(each.name,): each.count for each in await metric_queries.alerts(reader)},
    }


def _age(since: int | None, now: int) -> float:
    """Returns an age in seconds; 0 if there is nothing."""
    return 0.0 if since is None else max(0, now - since) / SECOND


def _sizes(path: Path) -> tuple[Values, Values]:
    """Returns the sizes of the database's files and the free space on their disk, in bytes."""
    files = {"database": path, "wal": path.with_name(f"{path.name}-wal")}
    sizes: Values = {(name,): file.stat().st_size for name, file in files.items() if file.exists()}
    return sizes, {(): shutil.disk_usage(path.parent).free}
