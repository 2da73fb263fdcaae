"""The help of each command, and its printing: examples, completion, tables on a terminal."""

from __future__ import annotations

import asyncio
import os
import pty
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

import click
import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from bot.cli import main
from bot.cli.console import CODES
from storage.engine.database import open_database
from tests.bot.installation import changed, write
from tests.docs import commands as shown_commands

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result


def every(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yields each command with the words that lead to it."""
    if path:
        yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from every(below, (*path, name))


@pytest.mark.parametrize(("path", "command"), [pytest.param(*each, id=" ".join(each[0])) for each in every(main)])
def test_each_command_shows_examples_that_can_be_typed(path: tuple[str, ...], command: click.Command) -> None:
    """Each example starts with its command and uses only existing words and options."""
    asked = CliRunner().invoke(main, [*path, "--help"], terminal_width=100)
    lines = [line.strip() for line in asked.stdout.partition("Examples:\n")[2].splitlines()]
    assert lines, command.name
    assert all(line.startswith(f"threadline {' '.join(path)}") for line in lines)
    assert not [fault for line in lines if (fault := shown_commands.fault(line))]


def test_the_help_says_what_the_exit_codes_mean() -> None:
    """The help of the main command ends with the exit codes."""
    ended = CliRunner().invoke(main, ["--help"], terminal_width=100)
    assert " ".join(CODES.split()) in " ".join(ended.stdout.split())


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("threadline ta", {"tail"}),
        ("threadline prime s", {"sydney"}),
        ("threadline send --via ", {"leased", "sydney", "name"}),
        ("threadline send --inbox ", {"support"}),
        ("threadline retry --account r", {"rental"}),
    ],
)
def test_the_shell_completes_names_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, found: set[str]
) -> None:
    """The shell completes commands, senders, inboxes and accounts, even if the settings are wrong."""
    write(tmp_path, changed(slack__bot_token=...))
    monkeypatch.chdir(tmp_path)
    _, *before, last = words.split(" ")
    shell = BashComplete(main, {}, "threadline", "_THREADLINE_COMPLETE")
    assert {each.value for each in shell.get_completions(before, last)} == found


def completed(words: str) -> Result:
    """Returns the completions of a command line, requested by the variables that the shell's script sets."""
    variables = {"_THREADLINE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "2"}
    return CliRunner().invoke(main, [], prog_name="threadline", env=variables)


def test_the_shell_itself_asks_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the variables that its script sets."""
    write(tmp_path, changed())
    monkeypatch.chdir(tmp_path)
    assert completed("threadline prime s").stdout.splitlines() == ["plain,sydney"]


def test_completion_without_settings_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file, no names, no traceback."""
    monkeypatch.chdir(tmp_path)
    assert completed("threadline prime ").output.strip() == ""


async def test_tables_and_colours_only_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe gets one line for each row, a terminal a table with its heads."""
    write(tmp_path, changed())
    monkeypatch.chdir(tmp_path)
    database = await open_database(tmp_path / "threadline.db")
    async with database.transaction() as tx:
        await tx.run(
            "INSERT INTO intake (id, source, kind, dedup_key, headers, body_encoding, state, error, received_at) "
            "VALUES (7, 'fone', 'unreadable', 'k', '{}', 'utf-8', 'dead', 'no idea', 0)"
        )
    await database.close()
    piped = await asyncio.to_thread(CliRunner().invoke, main, ["dead", "list"])
    assert piped.stdout == "7  1970-01-01T00:00:00Z  fone  unreadable: no idea\n"
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    seen = await asyncio.to_thread(on_a_terminal, "dead", "list")
    assert "received" in seen
    assert "no idea" in seen
    assert "unreadable: no idea" not in seen
    assert "\x1b[" in on_a_terminal("callbacks")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in on_a_terminal("callbacks")


def on_a_terminal(*arguments: str) -> str:
    """Returns the output of a command on a terminal."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal, redirect_stdout(terminal):
        main(arguments, standalone_mode=False)
        terminal.flush()
        shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    return shown
