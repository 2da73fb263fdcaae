"""Commands that set up the bot: doctor, manifest, callbacks and prime."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from bot.cli.console import (
    examples,
    json_option,
    load_or_exit,
    load_settings,
    names_of,
    run_or_exit,
    settings_option,
    show,
)
from bot.conversations.callbacks import portal
from bot.operator import doctor as doctors
from bot.operator import session
from bot.operator.finding import Finding
from bot.settings.loading import BadSettings
from bot.slack.views import manifest as manifests

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS_CURE = "Fix it, then run this again: nothing else has been checked."


@click.command(epilog=examples("doctor", "doctor --json"))
@settings_option
@json_option
def doctor(path: Path | None, *, as_json: bool) -> None:
    """Check everything that the bot needs, and say what is wrong and how to fix it.

    It checks the settings, the disk, the database, Slack's tokens, scopes and channels, the clock, the providers'
    credentials, and the public URL. It sends no text and changes nothing. It exits with 1 if anything is wrong.
    """
    try:
        settings = load_settings(path)
    except BadSettings as error:
        findings = [Finding("settings", False, problem, SETTINGS_CURE) for problem in error.problems]
    else:
        findings = run_or_exit(doctors.examine(settings))
    signs = {True: click.style("✓", fg="green"), False: click.style("✗", fg="red")}
    lines = [f"{signs[each.ok]} {each.what} {each.cure}".strip() for each in findings]
    show([asdict(each) for each in findings], lines, as_json=as_json)
    sys.exit(0 if all(each.ok for each in findings) else 1)


@click.command(epilog=examples("manifest", "manifest --http https://sms.example.com"))
@click.option("--http", "public_url", metavar="URL", help="For http mode: the bot's public URL.")
def manifest(public_url: str | None) -> None:
    """Print the Slack app manifest to paste at api.slack.com/apps."""
    click.echo(json.dumps(manifests.manifest(public_url and public_url.rstrip("/")), indent=2))


@click.command(epilog=examples("callbacks", "callbacks --json"))
@settings_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: what, paste and url of each sender.")
def callbacks(path: Path | None, *, as_json: bool) -> None:
    """Print the callback URL of each sender, to paste into its provider's portal."""
    settings = load_or_exit(path)
    found = {name: portal(settings, name) for name in settings.senders}
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, sender in found.items():
        click.echo(f"{click.style(name, bold=True)}: {sender['what']}\n{sender['paste']}\n")


@click.command(epilog=examples("prime denver --to +13035550142"))
@settings_option
@click.option("--to", "number", required=True, metavar="PHONE", help="A phone of yours.")
@click.argument("sender", shell_complete=names_of("senders"))
def prime(path: Path | None, sender: str, number: str) -> None:
    """Send one text from SENDER, to register the callback URL with the provider (IO Phone)."""
    click.echo(run_or_exit(session.prime(load_or_exit(path), sender, number)))
