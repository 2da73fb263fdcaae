"""`threadline init` asks, checks each answer at once, and writes the files that the bot starts with."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import providers
from bot.cli import main
from bot.cli.settings_file import needed
from bot.settings.loading import load
from bot.slack.views.manifest import manifest

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

SID = "1" * 32
ANSWERS = [
    *("https://sms.example.com", "socket", "xoxb-MARKED", "xapp-MARKED", "C0ALERTS"),
    *("fonedynamics", "fone", f"AC{SID}", "MARKED-TOKEN", f"PS{SID}", "leased", "", "y", "+61488020111", "sydney", "n"),
    *("n", "", "C0SUPPORT", "", "AU", "n"),
]
OWN = {
    "fonedynamics": [f"AC{SID}", "MARKED", f"PS{SID}"],
    "iophone": ["MARKED"],
    "iovox": ["user", "MARKED"],
    "restcomm": ["https://acme.restcomm.com", "AC1", "MARKED"],
}


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.upper().startswith("THREADLINE_")]:
        monkeypatch.delenv(name)


def asked(answers: list[str], *options: str) -> Result:
    """Runs `threadline init` with these answers."""
    return CliRunner().invoke(main, ["init", *options], input="".join(f"{answer}\n" for answer in answers))


def test_it_writes_what_the_bot_starts_with(tmp_path: Path) -> None:
    """It writes the manifest, and settings with a new secret that only the user can read, and says what to do next."""
    told = asked(ANSWERS)
    assert told.exit_code == 0, told.output
    file = tmp_path / "threadline.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    settings = load(file)
    assert (settings.public_url, settings.slack.mode) == ("https://sms.example.com", "socket")
    assert {name: sender.address for name, sender in settings.senders.items()} == {
        "leased": "leased",
        "sydney": "+61488020111",
    }
    assert settings.inboxes["support"].senders == ["leased", "sydney"]
    assert settings.inboxes["support"].default_region == "AU"
    assert len(settings.secret.get_secret_value()) == 64
    assert "# reply_mode = " in file.read_text(encoding="utf-8")
    assert json.loads((tmp_path / "threadline-manifest.json").read_text(encoding="utf-8")) == manifest(None)
    assert "threadline doctor" in told.output
    assert "MARKED" not in told.output
    assert settings.secret.get_secret_value() not in told.output
    assert not list(tmp_path.glob(".*"))


def test_each_secret_is_new(tmp_path: Path) -> None:
    """Two installations have different secrets."""
    asked(ANSWERS)
    first = load(tmp_path / "threadline.toml").secret
    assert asked(ANSWERS, "--force").exit_code == 0
    assert load(tmp_path / "threadline.toml").secret != first


@pytest.mark.parametrize("name", ["threadline.toml", "threadline-manifest.json"])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    """It overwrites nothing without --force, and says so before the first question."""
    (tmp_path / name).write_text("mine", encoding="utf-8")
    told = asked(ANSWERS)
    assert told.exit_code == 1
    assert f"{name} exists already" in told.output
    assert "public URL" not in told.output
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"


def test_a_wrong_answer_is_asked_again(tmp_path: Path) -> None:
    """A wrong answer gets a reason and the same question again; a typed token is not shown."""
    wrong = {
        "https://sms.example.com": ["sms.example.com", "it must begin with https://"],
        "xoxb-MARKED": ["xapp-WRONG", "It starts with xoxb-."],
        "C0ALERTS": ["#alerts", "it must be a Slack channel's id"],
        f"AC{SID}": ["nonsense of mine", "String should match"],
        "+61488020111": ["12", "That is not a phone number"],
        "C0SUPPORT": ["support", "it must be a Slack channel's id"],
        "AU": ["Australia", "it must be a country's two letters"],
    }
    typed = [each for answer in ANSWERS for each in ([wrong[answer][0], answer] if answer in wrong else [answer])]
    told = asked(typed)
    assert told.exit_code == 0, told.output
    assert not [said for _, said in wrong.values() if said not in told.output]
    assert "WRONG" not in told.output
    assert load(tmp_path / "threadline.toml").inboxes["support"].channel == "C0SUPPORT"


def test_whoever_leaves_leaves_no_settings(tmp_path: Path) -> None:
    """It writes no settings if the operator leaves in the middle."""
    told = asked(ANSWERS[:7])
    assert told.exit_code == 1
    assert not (tmp_path / "threadline.toml").exists()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", sorted(OWN))
def test_each_company_is_asked_for_what_it_needs(tmp_path: Path, name: str) -> None:
    """It asks for the settings of each provider's model, in http mode also for the signing secret."""
    sender = ["+61488020111", "one", "n"]
    answers = [*("https://sms.example.com", "http", "xoxb-1", "signing", "C0ALERTS"), name, "", *OWN[name], *sender]
    told = asked([*answers, "n", "", "C0SUPPORT", "", "", "n"], "--file", "mine.toml")
    assert told.exit_code == 0, told.output
    account = load(tmp_path / "mine.toml").accounts[name]
    assert set(account.provider_settings().model_fields_set) == set(needed(name))
    titles = [field.title or key for key, field in needed(name).items()]
    assert not [title for title in titles if f"{providers.load(name).title}: {title}" not in told.output]
    written = json.loads((tmp_path / "mine-manifest.json").read_text(encoding="utf-8"))
    assert written == manifest("https://sms.example.com")
