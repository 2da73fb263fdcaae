"""A text that is too long for a provider goes out in parts: in order, each once, with one line for all."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.carriers.faults import Trouble
from tests.e2e.team import Team, key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

BRITISH = "+447700900123"
LONG = " ".join(f"word{number:03}" for number in range(50))  # 399 characters: three texts at IOVOX
PARTS = 3


@pytest.fixture
async def london(tmp_path: Path) -> AsyncIterator[Team]:
    """A team whose texts use a provider with a limit of 159 characters, and which has a second sender."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["inboxes"]["london"] |= {"senders": ["voxnumber", "sydney"], "reply_mode": "reply"}
        settings["inboxes"]["support"]["senders"] = ["leased"]

    async with Team(tmp_path, adapt) as team:
        yield team


async def written(team: Team, text: str = LONG) -> None:
    """Anna sends a text from London."""
    await team.slack.slash(team.anna, team.channels["london"], "/sms", f"{BRITISH} {text}")


def line(team: Team) -> dict[str, Any]:
    """Returns the only status line in London."""
    channel = team.channels["london"]
    posts = [post for card in team.slack.see(channel) for post in team.slack.thread(channel, card["ts"])]
    (found,) = [post for post in posts if key(post).startswith("line:")]
    return found


def says(team: Team, *words: str) -> bool:
    """True if the line exists and has all these words."""
    try:
        told = team.slack.words(line(team))
    except ValueError:
        return False
    return all(word in told for word in words)


def whole(texts: list[str]) -> str:
    """Returns the text that a reader gets from the parts."""
    return " ".join(text.split(") ", 1)[1] for text in texts)


def sent(team: Team) -> list[str]:
    """Returns the texts that the provider accepted, in order."""
    return [each.text for each in team.iovox.accepted]


async def test_parts_go_in_order_and_have_one_line(london: Team) -> None:
    """Each has a number and is short enough; the next text of the conversation goes after the last part."""
    await written(london)
    await written(london, "And then this.")
    texts = await london.received(BRITISH, PARTS + 1)
    assert [text[:6] for text in texts[:PARTS]] == ["(1/3) ", "(2/3) ", "(3/3) "]
    assert whole(texts[:PARTS]) == LONG
    assert all(len(text) <= 160 for text in texts)
    assert texts[PARTS] == "And then this."
    rows = london.attempts()
    assert [(row["part"], row["try"]) for row in rows[:PARTS]] == [(1, 1), (2, 1), (3, 1)]
    assert all(later["started_at"] >= sooner["ended_at"] for sooner, later in pairwise(rows))
    (found,) = london.rows("SELECT segments FROM messages WHERE parts IS NOT NULL")
    assert found["segments"] == PARTS


async def test_a_receipt_settles_a_part_and_the_rest_goes(london: Team) -> None:
    """The provider accepted the second part and dropped its answer: after the receipt the third goes, none twice."""
    london.iovox.faults.next(Trouble.NOTHING)
    london.iovox.faults.next(Trouble.DROP_AFTER)
    await written(london)
    assert whole(await london.received(BRITISH, PARTS)) == LONG
    await london.quiet()
    assert [(row["part"], row["outcome"]) for row in london.attempts()] == [(n, "accepted") for n in (1, 2, 3)]


async def test_an_unknown_part_stops_the_rest_and_asks(london: Team) -> None:
    """Nothing more goes until somebody says that it arrived; then the rest goes, none twice."""
    london.iovox.faults.next(Trouble.DROP_AFTER)
    london.iovox.faults.next(Trouble.RECEIPTS_NEVER, None)
    await written(london)
    await london.until(lambda: says(london, "This may not have gone out"))
    await london.quiet()
    assert len(sent(london)) == 1
    await london.slack.click(london.anna, london.channels["london"], line(london)["ts"], "do:arrived")
    await london.received(BRITISH, PARTS)
    await london.quiet()
    assert whole(sent(london)) == LONG
    assert [row["part"] for row in london.attempts()] == [1, 2, 3]


async def test_a_retry_sends_only_what_is_not_out(london: Team) -> None:
    """A refused part stops the rest, and the line names it; a person's decision is about the rest only."""
    london.iovox.faults.next(Trouble.NOTHING)
    london.iovox.faults.next(Trouble.REFUSE)
    await written(london)
    await london.until(lambda: says(london, "Part 2 of 3", "Retry"))
    assert len(sent(london)) == 1
    for _ in range(2):
        await london.slack.click(london.anna, london.channels["london"], line(london)["ts"], "do:retry")
    assert whole(await london.received(BRITISH, PARTS)) == LONG
    await london.until(lambda: says(london, "delivered", "3 segments"))
    await london.quiet()
    tries = [(row["part"], row["try"], row["outcome"]) for row in london.attempts()]
    assert tries == [(1, 1, "accepted"), (2, 1, "refused"), (2, 2, "accepted"), (3, 1, "accepted")]
    assert "Retry" not in london.slack.words(line(london))


async def test_the_rest_may_go_by_another_sender(london: Team) -> None:
    """A person chooses the sender; the parts stay as they are."""
    london.iovox.faults.next(Trouble.NOTHING)
    london.iovox.faults.next(Trouble.REFUSE)
    await written(london)
    await london.until(lambda: says(london, "Part 2 of 3"))
    await london.received(BRITISH, 1)
    await london.slack.click(london.anna, london.channels["london"], line(london)["ts"], "do:other")
    assert whole(await london.received(BRITISH, PARTS)) == LONG
    assert [row["sender"] for row in london.attempts()] == ["voxnumber", "voxnumber", "sydney", "sydney"]


async def test_more_than_the_inbox_allows_is_refused_with_a_sentence(tmp_path: Path) -> None:
    """Parts cost more segments than one joined text; without splitting, the provider's limit applies."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["inboxes"]["london"]["max_segments"] = 3
        settings["inboxes"]["boston"]["split_texts"] = False
        settings["senders"]["second"] = settings["senders"]["voxnumber"] | {"address": "+447700900999"}
        settings["inboxes"]["boston"]["senders"] = ["second"]

    async with Team(tmp_path, adapt) as team:
        told = await team.slack.slash(team.anna, team.channels["london"], "/sms", f"{BRITISH} {LONG} {'more ' * 12}")
        assert "IOVOX takes it as 4 texts of 4 segments in all, and 3 is the most here" in str(told.posts)
        told = await team.slack.slash(team.anna, team.channels["boston"], "/sms", f"{BRITISH} {LONG}")
        assert "IOVOX accepts at most 159 characters" in str(told.posts)
        await team.quiet()
        assert not team.attempts()
