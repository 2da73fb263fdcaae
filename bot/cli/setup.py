"""What sets the bot up: what Slack and the providers are to be told, and what is still to be put right."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from bot.cli.console import done, examples, json_option, loaded, names_of, read, settings_option, show
from bot.conversations.callbacks import portal
from bot.operator import doctor as doctors
from bot.operator import session
from bot.operator.finding import Finding
from bot.settings.loading import BadSettings
from bot.slack.views import manifest as manifests

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS_CURE = "Correct it, then look again: nothing else was looked at."


@click.command(epilog=examples("doctor", "doctor --json"))
@settings_option
@json_option
def doctor(path: Path | None, *, as_json: bool) -> None:
    """Look at everything that has to be right, and say what is not, and what to do.

    That is: the settings, the disk, the database, Slack's tokens, scopes and channels, the clock, the companies'
    credentials, and the public address. Nothing is sent and nothing changed. It ends with 1 if anything is wrong.
    """
    try:
        settings = read(path)
    except BadSettings as error:
        found = [Finding("settings", False, problem, SETTINGS_CURE) for problem in error.problems]
    else:
        found = done(doctors.examine(settings))
    signs = {True: click.style("✓", fg="green"), False: click.style("✗", fg="red")}
    told = [f"{signs[each.ok]} {each.what} {each.cure}".strip() for each in found]
    show([asdict(each) for each in found], told, as_json=as_json)
    sys.exit(0 if all(each.ok for each in found) else 1)


@click.command(epilog=examples("manifest", "manifest --http https://sms.example.com"))
@click.option("--http", "public_url", metavar="URL", help="For http mode, with the public address of the bot.")
def manifest(public_url: str | None) -> None:
    """Print the manifest to paste at api.slack.com/apps."""
    click.echo(json.dumps(manifests.manifest(public_url and public_url.rstrip("/")), indent=2))


@click.command(epilog=examples("callbacks", "callbacks --json"))
@settings_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object: for each sender what, paste and url.")
def callbacks(path: Path | None, *, as_json: bool) -> None:
    """Print the URL of each sender, to paste where a provider's portal wants one."""
    settings = loaded(path)
    found = {name: portal(settings, name) for name in settings.senders}
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, told in found.items():
        click.echo(f"{click.style(name, bold=True)}: {told['what']}\n{told['paste']}\n")


@click.command(epilog=examples("prime denver --to +13035550142"))
@settings_option
@click.option("--to", "number", required=True, metavar="PHONE", help="A phone of yours.")
@click.argument("sender", shell_complete=names_of("senders"))
def prime(path: Path | None, sender: str, number: str) -> None:
    """Send one text from SENDER, so that its company learns where texts to it go (IO Phone)."""
    click.echo(done(session.prime(loaded(path), sender, number)))
