"""Commands for the database: backup, restore and migrate."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.console import (
    FAILED,
    ProgressBars,
    examples,
    exiting_on_errors,
    json_option,
    load_or_exit,
    run_or_exit,
    settings_option,
    show,
)
from bot.operator import backup as backups
from bot.operator import migrate as migrations

if TYPE_CHECKING:
    from bot.operator.backup import Contents

_FORCE = click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")


@click.command(epilog=examples("backup /var/backups/threadline.tar", "backup --json --force last-night.tar"))
@settings_option
@json_option
@_FORCE
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(path: Path | None, file: Path, *, as_json: bool, force: bool) -> None:
    """Write the database and the files of texts into FILE, while the bot runs.

    FILE appears only after it has been read back and checked. It holds numbers and texts of contacts, but not the
    settings.
    """
    settings = load_or_exit(path)
    with exiting_on_errors(), ProgressBars() as report:
        contents = backups.make(settings.database, file, report, overwrite=force)
    size, rows = file.stat().st_size, sum(contents.rows.values())
    line = f"{file}: {rows} rows and {contents.files} files, {size} bytes. Read back and checked."
    show({**_as_json(contents), "file": str(file), "size": size}, [line], as_json=as_json)


@click.command(epilog=examples("restore /var/backups/threadline.tar"))
@settings_option
@json_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def restore(path: Path | None, file: Path, *, as_json: bool) -> None:
    """Restore the database from a backup. Stop the bot first. Nothing is overwritten.

    Texts that were waiting at the time of the backup are not sent, because they may have gone out since. The bot asks
    about each in its thread. Anything since the backup is missing, including opt-outs.
    """
    settings = load_or_exit(path)
    with ProgressBars() as report:
        restored = run_or_exit(backups.restore(settings.database, file, report))
    rows = sum(restored.contents.rows.values())
    lines = [
        f"Restored the backup of {restored.contents.made}: {rows} rows and {restored.contents.files} files.",
        f"Texts that were waiting: {restored.asked}. The bot asks about each in its thread once it runs.",
        "Next: `threadline doctor`, then `threadline run`.",
    ]
    show({**_as_json(restored.contents), "asked": restored.asked}, lines, as_json=as_json)


@click.command(epilog=examples("migrate", "migrate --check"))
@settings_option
@json_option
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 if the schema is not up to date.")
def migrate(path: Path | None, *, as_json: bool, check: bool) -> None:
    """Update the schema of the database, while no bot runs. `threadline run` does this automatically.

    You cannot go back to an older schema, so make a backup first.
    """
    settings = load_or_exit(path)
    with exiting_on_errors():
        before = migrations.look(settings.database)
    if not check:
        with ProgressBars() as report:
            run_or_exit(migrations.apply(settings.database, report))
    after = before if check else migrations.look(settings.database)
    show({**asdict(after), "was": before.schema}, [migrations.summary(before, after)], as_json=as_json)
    sys.exit(0 if after.is_current else FAILED)


def _as_json(contents: Contents) -> dict[str, Any]:
    """Returns a backup's contents in JSON types, without the digests."""
    return {name: value for name, value in asdict(contents).items() if name != "digests"} | {"files": contents.files}
