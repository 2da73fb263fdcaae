"""What is counted. Labels are names from the settings and words of ours: never a number, a token or a body.

Events of a transaction are counted once it is committed. Values read on request are in `bot/telemetry/gauges.py`.
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

# Seconds: from what nobody notices to what somebody calls about.
_WAITS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
_REQUESTS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60)


@dataclass(frozen=True, slots=True)
class Metric:
    """One of them as an operator asks for it, but for what Prometheus appends."""

    name: str
    kind: str  # counter, gauge, histogram or info
    labels: tuple[str, ...]
    text: str


class Metrics:
    """The counters of one bot, in a registry of its own.

    Attributes:
        registry: what /metrics shows.
        declared: what there is, in the order of the page.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the client's; they double what is shown
        self.registry = CollectorRegistry()
        self.declared: list[Metric] = []
        self.webhooks = self._counter("webhooks", "Webhooks of providers by what became of them", "account", "outcome")
        self.slack_events = self._counter("slack_events", "Events of Slack by what became of them", "outcome")
        self.texts_in = self._counter("texts_in", "Texts of contacts", "account")
        self.texts_out = self._counter(
            "texts_out",
            "Texts of ours by how an attempt ended, and by the end that a receipt brought",
            "account",
            "end",
        )
        self.stopped = self._counter("texts_stopped", "Texts of ours that the gate did not let out", "code")
        self.receipts = self._counter("receipts", "What providers said about texts of ours", "account", "status")
        self.until_slack = self._histogram(
            "text_to_slack_seconds", "From when a contact's text came in until it stands in Slack", _WAITS
        )
        self.until_provider = self._histogram(
            "reply_to_provider_seconds",
            "From when a text of ours was to go out until the provider's answer, tries before it included",
            _WAITS,
            "account",
        )
        self.provider_seconds = self._histogram(
            "provider_request_seconds", "Requests to providers, by the kind of the work", _REQUESTS, "account", "kind"
        )
        self.provider_requests = self._counter(
            "provider_requests", "Requests to providers by the class of the answer", "account", "answer"
        )
        self.slack_seconds = self._histogram("slack_call_seconds", "Calls to Slack", _REQUESTS, "method")
        self.slack_calls = self._counter("slack_calls", "Calls to Slack by what became of them", "method", "outcome")
        self.jobs = self._counter("jobs", "Jobs by kind and how they ended", "kind", "end")
        self.breakers = self._gauge(
            "breaker",
            "Whether an account is asked: 0 yes, 1 one request tries it, 2 not for a while",
            "account",
            "method",
        )
        self._build()
        ProcessCollector(registry=self.registry)

    def note(self, told: News, _: int | None) -> None:
        """Counts what a transaction told."""
        match told:
            case commit_events.Received():
                self.texts_in.labels(told.account).inc()
            case commit_events.Ended():
                self.texts_out.labels(told.account, told.end).inc()
                if told.waited is not None:
                    self.until_provider.labels(told.account).observe(told.waited / SECOND)
            case commit_events.Stopped():
                self.stopped.labels(told.code).inc()
            case commit_events.Said():
                self.receipts.labels(told.account, told.status or "a new word").inc()
            case commit_events.Shown() if told.waited is not None:
                self.until_slack.observe(told.waited / SECOND)
            case _:
                pass  # it is for the log only

    def declare(self, name: str, kind: str, text: str, labels: Sequence[str]) -> str:
        """Notes a metric for the page, and returns its full name."""
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
        text = "Which program this is"
        labels = {"version": metadata.version("threadline"), "python": platform.python_version()}
        labels["schema"] = str(known()[-1].version)
        Info(self.declare("build", "info", text, list(labels)), text, registry=self.registry).info(labels)
