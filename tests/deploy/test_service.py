"""The systemd unit, checked by systemd itself if it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import main
from tests.docs.pages import ROOT

UNIT = ROOT / "deploy/threadline.service"
SYSTEMD = shutil.which("systemd-analyze")
HARDENING = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "CapabilityBoundingSet": "",
    "RestrictNamespaces": "yes",
    "UMask": "0077",
}

FIRST_OFFLINE = 250  # the first version of systemd that can check a file offline


def _version() -> int:
    """Returns the version of systemd, or 0 without systemd."""
    if SYSTEMD is None:
        return 0
    said = subprocess.run([SYSTEMD, "--version"], text=True, capture_output=True, check=False).stdout  # noqa: S603 - as found
    found = re.match(r"systemd (\d+)", said)
    return int(found[1]) if found else 0


needs_systemd = pytest.mark.skipif(_version() < FIRST_OFFLINE, reason="no systemd-analyze that can look at a file")


def sections() -> dict[str, dict[str, list[str]]]:
    """Returns the unit: all values by section and name, in order."""
    found: dict[str, dict[str, list[str]]] = {}
    for line in UNIT.read_text("utf-8").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            section.setdefault(name, []).append(value)
    return found


def service() -> dict[str, str]:
    """Returns the service section. The last of equal names counts."""
    return {name: values[-1] for name, values in sections()["Service"].items()}


def test_it_has_the_three_sections() -> None:
    """The unit has its three sections."""
    assert list(sections()) == ["Unit", "Service", "Install"]


def test_it_starts_a_command_that_there_is() -> None:
    """The command and its options exist."""
    program, command, *options = service()["ExecStart"].split()
    assert Path(program).name == "threadline"
    known = {option for parameter in main.commands[command].params for option in parameter.opts}
    assert set(options) <= known


def test_it_may_do_little() -> None:
    """The service gains no rights, writes only into its own folder, and sees no home folders."""
    assert HARDENING.items() <= service().items()
    assert service()["User"] == "threadline"
    assert service()["StateDirectory"] == "threadline"
    assert service()["WorkingDirectory"] == "/var/lib/threadline"


def test_it_gives_the_bot_the_time_to_end() -> None:
    """The unit waits longer than the ten seconds that a stop takes at most, and always restarts the bot."""
    assert int(service()["TimeoutStopSec"]) > 10
    assert service()["Restart"] == "always"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Returns the unit of a machine with the program, in whose place it starts this interpreter."""
    text = re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", UNIT.read_text("utf-8"), flags=re.MULTILINE)
    copy = tmp_path / UNIT.name
    copy.write_text(re.sub(r"^Documentation=.*\n", "", text, flags=re.MULTILINE), encoding="utf-8")
    return copy


def analyzed(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs systemd-analyze."""
    assert SYSTEMD
    return subprocess.run([SYSTEMD, *words], text=True, capture_output=True, check=False)  # noqa: S603 - as found


@needs_systemd
def test_systemd_understands_it(installed: Path) -> None:
    """Systemd knows every name and value."""
    run = analyzed("verify", "--recursive-errors=no", "--man=no", str(installed))
    assert (run.returncode, run.stderr.strip()) == (0, "")


@needs_systemd
def test_systemd_finds_it_well_closed(installed: Path) -> None:
    """Its exposure, from 0 to 10, is below 2: *OK*."""
    run = analyzed("security", "--offline=true", "--threshold=20", str(installed))
    assert run.returncode == 0, run.stdout[-300:]
