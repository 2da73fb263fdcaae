"""`docs/commands.md`: the help of each `threadline` command, as it prints it."""

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
What each command says with `--help`. {CODES} `doctor` ends with 1 when something is to be put right.

With `--json` a command prints what a program can read, and nothing else on standard output. Colours, tables and
progress bars appear on a terminal only; `NO_COLOR=1` leaves the colours out.

The shell completes commands, options, and the names of senders, inboxes and accounts, once its start-up file has the
line for it (`~/.bashrc`, `~/.zshrc`, or `~/.config/fish/completions/threadline.fish`):

```bash
eval "$(_THREADLINE_COMPLETE=bash_source threadline)"   # bash
eval "$(_THREADLINE_COMPLETE=zsh_source threadline)"    # zsh
_THREADLINE_COMPLETE=fish_source threadline | source    # fish
```"""


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
