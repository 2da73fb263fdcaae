"""What the commands share: their options, how they end, and how they print."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from bot import terminal
from bot.settings import BadSettings, load
from storage.migrations import TooNew

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from bot.settings import Settings

Result = TypeVar("Result")

FAILED = 1  # it did not work
WRONG = 2  # the command or the settings are wrong; click's own choice for a wrong command

CODES = "Exit codes: 0 it is done, 1 it did not work, 2 the command or the settings are wrong."

settings_option = click.option(
    "--settings",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="THREADLINE_SETTINGS",
    help="The settings file (TOML); threadline.toml here if there is one. The environment wins over it.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON value.")
inbox_option = click.option("--inbox", metavar="NAME", help="From which inbox; the first of the settings if not given.")


def loaded(path: Path | None) -> Settings:
    """The settings; the command ends with 2 where they cannot be used."""
    try:
        return read(path)
    except BadSettings as error:
        fail(str(error), WRONG)


def read(path: Path | None) -> Settings:
    """The settings of this file, else of threadline.toml here, and of the environment.

    Raises:
        BadSettings: naming every setting that is missing or wrong.
    """
    here = Path("threadline.toml")
    return load(path or (here if here.is_file() else None))


def done(work: Coroutine[Any, Any, Result]) -> Result:
    """What the work returns; where it cannot be done, the command ends with 1 and the reason."""
    try:
        return asyncio.run(work)
    except (terminal.CannotDo, TooNew) as error:
        fail(str(error))
    except sqlite3.Error as error:
        fail(f"The database cannot be used: {error}.")


def show(found: object, lines: list[str], *, as_json: bool) -> None:
    """Prints what was found, for a program or for a person."""
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(lines))


def fail(sentence: str, code: int = FAILED) -> NoReturn:
    """Ends the command with the sentence, on standard error."""
    click.echo(sentence, err=True)
    sys.exit(code)
