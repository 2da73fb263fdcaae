"""The bot notices lost threads and closed channels in Slack, recovers, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.slack.client.startup import CannotStart
from tests.e2e.team import ANOTHER, CUSTOMER, Team

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def quick(tmp_path: Path) -> AsyncIterator[Team]:
    """A team whose bot soon retries a channel that accepts no posts."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["timeouts"] = {**settings.get("timeouts", {}), "channel": 0.2}

    async with Team(tmp_path, adapt) as team:
        yield team


async def test_what_becomes_of_a_channel_is_told_before_anything_is_lost(quick: Team) -> None:
    """Archived, left, renamed, back again: the alert channel knows from Slack's event, even with nothing to post."""
    team = quick
    await team.slack.archive(team.support)
    closed = f"Can't post in <#{team.support}>, the channel of support. Slack says it's archived."
    await team.until(lambda: any(closed in alert for alert in team.alerted()))
    await team.slack.unarchive(team.support)
    await team.until(lambda: any("Resolved" in alert for alert in team.alerted()))
    await team.slack.rename(team.support, "customers")
    await team.until(lambda: any("called #customers now" in alert for alert in team.alerted()))
    await team.slack.leave(team.support)
    await team.until(lambda: any("the app isn't in" in alert for alert in team.alerted()))
    await team.slack.join(team.support)
    await team.until(lambda: sum("Resolved" in alert for alert in team.alerted()) == 3)
    assert await team.conversation()


async def test_a_channel_that_closed_while_we_were_away_is_noticed_at_the_start(quick: Team) -> None:
    """No event says so: the sweep finds it, and still sweeps the other inboxes."""
    team = quick
    await team.conversation()
    await team.stop_bot()
    await team.slack.leave(team.support)
    await team.start_bot()
    await team.until(lambda: any("the app isn't in" in alert for alert in team.alerted()))


async def test_a_channel_with_another_id_keeps_its_threads(quick: Team) -> None:
    """Its posts continue under the new id; an alert names the setting, and after its change replies go out again."""
    team = quick
    root = await team.conversation()
    new = await team.slack.change_channel_id(team.support)
    await team.until(lambda: any(f"Set inboxes.support.channel to {new}" in alert for alert in team.alerted()))
    team.support = new
    await with_channel(team, new)
    await team.until(lambda: any("Resolved" in alert for alert in team.alerted()))
    await team.reply(root, "Still here")
    assert await team.received(CUSTOMER, 1) == ["Still here"]
    await team.phones.send(CUSTOMER, team.sydney, "Good")
    await team.until(lambda: "Good" in team.shown(CUSTOMER))
    assert team.root(CUSTOMER) == root


async def with_channel(team: Team, channel: str) -> None:
    """The operator gives the inbox another channel and restarts the bot."""
    await team.stop_bot()
    inbox = team.bot_settings.inboxes["support"].model_copy(update={"channel": channel})
    others = {name: each for name, each in team.bot_settings.inboxes.items() if name != "support"}
    team.bot_settings = team.bot_settings.model_copy(update={"inboxes": {"support": inbox, **others}})
    await team.start_bot()


async def test_an_inbox_with_another_channel_keeps_its_threads(quick: Team) -> None:
    """Open threads stay in their channel; new threads open in the new one."""
    team = quick
    root = await team.conversation()
    old = team.support
    new = team.slack.add_channel("helpdesk")
    await with_channel(team, new)
    await team.reply(root, "Still here")
    assert await team.received(CUSTOMER, 1) == ["Still here"]
    await team.phones.send(ANOTHER, team.sydney, "I am new")
    await team.until(lambda: any("I am new" in str(post) for post in team.slack.thread(new, first(team, new))))
    await team.slack.archive(old)
    await team.phones.send(CUSTOMER, team.sydney, "And I am not")
    await team.until(lambda: len(roots(team, new)) == 2)
    moved = roots(team, new)[-1]
    await team.until(lambda: "The conversation continues here" in str(team.slack.thread(new, moved)))
    await team.until(lambda: "And I am not" in str(team.slack.thread(new, moved)))
    await team.slack.say(team.anna, new, "Welcome", thread_ts=moved)
    assert (await team.received(CUSTOMER, 2))[1] == "Welcome"


async def test_an_inbox_with_open_conversations_is_not_forgotten(quick: Team) -> None:
    """Without its old name its threads would get no replies, so the start fails with a cure."""
    team = quick
    await team.conversation()
    await team.stop_bot()
    inboxes = {"helpdesk" if name == "support" else name: each for name, each in team.bot_settings.inboxes.items()}
    team.bot_settings = team.bot_settings.model_copy(update={"inboxes": inboxes})
    with pytest.raises(CannotStart, match=r"Put inboxes\.support back"):
        await team.open_bot()


def roots(team: Team, channel: str) -> list[str]:
    """Returns the cards in a channel."""
    return [post["ts"] for post in team.slack.see(channel) if post.get("bot_id") and "blocks" in post]


def first(team: Team, channel: str) -> str:
    """Returns the first card in a channel, or an empty string."""
    return next(iter(roots(team, channel)), "")


async def test_after_a_while_a_closed_conversation_goes_on_in_a_new_thread(tmp_path: Path) -> None:
    """Both cards link to each other, and only the newer one can be open."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["inboxes"]["support"] |= {"reopen_days": 0, "broadcast_hours": 0}

    async with Team(tmp_path, adapt) as team:
        root = await team.conversation()
        await team.phones.send(CUSTOMER, team.sydney, "Anybody there?")
        await team.until(lambda: any("Anybody there?" in str(post) for post in team.slack.see(team.support)))
        await team.reply(root, "!close")
        await team.until(lambda: "Closed" in team.card(root))
        await team.phones.send(CUSTOMER, team.sydney, "One thing more")
        await team.until(lambda: len(team.roots(CUSTOMER)) > 1)
        newer = max(team.roots(CUSTOMER), key=float)
        await team.until(lambda: "One thing more" in str(team.slack.thread(team.support, newer)))
        await team.until(lambda: "previous conversation" in team.card(newer))
        await team.until(lambda: "continued in" in team.card(root))
        await team.slack.click(team.anna, team.support, root, "do:reopen")
        await team.until(lambda: any("newer thread" in told for told in team.told()))
        assert "Closed" in team.card(root)


async def test_an_archived_channel_is_told_and_loses_nothing(quick: Team) -> None:
    """Posts wait, and an alert gives the reason; after the channel is back, everything appears in order."""
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
