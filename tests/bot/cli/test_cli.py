"""The `threadline` command as an operator uses it: its output and its exit codes."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.conversations.callbacks import CallbackUrls
from bot.slack.views.manifest import manifest
from tests.bot.installation import GOOD, SECRETS, changed, write
from tests.bot.running import as_it_was, call, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("THREADLINE_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """`run` sets up the logging of its process."""
    with as_it_was():
        yield


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns a folder with valid settings, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, changed())
    return tmp_path


def said(*arguments: str, **variables: str) -> Result:
    """Runs a command that starts no bot."""
    return CliRunner().invoke(main, list(arguments), env=dict(variables))


# --- a bot that does not start ----------------------------------------------------------------------------------------


def test_a_setting_that_is_missing_is_one_line(installed: Path) -> None:
    """It names the setting and the cure, and the command ends with 2."""
    write(installed, changed(slack__bot_token=...))
    ended = said("run")
    assert ended.exit_code == 2
    assert ended.stderr.splitlines() == [
        "threadline.toml:5: slack.bot_token is missing. Set it in the settings file, or as THREADLINE_SLACK__BOT_TOKEN."
    ]
    assert ended.stdout == ""


def test_without_any_settings_it_says_all_that_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command lists every required setting and exits with 2."""
    monkeypatch.chdir(tmp_path)
    ended = said("run")
    assert ended.exit_code == 2
    assert len(ended.stderr.splitlines()) == 6


@pytest.mark.usefixtures("installed")
def test_a_settings_file_that_is_not_there() -> None:
    """The command prints one line and exits with 2, however the file was named. It uses no other file instead."""
    for ended in (said("run", "--settings", "other.toml"), said("run", THREADLINE_SETTINGS="other.toml")):
        assert ended.exit_code == 2
        assert ended.stderr.startswith("There is no settings file other.toml.")
        assert len(ended.stderr.splitlines()) == 1


def test_an_option_that_there_is_not() -> None:
    """A wrong command line exits with 2."""
    assert said("run", "--nonsense").exit_code == 2


def test_no_secret_is_printed(installed: Path) -> None:
    """No secret is in the output, even if a setting is wrong."""
    write(installed, changed(inboxes__support__senders=["nobody"]))
    ended = said("run")
    assert ended.exit_code == 2
    assert not any(secret in ended.output for secret in SECRETS.values())


def test_a_database_of_a_newer_version_is_refused(installed: Path) -> None:
    """The command says what to do, and changes nothing in the database."""
    with closing(sqlite3.connect(installed / "threadline.db")) as database:
        database.execute("CREATE TABLE migrations (version BIGINT PRIMARY KEY, name TEXT, applied_at BIGINT)")
        database.execute("INSERT INTO migrations VALUES (9999, 'of_the_future', 0)")
        database.commit()
    ended = said("run")
    assert ended.exit_code == 1
    assert "Install the newer version again, or restore a backup from before the upgrade." in ended.stderr
    assert "Traceback" not in ended.stderr
    with closing(sqlite3.connect(installed / "threadline.db")) as database:
        assert database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [("migrations",)]


def test_a_file_that_is_no_database_is_refused(installed: Path) -> None:
    """The command prints a sentence, and leaves the file unchanged."""
    (installed / "threadline.db").write_text("Dear diary, " * 400, encoding="utf-8")
    ended = said("run")
    assert ended.exit_code == 1
    assert "threadline.db cannot be used: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert (installed / "threadline.db").read_text(encoding="utf-8") == "Dear diary, " * 400


def test_a_second_bot_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the same database, or at the same port; the first continues, and ends with 0 in good time after SIGTERM."""
    other = tmp_path / "other"
    other.mkdir()
    with running(tmp_path) as bot:
        same_database = call(tmp_path, "run")
        write(other, changed(http={"port": int(bot.url.rpartition(":")[2])}))
        monkeypatch.chdir(other)
        same_port = said("run")
        bot.wait()
        began = time.monotonic()
        assert bot.stop() == 0
        assert time.monotonic() - began < 10
    assert same_database.stderr.splitlines()[-1] == "Another threadline is running on threadline.db. Stop it first."
    assert "address already in use" in same_port.stderr.splitlines()[-1]
    assert (same_database.returncode, same_port.exit_code) == (1, 1)
    assert not any("Traceback" in text for text in (same_database.stderr, same_port.stderr, bot.log.read_text()))


# --- commands that only read ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("installed")
def test_the_callbacks_of_every_sender() -> None:
    """Each sender has the URL that the bot recognizes, in the text and in the JSON."""
    urls = CallbackUrls(GOOD["public_url"], SECRETS["secret"])
    expected = {name: urls.make(sender["account"], "sender", name)[0] for name, sender in GOOD["senders"].items()}
    shown, found = said("callbacks"), said("callbacks", "--json")
    assert shown.exit_code == found.exit_code == 0
    assert {name: what["url"] for name, what in json.loads(found.stdout).items()} == expected
    assert all(name in shown.stdout for name in expected)


@pytest.mark.parametrize(
    ("arguments", "url"), [([], None), (["--http", "https://sms.example.com/"], "https://sms.example.com")]
)
def test_the_manifest_is_json_to_paste(arguments: list[str], url: str | None) -> None:
    """The command needs no settings."""
    ended = said("manifest", *arguments)
    assert ended.exit_code == 0
    assert json.loads(ended.stdout) == manifest(url)


def test_the_version() -> None:
    """The command prints the version of the installed package."""
    assert said("version").stdout.strip() == version("threadline")


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_the_help_names_every_command(option: str) -> None:
    """The help lists every command, each with a sentence."""
    ended = said(option)
    assert ended.exit_code == 0
    for name, command in main.commands.items():
        assert f"  {name} " in ended.stdout
        assert (command.help or "").rstrip().endswith(".")
