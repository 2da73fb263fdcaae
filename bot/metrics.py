"""What is counted. Labels are names from the settings and stable codes: never a number, a token or a body."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class Metrics:
    """The counters of one bot, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.webhooks = Counter(
            "threadline_webhooks",
            "Webhooks of providers by what became of them",
            ["account", "outcome"],
            registry=self.registry,
        )
        self.slack_events = Counter(
            "threadline_slack_events", "Events of Slack by what became of them", ["outcome"], registry=self.registry
        )
        self.breakers = Gauge(
            "threadline_breaker",
            "Whether an account is asked: 0 yes, 1 one request tries it, 2 not for a while",
            ["account", "method"],
            registry=self.registry,
        )
        self.jobs = Counter(
            "threadline_jobs", "Jobs by kind and how they ended", ["kind", "end"], registry=self.registry
        )
