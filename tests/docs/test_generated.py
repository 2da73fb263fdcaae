"""The generated pages match the code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from tests.docs.pages import DOCS, page

MADE = ("commands.md", "features.md", "manifest.md", "metrics.md", "settings.md")
_SETTINGS = {
    "public_url": "https://sms.example.com",
    "secret": "0" * 32,
    "slack": {"bot_token": "xoxb-1", "app_token": "xapp-1", "alert_channel": "C0123456789"},
}


def _generate(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DOCS / "generate.py"), *arguments]
    return subprocess.run(  # noqa: S603 - our own interpreter and script
        command, env=os.environ | environment, text=True, capture_output=True, check=False
    )


def test_the_pages_are_current() -> None:
    """No page differs. If this fails, run `python docs/generate.py` and commit its output."""
    run = _generate("--check")
    assert (run.returncode, run.stderr) == (0, "")


def test_they_are_the_same_everywhere() -> None:
    """The terminal, the locale and the hash seed change nothing."""
    assert _generate("--check", COLUMNS="40", LC_ALL="C", PYTHONHASHSEED="7", NO_COLOR="1").returncode == 0


def test_what_differs_is_named_and_mended(tmp_path: Path) -> None:
    """With --check it names a changed and a missing page and writes nothing; without it, it writes both."""
    for name in MADE:
        shutil.copy(DOCS / name, tmp_path)
    (tmp_path / "features.md").write_text("It can do everything.\n", encoding="utf-8")
    (tmp_path / "commands.md").unlink()
    run = _generate("--check", "--folder", str(tmp_path))
    assert run.returncode == 1
    assert [name for name in MADE if name in run.stderr] == ["commands.md", "features.md"]
    assert not (tmp_path / "commands.md").exists()
    assert _generate("--folder", str(tmp_path)).returncode == 0
    assert all((tmp_path / name).read_bytes() == (DOCS / name).read_bytes() for name in MADE)


def test_the_variables_work(tmp_path: Path) -> None:
    """A command runs with settings from variables only, and the page names each of them."""
    (shown,) = page("docs/providers/fonedynamics.md").of_kind("toml")
    variables = dict(_variables(_SETTINGS | tomllib.loads(shown.text)))
    named = set(re.findall(r"`(THREADLINE_\w+(?:<NAME>\w+)?)`", page("docs/settings.md").text))
    assert {re.sub("__(FONE|LEASED|SYDNEY|NAME|SUPPORT)__", "__<NAME>__", name) for name in variables} <= named
    command = [str(Path(sys.executable).with_name("threadline")), "callbacks", "--json"]
    run = subprocess.run(  # noqa: S603 - our own command
        command, env=os.environ | variables, cwd=tmp_path, text=True, capture_output=True, check=False
    )
    assert run.returncode == 0, run.stderr
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
