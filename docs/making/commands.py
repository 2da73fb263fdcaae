"""`docs/commands.md`: the help of each `threadline` command, as it prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.testing import CliRunner

from bot.cli import main
from making.markdown import block, page

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "threadline"
_WIDTH = 100  # columns

_INTRO = """\
What each command says with `--help`. The exit code is 0 when it is done, 1 when it did not work, and 2 when the command
or the settings are wrong."""


def page_text() -> str:
    """The whole page."""
    parts = [f"## {' '.join([NAME, *path])}\n\n{block('text', _help(path))}" for path in _paths(main, ())]
    return page("The `threadline` command", _INTRO, *parts)


def _paths(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The command and those below it, in the order of their names."""
    yield path
    if isinstance(command, click.Group):
        for name, below in sorted(command.commands.items()):
            if not below.hidden:
                yield from _paths(below, (*path, name))


def _help(path: tuple[str, ...]) -> str:
    asked = CliRunner().invoke(main, [*path, "--help"], prog_name=NAME, terminal_width=_WIDTH)
    if asked.exit_code:
        raise RuntimeError(f"{NAME} {' '.join(path)} --help failed")
    return asked.output
