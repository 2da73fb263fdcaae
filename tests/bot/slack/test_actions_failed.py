"""Buttons of failed and expired texts: each has a way on, and none sends what may be out of date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sms.message import Status
from storage.engine.clock import DAY, SECOND
from storage.tables import messages
from tests.bot.sending.deciding import PERTH
from tests.bot.slack.acting import Acting
from tests.storage.making import rows

if TYPE_CHECKING:
    from storage.engine.database import Database
    from tests.storage.making import Clock

CHANGES = {
    "senders__perth": {"account": "rental", "address": PERTH},
    "inboxes__support__senders": ["sydney", "leased", "perth"],
}


@pytest.fixture
async def acting(database: Database) -> Acting:
    """People who may text from an inbox with three senders."""
    acting = Acting(database, **CHANGES)
    await acting.know()
    return acting


async def test_another_sender_is_one_that_was_not_tried_yet(acting: Acting, clock: Clock) -> None:
    """Two failed already: the third is next, and after it there is none."""
    attempt = await acting.texts.attempt()
    chosen = []
    for _ in range(2):
        await acting.texts.refused(attempt)
        clock.wait(1)
        await acting.act("other", attempt.message_id)
        via = (await acting.texts.message(attempt)).via
        chosen.append(via)
        attempt = await acting.texts.tried(attempt.message_id)
        async with acting.database.transaction() as tx:
            await tx.run("UPDATE attempts SET sender = :via WHERE id = :id", via=via, id=attempt.id)
    await acting.texts.refused(attempt)
    assert chosen == ["leased", "perth"]
    (told,) = await acting.act("other", attempt.message_id)
    assert "no other sender" in told


@pytest.mark.parametrize("do", ["retry", "other"])
async def test_an_expired_text_is_sent_again(acting: Acting, clock: Clock, do: str) -> None:
    """The network gave it up, so a person decides."""
    attempt = await acting.texts.attempt()
    await acting.texts.accepted(attempt)
    await acting.texts.reported("EXPIRED", Status.EXPIRED, attempt=str(attempt.id))
    await acting.texts.done()
    clock.wait(60)
    await acting.act(do, attempt.message_id)
    assert [subject for _, subject, _ in await acting.texts.jobs("send")] == [attempt.message_id]


async def test_an_alert_sends_only_what_is_not_out_of_date(acting: Acting, clock: Clock) -> None:
    """A text that failed three weeks ago is left to a decision in its thread."""
    old = await acting.texts.attempt()
    async with acting.database.transaction() as tx:
        await messages.set_status(tx, old.message_id, "failed", code="busy", sentence="It failed.")
    clock.wait(21 * DAY / SECOND)
    new = await acting.texts.attempt()
    await acting.texts.refused(new)
    (alert,) = await rows(acting.database, "SELECT id FROM alerts")
    await acting.texts.done()
    await acting.know()
    await acting.act("retry_all", alert["id"])
    assert [subject for _, subject, _ in await acting.texts.jobs("send")] == [new.message_id]
