"""A provider that lives in another package is found by its entry point, and held to the same contract."""

from __future__ import annotations

import os
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
    """Installed but without its folder, it is missed by name."""
    run = _run("-k", "test_every_provider_brings_its_data", data=tmp_path)
    assert run.returncode == 1
    assert "carrierpigeon" in run.stdout
