"""`threadline dead`: dead rows, the webhooks and Slack events that the bot couldn't read or handle."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from bot.cli.console import examples, json_option, load_or_exit, run_or_exit, settings_option, show_rows
from bot.operator import replay as replaying
from bot.telemetry import status_report

if TYPE_CHECKING:
    from pathlib import Path


@click.group(epilog=examples("dead list", "dead show 452018947120394240", "dead replay"))
def dead() -> None:
    """List, show and replay dead rows: webhooks and Slack events that the bot couldn't read or handle."""


@dead.command("list", epilog=examples("dead list", "dead list --json"))
@settings_option
@json_option
def list_rows(path: Path | None, *, as_json: bool) -> None:
    """List the dead rows, oldest first."""
    rows = [asdict(row) for row in run_or_exit(replaying.list_rows(load_or_exit(path)))]
    shown = [{**row, "received_at": status_report.moment(row["received_at"])} for row in rows]
    line = "{id}  {received_at}  {source}  {kind}: {error}"
    columns = {"id": "id", "received_at": "received", "source": "from", "kind": "kind", "error": "error"}
    show_rows(shown, columns, line, "There are no dead rows.", as_json=as_json)


@dead.command("show", epilog=examples("dead show 452018947120394240"))
@settings_option
@click.argument("entry_id", metavar="ID", type=int)
def show_row(path: Path | None, entry_id: int) -> None:
    """Show a dead row with its content, as JSON. It may hold numbers and texts of contacts."""
    row = run_or_exit(replaying.show_row(load_or_exit(path), entry_id))
    click.echo(json.dumps(row, indent=2, ensure_ascii=False))


@dead.command(epilog=examples("dead replay", "dead replay 452018947120394240"))
@settings_option
@click.argument("entry_ids", metavar="[ID]...", type=int, nargs=-1)
def replay(path: Path | None, entry_ids: tuple[int, ...]) -> None:
    """Read dead rows again after a fix: all of them if you give no ID."""
    for result in run_or_exit(replaying.replay(load_or_exit(path), list(entry_ids))) or ["There are no dead rows."]:
        click.echo(result)
