"""Commands that queue texts for the running bot: send and retry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.cli.console import examples, inbox_option, load_or_exit, names_of, run_or_exit, settings_option
from bot.operator import retry as retrying
from bot.operator import session
from bot.telemetry.status_report import moment

if TYPE_CHECKING:
    from pathlib import Path

    from bot.operator.retry import Failed


@click.command(epilog=examples('send +61488023555 "Your order is ready"', 'send --via sydney 0488023555 "It is here"'))
@settings_option
@inbox_option
@click.option("--via", metavar="SENDER", shell_complete=names_of("senders"), help="Text from this sender only.")
@click.argument("number")
@click.argument("text")
def send(path: Path | None, inbox: str | None, via: str | None, number: str, text: str) -> None:
    """Text NUMBER. The running bot sends it, in a thread of the inbox's channel."""
    click.echo(run_or_exit(session.send(load_or_exit(path), number, text, inbox, via)))


@click.command(
    epilog=examples("retry 452018947120394240", "retry --all --account fone", "retry --all --hours 72 --yes")
)
@settings_option
@click.option("--all", "every", is_flag=True, help="Retry every failed text that nobody has decided about.")
@click.option("--inbox", metavar="NAME", shell_complete=names_of("inboxes"), help="With --all: only in this inbox.")
@click.option(
    "--account", metavar="NAME", shell_complete=names_of("accounts"), help="With --all: only on this account."
)
@click.option(
    "--hours",
    type=click.FloatRange(0, min_open=True),
    default=24.0,
    show_default=True,
    help="With --all: how many hours to go back.",
)
@click.option("--yes", is_flag=True, help="With --all: do not ask for confirmation.")
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
    """Send failed texts again. The running bot sends them.

    ID is the id of a text, as `threadline tail` shows it. Each command sends a failed text once. Decide in its thread
    about a text that may have gone out. A contact who opted out gets no text.
    """
    if every == bool(ids):
        raise click.UsageError("Give the ids of texts, or use --all.")
    settings = load_or_exit(path)
    if every:
        failed = run_or_exit(retrying.find(settings, inbox, account, hours))
        ids = _confirmed(failed, yes=yes)
    if ids:
        run_or_exit(retrying.retry(settings, list(ids)))
        click.echo(f"Queued to be sent again: {len(ids)}.")


def _confirmed(found: Failed, *, yes: bool) -> tuple[int, ...]:
    """Asks for confirmation and returns the ids of the texts to send again."""
    if found.opted_out:
        click.echo(f"Skipped, because the contact opted out: {found.opted_out}.", err=True)
    if not found.texts:
        click.echo("There are no failed texts to send again.")
        return ()
    if not yes:
        oldest = moment(found.texts[0].at)
        click.confirm(f"Send {len(found.texts)} texts again, the oldest written {oldest}?", abort=True, err=True)
    return tuple(each.id for each in found.texts)
