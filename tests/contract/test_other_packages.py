"""A provider that lives in another package is found by its entry point, and held to the same contract."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).parent
_SUITE = [str(path) for path in sorted(_HERE.glob("test_*.py")) if path != Path(__file__)]


def _run(*arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    """The suite in a process of its own, where the example package is installed: on the path, with its metadata."""
    environment = {**os.environ, "PYTHONPATH": str(_HERE / "example"), "THREADLINE_CONTRACT": str(data)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments, *_SUITE]
    return subprocess.run(command, env=environment, cwd=_HERE.parents[1], text=True, capture_output=True, check=False)  # noqa: S603  our own interpreter


def test_another_package_passes_the_suite() -> None:
    """The example is found under its entry point's name, and every test passes with nothing but its data."""
    run = _run("-k", "carrierpigeon", data=_HERE / "example" / "contract")
    assert run.returncode == 0, run.stdout
    assert " passed" in run.stdout


def test_another_package_must_bring_its_data(tmp_path: Path) -> None:
    """Installed but without its folder, its name selects one test, which says what to add and where."""
    run = _run("-k", "carrierpigeon", data=tmp_path)
    assert run.returncode == 1
    assert "carrierpigeon brings no data for the contract suite. Add a folder with contract.toml" in run.stdout
    assert str(tmp_path / "carrierpigeon") in run.stdout
    assert "1 failed" in run.stdout


def test_a_name_that_is_not_known_is_not_passed_over(tmp_path: Path) -> None:
    """Nothing would run, so nothing would fail: the suite says which names it knows, and how to make one known."""
    run = _run("-k", "homingdove", data=tmp_path)
    assert run.returncode == 4
    assert "-k homingdove selects no test of the contract suite" in run.stderr
    assert "carrierpigeon" in run.stderr


def test_data_that_is_not_whole_says_what_is_missing(tmp_path: Path) -> None:
    """An account alone is a beginning: what each test misses is a sentence, and no traceback."""
    (tmp_path / "carrierpigeon").mkdir()
    shutil.copy(_HERE / "example/contract/carrierpigeon/contract.toml", tmp_path / "carrierpigeon")
    run = _run("-k", "carrierpigeon", data=tmp_path)
    assert run.returncode == 1
    assert "Add a `send` that is accepted" in run.stdout
    assert "Add a webhook" in run.stdout
    assert "IndexError" not in run.stdout
