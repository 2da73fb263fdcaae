"""Code that the commands share: common options, exit codes and printing."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import sqlite3
import sys
import tomllib
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from bot.operator import session
from bot.settings.loading import BadSettings, load
from storage.engine.migrations import TooNew

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence

    from click._termui_impl import ProgressBar

    from bot.operator.backup import Report
    from bot.settings.model import Settings

Result = TypeVar("Result")

FAILED = 1
WRONG = 2  # wrong command line or settings; click uses the same code for a wrong command line

CODES = "Exit codes: 0 success, 1 failure, 2 wrong command line or settings."

HERE = Path("threadline.toml")
SETTINGS = "THREADLINE_SETTINGS"  # the environment variable with the path of the settings file


def examples(*commands: str) -> str:
    """Returns the examples at the end of a command's help. Give each without `threadline` before it."""
    return "\n".join(["\b", "Examples:", *(f"  threadline {command}" for command in commands)])


def names_of(table: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Returns a shell completion of the names in this table of the settings file, even if other settings are wrong."""

    def complete(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
        file = context.params.get("path") or os.environ.get(SETTINGS) or HERE
        try:
            names = tomllib.loads(Path(file).read_text(encoding="utf-8")).get(table, {})
        except (OSError, ValueError):
            return []
        return [name for name in names if name.startswith(begun)]

    return complete


settings_option = click.option(
    "--settings",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar=SETTINGS,
    help="The settings file (TOML); if not given, threadline.toml in this folder. Environment variables override it.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
inbox_option = click.option(
    "--inbox",
    metavar="NAME",
    shell_complete=names_of("inboxes"),
    help="The inbox to use; if not given, the first in the settings.",
)


def load_or_exit(path: Path | None) -> Settings:
    """Loads the settings. If they are wrong, prints why and exits with 2."""
    try:
        return load_settings(path)
    except BadSettings as error:
        fail(str(error), WRONG)


def load_settings(path: Path | None) -> Settings:
    """Loads the settings from this file, else from threadline.toml in this folder, and from the environment.

    Raises:
        BadSettings: settings are missing or wrong; it names all of them.
    """
    return load(path or (HERE if HERE.is_file() else None), partial(click.echo, err=True))


def run_or_exit(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs a coroutine and returns its result. If it can't be done, prints why and exits with 1."""
    with exiting_on_errors():
        return asyncio.run(work)


@contextmanager
def exiting_on_errors() -> Iterator[None]:
    """Exits with 1 and prints the reason if the code inside raises an error that an operator can act on."""
    try:
        yield
    except (session.CannotDo, TooNew) as error:
        fail(str(error))
    except sqlite3.Error as error:
        fail(f"The database cannot be used: {error}.")
    except OSError as error:
        if error.errno == errno.EPIPE:  # nobody reads our output any more: click handles that
            raise
        fail(f"{error.filename or 'A file'} cannot be used: {error.strerror or error}.")


class ProgressBars:
    """Progress bars on standard error, if that is a terminal: one for each step of a task."""

    def __init__(self) -> None:
        self._bar: ProgressBar[int] | None = None
        self._step = ""

    def __enter__(self) -> Report:
        """Returns the function to call with a step's name, how much of it is done, and its total."""
        return self._report if sys.stderr.isatty() else _no_report

    def __exit__(self, *_: object) -> None:
        """Finishes the current bar."""
        if self._bar is not None:
            self._bar.render_finish()

    def _report(self, step: str, finished: int, whole: int) -> None:
        if self._bar is None or step != self._step:
            self.__exit__()
            self._step = step
            self._bar = click.progressbar(length=whole, label=f"{step:22}", file=sys.stderr)
            self._bar.render_progress()
        self._bar.update(finished - self._bar.pos)


def _no_report(_step: str, _finished: int, _whole: int) -> None:
    """Shows nothing: standard error is no terminal."""


def show(result: object, lines: list[str], *, as_json: bool) -> None:
    """Prints a result: as JSON for a program, as lines for a person."""
    click.echo(json.dumps(result, ensure_ascii=False) if as_json else "\n".join(lines))


def show_rows(
    rows: Sequence[Mapping[str, object]], columns: Mapping[str, str], line: str, empty: str, *, as_json: bool
) -> None:
    """Prints rows: as JSON, as a table on a terminal, else one line for each.

    Args:
        rows: the rows.
        columns: the table's columns: the heading of each by its name in a row.
        line: the format of one line.
        empty: the sentence to print if there are no rows.
        as_json: print JSON for a program.
    """
    if rows and not as_json and sys.stdout.isatty():
        _show_table(rows, columns)
    else:
        show(rows, [line.format(**row) for row in rows] or [empty], as_json=as_json)


def _show_table(rows: Sequence[Mapping[str, object]], columns: Mapping[str, str]) -> None:
    from rich import box, console, table, text  # noqa: PLC0415 - only a terminal needs it, and it takes a while

    shown = table.Table(*columns.values(), box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        shown.add_row(*(text.Text("" if row[name] is None else str(row[name])) for name in columns))
    console.Console().print(shown)


def fail(sentence: str, code: int = FAILED) -> NoReturn:
    """Prints the sentence on standard error and exits with the code."""
    click.echo(sentence, err=True)
    sys.exit(code)
