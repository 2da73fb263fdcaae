"""`docs/metrics.md`: every metric of a bot, with its labels."""

from __future__ import annotations

from bot.telemetry.gauges import declare
from bot.telemetry.metrics import Metrics
from making.markdown import code, page, table

_INTRO = """\
What `/metrics` shows, for Prometheus. A name of a counter ends with `_total` there, one of a histogram with `_bucket`,
`_sum` and `_count`, and that of the info with `_info`. The `process_…` metrics of the Python client are there too.

Labels are names from the settings (accounts, inboxes) and words of ours, so there are few of them: no number, no text,
no token and no user. Counters begin at 0 with each start, as Prometheus expects.

What is read from the database is read when somebody asks, at most once a second, by a connection that cannot write. An
answer waits for it for a second at most and then shows the reading before: `threadline_measured_timestamp_seconds` says
how old it is.

[deploy/alerts.yml](../deploy/alerts.yml) has rules over them, and [operations.md](operations.md) what to do when one
fires. `/metrics` asks nobody who they are: keep it from the outside, as
[deploy/Caddyfile](../deploy/Caddyfile) does."""


def page_text() -> str:
    """The whole page."""
    metrics = Metrics()
    declare(metrics)
    rows = [[code(each.name), each.kind, ", ".join(map(code, each.labels)), each.text] for each in metrics.declared]
    return page("Metrics", _INTRO, table(["metric", "kind", "labels", "what it says"], sorted(rows)))
