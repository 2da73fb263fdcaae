"""Every form of event, command and click from Slack, sent to the bot as signed HTTP.

Each file in `tests/fixtures/slack/` names the source of its form, the intake kind that it becomes (null: the bot
acknowledges and ignores it), and the text that must then arrive on the customer's phone (nothing, if the file does not
say; `unproved` leaves that to other tests). `line` is in the status line of the reply then, and `told` in what only
Anna reads. `users_info` is what Slack says of a user who is unknown here. `$names` stand for the ids of the workspace.
"""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from slack_sdk.signature import SignatureVerifier

from sandbox.slack.store import User
from tests.e2e.team import Team

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "slack").glob("*.json"))
_numbers = itertools.count(100)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def team(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Team]:
    """One team in HTTP mode for all the files; each file has its own customer."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["timeouts"]["card"] = 1000.0  # Slack accepts less than one edit a second
        settings["inboxes"]["support"]["ask_second"] = 0  # Anna answers before each form comes

    async with Team(tmp_path_factory.mktemp("team"), adapt, http=True) as team:
        team.slack.world.store.channel(team.support).is_shared = True
        yield team


def read(path: Path) -> dict[str, Any]:
    """Returns one form from Slack."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


async def deliver(team: Team, fixture: dict[str, Any], names: dict[str, str]) -> tuple[int, str]:
    """Sends the request as Slack does; returns the status and the answer."""
    body = json.loads(Template(json.dumps(fixture["body"])).substitute(names))
    if fixture.get("kind") == "command":
        written, form = urlencode(body), "application/x-www-form-urlencoded"
    elif fixture.get("kind") == "interaction":
        written, form = urlencode({"payload": json.dumps(body)}), "application/x-www-form-urlencoded"
    else:
        written, form = json.dumps(body), "application/json"
    now = str(int(time.time()))
    signature = SignatureVerifier(team.slack.signing_secret).generate_signature(timestamp=now, body=written)
    headers = {"Content-Type": form, "X-Slack-Signature": str(signature), "X-Slack-Request-Timestamp": now}
    return await team.call(f"{team.url}/slack/events", data=written, headers=headers)


async def a_conversation(team: Team) -> tuple[str, dict[str, str]]:
    """A new customer with a thread and one texted reply; returns the phone and the values of the `$names`."""
    number = next(_numbers)
    phone = f"+61488024{number}"
    thread = await team.conversation(phone)
    said = await team.reply(thread, "On our wya")
    await team.received(phone, 1)
    await team.quiet()
    (row,) = team.rows("SELECT id FROM conversations WHERE thread_ts = :thread", thread=thread)
    now = time.time()
    names = {
        "team": team.slack.team_id,
        "channel": team.support,
        "app": team.slack.app_id,
        "bot": team.slack.bot_id,
        "bot_user": team.slack.bot_user_id,
        "user": team.anna,
        "guest": team.slack.add_user(f"guest{number}", guest=True),
        "stranger": team.slack.add_user(f"stranger{number}", stranger=True),
        "their_team": "T0THEIRS01",
        "thread": thread,
        "said": said,
        "ts": f"{now:.6f}",
        "later": f"{now + 1:.6f}",
        "event_id": f"Ev{number}",
        "trigger": f"{number}.trigger",
        "response_url": f"{team.slack.api_url}response",
        "conversation": str(row["id"]),
        "last": str(number),
    }
    return phone, names


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
async def test_each_form_becomes_what_it_must(team: Team, path: Path) -> None:
    """The bot answers 200, stores it as the file says or not at all, and nothing else reaches a phone."""
    fixture = read(path)
    phone, names = await a_conversation(team)
    if fixture.get("kind") == "command":
        phone = f"+61488023{names['last']}"
    before = team.phones.received(phone)
    seen, sent = len(taken_in(team)), len(team.requests())
    know(team, fixture, names)
    status, answer = await deliver(team, fixture, names)
    assert status == 200, answer
    await team.quiet()
    assert taken_in(team)[seen:] == ([fixture["becomes"]] if fixture["becomes"] else [])
    expected = [fixture["texted"]] if "texted" in fixture else []
    if "unproved" not in fixture:
        assert [request["Text"] for request in team.requests()[sent:]] == expected
        assert [text.text for text in team.phones.received(phone)][len(before) :] == expected
    await team.until(lambda: fixture.get("line", "") in "\n".join(team.lines(names["thread"])))
    await team.until(lambda: fixture.get("told", "") in "\n".join(team.told()))


def know(team: Team, fixture: dict[str, Any], names: dict[str, str]) -> None:
    """Makes `users.info` answer as the file says: a user object, or an error by the user's id."""
    found = json.loads(Template(json.dumps(fixture.get("users_info", {}))).substitute(names))
    if "id" not in found:
        for user, error in found.items():
            team.slack.hide_user(user, error)
    elif found["id"] != team.slack.world.store.slackbot.id:
        teams = tuple(found.get("enterprise_user", {}).get("teams", ()))
        user = User(found["id"], found["name"], found["team_id"], is_bot=found["is_bot"], teams=teams)
        team.slack.world.store.users[user.id] = user
        team.slack.world.store.channel(team.support).members.add(user.id)


def taken_in(team: Team) -> list[str]:
    """Returns the kinds of the intake rows from Slack, oldest first."""
    return [row["kind"] for row in team.rows("SELECT kind FROM intake WHERE source = 'slack' ORDER BY id")]


async def test_every_file_says_where_its_form_comes_from() -> None:
    """It also names its intake kind."""
    for path in FIXTURES:
        fixture = read(path)
        assert fixture["what"].endswith("."), path.name
        assert fixture["source"], path.name
        assert fixture["becomes"] in {None, "reply", "edit", "deletion", "loss", "channel", "command", "action"}, (
            path.name
        )
