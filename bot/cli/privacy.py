"""What a person whose number it is may ask for: to be erased, and to be told what is kept."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.console import done, examples, json_option, loaded, settings_option
from bot.operator import personal_data
from bot.operator.session import number_in
from bot.slack.views.cards import spaced

if TYPE_CHECKING:
    from bot.settings.model import Settings


@click.command(epilog=examples("erase +61488023555", "erase --yes --json 0488023555"))
@settings_option
@json_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--keep-slack", is_flag=True, help="Leave our posts in Slack, where Slack cannot be reached any more.")
@click.option(
    "--wait",
    type=click.FloatRange(0, min_open=True),
    default=600.0,
    show_default=True,
    help="Seconds for the running bot to do it; it goes on after them.",
)
@click.argument("number")
def erase(path: Path | None, number: str, *, as_json: bool, yes: bool, keep_slack: bool, wait: float) -> None:
    """Erase all about NUMBER, and print a proof.

    Their texts, names, notes, files, and our own posts about them in Slack go. What stays is a keyed hash of the
    number if they opted out, so that nothing is ever texted to it, and what people wrote in Slack, which no app can
    delete. The running bot does it; where none runs, this command does. It can be run again at any time.
    """
    settings = loaded(path)
    shown = _shown(settings, number)
    if not yes:
        click.confirm(f"Erase all about {shown}? It cannot be undone.", abort=True, err=True)
    found = done(personal_data.erase(settings, number, with_slack=not keep_slack, wait=wait, tell=_tell))
    if as_json:
        click.echo(json.dumps(found))
        return
    rows = ", ".join(f"{count} {table}" for table, count in found["rows"].items()) or "nothing"
    click.echo(f"Erased {found['done']}. Rows: {rows}.")
    click.echo(f"Slack: {found['slack']['posts']} posts and {found['slack']['files']} files of ours deleted.")
    for left in found["slack"]["left"]:
        click.echo(f"Left in Slack: channel {left['channel']}, thread {left['thread']}: {left['why']}.")
    click.echo(f"Kept: {found['kept']}\nNot touched: {found['elsewhere']}\nNumber (keyed hash): {found['number']}")


@click.command(epilog=examples("export +61488023555", "export --to anna 0488023555"))
@settings_option
@click.option("--to", "folder", metavar="FOLDER", type=click.Path(path_type=Path), help="A new folder to write into.")
@click.argument("number")
def export(path: Path | None, folder: Path | None, number: str) -> None:
    """Write all that is kept about NUMBER into a folder.

    export.json is for programs, export.html for people, and files holds the content of files that is still here.
    """
    settings = loaded(path)
    with click.progressbar(length=1, label="Reading", file=sys.stderr) as bar:

        def tell(done_now: int, total: int) -> None:
            bar.length = total
            bar.update(done_now - bar.pos)

        place = done(personal_data.export(settings, number, folder, tell))
    click.echo(f"Written: {place}")


def _shown(settings: Settings, number: str) -> str:
    """The number as it was understood; the command ends where it is none."""

    async def read() -> str:
        return spaced(str(number_in(settings, next(iter(settings.inboxes)), number)))

    return done(read())


def _tell(posts: int) -> None:
    """How far it has come, where somebody looks on."""
    if sys.stderr.isatty():
        click.echo(f"\r{posts} posts deleted in Slack …", err=True, nl=False)
