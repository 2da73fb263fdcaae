"""A stop or a kill at any moment: nothing is lost, nothing happens twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sandbox.carriers.faults import Trouble
from tests.e2e.team import ANOTHER, CUSTOMER, SILENT, Installed, Team

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.nursery import Nursery


# --- stopped by an operator -------------------------------------------------------------------------------------------


async def test_jobs_that_wait_are_done_after_a_restart(team: Team) -> None:
    """The next process sends once a reply that could not be handed over."""
    root = await team.conversation()
    await team.fone.unplug()
    await team.reply(root, "Hi")
    await team.until(lambda: [attempt["outcome"] for attempt in team.attempts()] == ["not sent"])
    await team.stop_bot()
    await team.fone.plug()
    await team.start_bot()
    assert await team.received(CUSTOMER, 1) == ["Hi"]
    await team.until(lambda: any("delivered" in line for line in team.lines(root)))
    assert team.accepted("Hi") == 1


async def test_what_waits_to_be_shown_is_shown_once_after_a_restart(team: Team) -> None:
    """Slack was down when the bot stopped."""
    await team.conversation(CUSTOMER, "Before")
    await team.slack.go_down()
    await team.phones.send(CUSTOMER, team.sydney, "Meanwhile")
    await team.stop_bot()
    await team.slack.come_up()
    await team.start_bot()
    await team.until(lambda: "Meanwhile" in team.shown(CUSTOMER))
    await team.quiet()
    assert team.shown(CUSTOMER) == "Before\nMeanwhile"


async def test_a_text_that_comes_while_the_bot_is_off_comes_by_the_carriers_next_try(team: Team) -> None:
    """Nobody answers the webhook; the carrier calls again, and the text appears once."""
    team.fone.settings.retries = (0.3, 0.3, 0.3, 0.3, 0.3, 0.3)
    await team.stop_bot()
    await team.phones.send(CUSTOMER, team.sydney, "Hello")
    await team.start_bot()
    await team.until(lambda: "Hello" in team.shown(CUSTOMER))
    await team.quiet()
    assert team.shown(CUSTOMER) == "Hello"


async def test_what_slack_delivers_again_after_a_restart_is_known(team: Team) -> None:
    """The ack was lost, the bot restarted, the event comes again: the reply went out once."""
    root = await team.conversation()
    team.slack.faults.ignore_acks(times=2)
    await team.reply(root, "Hi")
    await team.received(CUSTOMER, 1)
    await team.stop_bot()
    await team.start_bot()
    await team.until(lambda: all(one.is_over for one in team.slack.deliveries.log))
    await team.quiet()
    assert team.accepted("Hi") == 1


async def test_a_stop_lets_the_request_under_way_end(team: Team) -> None:
    """The bot still records the result of a send that was under way when it stopped."""
    root = await team.conversation()
    team.fone.faults.hang_seconds = 0.3
    team.fone.faults.next(Trouble.HANG_AFTER)
    await team.reply(root, "Hi")
    await team.until(lambda: bool(team.requests()))
    await team.stop_bot()
    assert [attempt["outcome"] for attempt in team.attempts()] != [None]
    await team.start_bot()
    await team.until(lambda: any("delivered" in line for line in team.lines(root)))
    assert len(team.requests()) == 1


async def test_leases_opt_outs_and_threads_outlive_a_restart(team: Team) -> None:
    """The bot knows them all after the restart."""
    root = await team.conversation()
    await team.reply(root, "Hi")
    await team.received(CUSTOMER, 1)
    other = await team.conversation(ANOTHER, "STOP")
    await team.received(ANOTHER, 1)
    await team.quiet()
    await team.stop_bot()
    await team.start_bot()
    await team.phones.send(CUSTOMER, team.phones.received(CUSTOMER)[0].from_number, "To the lease")
    await team.until(lambda: "To the lease" in team.shown(CUSTOMER))
    assert team.roots(CUSTOMER) == [root]
    await team.reply(other, "An offer")
    await team.until(lambda: any("opted out" in line for line in team.lines(other)))
    assert len(team.phones.received(ANOTHER)) == 1


# --- killed -----------------------------------------------------------------------------------------------------------


async def test_a_kill_while_texts_are_being_sent(tmp_path: Path, nursery: Nursery) -> None:
    """Neither is sent again by itself: the provider knows of the one, about the other a person is asked."""
    async with Installed(tmp_path, nursery) as team:
        root, other = await team.conversation(SILENT, "One"), await team.conversation(CUSTOMER, "Two")
        team.fone.faults.next(Trouble.HANG_AFTER)
        await team.reply(root, "Taken")
        await team.received(SILENT, 1)
        team.fone.faults.next(Trouble.HANG_BEFORE)
        await team.reply(other, "Not taken")
        await team.until(lambda: len(team.requests()) == 2)
        await team.bot.kill()
        assert [attempt["outcome"] for attempt in team.attempts()] == [None, None]
        await team.bot.start()
        await team.until(lambda: team.attempts()[0]["reconciled_by"] == "the provider's list")
        await team.until(lambda: any("may not have gone out" in line for line in team.lines(other)))
        await team.quiet()
        assert (team.accepted("Taken"), len(team.requests())) == (1, 2)
        assert not team.phones.received(CUSTOMER)


async def test_a_kill_while_everything_is_under_way(tmp_path: Path, nursery: Nursery) -> None:
    """A card just posted, texts and a reply on their way: in the end each of them is there exactly once."""
    async with Installed(tmp_path, nursery) as team:
        team.fone.settings.retries = (0.3,) * 20
        root = await team.conversation()
        team.slack.faults.delay("chat.postMessage", seconds=20.0, after=True)
        posted = len(team.slack.calls.of("chat.postMessage"))
        await team.phones.send(ANOTHER, team.sydney, "I am new")
        await team.until(lambda: any(call.done for call in team.slack.calls.of("chat.postMessage")[posted:]))
        await asyncio.gather(team.phones.send(CUSTOMER, team.sydney, "In"), team.reply(root, "Out"))
        await team.bot.kill()
        await team.phones.send(CUSTOMER, team.sydney, "While it was dead")
        await team.bot.start()
        expected = [(ANOTHER, "I am new"), (CUSTOMER, "In"), (CUSTOMER, "While it was dead")]
        await team.until(lambda: all(text in team.shown(phone) for phone, text in expected))
        await team.until(lambda: team.lines(root))
        await team.quiet()
        assert [team.shown(phone).count(text) for phone, text in expected] == [1, 1, 1]
        assert len(team.slack.see(team.support)) == 2
        assert team.accepted("Out") == 1 or "may not have gone out" in team.lines(root)[0]
