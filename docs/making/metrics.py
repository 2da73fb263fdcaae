"""`docs/metrics.md`: every metric of the bot, with its labels."""

from __future__ import annotations

from bot.telemetry.gauges import declare
from bot.telemetry.metrics import Metrics
from making.markdown import code, page, table

_INTRO = """\
`/metrics` shows these metrics for Prometheus. There the name of a counter ends with `_total`, that of a histogram with
`_bucket`, `_sum` and `_count`, and that of the info with `_info`. It also shows the `process_…` metrics of the Python
client.

Labels are names from the settings (accounts, inboxes) and words of ours. So there are few of them, and they have no
number, text, token or user. Counters start at 0 each time the bot starts, as Prometheus expects.

The bot reads the database for a request, at most once a second, over a read-only connection. A request waits for this
at most one second and then shows the previous reading: `threadline_measured_timestamp_seconds` says how old it is.

[deploy/alerts.yml](../deploy/alerts.yml) has alert rules for these metrics, and [operations.md](operations.md) says
what to do when one fires. `/metrics` needs no login, so block it from outside, as
[deploy/Caddyfile](../deploy/Caddyfile) does."""


def page_text() -> str:
    """Returns the whole page."""
    metrics = Metrics()
    declare(metrics)
    rows = [[code(each.name), each.kind, ", ".join(map(code, each.labels)), each.text] for each in metrics.declared]
    return page("Metrics", _INTRO, table(["metric", "kind", "labels", "meaning"], sorted(rows)))
