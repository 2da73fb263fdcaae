"""A provider that lives in another package is found by its entry point, and held to the same contract."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.test_declarations import test_every_provider_brings_its_data

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_PIGEON = _HERE / "example"
_TWILIO = _ROOT / "examples/provider-twilio"
_SUITE = [str(path) for path in sorted(_HERE.glob("test_*.py")) if path != Path(__file__)]


def _run(*arguments: str, data: Path, packages: tuple[Path, ...] = (_PIGEON,)) -> subprocess.CompletedProcess[str]:
    """The suite in a process of its own, where a package is installed: on the path, with its metadata."""
    on_path = os.pathsep.join(map(str, packages))
    environment = {**os.environ, "PYTHONPATH": on_path, "THREADLINE_CONTRACT": str(data)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments, *_SUITE]
    return subprocess.run(command, env=environment, cwd=_ROOT, text=True, capture_output=True, check=False)  # noqa: S603  our own interpreter


def _python(file: Path, *, on_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(on_path)}
    subprocess.run([sys.executable, str(file)], env=environment, check=True)  # noqa: S603  our own interpreter


def test_another_package_passes_the_suite() -> None:
    """The example is found under its entry point's name, and every test passes with nothing but its data."""
    run = _run("-k", "carrierpigeon", data=_PIGEON / "contract")
    assert run.returncode == 0, run.stdout
    assert " passed" in run.stdout


def test_another_package_must_bring_its_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed but without its folder, it is missed by name."""
    monkeypatch.syspath_prepend(_HERE / "example")
    with pytest.raises(AssertionError, match="carrierpigeon"):
        test_every_provider_brings_its_data()
