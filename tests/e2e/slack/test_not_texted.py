"""Posts that look like replies and are not texted, with the word to their author; requests of other workspaces."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from bot.conversations import late_changes
from bot.slack.app.app_posts import BY_A_WORKFLOW, IN_A_PERSONS_NAME
from bot.slack.app.installation import ELSEWHERE
from bot.slack.app.modal_loader import TOO_LATE
from sandbox.carriers.faults import Trouble
from sandbox.slack.people.messaging import a_forward
from tests.e2e.slack.test_event_forms import FIXTURES, a_conversation, deliver, read, taken_in
from tests.e2e.team import CUSTOMER, Team

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")

STORED = [path for path in FIXTURES if read(path)["becomes"] is not None]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def team(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Team]:
    """One team in HTTP mode for all the tests."""
    async with Team(tmp_path_factory.mktemp("team"), http=True) as team:
        yield team


async def test_posts_that_no_person_wrote(team: Team) -> None:
    """Slackbot, an app with Anna's token, a workflow and a bot: no text; Anna and the thread read why."""
    root = await team.conversation()
    bot = team.slack.add_user("build", bot=True)
    flow = team.slack.add_user("flow", bot=True)
    await team.slack.slackbot_says(team.support, "We are closed on Sundays", root)
    await team.slack.post_as(team.anna, team.support, "On its way", root)
    await team.slack.post_as(team.anna, team.support, "!note for us", root)
    await team.slack.post_as(flow, team.support, "Thanks for waiting", root, workflow=True)
    await team.slack.post_as(bot, team.support, "Build failed", root)
    await team.until(lambda: team.told() and team.notices(root))
    await team.quiet()
    assert team.told() == [IN_A_PERSONS_NAME.format(app="Helper")]
    assert team.notices(root) == [BY_A_WORKFLOW]
    assert team.phones.received(CUSTOMER) == []
    assert taken_in(team) == []


async def test_requests_for_another_workspace_do_nothing(team: Team) -> None:
    """Slack signs them with our secret; each form that we store is refused, with the answer Slack expects."""
    _, names = await a_conversation(team)
    before = taken_in(team)
    for path in STORED:
        fixture = read(path)
        status, answer = await deliver(team, fixture, {**names, "team": "T0OTHER001"})
        assert status == 200, path.stem
        said: dict[str, Any] = json.loads(answer) if answer else {}
        if fixture.get("kind") == "command":
            assert said == {"response_type": "ephemeral", "text": ELSEWHERE}
        else:
            assert said == {}
    submitted = {
        "kind": "interaction",
        "body": {
            "type": "view_submission",
            "team": {"id": "T0OTHER001"},
            "user": {"id": "U1"},
            "view": {"id": "V1", "type": "modal", "callback_id": "compose", "state": {"values": {}}},
        },
    }
    assert json.loads((await deliver(team, submitted, names))[1])["response_action"] == "update"
    assert taken_in(team) == before


async def test_an_event_of_a_channel_that_is_shared_with_another_organisation_is_ours(team: Team) -> None:
    """Its `team_id` is that of the other organisation, and its authorization is ours."""
    phone, names = await a_conversation(team)
    fixture = read(next(path for path in FIXTURES if path.stem == "message"))
    fixture["body"] |= {"team_id": "T0THEIRS01", "enterprise_id": "E0THEIRS01", "context_team_id": "T0THEIRS01"}
    await deliver(team, fixture, names)
    await team.received(phone, 2)


async def test_notes_and_texts_that_become_the_other_by_an_edit(team: Team) -> None:
    """A note stays one, a text that is out stays out, and one that waits becomes a note; each says so."""
    root = await team.conversation("+61488023777")
    told = len(team.told())
    note = await team.reply(root, "!note he is angry")
    await team.quiet()
    await team.slack.edit(team.anna, team.support, note, "Sorry for the wait")
    await team.until(lambda: team.told()[told:] == [late_changes.EDITED_NOTE])
    await team.slack.edit(team.anna, team.support, note, "!close")
    await team.until(lambda: team.told()[told + 1 :] == [late_changes.EDITED_COMMAND])
    text = await team.reply(root, "On its way")
    await team.received("+61488023777", 1)
    await team.slack.edit(team.anna, team.support, text, "!note on its way")
    await team.until(lambda: team.told()[told + 2 :] == [late_changes.EDITED_TO_NOTE])
    asked = await team.reply(root, "note: call her")
    await team.until(lambda: any("looks like a note" in line for line in team.lines(root)))
    await team.slack.edit(team.anna, team.support, asked, "!note call her")
    await team.until(lambda: any(late_changes.NOW_A_NOTE in line for line in team.lines(root)))
    await team.quiet()
    assert len(team.phones.received("+61488023777")) == 1


async def test_edits_and_deletions_of_a_refused_reply(team: Team) -> None:
    """Nothing went out, so nobody reads that it did; and a refused reply is no answer of a colleague."""
    root = await team.conversation("+61488023666")
    told = len(team.told())
    team.fone.faults.next(Trouble.REFUSE)
    refused = await team.reply(root, "This is refused")
    await team.until(lambda: any("is not allowed" in line for line in team.lines(root)))
    await team.slack.edit(team.anna, team.support, refused, "This is better")
    await team.until(lambda: team.told()[told:] == [late_changes.EDITED_FAILED])
    await team.slack.say(team.ben, team.support, "On its way", thread_ts=root)
    assert await team.received("+61488023666", 1) == ["On its way"]
    await team.slack.delete(team.anna, team.support, refused)
    await team.until(lambda: any(late_changes.DELETED in line for line in team.lines(root)))
    assert len(team.told()) == told + 1


async def test_a_reply_below_a_deleted_card_is_shown_with_its_words(team: Team) -> None:
    """Its line is in the new thread, so the words and a link to them are above it."""
    phone = "+61488023888"
    root = await team.conversation(phone)
    await team.slack.delete(team.anna, team.support, root)
    await team.phones.send(phone, team.sydney, "Still there?")
    await team.until(lambda: "Still there?" in team.shown(phone))
    (new,) = team.roots(phone)
    written = await team.reply(root, "Yes, we are")
    await team.received(phone, 1)
    await team.until(lambda: team.lines(new))
    (line,) = [post for post in team.below(new) if "Yes, we are" in json.dumps(post["blocks"])]
    assert f"p{written.replace('.', '')}?thread_ts={root}" in json.dumps(line["blocks"]).replace("&amp;", "&")


@pytest.mark.parametrize("code", ["expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id"])
async def test_a_window_that_slack_refuses_is_answered(team: Team, code: str) -> None:
    """Bare `/sms` took too long, for example."""
    team.slack.faults.error("views.open", code)
    used = await team.slack.slash(team.anna, team.support, "/sms")
    await team.until(lambda: [post["text"] for post in used.posts] == [TOO_LATE])


@pytest.mark.parametrize("command", ["!later tomorrow 9:00", "!via sydney", "!reopen"])
async def test_text_below_a_command_does_not_go_without_a_forwarded_message(team: Team, command: str) -> None:
    """A command reads only the words below it."""
    root = await team.conversation("+61488023999")
    told = len(team.told())
    how: dict[str, Any] = {"attachments": [a_forward("Parcel 17")]}
    await team.reply(root, f"{command}\nSee below", **how)
    await team.until(lambda: "forwarded message" in "\n".join(team.told()[told:]))
    await team.quiet()
    assert team.rows("SELECT id FROM messages WHERE coalesce(text, '') || coalesce(typed, '') LIKE '%See below%'") == []
