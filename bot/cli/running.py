"""Commands that run something: the bot, and the demo."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from importlib import metadata
from typing import TYPE_CHECKING

import click

from bot import app
from bot.cli.console import examples, fail, load_or_exit, settings_option
from bot.slack.client.startup import CannotStart
from bot.telemetry import logs
from storage.engine.migrations import TooNew

if TYPE_CHECKING:
    from pathlib import Path


@click.command(epilog=examples("run", "run --settings /etc/threadline.toml --log-json"))
@settings_option
@click.option("--log-json", is_flag=True, help="Log one JSON object per line.")
def run(path: Path | None, *, log_json: bool) -> None:
    """Run the bot until it gets SIGTERM or Ctrl-C."""
    settings = load_or_exit(path)
    logs.configure(as_json=log_json)
    try:
        asyncio.run(app.run(settings))
    except (CannotStart, TooNew) as error:
        fail(str(error))
    except sqlite3.Error as error:
        fail(f"The database {settings.database} cannot be used: {error}.")
    except OSError as error:
        fail(f"threadline cannot run: {error.strerror or error}.")


@click.command(epilog=examples("demo", "demo --port 9000", "demo --check"))
@click.option("--check", is_flag=True, help="Play the demo's story unattended, and print one JSON line.")
@click.option("--port", type=click.IntRange(0, 65535), default=8800, show_default=True, help="The port of the page.")
def demo(*, check: bool, port: int) -> None:
    """Run a demo on this machine: a simulated Slack, simulated carriers, and the real bot between them."""
    from sandbox import demo as sandbox_demo  # noqa: PLC0415 - nothing else needs the sandbox

    sys.exit(sandbox_demo.check() if check else sandbox_demo.play(port))


@click.command(epilog=examples("version"))
def version() -> None:
    """Print the version."""
    click.echo(metadata.version("threadline"))
