"""A provider that lives in another package is found by its entry point, and held to the same contract."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.packages import write_metadata

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


def test_twilio_passes_the_suite(tmp_path: Path) -> None:
    """A whole provider outside of the tree, which signs its webhooks; `make example` builds and installs it too."""
    write_metadata(_TWILIO, tmp_path)
    run = _run("-k", "twilio", data=_TWILIO / "tests/fixtures", packages=(tmp_path, _TWILIO))
    assert run.returncode == 0, run.stdout
    assert " passed" in run.stdout


@pytest.mark.parametrize(
    ("whole", "half"),
    {
        "= url + ": "= ",
        "sorted(set(payload.read_pairs(body)))": "[]",
    }.items(),
    ids=["without the URL", "without the body"],
)
def test_a_signature_that_covers_too_little_is_found(tmp_path: Path, whole: str, half: str) -> None:
    """Fixtures that were signed by the same mistake pass for genuine; what they look like after a change does too."""
    project = shutil.copytree(_TWILIO, tmp_path / "project")
    write_metadata(project, tmp_path)
    signing = project / "threadline_twilio/signing.py"
    assert whole in signing.read_text("utf-8")
    signing.write_text(signing.read_text("utf-8").replace(whole, half))
    _python(project / "tests/sign.py", on_path=project)
    tests = "twilio and (test_a_webhook or test_a_changed_webhook)"
    run = _run("-k", tests, data=project / "tests/fixtures", packages=(tmp_path, project))
    assert run.returncode == 1
    assert "test_a_webhook[" not in run.stdout
    assert re.search(r"twilio takes \S+\.http, after a change of ", run.stdout)


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
    """With only an account, each test fails with a sentence that names the missing data, without a traceback."""
    (tmp_path / "carrierpigeon").mkdir()
    shutil.copy(_PIGEON / "contract/carrierpigeon/contract.toml", tmp_path / "carrierpigeon")
    run = _run("-k", "carrierpigeon", data=tmp_path)
    assert run.returncode == 1
    assert "Add a `send` that is accepted" in run.stdout
    assert "Add a webhook" in run.stdout
    assert "IndexError" not in run.stdout
