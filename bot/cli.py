"""The `threadline` command.

Exit codes: 0 done, 1 it did not work, 2 the command or the settings are wrong.
"""

from __future__ import annotations

import asyncio
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from bot import app, logs
from bot.callbacks import portal
from bot.manifest import manifest as app_manifest
from bot.settings import BadSettings, load
from storage.migrations import TooNew

if TYPE_CHECKING:
    from bot.settings import Settings

WRONG_SETTINGS = 2

_settings = click.option(
    "--settings",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="THREADLINE_SETTINGS",
    help="The settings file (TOML); threadline.toml here if there is one. The environment wins over it.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Text messages inside Slack: one thread per conversation."""


@main.command()
@_settings
@click.option("--log-json", is_flag=True, help="One JSON object a line.")
def run(path: Path | None, *, log_json: bool) -> None:
    """Run the bot until it is told to stop (SIGTERM)."""
    settings = _load(path)
    logs.configure(as_json=log_json)
    try:
        asyncio.run(app.run(settings))
    except (app.CannotStart, TooNew) as error:
        _fail(str(error), 1)


@main.command()
@click.option("--check", is_flag=True, help="Play the story without a person and print one JSON line.")
@click.option("--port", type=click.IntRange(0, 65535), default=8800, show_default=True, help="Of the page.")
def demo(*, check: bool, port: int) -> None:
    """Run all of it on this machine: a pretend Slack, pretend carriers, and the real bot between them."""
    from sandbox import demo as sandbox_demo  # noqa: PLC0415 - nothing else needs the sandbox

    sys.exit(sandbox_demo.check() if check else sandbox_demo.play(port))


@main.command()
@click.option("--http", "public_url", metavar="URL", help="For http mode, with the public address of the bot.")
def manifest(public_url: str | None) -> None:
    """Print the manifest to paste at api.slack.com/apps."""
    click.echo(json.dumps(app_manifest(public_url and public_url.rstrip("/")), indent=2))


@main.command()
@_settings
@click.option("--json", "as_json", is_flag=True, help="One JSON object: for each sender what, paste and url.")
def callbacks(path: Path | None, *, as_json: bool) -> None:
    """Print the URL of each sender, to paste where a provider's portal wants one."""
    settings = _load(path)
    found = {name: portal(settings, name) for name in settings.senders}
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, done in found.items():
        click.echo(f"{click.style(name, bold=True)}: {done['what']}\n{done['paste']}\n")


@main.command("version")
def show_version() -> None:
    """Print the version."""
    click.echo(version("threadline"))


def _load(path: Path | None) -> Settings:
    here = Path("threadline.toml")
    try:
        return load(path or (here if here.is_file() else None))
    except BadSettings as error:
        _fail(str(error), WRONG_SETTINGS)


def _fail(sentence: str, code: int) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(code)
