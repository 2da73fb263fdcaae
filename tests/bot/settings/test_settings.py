"""Settings: each mistake is one line that names the setting and how to fix it, and none shows a secret."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest

import providers
from bot.settings.loading import BadSettings, load
from tests.bot.installation import GOOD, SECRETS, SYDNEY, changed, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.settings.model import Settings


PLACE = re.compile(r"^.*threadline\.toml:\d+: ")  # tests/bot/settings/test_errors.py tests it


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("THREADLINE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Returns a function that loads the settings file with these changes."""
    monkeypatch.chdir(tmp_path)
    return lambda **changes: load(write(tmp_path, changed(**changes)))


@pytest.fixture
def problems(loaded: Callable[..., Settings]) -> Callable[..., list[str]]:
    """Returns a function that lists the problems of the settings file with these changes."""

    def find(**changes: Any) -> list[str]:
        with pytest.raises(BadSettings) as caught:
            loaded(**changes)
        assert str(caught.value) == "\n".join(caught.value.problems)
        return [PLACE.sub("", problem) for problem in caught.value.problems]

    return find


# --- valid settings ---------------------------------------------------------------------------------------------------


def test_a_good_file(loaded: Callable[..., Settings]) -> None:
    """All settings of the file are loaded, and the others have their defaults."""
    settings = loaded()
    assert settings.public_url == "https://sms.example.com"
    assert settings.secret.get_secret_value() == SECRETS["secret"]
    assert settings.slack.bot_token.get_secret_value() == SECRETS["bot_token"]
    assert (settings.slack.mode, settings.slack.api_url) == ("socket", "https://slack.com/api/")
    assert (settings.http.host, settings.http.port) == ("127.0.0.1", 8080)
    assert settings.accounts["fone"].kind is providers.load("fonedynamics")
    assert settings.senders["leased"].is_leased
    assert settings.senders["leased"].parsed is None
    assert str(settings.senders["sydney"].parsed) == SYDNEY
    assert str(settings.accounts["fone"].provider_settings())  # its own model, already checked


def test_what_is_where(loaded: Callable[..., Settings]) -> None:
    """Senders, accounts and channels lead to their first inbox; an unused account leads to the first of all."""
    settings = loaded(inboxes__sales={"channel": "C0SALES", "senders": ["name", "leased"]})
    assert settings.inbox_by_sender.get("sydney") == "support"
    assert settings.inbox_by_sender.get("name") == "sales"
    assert settings.inbox_by_sender.get("nobody") is None
    assert settings.inbox_of_account("fone") == "support"
    assert settings.inbox_of_account("rental") == "sales"
    assert settings.inbox_of_account("unused") == "support"
    assert settings.inbox_by_channel.get("C0SALES") == "sales"
    assert settings.inbox_by_channel.get("C0NOWHERE") is None
    assert settings.sender_by_address.get(("fone", SYDNEY)) == "sydney"
    assert settings.sender_by_address.get(("rental", SYDNEY)) is None
    assert settings.sender_by_address.get(("fone", "leased")) is None
    copy = settings.model_copy(update={"inboxes": {"help": settings.inboxes["support"]}})
    assert copy.inbox_by_sender["sydney"] == "help"


def test_the_address_is_kept_without_its_last_slash(loaded: Callable[..., Settings]) -> None:
    """The URL loses its last slash, because paths start with one."""
    assert loaded(public_url="https://sms.example.com/in/").public_url == "https://sms.example.com/in"


def test_http_mode_needs_no_app_token(loaded: Callable[..., Settings]) -> None:
    """Http mode needs a signing secret instead."""
    settings = loaded(slack__mode="http", slack__app_token=..., slack__signing_secret=SECRETS["signing_secret"])
    assert settings.slack.mode == "http"


# --- the environment --------------------------------------------------------------------------------------------------


def test_the_environment_wins(loaded: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment variables override the file at any depth, in upper and lower case."""
    monkeypatch.setenv("THREADLINE_PUBLIC_URL", "https://other.example.com")
    monkeypatch.setenv("THREADLINE_SLACK__BOT_TOKEN", "xoxb-other")
    monkeypatch.setenv("threadline_accounts__fone__token", "other")
    monkeypatch.setenv("THREADLINE_SETTINGS", "is not a setting itself")
    settings = loaded()
    assert settings.public_url == "https://other.example.com"
    assert settings.slack.bot_token.get_secret_value() == "xoxb-other"
    assert settings.slack.alert_channel == "C0ALERTS"
    assert settings.accounts["fone"].model_extra is not None
    assert settings.accounts["fone"].model_extra["token"] == "other"


def test_a_secret_may_be_in_the_environment_only(
    loaded: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file needs no secret if the environment has all of them."""
    monkeypatch.setenv("THREADLINE_SECRET", SECRETS["secret"])
    monkeypatch.setenv("THREADLINE_SLACK__BOT_TOKEN", SECRETS["bot_token"])
    monkeypatch.setenv("THREADLINE_SLACK__APP_TOKEN", SECRETS["app_token"])
    monkeypatch.setenv("THREADLINE_ACCOUNTS__FONE__TOKEN", SECRETS["token"])
    bare = {"secret": ..., "slack__bot_token": ..., "slack__app_token": ..., "accounts__fone__token": ...}
    assert loaded(**bare) == loaded()


def test_a_whole_table_in_the_environment_is_json(
    problems: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable for a table that is not JSON is a mistake like any other."""
    monkeypatch.setenv("THREADLINE_SLACK", "MARKED-nonsense")
    assert problems() == [
        "slack: THREADLINE_SLACK, or a variable whose name starts so, must hold a table or a list as JSON."
    ]


def missing(*places: str) -> str:
    """Returns the lines for these missing settings."""
    variables = {place: "THREADLINE_" + place.replace(".", "__").upper() for place in places}
    lines = [f"{place} is missing. Set it in the settings file, or as {variables[place]}." for place in places]
    return "\n".join(lines)


def test_without_a_file_everything_is_missing() -> None:
    """Each line names the variable that could hold the setting."""
    with pytest.raises(BadSettings) as caught:
        load(None)
    names = ("public_url", "secret", "slack", "accounts", "senders", "inboxes")
    assert str(caught.value) == missing(*names)
    assert "or as THREADLINE_PUBLIC_URL." in caught.value.problems[0]


# --- every mistake ----------------------------------------------------------------------------------------------------

KNOWN = "fonedynamics, iophone, iovox, restcomm"
NO_NUMBER = "That is not a phone number. Start it with + and the country code, like +61 400 000 000."
OPTIONS = ", ".join(providers.load("fonedynamics").Options.model_fields)
NONSENSE = (
    "senders.sydney.options.nonsense is not a setting. Remove it, or correct its name. "
    f"The settings here are {OPTIONS}."
)
MISTAKES: list[tuple[dict[str, Any], str]] = [
    (
        {"secret": ...},
        missing("secret"),
    ),
    (
        {"slack__bot_token": ...},
        missing("slack.bot_token"),
    ),
    (
        {"accounts__fone__token": ...},
        missing("accounts.fone.token"),
    ),
    (
        {"accounts__rental__api_key": ...},
        missing("accounts.rental.api_key"),
    ),
    (
        {"accounts__rental": {"provider": "iovox"}},
        missing("accounts.rental.username", "accounts.rental.secure_key"),
    ),
    (
        {"accounts__rental": {"provider": "restcomm", "base_url": "https://acme.restcomm.com", "account_sid": "AC1"}},
        missing("accounts.rental.auth_token"),
    ),
    (
        {"accounts__rental__provider": ...},
        missing("accounts.rental.provider"),
    ),
    (
        {"accounts__rental__provider": "carrier-pigeon"},
        f"accounts.rental.provider: there is no provider 'carrier-pigeon'; the known ones are {KNOWN}.",
    ),
    (
        {"accounts__rental__apikey": "MARKED-TYPO"},
        "accounts.rental.apikey is not a setting. Did you mean api_key?",
    ),
    (
        {"slack__bot_tokn": "MARKED-TYPO"},
        "slack.bot_tokn is not a setting. Did you mean bot_token?",
    ),
    (
        {"sceret": "MARKED-TYPO"},
        "sceret is not a setting. Did you mean secret?",
    ),
    (
        {"secret": "MARKED-SHORT"},
        "secret: it must have 32 characters or more. `openssl rand -hex 32` prints one.",
    ),
    (
        {"public_url": "sms.example.com"},
        "public_url: it must begin with https:// and name a host, like https://sms.example.com.",
    ),
    (
        {"public_url": "https://"},
        "public_url: it must begin with https:// and name a host, like https://sms.example.com.",
    ),
    (
        {"public_url": "https://sms.example.com/?a=b"},
        "public_url: it must begin with https:// and name a host, like https://sms.example.com.",
    ),
    (
        {"slack__mode": "carrier"},
        "slack.mode: Input should be 'socket' or 'http'.",
    ),
    (
        {"slack__app_token": ...},
        'slack.app_token is missing: socket mode needs it. Set it, or set slack.mode to "http".',
    ),
    (
        {"slack__mode": "http", "slack__app_token": ...},
        'slack.signing_secret is missing: http mode needs it. Set it, or set slack.mode to "socket".',
    ),
    (
        {"slack__alert_channel": "#alerts"},
        "slack.alert_channel: it must be a Slack channel's id, like C0123456789.",
    ),
    (
        {"inboxes__support__channel": "support"},
        "inboxes.support.channel: it must be a Slack channel's id, like C0123456789.",
    ),
    (
        {"inboxes__support__members": ["anna"]},
        "inboxes.support.members.0: it must be the id of a Slack user or user group, like U0123456789.",
    ),
    (
        {"inboxes__support__senders": ["sydney", "perth"]},
        "inboxes.support.senders names 'perth', which is not a sender. The senders are: leased, name, sydney.",
    ),
    (
        {"inboxes__support__senders": []},
        missing("inboxes.support.senders"),
    ),
    (
        {"inboxes__support__default_region": "Australia"},
        "inboxes.support.default_region: it must be a country's two letters, like AU.",
    ),
    (
        {"senders__sydney__account": "phone"},
        "senders.sydney.account names 'phone', which is not an account. The accounts are: fone, rental.",
    ),
    (
        {"senders__name__address": "leased"},
        "senders.name.address: IO Phone leases no numbers. Use a number of your own.",
    ),
    (
        {"senders__sydney__address": "0488 020 111"},
        f"senders.sydney.address: {NO_NUMBER}",
    ),
    (
        {"senders__sydney__options": {"nonsense": 1}},
        NONSENSE,
    ),
    (
        {"http__port": 70_000},
        "http.port: Input should be less than or equal to 65535.",
    ),
    (
        {"max_leases": 0},
        "max_leases: Input should be greater than or equal to 1.",
    ),
    (
        {"database": "nowhere/threadline.db"},
        "database: there is no folder nowhere. Create it, or name another file.",
    ),
    (
        {"rules": [{"senders": ["leased"]}, {"name": "far", "senders": ["perth"], "countries": ["AU", "UK"]}]},
        (
            "rule 2 (far): countries has 'UK', which is not a country. The United Kingdom is GB.\n"
            "rule 2 (far): senders names 'perth', which is not a sender. The senders are: leased, name, sydney."
        ),
    ),
    (
        {"rules": [{"senders": ["name"]}]},
        "rule 1: senders names 'name', which is not a sender of support. Add it to the senders there.",
    ),
    (
        {"rules": [{"senders": ["leased"], "inboxes": ["sales"]}]},
        "rule 1: inboxes names 'sales', which is not an inbox. The inboxes are: support.",
    ),
    (
        {"rules": [{"senders": []}]},
        missing("rules.0.senders"),
    ),
    (
        {"rules": [{"senders": ["leased"], "prefixes": ["+61 4"]}]},
        "rules.0.prefixes.0: a prefix is the first digits of a number with its country code, like +614.",
    ),
    (
        {
            "rules": [
                {"senders": ["leased"], "hours": {"after": "9", "before": "17:00", "time_zone": "Sydney"}},
            ]
        },
        (
            "rules.0.hours.after: write it as hours and minutes, without a time zone, like 08:00.\n"
            "rules.0.hours.time_zone: there is no time zone 'Sydney'. Write it like Australia/Sydney, or \"contact\"."
        ),
    ),
    (
        {"inboxes__support__quiet_hours": {"after": "21:00", "before": "21:00"}},
        "inboxes.support.quiet_hours: these hours never end. Set a `before` that differs from `after`, or set `days`.",
    ),
    (
        {"inboxes__support__quiet_hours": {"after": "21:00Z", "before": "08:00", "days": ["someday"]}},
        (
            "inboxes.support.quiet_hours.after: write it as hours and minutes, without a time zone, like 08:00.\n"
            "inboxes.support.quiet_hours.days.0: "
            "Input should be 'mon', 'tue', 'wed', 'thu', 'fri', 'sat' or 'sun'."
        ),
    ),
    (
        {"countries_without_names": ["UK"]},
        "countries_without_names has 'UK', which is not a country. The United Kingdom is GB.",
    ),
    (
        {"accounts": {}, "senders": {}, "inboxes": {}},
        missing("accounts", "senders", "inboxes"),
    ),
]


@pytest.mark.parametrize(("changes", "told"), MISTAKES)
def test_a_mistake_is_a_line_that_names_it_and_the_cure(
    problems: Callable[..., list[str]], changes: dict[str, Any], told: str
) -> None:
    """The report has one line for each mistake, and no other line."""
    assert problems(**changes) == told.split("\n")


@pytest.mark.parametrize("name", ["a/b", "a b", "ä", "", "a.b", "a?b"])
def test_a_name_of_an_account_fits_into_an_url(name: str, tmp_path: Path) -> None:
    """An account's name may only have characters that fit into a URL, because it is part of the callback URL."""
    text = write(tmp_path, changed()).read_text() + f'\n[accounts."{name}"]\nprovider = "iophone"\napi_key = "x"\n'
    (tmp_path / "threadline.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadSettings, match="letters, digits, - and _") as caught:
        load(tmp_path / "threadline.toml")
    assert len(caught.value.problems) == 1


def test_several_mistakes_are_told_at_once(problems: Callable[..., list[str]]) -> None:
    """Each mistake gets one line."""
    found = problems(secret=..., slack__mode="carrier", public_url="x", inboxes__support__channel="x")
    assert len(found) == 4
    assert all("\n" not in line and line.endswith((".", "?")) and not line.endswith("..") for line in found)


def test_references_are_told_at_once_too(problems: Callable[..., list[str]]) -> None:
    """Mistakes in several tables are reported at once."""
    found = problems(
        inboxes__support__senders=["perth"], senders__sydney__account="phone", accounts__rental__api_key=...
    )
    assert len(found) == 3


def test_no_secret_is_in_any_message_or_repr(
    loaded: Callable[..., Settings], problems: Callable[..., list[str]]
) -> None:
    """No message and no repr shows a secret, whatever else is wrong."""
    shown = [repr(loaded()), str(loaded()), repr(loaded().accounts["fone"].provider_settings())]
    for changes, _ in MISTAKES:
        shown += problems(**changes)
    assert not any(secret in text for secret in (*SECRETS.values(), "MARKED", SYDNEY) for text in shown)


def test_no_wrong_value_of_a_secret_is_told(problems: Callable[..., list[str]]) -> None:
    """A secret of the wrong type is reported without its value."""
    wrong: dict[str, Any] = {"secret": 12345, "slack__bot_token": ["MARKED"], "accounts__fone__token": {"a": "MARKED"}}
    for path, value in wrong.items():
        found = problems(**{path: value})
        assert not any("MARKED" in line or "12345" in line for line in found)


def test_the_example_is_good() -> None:
    """The settings that these tests change are valid themselves."""
    assert changed() == GOOD


TWIN = {"account": "fone", "address": SYDNEY}


@pytest.mark.parametrize("senders", [["sydney"], ["name", "twin"]], ids=["one sender", "two senders of one number"])
def test_a_number_that_two_inboxes_list_is_refused(loaded: Callable[..., Settings], senders: list[str]) -> None:
    """A text to it could appear in either; the sentence names both settings and the cure."""
    with pytest.raises(BadSettings) as wrong:
        loaded(senders__twin=TWIN, inboxes__sales={"channel": "C0SALES", "senders": senders})
    assert "inboxes.support.senders and inboxes.sales.senders list the same number" in str(wrong.value)
    assert "List it in one of them." in str(wrong.value)
    assert SYDNEY not in str(wrong.value)


def test_inboxes_may_share_names_and_leases(loaded: Callable[..., Settings]) -> None:
    """Nobody texts to a name, and a lease belongs to one conversation; one inbox may list a number twice."""
    shared = {"channel": "C0SALES", "senders": ["leased", "name"]}
    settings = loaded(
        senders__twin=TWIN, inboxes__support__senders=["leased", "name", "twin", "sydney"], inboxes__sales=shared
    )
    assert settings.inbox_by_sender["leased"] == "support"


def test_the_sender_of_a_number_is_one_that_an_inbox_lists(loaded: Callable[..., Settings]) -> None:
    """Two senders may have the same number; a text to it belongs to the inbox of the one that an inbox lists."""
    assert loaded(senders__twin=TWIN).sender_by_address[("fone", SYDNEY)] == "sydney"
    assert loaded(senders__twin=TWIN, inboxes__support__senders=["twin"]).sender_by_address[("fone", SYDNEY)] == "twin"
