"""A mistake in the settings file is reported with its line, its key and a suggestion."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings.errors import lines_of
from bot.settings.loading import BadSettings, load
from sandbox.bot import to_toml

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
# our settings
public_url = "https://sms.example.com"
secret = "0123456789abcdef0123456789abcdef"

[slack]
mode = "socket"        # or http
bot_token = "xoxb-MARKED"
app_token = "xapp-MARKED"
alert_channel = "C0ALERTS"

[accounts.fone]
provider = "fonedynamics"
account_sid = "AC11111111111111111111111111111111"
token = "MARKED"
property_sid = "PS11111111111111111111111111111111"

[senders]
sydney = { account = "fone", address = "+61488020111" }

[inboxes.support]
channel = "C0SUPPORT"
senders = [
    "sydney",   # the first that can
]
"""


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("THREADLINE_")]:
        monkeypatch.delenv(name)


def told(folder: Path, text: str) -> list[str]:
    """Returns the problems that are reported for a file, without its folder."""
    file = folder / "threadline.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadSettings) as caught:
        load(file)
    assert "MARKED" not in str(caught.value)
    return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('mode = "socket"', 'mode = "sockets"', "threadline.toml:6: slack.mode: Input should be 'socket' or 'http'."),
        ("bot_token", "bot_tokn", "threadline.toml:7: slack.bot_tokn is not a setting. Did you mean bot_token?"),
        ("[slack]", "[slak]", "threadline.toml:5: slak is not a setting. Did you mean slack?"),
        (
            "property_sid",
            "property",
            "threadline.toml:15: accounts.fone.property is not a setting. Did you mean property_sid?",
        ),
        (
            '"fonedynamics"',
            '"fone"',
            "threadline.toml:12: accounts.fone.provider: there is no provider 'fone'; the known",
        ),
        (
            'account = "fone"',
            'account = "phone"',
            "threadline.toml:18: senders.sydney.account names 'phone', which is not an account. The accounts are: fone",
        ),
        (
            '    "sydney", ',
            '    "perth", ',
            "threadline.toml:22: inboxes.support.senders names 'perth', which is not a sender. The senders are: sydney",
        ),
        ("senders = [", "colour = 3\nsenders = [", "threadline.toml:22: inboxes.support.colour is not a setting. "),
        ("alert_channel", "#", "threadline.toml:5: slack.alert_channel is missing."),
        ('secret = "', 'secret = "MARKED"\nsecret = "', "threadline.toml:4:"),
        ("[senders]", "[slack]", "threadline.toml:17:"),
        ('token = "MARKED"', "token = MARKED", "threadline.toml:14:9: this is not TOML: Invalid value."),
        ('channel = "C0SUPPORT"', 'channel = "C0SUPPORT', "threadline.toml:21:"),
    ],
)
def test_each_mistake_has_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    """The report names the line and the key, suggests a correction, and shows no secret."""
    assert any(line.startswith(said) for line in told(tmp_path, GOOD.replace(old, new, 1))), told(
        tmp_path, GOOD.replace(old, new, 1)
    )


def test_a_value_of_the_environment_has_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong value from the environment is reported with its variable, and with no line of the file."""
    monkeypatch.setenv("THREADLINE_SLACK__MODE", "carrier")
    (line,) = told(tmp_path, GOOD)
    assert line.startswith("slack.mode: ")
    assert line.endswith("It comes from the environment variable THREADLINE_SLACK__MODE.")


NAMES = st.text("abcdefgh_-", min_size=1, max_size=6)
LETTERS = st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"], exclude_characters="\x7f")  # JSON is TOML here
VALUES = st.one_of(st.integers(), st.text(LETTERS, max_size=20), st.booleans(), st.lists(st.integers(), max_size=3))
TABLES = st.dictionaries(NAMES, st.one_of(VALUES, st.dictionaries(NAMES, VALUES, max_size=3)), max_size=6)


@given(TABLES)
def test_every_key_is_found_where_it_stands(tables: dict[str, object]) -> None:
    """Each key is found on a line with its name, whatever else is in the file."""
    text = to_toml(tables)
    found, lines = lines_of(text), text.split("\n")
    for name, value in tables.items():
        assert name in lines[found[(name,)] - 1]
        for below in value if isinstance(value, dict) else ():
            assert below in lines[found[name, below] - 1]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The report says how to name another file."""
    with pytest.raises(BadSettings) as caught:
        load(tmp_path / "nowhere.toml")
    (line,) = caught.value.problems
    assert line.startswith("There is no settings file ")
    assert line.endswith("nowhere.toml. Name one with --settings, or set THREADLINE_SETTINGS.")


@pytest.mark.parametrize(
    "text",
    [b'secret = "MARKED-SECRET', b"secret = MARKED-SECRET", b"[slack", b"a = 1\na = 2", b'secret = "\xff\xfe MARKED"'],
)
def test_a_file_that_is_not_toml(tmp_path: Path, text: bytes) -> None:
    """The report says where the file stops being TOML, and quotes nothing from it."""
    file = tmp_path / "threadline.toml"
    file.write_bytes(text)
    with pytest.raises(BadSettings) as caught:
        load(file)
    (line,) = caught.value.problems
    assert "not TOML: " in line
    assert "MARKED" not in line
