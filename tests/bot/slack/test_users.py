"""Who may text: refusals of Slack to describe somebody, Slackbot, members of an Enterprise Grid, names in texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.slack.client.users import NOT_A_MEMBER, NOT_ALLOWED, UNCLEAR, Unclear
from bot.text import decode
from sandbox.slack.store import User
from tests.bot.slack.pretend_workspace import Connected, connected
from tests.storage.making import Clock, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SUPPORT = "inboxes__support__members"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Connected]:
    """A workspace whose simulated Slack answers."""
    async with opened(tmp_path / "threadline.db", Clock()) as database, connected(database) as place:
        yield place


async def may_text(place: Connected, user: str, **inbox: Any) -> str | None:
    """Returns why the user may not text from "support"."""
    support = place.workspace.settings.inboxes["support"].model_copy(update=inbox)
    return await place.workspace.users.may_text(user, support)


@pytest.mark.parametrize("code", ["user_not_found", "user_not_visible", "users_not_found"])
async def test_nobody_texts_whom_slack_does_not_show(place: Connected, code: str) -> None:
    """They get a sentence, not an endless wait, and no right of an admin."""
    place.slack.hide_user(place.anna, code)
    refusal = await may_text(place, place.anna)
    assert isinstance(refusal, Unclear)
    assert refusal == UNCLEAR
    assert not await place.workspace.users.is_admin(place.anna, [place.anna])


@pytest.mark.parametrize("code", ["missing_scope", "org_login_required", "a_new_code"])
async def test_any_other_refusal_names_its_code(place: Connected, code: str) -> None:
    """The operator has to look for the cause."""
    place.slack.hide_user(place.anna, code)
    assert f"({code})" in (await may_text(place, place.anna) or "")


@pytest.mark.parametrize("code", ["no_such_subteam", "missing_scope"])
async def test_a_user_group_that_slack_does_not_show_lets_nobody_text(place: Connected, code: str) -> None:
    """Slack refuses a group that an admin deleted or disabled."""
    place.slack.faults.error("usergroups.users.list", code, times=None)
    assert f"({code})" in (await may_text(place, place.anna, members=["S0GONE"]) or "")


async def test_slackbot_is_no_person(place: Connected) -> None:
    """Its user object says that it is no bot."""
    assert await may_text(place, "USLACKBOT") == NOT_ALLOWED


@pytest.mark.parametrize("flag", ["is_bot", "is_workflow_bot", "is_connector_bot"])
async def test_bots_of_each_kind_may_not_text(place: Connected, flag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack marks bots of workflows by a field of their own."""

    async def call(_method: str, **_arguments: str) -> dict[str, Any]:
        return {"user": {"id": "U0FLOW", "team_id": place.slack.team_id, "name": "flow", flag: True}}

    monkeypatch.setattr(place.workspace.slack, "call", call)
    assert await may_text(place, "U0FLOW") == NOT_ALLOWED


async def test_members_of_an_enterprise_grid_may_text_whatever_their_home(place: Connected) -> None:
    """Their `team_id` is that of another workspace; only `enterprise_user.teams` has ours."""
    grace = place.slack.add_user("grace", grid=True)
    assert await may_text(place, grace) is None
    assert await may_text(place, grace, members=[place.anna]) == NOT_A_MEMBER


async def test_members_of_another_workspace_of_the_grid_may_not_text(place: Connected) -> None:
    """They belong to the organisation, and not to our workspace."""
    store = place.slack.world.store
    store.users["W0OTHER"] = User("W0OTHER", "otto", "T0OTHER", teams=("T0OTHER", "T0THIRD"))
    assert await may_text(place, "W0OTHER") == NOT_ALLOWED


async def test_a_mention_of_somebody_whom_slack_does_not_show(place: Connected) -> None:
    """Their label is their name; without one the text can't go out, and says why."""
    place.slack.hide_user("U0GONE")
    typed = {"text": "<@U0GONE|gone> and <@U0GONE> will call"}
    names = await place.workspace.users.names_for(typed)
    assert decode.to_text({"text": "<@U0GONE|gone> will call"}, names) == "gone will call"
    with pytest.raises(decode.CannotBeTexted, match="name of a person"):
        decode.to_text(typed, names)


async def test_an_older_name_is_used_for_somebody_whom_slack_does_not_show_any_more(tmp_path: Path) -> None:
    """Slack showed it before."""
    clock = Clock()
    async with opened(tmp_path / "threadline.db", clock) as database, connected(database) as place:
        typed = {"text": f"<@{place.anna}> will call"}
        await place.workspace.users.names_for(typed)
        place.slack.hide_user(place.anna)
        clock.wait(2 * 3_600)
        names = await place.workspace.users.names_for(typed)
        assert decode.to_text(typed, names) == "anna will call"
