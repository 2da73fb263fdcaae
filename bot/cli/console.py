"""What the commands share: their options, how they end, and how they print."""

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

FAILED = 1  # it did not work
WRONG = 2  # the command or the settings are wrong; click's own choice for a wrong command

CODES = "Exit codes: 0 it is done, 1 it did not work, 2 the command or the settings are wrong."

HERE = Path("threadline.toml")
SETTINGS = "THREADLINE_SETTINGS"  # the variable that names the file


def examples(*commands: str) -> str:
    """The end of a command's help: what one may type, without `threadline` before it."""
    return "\n".join(["\b", "Examples:", *(f"  threadline {command}" for command in commands)])


def names_of(table: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Completes the names in this table of the settings file, whether or not the file can be used."""

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
    help="The settings file (TOML); threadline.toml here if there is one. The environment wins over it.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON value.")
inbox_option = click.option(
    "--inbox",
    metavar="NAME",
    shell_complete=names_of("inboxes"),
    help="From which inbox; the first of the settings if not given.",
)


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
    return load(path or (HERE if HERE.is_file() else None), partial(click.echo, err=True))


def done(work: Coroutine[Any, Any, Result]) -> Result:
    """What the work returns; where it cannot be done, the command ends with 1 and the reason."""
    with ending():
        return asyncio.run(work)


@contextmanager
def ending() -> Iterator[None]:
    """Ends the command with 1 and the reason where what is done inside cannot be done."""
    try:
        yield
    except (session.CannotDo, TooNew) as error:
        fail(str(error))
    except sqlite3.Error as error:
        fail(f"The database cannot be used: {error}.")
    except OSError as error:
        if error.errno == errno.EPIPE:  # whoever read what is printed has gone: click's own business
            raise
        fail(f"{error.filename or 'A file'} cannot be used: {error.strerror or error}.")


class Bars:
    """Progress bars on standard error, if that is a terminal: one for each thing that is done."""

    def __init__(self) -> None:
        self._bar: ProgressBar[int] | None = None
        self._doing = ""

    def __enter__(self) -> Report:
        """Gives what is to be called with what is done, how much of it, and of how much."""
        return self._report if sys.stderr.isatty() else _no_report

    def __exit__(self, *_: object) -> None:
        """Ends the bar that is there."""
        if self._bar is not None:
            self._bar.render_finish()

    def _report(self, doing: str, finished: int, whole: int) -> None:
        if self._bar is None or doing != self._doing:
            self.__exit__()
            self._doing = doing
            self._bar = click.progressbar(length=whole, label=f"{doing:22}", file=sys.stderr)
            self._bar.render_progress()
        self._bar.update(finished - self._bar.pos)


def _no_report(_doing: str, _finished: int, _whole: int) -> None:
    """Where nobody watches."""


def show(found: object, lines: list[str], *, as_json: bool) -> None:
    """Prints what was found, for a program or for a person."""
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(lines))


def show_rows(
    rows: Sequence[Mapping[str, object]], columns: Mapping[str, str], line: str, empty: str, *, as_json: bool
) -> None:
    """Prints rows: as JSON, as a table on a terminal, else one line for each.

    Args:
        rows: what was found.
        columns: of the table: the head of each by the name that it has in a row.
        line: the form of one line.
        empty: what is said where there are none.
        as_json: for a program.
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
    """Ends the command with the sentence, on standard error."""
    click.echo(sentence, err=True)
    sys.exit(code)
