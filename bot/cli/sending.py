"""What makes a text go out: the running bot sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.cli.console import done, examples, inbox_option, loaded, names_of, settings_option
from bot.operator import retry as retrying
from bot.operator import session
from bot.telemetry.status_report import moment

if TYPE_CHECKING:
    from pathlib import Path

    from bot.operator.retry import Failed


@click.command(epilog=examples('send +61488023555 "Your order is ready"', 'send --via sydney 0488023555 "It is here"'))
@settings_option
@inbox_option
@click.option("--via", metavar="SENDER", shell_complete=names_of("senders"), help="Through this sender only.")
@click.argument("number")
@click.argument("text")
def send(path: Path | None, inbox: str | None, via: str | None, number: str, text: str) -> None:
    """Text NUMBER. The running bot sends it; the conversation is in the inbox's channel."""
    click.echo(done(session.send(loaded(path), number, text, inbox, via)))


@click.command(
    epilog=examples("retry 452018947120394240", "retry --all --account fone", "retry --all --hours 72 --yes")
)
@settings_option
@click.option("--all", "every", is_flag=True, help="Every text that failed and that nobody has decided about.")
@click.option("--inbox", metavar="NAME", shell_complete=names_of("inboxes"), help="With --all: of this inbox only.")
@click.option(
    "--account", metavar="NAME", shell_complete=names_of("accounts"), help="With --all: of this account only."
)
@click.option(
    "--hours",
    type=click.FloatRange(0, min_open=True),
    default=24.0,
    show_default=True,
    help="With --all: how far back.",
)
@click.option("--yes", is_flag=True, help="With --all: do not ask.")
@click.argument("ids", metavar="[ID]...", type=int, nargs=-1)
def retry(
    path: Path | None,
    ids: tuple[int, ...],
    inbox: str | None,
    account: str | None,
    hours: float,
    *,
    every: bool,
    yes: bool,
) -> None:
    """Send texts that failed once more, by your decision. The running bot sends them.

    ID is that of the text, as `threadline tail` shows it. A text that failed goes out once for
    this decision. One that may have gone out is decided about in its thread, and none goes to a contact who opted out.
    """
    if every == bool(ids):
        raise click.UsageError("Name texts by their ids, or use --all.")
    settings = loaded(path)
    if every:
        found = done(retrying.find(settings, inbox, account, hours))
        ids = _confirmed(found, yes=yes)
    if ids:
        done(retrying.retry(settings, list(ids)))
        click.echo(f"Taken in: {len(ids)} to be sent again.")


def _confirmed(found: Failed, *, yes: bool) -> tuple[int, ...]:
    """The ids of the texts that are to go out again."""
    if found.opted_out:
        click.echo(f"Left out: {found.opted_out} to contacts who opted out.", err=True)
    if not found.texts:
        click.echo("No text waits to be sent again.")
        return ()
    if not yes:
        oldest = moment(found.texts[0].at)
        click.confirm(f"Send {len(found.texts)} texts again, the oldest written {oldest}?", abort=True, err=True)
    return tuple(each.id for each in found.texts)
