"""Checks the commands that a page shows."""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from bot.cli import main
from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from tests.docs.pages import Block

OUTSIDE = {"curl", "export"}  # programs that we don't check

_OURS = re.compile(r"^.*(?<![\w/.=-])(?:/opt/threadline/\.venv/bin/)?((?:threadline(?= [a-z])|make(?= [a-z-])).*)$")
_TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def shown(block: Block) -> list[str]:
    """Returns the commands of a console block: the lines after a dollar sign, with their continuation lines."""
    lines = block.text.replace("\\\n", " ").splitlines()
    return [line[2:] for line in lines if line.startswith("$ ")]


def ours(block: Block) -> list[str]:
    """Returns our commands in a shell block; the words before our program are not ours to check."""
    lines = block.text.replace("\\\n", " ").splitlines()
    return [found[1] for line in lines if (found := _OURS.search(line.partition(" #")[0]))]


def fault(command: str) -> str | None:
    """Returns the fault of a command, or None."""
    program, *words = shlex.split(command, comments=True)
    program = program.rpartition(".venv/bin/")[2]
    if program in OUTSIDE:
        return None
    check = {"threadline": _threadline, "make": _make, "python": _python}.get(program)
    return check(words) if check else f"{program} is no program that is known here"


def _threadline(words: list[str]) -> str | None:
    command: click.Command = main
    for word in words:
        if isinstance(command, click.Group) and not word.startswith("-"):
            if word not in command.commands:
                return f"threadline has no command {word}"
            command = command.commands[word]
        elif word.startswith("-") and word.partition("=")[0] not in _options(command):
            return f"{command.name} has no option {word}"
    return None


def _options(command: click.Command) -> set[str]:
    above = click.Context(main, **main.context_settings)  # names -h; a command keeps how it is asked first
    context = click.Context(command, parent=above, **command.context_settings)
    return {option for parameter in command.get_params(context) for option in parameter.opts}


def _make(words: list[str]) -> str | None:
    if words[:1] == ["-C"]:
        words = words[2:]
    return next((f"the Makefile has no {word}" for word in words if word not in _TARGETS), None)


def _python(words: list[str]) -> str | None:
    """Checks that a module can be run, and that the paths among the words exist."""
    if words[:1] == ["-m"] and find_spec(words[1]) is None:
        return f"there is no module {words[1]}"
    return next((f"there is no {word}" for word in words if "/" in word and not (ROOT / word).exists()), None)
