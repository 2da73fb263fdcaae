"""Counters and histograms. Labels are names from the settings and words of ours: never a number, a token or a body.

We count the events of a transaction once it commits. `bot/telemetry/gauges.py` has the values that we read on request.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)

from storage.engine import commit_events
from storage.engine.clock import SECOND
from storage.engine.migrations import known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.engine.commit_events import News

# Seconds: from waits that nobody notices to waits that somebody calls about.
_WAITS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
_REQUESTS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, under its name without the endings that Prometheus adds."""

    name: str
    kind: str  # counter, gauge, histogram or info
    labels: tuple[str, ...]
    text: str


class Metrics:
    """The counters of one bot, in a registry of its own.

    Attributes:
        registry: the metrics that /metrics shows.
        declared: all metrics, for docs/metrics.md.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # else the client doubles the number of metrics
        self.registry = CollectorRegistry()
        self.declared: list[Metric] = []
        self.webhooks = self._counter("webhooks", "Webhooks from providers, by outcome", "account", "outcome")
        self.slack_events = self._counter("slack_events", "Events from Slack, by outcome", "outcome")
        self.texts_in = self._counter("texts_in", "Texts from contacts", "account")
        self.texts_out = self._counter(
            "texts_out",
            "Texts to contacts, by the result of each attempt and by the final status from a receipt",
            "account",
            "end",
        )
        self.stopped = self._counter("texts_stopped", "Texts to contacts that the gate stopped", "code")
        self.receipts = self._counter("receipts", "Receipts from providers, by status", "account", "status")
        self.until_slack = self._histogram(
            "text_to_slack_seconds", "Time from receiving a contact's text to showing it in Slack", _WAITS
        )
        self.until_provider = self._histogram(
            "reply_to_provider_seconds",
            "Time from when a text should go out to the provider's answer, including earlier attempts",
            _WAITS,
            "account",
        )
        self.provider_seconds = self._histogram(
            "provider_request_seconds",
            "Duration of requests to providers, by kind of work",
            _REQUESTS,
            "account",
            "kind",
        )
        self.provider_requests = self._counter(
            "provider_requests", "Requests to providers, by class of answer", "account", "answer"
        )
        self.slack_seconds = self._histogram("slack_call_seconds", "Duration of calls to Slack", _REQUESTS, "method")
        self.slack_calls = self._counter("slack_calls", "Calls to Slack, by outcome", "method", "outcome")
        self.jobs = self._counter("jobs", "Jobs that ended, by kind and result", "kind", "end")
        self.breakers = self._gauge(
            "breaker",
            "Circuit breaker: 0 closed, 1 half-open (one request tests the provider), 2 open (no requests)",
            "account",
            "method",
        )
        self._build()
        ProcessCollector(registry=self.registry)

    def note(self, event: News, _: int | None) -> None:
        """Counts an event of a committed transaction."""
        match event:
            case commit_events.Received():
                self.texts_in.labels(event.account).inc()
            case commit_events.Ended():
                self.texts_out.labels(event.account, event.end).inc()
                if event.waited is not None:
                    self.until_provider.labels(event.account).observe(event.waited / SECOND)
            case commit_events.Stopped():
                self.stopped.labels(event.code).inc()
            case commit_events.Said():
                self.receipts.labels(event.account, event.status or "a new word").inc()
            case commit_events.Shown() if event.waited is not None:
                self.until_slack.observe(event.waited / SECOND)
            case _:
                pass  # this event is for the log only

    def declare(self, name: str, kind: str, text: str, labels: Sequence[str]) -> str:
        """Declares a metric for docs/metrics.md. Returns its full name."""
        full = f"threadline_{name}"
        self.declared.append(Metric(full, kind, tuple(labels), text))
        return full

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(self.declare(name, "counter", text, labels), text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(self.declare(name, "gauge", text, labels), text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: Sequence[float], *labels: str) -> Histogram:
        full = self.declare(name, "histogram", text, labels)
        return Histogram(full, text, labels, registry=self.registry, buckets=buckets)

    def _build(self) -> None:
        text = "Versions of threadline, of Python and of the schema"
        labels = {"version": metadata.version("threadline"), "python": platform.python_version()}
        labels["schema"] = str(known()[-1].version)
        Info(self.declare("build", "info", text, list(labels)), text, registry=self.registry).info(labels)
