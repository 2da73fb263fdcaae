"""What came in and could not be read or handled."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from bot.cli.console import done, examples, json_option, loaded, settings_option, show_rows
from bot.operator import replay as replaying
from bot.telemetry import status_report

if TYPE_CHECKING:
    from pathlib import Path


@click.group(epilog=examples("dead list", "dead show 452018947120394240", "dead replay"))
def dead() -> None:
    """What came in and could not be read or handled."""


@dead.command("list", epilog=examples("dead list", "dead list --json"))
@settings_option
@json_option
def listed(path: Path | None, *, as_json: bool) -> None:
    """Print the dead rows, oldest first."""
    rows = [asdict(row) for row in done(replaying.listed(loaded(path)))]
    found = [{**row, "received_at": status_report.moment(row["received_at"])} for row in rows]
    told = "{id}  {received_at}  {source}  {kind}: {error}"
    columns = {"id": "id", "received_at": "received", "source": "from", "kind": "kind", "error": "why"}
    show_rows(found, columns, told, "Nothing is dead.", as_json=as_json)


@dead.command("show", epilog=examples("dead show 452018947120394240"))
@settings_option
@click.argument("entry_id", metavar="ID", type=int)
def shown(path: Path | None, entry_id: int) -> None:
    """Print a dead row with what came in, as JSON. It may hold numbers and texts of contacts."""
    click.echo(json.dumps(done(replaying.shown(loaded(path), entry_id)), indent=2, ensure_ascii=False))


@dead.command(epilog=examples("dead replay", "dead replay 452018947120394240"))
@settings_option
@click.argument("entry_ids", metavar="[ID]...", type=int, nargs=-1)
def replay(path: Path | None, entry_ids: tuple[int, ...]) -> None:
    """Read dead rows again after a fix, all of them if none is named."""
    for told in done(replaying.replayed(loaded(path), list(entry_ids))) or ["Nothing is dead."]:
        click.echo(told)
