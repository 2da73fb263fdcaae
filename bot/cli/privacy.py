"""Commands for one person's data: erase and export."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.console import examples, json_option, load_or_exit, run_or_exit, settings_option
from bot.operator import personal_data
from bot.operator.session import number_in
from bot.slack.views.cards import spaced

if TYPE_CHECKING:
    from bot.settings.model import Settings


@click.command(epilog=examples("erase +61488023555", "erase --yes --json 0488023555"))
@settings_option
@json_option
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--keep-slack", is_flag=True, help="Leave our posts in Slack: for a workspace that you can't reach.")
@click.option(
    "--wait",
    metavar="SECONDS",
    type=click.FloatRange(0, min_open=True),
    default=600.0,
    show_default=True,
    help="How long to wait; the bot finishes in the background.",
)
@click.argument("number")
def erase(path: Path | None, number: str, *, as_json: bool, yes: bool, keep_slack: bool, wait: float) -> None:
    """Erase everything about NUMBER, and print a proof.

    This deletes their texts, name, notes and files, and our own posts about them in Slack. Two things stay: a keyed
    hash of the number, so that nobody can text it again if they opted out, and the messages that people wrote in Slack,
    which no app can delete. The running bot erases the contact; if none runs, this command does. You can run it again
    at any time.
    """
    settings = load_or_exit(path)
    spelled = _spelled(settings, number)
    if not yes:
        click.confirm(f"Erase everything about {spelled}? You cannot undo this.", abort=True, err=True)
    erasing = personal_data.erase(settings, number, with_slack=not keep_slack, wait=wait, report=_report)
    proof = run_or_exit(erasing)
    if as_json:
        click.echo(json.dumps(proof))
        return
    rows = ", ".join(f"{count} {table}" for table, count in proof["rows"].items()) or "nothing"
    click.echo(f"Erased {proof['done']}. Rows: {rows}.")
    click.echo(f"Slack: deleted {proof['slack']['posts']} posts and {proof['slack']['files']} files of ours.")
    for left in proof["slack"]["left"]:
        click.echo(f"Still in Slack: channel {left['channel']}, thread {left['thread']}: {left['why']}.")
    click.echo(f"Kept: {proof['kept']}\nNot touched: {proof['elsewhere']}\nNumber (keyed hash): {proof['number']}")


@click.command(epilog=examples("export +61488023555", "export --to anna 0488023555"))
@settings_option
@click.option("--to", "folder", metavar="FOLDER", type=click.Path(path_type=Path), help="The new folder to write into.")
@click.argument("number")
def export(path: Path | None, folder: Path | None, number: str) -> None:
    """Write everything we keep about NUMBER into a folder.

    export.json is for programs, export.html is for people, and files/ has the files that we still keep.
    """
    settings = load_or_exit(path)
    with click.progressbar(length=1, label="Reading", file=sys.stderr) as bar:

        def report(finished: int, total: int) -> None:
            bar.length = total
            bar.update(finished - bar.pos)

        place = run_or_exit(personal_data.export(settings, number, folder, report))
    click.echo(f"Wrote {place}")


def _spelled(settings: Settings, number: str) -> str:
    """Returns the number as we understood it. If it is no number, prints why and exits."""

    async def read() -> str:
        return spaced(str(number_in(settings, next(iter(settings.inboxes)), number)))

    return run_or_exit(read())


def _report(posts: int) -> None:
    """Shows the progress on a terminal."""
    if sys.stderr.isatty():
        click.echo(f"\r{posts} posts deleted in Slack …", err=True, nl=False)
