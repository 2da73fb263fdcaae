"""A *Retry* that cannot work: it is not offered, and one in an old post says why it does nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.slack.app.retries import CANNOT_WORK, MAY_BE_OUT, NONE_FAILED
from bot.slack.views import buttons
from bot.slack.views.buttons import NEVER, NOT_THIS_WAY
from bot.slack.views.content import Stage
from storage.tables import alerts, conversations, messages
from tests.bot.slack.acting import Acting
from tests.storage.making import a_conversation, rows, value

if TYPE_CHECKING:
    from storage.engine.database import Database

ABROAD = "+13035550142"  # phones there show no names


@pytest.fixture
async def acting(database: Database) -> Acting:
    """Actions with the usual settings."""
    acting = Acting(database)
    await acting.know()
    return acting


async def failed_by(acting: Acting, code: str) -> int:
    """Returns a failed text with this code, whose jobs are done."""
    attempt = await acting.texts.attempt()
    await acting.texts.refused(attempt)
    async with acting.database.transaction() as tx:
        await messages.set_status(tx, attempt.message_id, "failed", code=code, sentence="Not sent: no.")
    await acting.texts.done()
    return attempt.message_id


async def offered(acting: Acting, message_id: int, *, opted_out: bool = False) -> list[str]:
    """Returns the labels of the buttons below the text's line."""
    async with acting.database.read() as reader:
        message = await messages.get(reader, message_id)
    return [each.label for each in buttons.of_line(message, Stage.FAILED, opted_out=opted_out)]


@pytest.mark.parametrize("code", sorted(NEVER))
async def test_a_text_that_no_sender_can_send_is_not_retried(acting: Acting, code: str) -> None:
    """Neither the same way nor another; an old button says so."""
    failed = await failed_by(acting, code)
    assert await offered(acting, failed) == ["Give up", "Details"]
    assert await acting.unchanged("retry", failed) == [CANNOT_WORK]
    assert await acting.unchanged("other", failed) == [CANNOT_WORK]


@pytest.mark.parametrize("code", sorted(NOT_THIS_WAY))
async def test_a_text_that_only_another_sender_may_send_is_not_retried_the_same_way(acting: Acting, code: str) -> None:
    """*Try another sender* is left."""
    failed = await failed_by(acting, code)
    assert await offered(acting, failed) == ["Try another sender", "Give up", "Details"]
    assert await acting.unchanged("retry", failed) == [CANNOT_WORK]


async def test_nothing_is_retried_to_somebody_who_opted_out(acting: Acting) -> None:
    """Whichever code the provider gave."""
    failed = await failed_by(acting, "21610")
    assert await offered(acting, failed, opted_out=True) == ["Give up", "Details"]
    assert await offered(acting, failed) == ["Retry", "Try another sender", "Give up", "Details"]


async def test_the_alert_about_a_text_that_may_be_out_offers_no_retry(acting: Acting) -> None:
    """Only a person in the thread can decide; an old button says so and acknowledges nothing."""
    attempt = await acting.texts.attempt()
    await acting.texts.unknown(attempt)
    await acting.texts.never_reconciled(attempt)
    await acting.texts.done()
    (row,) = await rows(acting.database, "SELECT id FROM alerts")
    async with acting.database.read() as reader:
        alert = await alerts.get(reader, row["id"])
    assert [each.label for each in buttons.of_alert(alert)] == ["Acknowledge"]
    assert [each.label for each in buttons.of_alert(replace(alert, cause="failed:fone:36"))] == ["Retry", "Acknowledge"]
    assert await acting.unchanged("retry_all", alert.id) == [MAY_BE_OUT]


@pytest.mark.parametrize("cause", ["not sent:fone", "failed:fone:36", "refused:fone:X"])
async def test_an_alert_with_nothing_to_retry_says_so(acting: Acting, cause: str) -> None:
    """The bot still tries, or somebody decided already; or none of the texts can go out as it is."""
    async with acting.database.transaction() as tx:
        place = (await a_conversation(tx)).id
        alert = await alerts.raise_one(tx, cause, "No.", place)
    assert await acting.unchanged("retry_all", alert) == [NONE_FAILED]
    await failed_by(acting, "opted_out")
    (row,) = await rows(acting.database, "SELECT id FROM alerts WHERE cause = :cause", cause=cause)
    assert await acting.unchanged("retry_all", row["id"]) == [CANNOT_WORK]
    assert await value(acting.database, "SELECT acknowledged_by FROM alerts WHERE cause = :cause", cause=cause) is None


async def test_a_name_is_not_chosen_for_a_country_without_names(database: Database) -> None:
    """The card would show the name, and the text would come from another sender."""
    acting = Acting(database, inboxes__support__senders=["leased", "name"])
    await acting.know()
    async with database.transaction() as tx:
        abroad, here = (await a_conversation(tx, ABROAD)).id, (await a_conversation(tx)).id
    (told,) = await acting.unchanged("sender", abroad, argument="name")
    assert told.startswith("Not changed: Phones in this country (United States) don't show a name like Acme.")
    assert await acting.act("sender", here, argument="name") == []
    assert await acting.act("sender", abroad, argument="leased") == []
    async with database.read() as reader:
        assert (await conversations.get(reader, here)).pinned_sender == "name"


async def test_the_links_of_an_alert_are_its_conversations(acting: Acting) -> None:
    """A retried text leaves none of them out."""
    failed = await failed_by(acting, "36")
    (row,) = await rows(acting.database, "SELECT id, links FROM alerts")
    assert len(json.loads(row["links"])) == 1
    assert await acting.act("retry_all", row["id"]) == []
    assert [job[1] for job in await acting.texts.jobs("send")] == [failed]
