"""What came in and could not be read or handled."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from bot import replay as replaying
from bot import standing
from bot.cli.frame import done, json_option, loaded, settings_option, show

if TYPE_CHECKING:
    from pathlib import Path


@click.group()
def dead() -> None:
    """What came in and could not be read or handled."""


@dead.command("list")
@settings_option
@json_option
def listed(path: Path | None, *, as_json: bool) -> None:
    """Print the dead rows, oldest first."""
    rows = [asdict(row) for row in done(replaying.listed(loaded(path)))]
    found = [{**row, "received_at": standing.moment(row["received_at"])} for row in rows]
    told = "{id}  {received_at}  {source}  {kind}: {error}"
    show(found, [told.format(**row) for row in found] or ["Nothing is dead."], as_json=as_json)


@dead.command("show")
@settings_option
@click.argument("entry_id", metavar="ID", type=int)
def shown(path: Path | None, entry_id: int) -> None:
    """Print a dead row with what came in, as JSON. It may hold numbers and texts of contacts."""
    click.echo(json.dumps(done(replaying.shown(loaded(path), entry_id)), indent=2, ensure_ascii=False))


@dead.command()
@settings_option
@click.argument("entry_ids", metavar="[ID]...", type=int, nargs=-1)
def replay(path: Path | None, entry_ids: tuple[int, ...]) -> None:
    """Read dead rows again after a fix, all of them if none is named."""
    for told in done(replaying.replayed(loaded(path), list(entry_ids))) or ["Nothing is dead."]:
        click.echo(told)
