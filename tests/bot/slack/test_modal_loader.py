"""A window that Slack refuses to open: the person reads that, wherever they asked for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from bot.slack.app.background import BackgroundTasks
from bot.slack.app.modal_loader import NOT_FILLED, NOT_OPENED, TOO_LATE, Asker, ModalLoader
from bot.slack.views import forms
from tests.bot.slack.pretend_workspace import Connected, connected
from tests.storage.making import Clock, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.slack.views.forms import View

OF_THE_TRIGGER = [
    "expired_trigger_id",
    "exchanged_trigger_id",
    "invalid_trigger_id",
    "trigger_expired",
    "trigger_exchanged",
    "invalid_trigger",
]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Connected]:
    """A workspace whose simulated Slack answers."""
    async with opened(tmp_path / "threadline.db", Clock()) as database, connected(database) as place:
        yield place


async def content() -> View:
    """Builds the content of a modal, which takes a moment."""
    await asyncio.sleep(0.02)
    return forms.said("SMS", "Here it is.")


async def opened_by(place: Connected, asker: Asker) -> None:
    """Opens a modal for the person, and waits for the end of it."""
    tasks = BackgroundTasks()
    trigger = place.slack.world.triggers.issue(place.anna)
    ModalLoader(place.workspace.slack, tasks).open(trigger, "SMS", content(), asker)
    await tasks.drain(5.0)


def read_by_anna(place: Connected) -> list[str]:
    """Returns the private posts to Anna."""
    return [post["text"] for post in place.slack.ephemerals(place.anna)]


@pytest.mark.parametrize("code", OF_THE_TRIGGER)
async def test_a_trigger_that_slack_refuses_is_shown_to_the_person(place: Connected, code: str) -> None:
    """Where they are."""
    place.slack.faults.error("views.open", code)
    await opened_by(place, Asker(place.anna, place.support))
    assert read_by_anna(place) == [TOO_LATE]


@pytest.mark.parametrize("code", ["invalid_blocks", "internal_error", "a_new_code"])
async def test_any_other_refusal_is_shown_too(place: Connected, code: str) -> None:
    """It is not the time that was short."""
    place.slack.faults.error("views.open", code)
    await opened_by(place, Asker(place.anna, place.support))
    assert read_by_anna(place) == [NOT_OPENED]


async def test_the_response_url_comes_first(place: Connected) -> None:
    """It also works where the app is no member."""
    place.slack.faults.error("views.open", "expired_trigger_id")
    url, where = place.slack.responses.issue(place.anna, place.support)
    await opened_by(place, Asker(place.anna, place.support, response_url=url))
    assert [post["text"] for post in where.posts] == [TOO_LATE]


async def test_nobody_can_be_told_anything_while_slack_fails(place: Connected) -> None:
    """Nothing breaks."""
    place.slack.faults.error("views.open", "expired_trigger_id")
    place.slack.faults.error("chat.postEphemeral", "user_not_in_channel")
    await opened_by(place, Asker(place.anna, place.support))
    assert read_by_anna(place) == []


async def test_a_window_that_stays_empty_is_shown_to_the_person(
    place: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack opened it with a placeholder, and refuses the content; a window that its person closed needs no word."""
    monkeypatch.setattr("bot.slack.app.modal_loader.SOON", 0.0)
    for code, said in (("not_found", []), ("invalid_blocks", [NOT_FILLED])):
        place.slack.faults.error("views.update", code)
        await opened_by(place, Asker(place.anna, place.support))
        assert read_by_anna(place) == said


def test_the_person_of_an_interaction() -> None:
    """Some forms of Slack have neither a channel nor a `response_url`."""
    body: dict[str, Any] = {"user": {"id": "U1"}, "channel": {"id": "C1"}, "message": {"thread_ts": "1.0"}}
    assert Asker.of({**body, "response_url": "https://r"}) == Asker("U1", "C1", "1.0", "https://r")
    assert Asker.of({"user": {"id": "U1"}, "channel": None, "view": {}}) == Asker("U1")
