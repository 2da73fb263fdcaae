"""What only looks: how things stand, which numbers are leased, and which way a text would go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot import routes, standing, terminal
from bot.cli.frame import done, inbox_option, json_option, loaded, settings_option, show

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


@click.command()
@settings_option
@json_option
def status(path: Path | None, *, as_json: bool) -> None:
    """Print what waits, what failed and how the providers are."""
    found = standing.standing_as_json(done(terminal.status(loaded(path))))
    show(found, _flat(found), as_json=as_json)


@click.command()
@settings_option
@json_option
def leases(path: Path | None, *, as_json: bool) -> None:
    """Print the live leases, the one that ends next first."""
    found = [standing.lease_as_json(view) for view in done(terminal.leases(loaded(path)))]
    told = "{number} for {contact} in {inbox} via {account}, since {since}, until {until}, last used {last_used}"
    show(found, [told.format(**lease) for lease in found] or ["No number is leased now."], as_json=as_json)


@click.command()
@settings_option
@inbox_option
@json_option
@click.argument("number")
@click.argument("text", default="")
def route(path: Path | None, inbox: str | None, number: str, text: str, *, as_json: bool) -> None:
    """Print which sender a text to NUMBER would come from, what it costs, and why. Nothing is sent."""
    told = done(terminal.route(loaded(path), number, text, inbox))
    show(routes.as_json(told), routes.lines(told), as_json=as_json)


def _flat(found: dict[str, Any], above: str = "") -> list[str]:
    """One line for each value, with the names that lead to it."""
    lines: list[str] = []
    for name, value in found.items():
        if isinstance(value, dict):
            lines += _flat(value, f"{above}{name} ")
        else:
            lines.append(f"{above}{name}: {'never' if value is None else value}")
    return lines
