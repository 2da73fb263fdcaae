"""The `threadline` command.

Exit codes: 0 done, 1 it did not work, 2 the command or the settings are wrong.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

from bot import app, doctor, logs, replay, routes, standing, terminal
from bot.callbacks import portal
from bot.doctor import Finding
from bot.manifest import manifest as app_manifest
from bot.settings import BadSettings, load
from storage.migrations import TooNew

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from bot.settings import Settings

Result = TypeVar("Result")

WRONG_SETTINGS = 2

_settings = click.option(
    "--settings",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="THREADLINE_SETTINGS",
    help="The settings file (TOML); threadline.toml here if there is one. The environment wins over it.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="One JSON value.")
_inbox = click.option("--inbox", metavar="NAME", help="From which inbox; the first of the settings if not given.")


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
    except sqlite3.Error as error:
        _fail(f"The database {settings.database} cannot be used: {error}.", 1)
    except OSError as error:
        _fail(f"threadline cannot run: {error.strerror or error}.", 1)


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


@main.command()
@_settings
@_as_json
def status(path: Path | None, *, as_json: bool) -> None:
    """Print what waits, what failed and how the providers are."""
    found = standing.standing_as_json(_done(terminal.status(_load(path))))
    _print(found, _flat(found), as_json=as_json)


@main.command()
@_settings
@_as_json
def leases(path: Path | None, *, as_json: bool) -> None:
    """Print the live leases, the one that ends next first."""
    found = [standing.lease_as_json(view) for view in _done(terminal.leases(_load(path)))]
    told = "{number} for {contact} in {inbox} via {account}, since {since}, until {until}, last used {last_used}"
    _print(found, [told.format(**lease) for lease in found] or ["No number is leased now."], as_json=as_json)


@main.command()
@_settings
@_inbox
@_as_json
@click.argument("number")
@click.argument("text", default="")
def route(path: Path | None, inbox: str | None, number: str, text: str, *, as_json: bool) -> None:
    """Print which sender a text to NUMBER would come from, what it costs, and why. Nothing is sent."""
    told = _done(terminal.route(_load(path), number, text, inbox))
    _print(routes.as_json(told), routes.lines(told), as_json=as_json)


@main.command()
@_settings
@_inbox
@click.option("--via", metavar="SENDER", help="Through this sender only.")
@click.argument("number")
@click.argument("text")
def send(path: Path | None, inbox: str | None, via: str | None, number: str, text: str) -> None:
    """Text NUMBER. The running bot sends it; the conversation is in the inbox's channel."""
    click.echo(_done(terminal.send(_load(path), number, text, inbox, via)))


@main.command()
@_settings
@click.option("--to", "number", required=True, metavar="PHONE", help="A phone of yours.")
@click.argument("sender")
def prime(path: Path | None, sender: str, number: str) -> None:
    """Send one text from SENDER, so that its company learns where texts to it go (IO Phone)."""
    click.echo(_done(terminal.prime(_load(path), sender, number)))


@main.group()
def dead() -> None:
    """What came in and could not be read or handled."""


@dead.command("list")
@_settings
@_as_json
def dead_list(path: Path | None, *, as_json: bool) -> None:
    """Print the dead rows, oldest first."""
    rows = [asdict(row) for row in _done(replay.listed(_load(path)))]
    found = [{**row, "received_at": standing.moment(row["received_at"])} for row in rows]
    told = "{id}  {received_at}  {source}  {kind}: {error}"
    _print(found, [told.format(**row) for row in found] or ["Nothing is dead."], as_json=as_json)


@dead.command("show")
@_settings
@click.argument("entry_id", metavar="ID", type=int)
def dead_show(path: Path | None, entry_id: int) -> None:
    """Print a dead row with what came in, as JSON. It may hold numbers and texts of contacts."""
    click.echo(json.dumps(_done(replay.shown(_load(path), entry_id)), indent=2, ensure_ascii=False))


@dead.command("replay")
@_settings
@click.argument("entry_ids", metavar="[ID]...", type=int, nargs=-1)
def dead_replay(path: Path | None, entry_ids: tuple[int, ...]) -> None:
    """Read dead rows again after a fix, all of them if none is named."""
    for told in _done(replay.replayed(_load(path), list(entry_ids))) or ["Nothing is dead."]:
        click.echo(told)


@main.command("doctor")
@_settings
@_as_json
def examine(path: Path | None, *, as_json: bool) -> None:
    """Look at the settings, the database, Slack and the senders, and say what is to be put right."""
    try:
        settings = _read(path)
    except BadSettings as error:
        found = [Finding("settings", ok=False, what=problem) for problem in error.problems]
    else:
        found = _done(doctor.examine(settings))
    signs = {True: click.style("✓", fg="green"), False: click.style("✗", fg="red")}
    told = [f"{signs[each.ok]} {each.what} {each.cure}".strip() for each in found]
    _print([asdict(each) for each in found], told, as_json=as_json)
    sys.exit(0 if all(each.ok for each in found) else 1)


@main.command("version")
def show_version() -> None:
    """Print the version."""
    click.echo(version("threadline"))


def _load(path: Path | None) -> Settings:
    try:
        return _read(path)
    except BadSettings as error:
        _fail(str(error), WRONG_SETTINGS)


def _read(path: Path | None) -> Settings:
    here = Path("threadline.toml")
    return load(path or (here if here.is_file() else None))


def _done(work: Coroutine[Any, Any, Result]) -> Result:
    """What the work returns; where it cannot be done, the command ends with the reason."""
    try:
        return asyncio.run(work)
    except (terminal.CannotDo, TooNew) as error:
        _fail(str(error), 1)
    except sqlite3.Error as error:
        _fail(f"The database cannot be used: {error}.", 1)


def _print(found: object, lines: list[str], *, as_json: bool) -> None:
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(lines))


def _flat(found: dict[str, Any], above: str = "") -> list[str]:
    """One line for each value, with the names that lead to it."""
    lines: list[str] = []
    for name, value in found.items():
        if isinstance(value, dict):
            lines += _flat(value, f"{above}{name} ")
        else:
            lines.append(f"{above}{name}: {'never' if value is None else value}")
    return lines


def _fail(sentence: str, code: int) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(code)
