"""`threadline doctor` names each fault with its cure, and shows no secret (issue F, point 3)."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from bot.operator import doctor
from bot.settings.loading import check
from bot.settings.model import Settings
from storage.engine.clock import SECOND, system_clock
from tests.e2e.operator.terminal import Written

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.operator.finding import Finding


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Written]:
    """A team with a running bot and its settings in a file."""
    async with Written(tmp_path) as team:
        yield team


async def examined(team: Written, **changed: Any) -> list[Finding]:
    """The findings of the doctor, with some settings of Slack changed."""
    written = {**team.written, "slack": {**team.written["slack"], **changed}}
    return await doctor.examine(check(Settings(**written)))


def wrong(found: list[Finding]) -> list[str]:
    """Returns the findings that are not ok, except for the sender that is not primed."""
    return [f"{each.what} {each.cure}" for each in found if not each.ok and each.check != "inbound"]


async def test_doctor_of_a_healthy_bot(team: Written) -> None:
    """It names only the sender that nobody primed, with its cure, and the exit code is 1."""
    code, out, _ = await team.command("doctor")
    failed = [line for line in out.splitlines() if not line.startswith("✓")]
    assert code == 1
    assert len(failed) == 1
    assert "`threadline prime denver" in failed[0]
    assert wrong(await examined(team)) == []
    await team.conversation()


async def test_doctor_names_scopes_and_channels(team: Written) -> None:
    """It names a scope that the code needs, a channel without the bot, and a channel that does not exist."""
    granted = tuple(scope for scope in team.slack.settings.scopes if scope != "users:read")
    team.slack.settings.scopes = granted
    await team.slack.leave(team.channels["london"])
    found = wrong(await examined(team, alert_channel="C0NOTHERE0"))
    assert len(found) == 3
    assert "lacks the scope users:read, for users.info" in found[0]
    assert any("#london (inbox london). In Slack, write `/invite" in each for each in found)
    assert any("C0NOTHERE0 (alerts): channel_not_found" in each for each in found)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"bot_token": "xoxb-wrong"}, "rejects slack.bot_token: invalid_auth"),
        ({"app_token": "xapp-wrong"}, "rejects slack.app_token: invalid_auth"),
        ({"api_url": "http://127.0.0.1:9/api/"}, "doesn't answer"),
    ],
)
async def test_doctor_names_wrong_tokens(team: Written, changed: dict[str, str], said: str) -> None:
    """A token that Slack refuses, or a Slack that does not answer, is one line without the token."""
    found = wrong(await examined(team, **changed))
    assert said in found[0]
    assert "wrong" not in str(found)


async def test_doctor_names_a_wrong_clock(team: Written) -> None:
    """It says by how much, and in which direction."""
    found = await doctor.examine(team.bot_settings, lambda: system_clock() - 200 * SECOND)
    (said,) = wrong(found)
    assert "seconds behind Slack's" in said


async def test_doctor_of_broken_settings_and_files(tmp_path: Path) -> None:
    """Unusable settings and a file that is not a database are findings like others."""
    async with Written(tmp_path, starts=False) as team:
        team.bot_settings.database.write_text("this is no database, though it is long enough to be taken for one" * 40)
        assert "can't read the database" in wrong(await examined(team))[0]
        team.file.write_text("nothing = 1\n")
        code, out, _ = await team.command("doctor", "--json")
        assert code == 1
        assert any("threadline.toml:1: nothing is not a setting." in each["what"] for each in json.loads(out))


# --- twelve faults and more -------------------------------------------------------------------------------------------

NOBODY = "http://127.0.0.1:9"


def adapted(written: dict[str, Any], **changes: Any) -> Settings:
    """Returns the settings with these changes, named as in `slack__mode="http"`."""
    settings = json.loads(json.dumps(written))
    for path, value in changes.items():
        *tables, name = path.split("__")
        table = settings
        for each in tables:
            table = table[each]
        table[name] = value
    return check(Settings(**settings))


async def test_every_fault_is_named_with_its_cure(team: Written, tmp_path: Path) -> None:
    """Each fault alone is one finding with its cure; the other checks remain ok."""
    healthy = {each.check for each in await examined(team) if each.ok}
    assert healthy >= {"settings", "disk", "database", "slack token", "slack scopes", "clock", "provider", "public url"}
    broken, newer = tmp_path / "broken.db", tmp_path / "newer.db"
    broken.write_bytes(b"this is no database" * 400)
    with closing(sqlite3.connect(newer)) as plain:
        plain.execute("CREATE TABLE migrations (version BIGINT, name TEXT, applied_at BIGINT)")
        plain.execute("INSERT INTO migrations VALUES (9999, 'of_the_future', 0)")
        plain.commit()
    faults: list[tuple[dict[str, Any], str, str]] = [
        ({"slack__bot_token": "xoxb-wrong"}, "rejects slack.bot_token", "Copy it again"),
        ({"slack__app_token": "xapp-wrong"}, "rejects slack.app_token", "Copy it again"),
        ({"slack__api_url": f"{NOBODY}/api/"}, "doesn't answer", "Check the network"),
        ({"slack__alert_channel": "C0NOTHERE0"}, "doesn't show us the channel C0NOTHERE0", "Check its id"),
        ({"accounts__fone__token": "wrong"}, "(fone) refused our request", "Copy the credentials under accounts.fone"),
        ({"accounts__fone__base_url": NOBODY}, "can't reach Fone Dynamics (fone)", "Check accounts.fone, the network"),
        ({"public_url": NOBODY}, f"can't reach {NOBODY}", "Check the DNS name"),
        ({"public_url": team.slack.api_url.removesuffix("/api/")}, "other than the bot answers", "Let the reverse"),
        ({"public_url": "http://sms.invalid"}, "is not encrypted", "Put a reverse proxy"),
        ({"database": str(broken)}, "can't read the database", "threadline restore"),
        ({"database": str(newer)}, "A newer version", "Install the newer version again"),
    ]
    for changes, what, cure in faults:
        found = wrong(await doctor.examine(adapted(team.written, **changes)))
        assert any(what in each and cure in each for each in found), (what, found)
        assert "wrong" not in str(found)
    assert "Only" in wrong(await doctor.examine(team.bot_settings, least_free=1 << 60))[0]


async def test_faults_of_the_workspace_are_named(team: Written) -> None:
    """A channel without the bot, a scope, a dead row, an unprimed sender and a wrong clock, at once."""
    await team.conversation()
    team.slack.settings.scopes = tuple(each for each in team.slack.settings.scopes if each != "files:write")
    await team.slack.leave(team.channels["london"])
    await team.call(f"{team.fone.settings.portal_webhook}?Kind=odd", data="<garbage")
    found = await doctor.examine(team.bot_settings, lambda: system_clock() + 200 * SECOND)
    told = [f"{each.what} {each.cure}" for each in found if not each.ok]
    for said in ("files:write", "/invite", "threadline dead list", "threadline prime", "ahead of Slack's"):
        assert any(said in each for each in told), said
