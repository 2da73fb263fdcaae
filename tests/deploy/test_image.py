"""The Dockerfile, by its form and its commands, because no engine builds it here."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from bot.settings.model import Settings
from tests.bot.installation import GOOD
from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

KNOWN = {"FROM", "ENV", "WORKDIR", "RUN", "COPY", "LABEL", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK"}
KNOWN |= {"ENTRYPOINT", "CMD"}


def instructions() -> list[tuple[str, str]]:
    """Returns each instruction with its arguments, continued lines as one."""
    lines = [line for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines() if not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in whole.splitlines() if line)]


def of(name: str) -> list[str]:
    """Returns the arguments of every instruction of this name."""
    return [rest for each, rest in instructions() if each == name]


def last(name: str) -> str:
    """Returns the arguments of the last instruction of this name, which is the effective one."""
    return of(name)[-1]


def stages() -> list[list[tuple[str, str]]]:
    """Returns the instructions of each stage."""
    found: list[list[tuple[str, str]]] = []
    for each in instructions():
        if each[0] == "FROM":
            found.append([])
        found[-1].append(each)
    return found


def environment() -> dict[str, str]:
    """Returns the variables of ENV in the final stage."""
    pairs = " ".join(rest for name, rest in stages()[-1] if name == "ENV")
    return dict(re.findall(r"(\w+)=(\S+)", pairs))


def test_every_instruction_is_one() -> None:
    """A misspelled instruction would break a build that nobody runs here."""
    assert {name for name, _ in instructions()} <= KNOWN
    assert instructions()[0][0] == "FROM"


def test_two_stages_from_one_pinned_base() -> None:
    """Both stages use the same pinned base with a Python version that the package allows."""
    bases = [rest.split()[0] for rest in of("FROM")]
    assert len(bases) == 2
    (base,) = set(bases)
    (version,) = re.findall(r"^python:(3\.\d+\.\d+)-slim-\w+$", base)
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    assert tuple(map(int, version.split("."))) >= tuple(map(int, needed.removeprefix(">=").split(".")))


def test_only_what_is_installed_goes_into_the_image_that_runs() -> None:
    """The final image has one copy from the build stage: no compiler, no sources, no cache."""
    copied = [rest for name, rest in stages()[-1] if name == "COPY"]
    assert copied == ["--from=build /opt/threadline /opt/threadline"]
    assert "pip" not in " ".join(rest for name, rest in stages()[-1] if name == "RUN")


def test_what_is_installed_is_pinned() -> None:
    """Everything is pinned by the constraints of the tests, also the build tools."""
    build = dict(re.findall(r"(\w+)=(\S+)", " ".join(rest for name, rest in stages()[0] if name == "ENV")))
    assert build["PIP_CONSTRAINT"].endswith("/constraints.txt")
    assert any("constraints.txt" in rest for rest in of("COPY"))


def test_the_build_has_every_package_and_nothing_else() -> None:
    """The copied files exist, are not ignored, and are the content of the wheel."""
    copied = {each for name, rest in stages()[0] if name == "COPY" for each in rest.split()[:-1]}
    assert not [each for each in copied if not (ROOT / each).exists()]
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(wheel["packages"]) <= copied
    assert copied == sent()


def sent() -> set[str]:
    """Returns the files that .dockerignore lets into the build: its last matching line decides."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    def ignored(name: str) -> bool:
        says = [not rule.startswith("!") for rule in rules if fnmatch.fnmatch(name, rule.removeprefix("!"))]
        return bool(says) and says[-1]

    return {path.name for path in ROOT.iterdir() if not ignored(path.name)}


def test_it_runs_as_nobody_in_particular() -> None:
    """It runs as a user without rights, created before it is used, who owns the database's folder."""
    assert last("USER") == "threadline"
    made = next(rest for name, rest in stages()[-1] if name == "RUN")
    assert "useradd --system" in made
    assert "--owner threadline" in made
    names = [name for name, _ in stages()[-1]]
    assert names.index("RUN") < names.index("USER") < names.index("ENTRYPOINT")


def test_the_database_is_on_the_volume() -> None:
    """Otherwise the database would disappear with the container."""
    (volume,) = json.loads(last("VOLUME"))
    assert environment()["THREADLINE_DATABASE"].startswith(f"{volume}/")


def test_what_is_set_is_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable of ours is a setting, and its port is the exposed one."""
    ours = {name: value for name, value in environment().items() if name.startswith("THREADLINE_")}
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    settings = Settings(**{name: value for name, value in GOOD.items() if name != "database"})
    assert str(settings.database) == ours["THREADLINE_DATABASE"]
    assert settings.http.host == "0.0.0.0"  # noqa: S104 - within the container
    assert str(settings.http.port) == last("EXPOSE")


def test_the_command_is_ours() -> None:
    """It runs the bot without a shell, which would keep the stop signal from the bot."""
    assert json.loads(last("ENTRYPOINT")) == ["threadline"]
    assert json.loads(last("CMD"))[0] == "run"
    assert last("STOPSIGNAL") == "SIGTERM"


@pytest.fixture
def healthy() -> Iterator[int]:
    """Yields the port of a server that answers /healthz like the bot."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def checked(port: int) -> int:
    """Returns the exit code of the health check."""
    _, _, command = last("HEALTHCHECK").partition("CMD ")
    python, *words = json.loads(command)
    assert python == "python"
    variables = os.environ | {"THREADLINE_HTTP__PORT": str(port)}
    run = subprocess.run([sys.executable, *words], env=variables, capture_output=True, check=False)  # noqa: S603 - ours
    return run.returncode


def test_the_health_check_checks(healthy: int) -> None:
    """The check exits with 0 while the process answers /healthz, and with another code when nobody answers."""
    assert checked(healthy) == 0
    assert checked(1) != 0
