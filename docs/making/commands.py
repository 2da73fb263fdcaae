"""`docs/commands.md`: the help of each `threadline` command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.testing import CliRunner

from bot.cli import main
from bot.cli.console import CODES
from making.markdown import block, page

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "threadline"
_WIDTH = 100  # columns

_INTRO = f"""\
This page has the `--help` of each command. {CODES} `doctor` exits with 1 if it finds something to fix.

With `--json` a command prints JSON, and nothing else, on standard output. Colours, tables and progress bars appear on a
terminal only; `NO_COLOR=1` turns the colours off.

Your shell can complete commands, options, and the names of senders, inboxes and accounts. Add its line to the start-up
file (`~/.bashrc`, `~/.zshrc`, or `~/.config/fish/completions/threadline.fish`):

```bash
eval "$(_THREADLINE_COMPLETE=bash_source threadline)"   # bash
eval "$(_THREADLINE_COMPLETE=zsh_source threadline)"    # zsh
_THREADLINE_COMPLETE=fish_source threadline | source    # fish
```"""


def page_text() -> str:
    """Returns the whole page."""
    parts = [f"## {' '.join([NAME, *path])}\n\n{block('text', _help(path))}" for path in _paths(main, ())]
    return page("The `threadline` command", _INTRO, *parts)


def _paths(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yields the path of a command and of its subcommands, in the order of their names."""
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
