"""The generated pages match the code."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from bot.cli import main
from tests.docs.pages import DOCS, page

if TYPE_CHECKING:
    from pathlib import Path

    import click

SCRIPT = DOCS / "generate.py"
MADE = ("commands.md", "features.md", "manifest.md", "metrics.md", "settings.md")
_SETTINGS = {
    "public_url": "https://sms.example.com",
    "secret": "0" * 32,
    "slack": {"bot_token": "xoxb-1", "app_token": "xapp-1", "alert_channel": "C0123456789"},
}


def _generate(*arguments: str) -> int:
    """Runs the script in this process; returns its exit code. The test runner of click would set a width of its own."""
    command: click.Command = runpy.run_path(str(SCRIPT))["generate"]
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    return int(str(ended.value.code))


@pytest.fixture(autouse=True)
def _beside_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script finds the modules that lie beside it."""
    monkeypatch.syspath_prepend(DOCS)


def test_the_pages_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing differs. If this fails, run `python docs/generate.py` and commit what it writes."""
    assert (_generate("--check"), capsys.readouterr().err) == (0, "")


def test_they_are_the_same_everywhere() -> None:
    """The terminal, the locale and the order of sets change nothing."""
    elsewhere = {"COLUMNS": "40", "LC_ALL": "C", "PYTHONHASHSEED": "7", "NO_COLOR": "1"}
    command = [sys.executable, str(SCRIPT), "--check"]
    assert subprocess.run(command, env=os.environ | elsewhere, check=False).returncode == 0  # noqa: S603 - our own script


def test_what_differs_is_named_and_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A changed page and a missing one are named by --check, which writes nothing; without it both are written."""
    for name in MADE:
        shutil.copy(DOCS / name, tmp_path)
    (tmp_path / "features.md").write_text("It can do everything.\n", encoding="utf-8")
    (tmp_path / "commands.md").unlink()
    assert _generate("--check", "--folder", str(tmp_path)) == 1
    told = capsys.readouterr().err
    assert [name for name in MADE if name in told] == ["commands.md", "features.md"]
    assert not (tmp_path / "commands.md").exists()
    assert _generate("--folder", str(tmp_path)) == 0
    assert all((tmp_path / name).read_bytes() == (DOCS / name).read_bytes() for name in MADE)


def test_the_variables_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that has nothing but variables, all of them named on the page, runs a command."""
    (shown,) = page("docs/providers/fonedynamics.md").of_kind("toml")
    variables = dict(_variables(_SETTINGS | tomllib.loads(shown.text)))
    named = set(re.findall(r"`(THREADLINE_\w+(?:<NAME>\w+)?)`", page("docs/settings.md").text))
    assert {re.sub("__(FONE|LEASED|SYDNEY|NAME|SUPPORT)__", "__<NAME>__", name) for name in variables} <= named
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(main, ["callbacks", "--json"], env=variables)
    assert run.exit_code == 0, run.stderr
    assert json.loads(run.stdout).keys() == {"leased", "sydney", "name"}


def _variables(settings: dict[str, Any], *path: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in settings.items():
        if isinstance(value, dict):
            found += _variables(value, *path, name)
        else:
            variable = "THREADLINE_" + "__".join([*path, name]).upper()
            found.append((variable, value if isinstance(value, str) else json.dumps(value)))
    return found
