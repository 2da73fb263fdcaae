"""What only looks: how things stand, what happens, which numbers are leased, and which way a text would go."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import click

from bot.cli.console import done, examples, inbox_option, json_option, loaded, settings_option, show, show_rows
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
    """Print what waits, what failed and how the providers are."""
    found = status_report.standing_as_json(done(session.status(loaded(path))))
    show(found, _flat(found), as_json=as_json)


@click.command(epilog=examples("tail", "tail --since 600 --no-follow", "tail --json --content"))
@settings_option
@click.option("--since", metavar="SECONDS", type=click.FloatRange(0), default=0.0, help="Begin so long ago.")
@click.option("--no-follow", is_flag=True, help="End with what has happened by now.")
@click.option("--content", is_flag=True, help="Also numbers and texts of contacts.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def tail(path: Path | None, since: float, *, no_follow: bool, content: bool, as_json: bool) -> None:
    """Follow what happens: texts, what became of them, receipts, alerts. Ctrl-C ends it.

    Numbers and texts of contacts are left out unless --content is given.
    """
    settings = loaded(path)

    async def follow(settings: Settings) -> None:
        async for happening in tailing.follow(settings, since, forever=not no_follow):
            _tell(happening, content=content, as_json=as_json)

    try:
        done(follow(settings))
    except (KeyboardInterrupt, asyncio.CancelledError):
        click.echo(err=True)  # below the ^C of the terminal


@click.command(epilog=examples("leases", "leases --json"))
@settings_option
@json_option
def leases(path: Path | None, *, as_json: bool) -> None:
    """Print the live leases, the one that ends next first."""
    found = [status_report.lease_as_json(view) for view in done(session.leases(loaded(path)))]
    told = "{number} for {contact} in {inbox} via {account}, since {since}, until {until}, last used {last_used}"
    columns = {"number": "number", "contact": "for", "inbox": "inbox", "account": "via", "until": "until"}
    show_rows(found, columns, told, "No number is leased now.", as_json=as_json)


@click.command(epilog=examples("route +61488023555", 'route --inbox support 0488023555 "Your order is ready"'))
@settings_option
@inbox_option
@json_option
@click.argument("number")
@click.argument("text", default="")
def route(path: Path | None, inbox: str | None, number: str, text: str, *, as_json: bool) -> None:
    """Print which sender a text to NUMBER would come from, what it costs, and why. Nothing is sent."""
    told = done(session.route(loaded(path), number, text, inbox))
    show(route_explainer.as_json(told), route_explainer.lines(told), as_json=as_json)


def _flat(found: dict[str, Any], above: str = "") -> list[str]:
    """One line for each value, with the names that lead to it."""
    lines: list[str] = []
    for name, value in found.items():
        if isinstance(value, dict):
            lines += _flat(value, f"{above}{name} ")
        else:
            lines.append(f"{above}{name}: {'never' if value is None else value}")
    return lines


def _tell(happening: Happening, *, content: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(tailing.as_json(happening, content=content), ensure_ascii=False))
        return
    colour = "red" if happening.what in tailing.BAD else "green" if happening.what in tailing.GOOD else None
    click.secho(tailing.line(happening, content=content), fg=colour)
