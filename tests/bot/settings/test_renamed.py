"""Old names of settings work for one release, and each is reported once with its new name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.settings.loading import BadSettings, load
from bot.settings.renamed import RENAMED, today
from tests.bot.installation import GOOD, write

if TYPE_CHECKING:
    from pathlib import Path

OLD: dict[str, Any] = {
    "patience": {"settle": [1.0, 2.0], "line": 7.0, "socket": 9.0},
    "second_way": {"after": 11.0},
    "slack": {**GOOD["slack"], "settle_seconds": 3.0},
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_old_names_work_and_are_reported(tmp_path: Path) -> None:
    """Each value arrives under the new name, and each old name gets one line with its place and the new name."""
    lines: list[str] = []
    settings = load(write(tmp_path, {**GOOD, **OLD}), lines.append)
    assert (settings.timeouts.reconcile, settings.timeouts.status_line) == ((1.0, 2.0), 7.0)
    assert (settings.timeouts.socket, settings.fallback_alerts.after) == (9.0, 11.0)
    assert settings.slack.reconcile_seconds == 3.0
    assert len(lines) == 5
    assert all(line.startswith(f"{tmp_path}/threadline.toml:") for line in lines)
    assert any("patience.settle is called timeouts.reconcile now." in line for line in lines)
    assert any("slack.settle_seconds is called slack.reconcile_seconds now." in line for line in lines)


def test_new_names_are_not_reported(tmp_path: Path) -> None:
    """Settings under their new names get no line."""
    lines: list[str] = []
    settings = load(write(tmp_path, {**GOOD, "timeouts": {"reconcile": [3.0]}}), lines.append)
    assert (settings.timeouts.reconcile, lines) == ((3.0,), [])


def test_the_new_name_wins(tmp_path: Path) -> None:
    """If both names are set, the old one is ignored, and its line says so."""
    lines: list[str] = []
    written = {**GOOD, "patience": {"socket": 1.0, "card": 4.0}, "timeouts": {"socket": 2.0}}
    settings = load(write(tmp_path, written), lines.append)
    assert (settings.timeouts.socket, settings.timeouts.card) == (2.0, 4.0)
    assert sum("patience.socket is ignored, because timeouts.socket is set too." in line for line in lines) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("THREADLINE_PATIENCE__SETTLE", "[4.0]"), ("THREADLINE_PATIENCE", '{"settle": [4.0]}')],
    ids=["a key", "a table"],
)
def test_old_variables_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Environment variables work too, also a whole table as JSON, and they override the file."""
    monkeypatch.setenv(name, value)
    lines: list[str] = []
    settings = load(write(tmp_path, {**GOOD, "timeouts": {"reconcile": [8.0]}}), lines.append)
    assert settings.timeouts.reconcile == (4.0,)
    assert ["patience.settle is called timeouts.reconcile now." in line for line in lines] == [True]


def test_a_variable_with_the_new_name_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If both variables are set, the old one is ignored."""
    monkeypatch.setenv("THREADLINE_PATIENCE__SOCKET", "1")
    monkeypatch.setenv("THREADLINE_TIMEOUTS__SOCKET", "2")
    lines: list[str] = []
    assert load(write(tmp_path, dict(GOOD)), lines.append).timeouts.socket == 2.0
    assert ["is ignored" in line for line in lines] == [True]


def test_a_mistake_under_an_old_name_is_named_as_written(tmp_path: Path) -> None:
    """The problem names the line and the key that the operator wrote."""
    with pytest.raises(BadSettings) as caught:
        load(write(tmp_path, {**GOOD, "patience": {"settle": "soon", "nonsense": 1}}))
    assert len(caught.value.problems) == 2
    assert all(
        ":" in problem.removeprefix(str(tmp_path)) and " patience." in problem for problem in caught.value.problems
    )


def test_a_command_prints_it_once(tmp_path: Path) -> None:
    """The line goes to standard error, so that programs can still read standard output."""
    path = write(tmp_path, {**GOOD, "patience": {"socket": 9.0}})
    result = CliRunner().invoke(main, ["callbacks", "--settings", str(path)])
    assert result.exit_code == 0
    assert result.stderr.count("patience.socket is called timeouts.socket now.") == 1
    assert "patience" not in result.stdout


def test_no_old_name_is_a_new_one() -> None:
    """No new name is renamed again."""
    assert all(today(new) == new for new in RENAMED.values())
