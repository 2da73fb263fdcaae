"""What makes a text go out: the running bot sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot import terminal
from bot.cli.frame import done, inbox_option, loaded, settings_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@settings_option
@inbox_option
@click.option("--via", metavar="SENDER", help="Through this sender only.")
@click.argument("number")
@click.argument("text")
def send(path: Path | None, inbox: str | None, via: str | None, number: str, text: str) -> None:
    """Text NUMBER. The running bot sends it; the conversation is in the inbox's channel."""
    click.echo(done(terminal.send(loaded(path), number, text, inbox, via)))
