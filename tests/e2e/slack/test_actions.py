"""Buttons and thread commands: each acts once, for every person who may, however often people click."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.carriers.faults import Trouble
from sandbox.carriers.outcomes import Fate
from tests.e2e.team import CUSTOMER, Team

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def buttons(post: dict[str, Any]) -> list[str]:
    """Returns the labels of a post's buttons."""
    rows = [block["elements"] for block in post["blocks"] if block["type"] == "actions"]
    return [element["text"]["text"] for row in rows for element in row]


def line_posts(team: Team, root: str) -> list[dict[str, Any]]:
    """Returns the posts that are status lines."""
    return [post for post in team.below(root) if post["blocks"][0]["block_id"].startswith("k:line:")]


def card(team: Team, root: str) -> dict[str, Any]:
    """Returns the card of a thread."""
    return team.slack.thread(team.support, root)[0]


async def press(team: Team, post: dict[str, Any], do: str, user: str | None = None) -> None:
    """Clicks a button of a post."""
    await team.slack.click(user or team.anna, team.support, post["ts"], f"do:{do}")


async def test_another_sender_is_tried(team: Team) -> None:
    """The next sender of the inbox sends it, and the line says so."""
    team.fone.outcome(CUSTOMER, Fate.FAILED, times=1)
    root = await team.conversation()
    await team.reply(root, "By another way")
    await team.until(lambda: line_posts(team, root) and "Retry" in buttons(line_posts(team, root)[0]))
    await press(team, line_posts(team, root)[0], "other")
    await team.received(CUSTOMER, 1)
    assert team.phones.received(CUSTOMER)[0].from_number != team.sydney


@pytest.fixture
async def doubtful(tmp_path: Path) -> AsyncIterator[Team]:
    """A team whose provider accepts a text and drops the answer; the bot soon asks a person."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["timeouts"] = {**settings.get("timeouts", {}), "reconcile": [0.1], "provider": 1.0}

    async with Team(tmp_path, adapt) as team:
        yield team


async def _until_asked(team: Team) -> str:
    team.fone.faults.next(Trouble.DROP_AFTER)
    team.fone.faults.next(Trouble.RECEIPTS_NEVER)
    team.fone.faults.next(Trouble.ERROR_BEFORE, None, on="list")
    root = await team.conversation()
    await team.reply(root, "Maybe")
    await team.until(lambda: line_posts(team, root) and "Send again" in buttons(line_posts(team, root)[0]))
    return root


async def test_an_unknown_text_is_sent_again_only_by_a_person(doubtful: Team) -> None:
    """The bot sends nothing by itself; *Send again* sends it once."""
    root = await _until_asked(doubtful)
    await doubtful.quiet()
    assert len(doubtful.fone.accepted) == 1
    await press(doubtful, line_posts(doubtful, root)[0], "again")
    await doubtful.received(CUSTOMER, 2)
    await doubtful.until(lambda: "✓✓" in doubtful.lines(root)[0])


async def test_an_unknown_text_that_arrived_is_reconciled_by_a_person(doubtful: Team) -> None:
    """*It arrived* removes the question and sends nothing."""
    root = await _until_asked(doubtful)
    await press(doubtful, line_posts(doubtful, root)[0], "arrived")
    await doubtful.until(lambda: buttons(line_posts(doubtful, root)[0]) == [])
    assert len(doubtful.fone.accepted) == 1
    assert "✓ sent" in doubtful.lines(root)[0]


async def test_what_looks_like_a_note_is_asked_about(team: Team) -> None:
    """It goes out only if somebody confirms it; otherwise it stays in the team."""
    root = await team.conversation()
    await team.reply(root, "note: he is rude")
    await team.until(lambda: len(line_posts(team, root)) == 1)
    assert buttons(line_posts(team, root)[0]) == ["Text it", "Keep it"]
    await press(team, line_posts(team, root)[0], "discard")
    await team.until(lambda: buttons(line_posts(team, root)[0]) == [])
    await team.reply(root, "note: we open at 9")
    await team.until(lambda: len(line_posts(team, root)) == 2)
    await press(team, line_posts(team, root)[1], "send")
    assert await team.received(CUSTOMER, 1) == ["note: we open at 9"]


async def test_the_second_of_two_answers_is_asked_about(team: Team) -> None:
    """Ben answers just after Anna: his text waits until somebody confirms it."""
    root = await team.conversation()
    await team.reply(root, "On its way")
    await team.received(CUSTOMER, 1)
    await team.slack.say(team.ben, team.support, "It is on its way!", thread_ts=root)
    await team.until(lambda: any("colleague" in line for line in team.lines(root)))
    assert len(team.phones.received(CUSTOMER)) == 1


async def test_words_close_reopen_and_assign(team: Team) -> None:
    """The card follows the commands; the bot texts none of them."""
    root = await team.conversation()
    await team.reply(root, "!assign")
    await team.until(lambda: team.anna in card(team, root)["text"])
    await team.reply(root, "!close")
    await team.until(lambda: "*Closed*" in card(team, root)["text"])
    assert buttons(card(team, root)) == ["Reopen"]
    await press(team, card(team, root), "reopen")
    await team.until(lambda: "*Open*" in card(team, root)["text"])
    assert team.phones.received(CUSTOMER) == []


async def test_a_text_below_close_is_asked_about(team: Team) -> None:
    """The conversation closes; the text below goes out without the command once a person says so (the kind K14)."""
    root = await team.conversation()
    await team.reply(root, "!close\nThanks, bye")
    await team.until(lambda: "*Closed*" in card(team, root)["text"])
    await team.until(lambda: any("below a command" in line for line in team.lines(root)))
    assert team.phones.received(CUSTOMER) == []
    await press(team, line_posts(team, root)[0], "send")
    assert await team.received(CUSTOMER, 1) == ["Thanks, bye"]


async def test_assigning_nobody_says_so(team: Team) -> None:
    """Without a mention, `!assign nobody` assigns nobody, not its author."""
    root = await team.conversation()
    await team.reply(root, "!assign nobody")
    await team.until(lambda: any("Nobody was assigned" in each["text"] for each in team.slack.ephemerals(team.anna)))
    assert team.anna not in card(team, root)["text"]


async def test_a_template_in_a_thread_is_asked_about(team: Team) -> None:
    """Its name does not go out by itself."""
    root = await team.conversation()
    await team.reply(root, "#greet")
    await team.until(lambda: any("template" in line for line in team.lines(root)))
    assert team.phones.received(CUSTOMER) == []


async def test_later_on_one_line(team: Team) -> None:
    """The text behind the time is scheduled."""
    root = await team.conversation()
    await team.reply(root, "!later in 2 hours hello")
    await team.until(lambda: bool(team.rows("SELECT 1 FROM messages WHERE state = 'scheduled'")))


async def test_opting_out_by_a_button_binds(team: Team) -> None:
    """Nothing goes out after it, and the thread gives the reason."""
    root = await team.conversation()
    await press(team, card(team, root), "opt_out")
    await team.until(lambda: "Opt in again" in buttons(card(team, root)))
    await team.reply(root, "One more offer")
    await team.until(lambda: any("opted out" in line for line in team.lines(root)))
    assert team.fone.accepted == []


async def test_an_alert_is_acknowledged_once(team: Team) -> None:
    """The post names the first person who clicks, and the button goes."""
    team.fone.outcome(CUSTOMER, Fate.FAILED, times=1)
    root = await team.conversation()
    await team.reply(root, "Hello?")
    await team.until(lambda: len(team.alerted()) == 1)
    alert = team.slack.see(team.alerts)[0]
    await team.slack.click(team.ben, team.alerts, alert["ts"], "do:acknowledge")
    await team.until(lambda: "Acknowledge" not in buttons(team.slack.see(team.alerts)[0]))


async def test_strangers_and_guests_may_not_press(team: Team) -> None:
    """A guest's click changes nothing, and the bot answers privately."""
    guest = team.slack.add_user("gus", guest=True)
    await team.slack.join(team.support, guest)
    root = await team.conversation()
    await press(team, card(team, root), "close", guest)
    await team.until(lambda: team.told(guest))
    assert "*Open*" in card(team, root)["text"]


@pytest.mark.parametrize("mode", ["mention", "confirm", "off"])
async def test_reply_modes(tmp_path: Path, mode: str) -> None:
    """Mention: only replies that mention the bot first; confirm: only confirmed replies; off: none."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["inboxes"]["support"]["reply_mode"] = mode

    async with Team(tmp_path, adapt) as team:
        root = await team.conversation()
        await team.reply(root, "Talk among us")
        await team.quiet()
        assert team.phones.received(CUSTOMER) == []
        if mode == "mention":
            us = {"type": "user", "user_id": team.slack.bot_user_id}
            await team.slack.say(team.anna, team.support, [us, {"type": "text", "text": " Hello you"}], thread_ts=root)
            assert await team.received(CUSTOMER, 1) == ["Hello you"]
        if mode == "confirm":
            await team.until(lambda: line_posts(team, root))
            await press(team, line_posts(team, root)[0], "send")
            assert await team.received(CUSTOMER, 1) == ["Talk among us"]


async def test_an_alert_is_over_when_its_text_arrived(team: Team) -> None:
    """Somebody retries from the alert channel, the text arrives, the alert resolves."""
    team.fone.outcome(CUSTOMER, Fate.FAILED, times=1)
    root = await team.conversation()
    await team.reply(root, "Hello?")
    await team.until(lambda: len(team.alerted()) == 1)
    alert = team.slack.see(team.alerts)[0]
    await team.slack.click(team.ben, team.alerts, alert["ts"], "do:retry_all")
    assert await team.received(CUSTOMER, 1) == ["Hello?"]
    await team.until(lambda: team.alerted()[0].startswith("Resolved"))
    assert buttons(team.slack.see(team.alerts)[0]) == []


async def test_two_people_press_at_once(team: Team) -> None:
    """Whatever two people press on one failed text at the same time: it goes out once, and its buttons go."""
    team.fone.outcome(CUSTOMER, Fate.FAILED, times=1)
    root = await team.conversation()
    await team.reply(root, "Hello?")
    await team.until(lambda: line_posts(team, root) and "Retry" in buttons(line_posts(team, root)[0]))
    line = line_posts(team, root)[0]["ts"]
    pressed = [(team.anna, "retry"), (team.ben, "retry"), (team.ben, "other"), (team.anna, "retry")]
    used = [team.slack.click(who, team.support, line, f"do:{what}") for who, what in pressed]
    assert not any(each.error for each in await asyncio.gather(*used))
    card = [team.slack.click(who, team.support, root, "do:close") for who in (team.anna, team.ben)]
    assert not any(each.error for each in await asyncio.gather(*card))
    assert await team.received(CUSTOMER, 1) == ["Hello?"]
    await team.until(lambda: "Reopen" in buttons(team.slack.thread(team.support, root)[0]))
    await team.quiet()
    assert [text.text for text in team.phones.received(CUSTOMER)] == ["Hello?"]
    assert len(team.requests()) == 2
    assert buttons(line_posts(team, root)[0]) == []


async def test_giving_up_ends_it(team: Team) -> None:
    """The buttons go, nothing is sent; nothing is left to decide, so the alert is over too."""
    team.fone.outcome(CUSTOMER, Fate.FAILED, times=1)
    root = await team.conversation()
    await team.reply(root, "Never mind")
    await team.until(lambda: line_posts(team, root) and "Retry" in buttons(line_posts(team, root)[0]))
    await press(team, line_posts(team, root)[0], "give_up")
    await team.until(lambda: buttons(line_posts(team, root)[0]) == [])
    await team.until(lambda: bool(team.alerted()) and team.alerted()[0].startswith("Resolved"))
    assert len(team.fone.accepted) == 1
