"""What keeps the data: backups, and the schema."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.console import FAILED, Bars, done, ending, examples, json_option, loaded, settings_option, show
from bot.operator import backup as backups
from bot.operator import migrate as upgrades

if TYPE_CHECKING:
    from bot.operator.backup import Contents

_FORCE = click.option("--force", is_flag=True, help="Write over FILE if it is there.")


@click.command(epilog=examples("backup /var/backups/threadline.tar", "backup --json --force last-night.tar"))
@settings_option
@json_option
@_FORCE
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(path: Path | None, file: Path, *, as_json: bool, force: bool) -> None:
    """Write all that the bot knows into FILE, while it runs: the database, and the files of texts.

    FILE appears once it was read back and found whole. It holds numbers and texts of contacts, and not the settings.
    """
    settings = loaded(path)
    with ending(), Bars() as report:
        contents = backups.make(settings.database, file, report, overwrite=force)
    size = file.stat().st_size
    told = f"{file}: {sum(contents.rows.values())} rows and {contents.files} files, {size} bytes, read back and whole."
    show({**_said(contents), "file": str(file), "size": size}, [told], as_json=as_json)


@click.command(epilog=examples("restore /var/backups/threadline.tar"))
@settings_option
@json_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def restore(path: Path | None, file: Path, *, as_json: bool) -> None:
    """Make the database anew from a backup. No bot may run, and nothing is overwritten.

    Texts that waited when the backup was made are not sent: they may have gone out since, so each is asked about in
    its thread. What came and went after the backup is not in it, opt-outs among it.
    """
    settings = loaded(path)
    with Bars() as report:
        found = done(backups.restore(settings.database, file, report))
    rows = sum(found.contents.rows.values())
    told = [
        f"Restored from the backup of {found.contents.made}: {rows} rows and {found.contents.files} files.",
        f"{found.asked} texts waited then. Each is asked about in its thread once the bot runs.",
        "Next: `threadline doctor`, then `threadline run`.",
    ]
    show({**_said(found.contents), "asked": found.asked}, told, as_json=as_json)


@click.command(epilog=examples("migrate", "migrate --check"))
@settings_option
@json_option
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 unless the schema is up to date.")
def migrate(path: Path | None, *, as_json: bool, check: bool) -> None:
    """Bring the schema of the database up to date, while no bot runs. `threadline run` does so by itself.

    A newer schema cannot be taken back: make a backup before.
    """
    settings = loaded(path)
    with ending():
        before = upgrades.look(settings.database)
    if not check:
        with Bars() as report:
            done(upgrades.apply(settings.database, report))
    after = before if check else upgrades.look(settings.database)
    show({**asdict(after), "was": before.schema}, [upgrades.told(before, after)], as_json=as_json)
    sys.exit(0 if after.is_current else FAILED)


def _said(contents: Contents) -> dict[str, Any]:
    """What a program may want to know of a backup."""
    return {name: value for name, value in asdict(contents).items() if name != "digests"} | {"files": contents.files}
