"""Commands that only read: status, tail, leases and route."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import click

from bot.cli.console import (
    examples,
    inbox_option,
    json_option,
    load_or_exit,
    run_or_exit,
    settings_option,
    show,
    show_rows,
)
from bot.operator import session
from bot.operator import tail as tailing
from bot.slack.app import route_explainer
from bot.telemetry import status_report

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from bot.settings.model import Settings
    from storage.queries.activity import Happening


@click.command(epilog=examples("status", "status --json"))
@settings_option
@json_option
def status(path: Path | None, *, as_json: bool) -> None:
    """Show queues, failures and provider health."""
    report = status_report.report_as_json(run_or_exit(session.status(load_or_exit(path))))
    show(report, _flat(report), as_json=as_json)


@click.command(epilog=examples("tail", "tail --since 600 --no-follow", "tail --json --content"))
@settings_option
@click.option("--since", metavar="SECONDS", type=click.FloatRange(0), default=0.0, help="Start this long ago.")
@click.option("--no-follow", is_flag=True, help="Show past events and exit.")
@click.option("--content", is_flag=True, help="Include contacts' numbers and texts.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def tail(path: Path | None, since: float, *, no_follow: bool, content: bool, as_json: bool) -> None:
    """Follow texts, send results, receipts and alerts as they happen. Stop with Ctrl-C.

    The output has no numbers and texts of contacts unless you give --content.
    """
    settings = load_or_exit(path)

    async def follow(settings: Settings) -> None:
        async for happening in tailing.follow(settings, since, forever=not no_follow):
            _print(happening, content=content, as_json=as_json)

    try:
        run_or_exit(follow(settings))
    except (KeyboardInterrupt, asyncio.CancelledError):
        click.echo(err=True)  # below the ^C of the terminal


@click.command(epilog=examples("leases", "leases --json"))
@settings_option
@json_option
def leases(path: Path | None, *, as_json: bool) -> None:
    """List the live leases, the next to end first."""
    rows = [status_report.lease_as_json(view) for view in run_or_exit(session.leases(load_or_exit(path)))]
    line = "{number} for {contact} in {inbox} via {account}, since {since}, until {until}, last used {last_used}"
    columns = {"number": "number", "contact": "for", "inbox": "inbox", "account": "via", "until": "until"}
    show_rows(rows, columns, line, "There are no live leases.", as_json=as_json)


@click.command(epilog=examples("route +61488023555", 'route --inbox support 0488023555 "Your order is ready"'))
@settings_option
@inbox_option
@json_option
@click.argument("number")
@click.argument("text", default="")
def route(path: Path | None, inbox: str | None, number: str, text: str, *, as_json: bool) -> None:
    """Show which sender a text to NUMBER would come from, why, and its number of segments. Send nothing."""
    explained = run_or_exit(session.route(load_or_exit(path), number, text, inbox))
    show(route_explainer.as_json(explained), route_explainer.lines(explained), as_json=as_json)


def _flat(report: dict[str, Any], above: str = "") -> list[str]:
    """Returns one line for each value, with the names that lead to it."""
    lines: list[str] = []
    for name, value in report.items():
        if isinstance(value, dict):
            lines += _flat(value, f"{above}{name} ")
        else:
            lines.append(f"{above}{name}: {'never' if value is None else value}")
    return lines


def _print(happening: Happening, *, content: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(tailing.as_json(happening, content=content), ensure_ascii=False))
        return
    colour = "red" if happening.what in tailing.BAD else "green" if happening.what in tailing.GOOD else None
    click.secho(tailing.line(happening, content=content), fg=colour)
