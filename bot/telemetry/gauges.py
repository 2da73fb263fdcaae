"""What is read when somebody asks /metrics: queues, what waits, what lasts, and how large the files are.

One reading at a time, from a connection that only reads, and none is made again within a second. An answer waits for
it for a moment only and then has the reading before, so that a slow disk makes /metrics old, never slow.
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

FRESH = 1.0  # seconds for which a reading is not made again
PATIENCE = 1.0  # seconds that an answer waits for it

Values = dict[tuple[str, ...], float]  # by the values of the labels

# Each with what it means and its labels.
GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "jobs_due": ("Jobs that should be done by now, those under way included", ("side", "kind")),
    "jobs_later": ("Jobs whose time has not come", ("side", "kind")),
    "jobs_oldest_seconds": ("For how long the oldest due job has been due", ("side", "kind")),
    "intake_waiting": ("Rows of the intake that the bridge has not seen", ()),
    "intake_oldest_seconds": ("For how long the oldest of them has been there", ()),
    "dead_rows": ("Rows of the intake that nobody could read or handle", ()),
    "texts_waiting": ("Texts that wait for a person (asked, unknown) or a time (held, scheduled)", ("inbox", "why")),
    "leases": ("Numbers that are leased now", ("account",)),
    "opted_out": ("Contacts that want no texts", ()),
    "alerts": ("Alerts that last, by the first word of their cause", ("cause",)),
    "database_bytes": ("Size of the database and of its write-ahead log", ("file",)),
    "disk_free_bytes": ("What is free where the database is", ()),
    "measured_timestamp_seconds": ("When these were read (seconds since the epoch)", ()),
    "ready": ("Whether texts flow both ways: what /readyz says", ()),
    "sockets": ("Connections to Slack that stand; in socket mode only", ()),
}

log = structlog.get_logger("gauges")


class Gauges(Collector):
    """The newest reading.

    Args:
        metrics: shows it.
        database: what is read.
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
        """What `collect` gives, without values."""
        return [self._family(name) for name in GAUGES]

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The values as they were read last, and those that are live."""
        now: dict[str, Values] = {name: {(): value()} for name, value in self._live.items()}
        for name in GAUGES:
            family = self._family(name)
            for labels, value in {**self._read.get(name, {}), **now.get(name, {})}.items():
                family.add_metric(labels, value)
            yield family

    async def refresh(self) -> None:
        """Reads anew if the reading is old; returns within a moment whether or not that is done."""
        if self._reading is None and time.monotonic() - self._read_at > FRESH:
            self._reading = asyncio.create_task(self._look())
        if self._reading is not None:
            await asyncio.wait([self._reading], timeout=PATIENCE)

    async def stop(self) -> None:
        """Lets a reading that is under way end."""
        if self._reading is not None:
            await asyncio.wait([self._reading])

    async def _look(self) -> None:
        try:
            async with self._database.read() as reader:
                read = await values(reader, self._database.clock())
            read["database_bytes"], read["disk_free_bytes"] = await asyncio.to_thread(_sizes, self._path)
        except Exception as error:
            log.exception("nothing could be measured", error=type(error).__name__)
        else:
            self._read = read | {"measured_timestamp_seconds": {(): time.time()}}
            self._read_at = time.monotonic()
        finally:
            self._reading = None

    def _family(self, name: str) -> GaugeMetricFamily:
        text, labels = GAUGES[name]
        return GaugeMetricFamily(self._names[name], text, labels=labels)


def declare(metrics: Metrics) -> dict[str, str]:
    """Notes the gauges for the page; returns their full names."""
    return {name: metrics.declare(name, "gauge", text, labels) for name, (text, labels) in GAUGES.items()}


async def values(reader: Connection, now: int) -> dict[str, Values]:
    """Everything that the database says.

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
    """Seconds; 0 where there is nothing that could be old."""
    return 0.0 if since is None else max(0, now - since) / SECOND


def _sizes(path: Path) -> tuple[Values, Values]:
    """Bytes of the database's files, and what is free beside them."""
    files = {"database": path, "wal": path.with_name(f"{path.name}-wal")}
    sizes: Values = {(name,): file.stat().st_size for name, file in files.items() if file.exists()}
    return sizes, {(): shutil.disk_usage(path.parent).free}
