"""What happens to threads and channels in Slack is noticed and made good, never silently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.team import CUSTOMER, Team

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


async def test_a_deleted_card_opens_a_new_thread_that_says_so(team: Team) -> None:
    """The conversation goes on below a new card, at once; replies there are texted."""
    root = await team.conversation()
    await team.reply(root, "With replies it leaves a tombstone")
    await team.received(CUSTOMER, 1)
    await team.slack.delete(team.slack.bot_user_id, team.support, root)
    await team.until(lambda: any(found != root for found in team.roots(CUSTOMER)))
    (new,) = [found for found in team.roots(CUSTOMER) if found != root]
    await team.until(lambda: any("deleted" in post["text"] for post in team.below(new)))
    await team.reply(new, "Here we are")
    assert (await team.received(CUSTOMER, 2))[1] == "Here we are"


@pytest.fixture
async def quick(tmp_path: Path) -> AsyncIterator[Team]:
    """A team whose bot soon tries again at a channel that takes nothing."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["patience"] = {**settings.get("patience", {}), "channel": 0.2}

    async with Team(tmp_path, adapt) as team:
        yield team


async def test_what_becomes_of_a_channel_is_told_before_anything_is_lost(quick: Team) -> None:
    """Archived, left, renamed and there again: the alert channel knows by Slack's event, with nothing to post."""
    team = quick
    await team.slack.archive(team.support)
    await team.until(lambda: any("archived" in alert for alert in team.alerted()))
    await team.slack.unarchive(team.support)
    await team.until(lambda: any("Resolved" in alert for alert in team.alerted()))
    await team.slack.rename(team.support, "customers")
    await team.until(lambda: any("called #customers now" in alert for alert in team.alerted()))
    await team.slack.leave(team.support)
    await team.until(lambda: any("the app is not in" in alert for alert in team.alerted()))
    await team.slack.join(team.support)
    await team.until(lambda: sum("Resolved" in alert for alert in team.alerted()) == 3)
    assert await team.conversation()


async def test_a_channel_that_closed_while_we_were_away_is_noticed_at_the_start(quick: Team) -> None:
    """No event says so then: the sweep meets it, and the other inboxes are swept all the same."""
    team = quick
    await team.conversation()
    await team.stop_bot()
    await team.slack.leave(team.support)
    await team.start_bot()
    await team.until(lambda: any("the app is not in" in alert for alert in team.alerted()))


async def test_a_channel_with_another_id_keeps_its_threads(quick: Team) -> None:
    """Its posts go on under the new id; the settings are named, and once they are right, replies are taken again."""
    team = quick
    root = await team.conversation()
    new = await team.slack.change_channel_id(team.support)
    await team.until(lambda: any(f"Set inboxes.support.channel to {new}" in alert for alert in team.alerted()))
    await team.stop_bot()
    team.support = new
    team.bot_settings = team.bot_settings.model_copy(
        update={"inboxes": {"support": team.bot_settings.inboxes["support"].model_copy(update={"channel": new})}}
    )
    await team.start_bot()
    await team.until(lambda: any("Resolved" in alert for alert in team.alerted()))
    await team.reply(root, "Still here")
    assert await team.received(CUSTOMER, 1) == ["Still here"]
    await team.phones.send(CUSTOMER, team.sydney, "Good")
    await team.until(lambda: "Good" in team.shown(CUSTOMER))
    assert team.root(CUSTOMER) == root


async def test_an_archived_channel_is_told_and_loses_nothing(quick: Team) -> None:
    """What cannot be posted waits, and an alert says why; unarchived, everything is shown in order."""
    team = quick
    await team.conversation()
    await team.slack.archive(team.support)
    await team.phones.send(CUSTOMER, team.sydney, "First while away")
    await team.phones.send(CUSTOMER, team.sydney, "Second while away")
    await team.until(lambda: any("archived" in alert for alert in team.alerted()))
    await team.slack.unarchive(team.support)
    await team.slack.join(team.support)
    await team.until(lambda: "Second while away" in team.shown(CUSTOMER))
    assert team.shown(CUSTOMER).index("First while away") < team.shown(CUSTOMER).index("Second while away")
    await team.until(lambda: any("Resolved" in alert for alert in team.alerted()))
