"""Receipts: all of their content is stored, also for unknown attempts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sms.address import E164
from sms.message import Receipt, Status
from storage.tables import receipts
from tests.storage.making import START, a_text, an_attempt, rows

if TYPE_CHECKING:
    from storage.engine.database import Database

FULL = Receipt(
    word="Undeliverable",
    status=Status.FAILED,
    provider_id="S1",
    code="30003",
    description="to +61400000001",
    sentence="The phone is off.",
    at=datetime(2025, 12, 12, 10, 31, 7, 250_000, UTC),
    sender=E164("+61400000055"),
    segments=2,
    opted_out=True,
)


async def test_everything_that_was_said_comes_back(database: Database) -> None:
    """An opt-out at the provider and the sender that was really used are stored too."""
    async with database.transaction() as tx:
        attempt = await an_attempt(tx, await a_text(tx))
        assert await receipts.newest(tx, attempt.id) is None
        await receipts.add(tx, "fone", FULL, attempt_id=attempt.id, intake_id=None)
        assert await receipts.newest(tx, attempt.id) == FULL
    (row,) = await rows(database, "SELECT account, attempt_id, received_at, said_at FROM receipts")
    assert row == {"account": "fone", "attempt_id": attempt.id, "received_at": START, "said_at": 1765535467250000}


async def test_a_word_that_nobody_knows_is_kept(database: Database) -> None:
    """An unknown status word is stored without a status."""
    strange = Receipt(word="Wandering", status=None)
    async with database.transaction() as tx:
        attempt = await an_attempt(tx, await a_text(tx))
        await receipts.add(tx, "fone", strange, attempt_id=attempt.id, intake_id=None)
        assert await receipts.newest(tx, attempt.id) == strange


async def test_the_newest_is_the_last_that_came(database: Database) -> None:
    """The last one to arrive counts, not the one with the latest time of the provider."""
    async with database.transaction() as tx:
        attempt = await an_attempt(tx, await a_text(tx))
        for word in ("first", "second"):
            await receipts.add(tx, "fone", Receipt(word, None), attempt_id=attempt.id, intake_id=None)
        found = await receipts.newest(tx, attempt.id)
    assert found is not None
    assert found.word == "second"


async def test_those_that_came_too_early_are_claimed_once_in_their_order(database: Database) -> None:
    """Waiting receipts are claimed by account and exact provider id; others are not touched."""
    early = [Receipt(f"word {number}", Status.SENT, provider_id="S1") for number in range(5)] + [FULL]
    async with database.transaction() as tx:
        message_id = await a_text(tx)
        attempt, other = await an_attempt(tx, message_id), await an_attempt(tx, message_id)
        for receipt in early:
            await receipts.add(tx, "fone", receipt, attempt_id=None, intake_id=None)
        await receipts.add(tx, "other", early[0], attempt_id=None, intake_id=None)
        await receipts.add(tx, "fone", Receipt("x", None, provider_id="S2"), attempt_id=None, intake_id=None)
        await receipts.add(tx, "fone", early[1], attempt_id=other.id, intake_id=None)
        assert await receipts.claim(tx, "fone", "S1", attempt.id) == early
        assert await receipts.claim(tx, "fone", "S1", other.id) == []
        assert await receipts.newest(tx, attempt.id) == FULL
    left = await rows(database, "SELECT account, provider_id FROM receipts WHERE attempt_id IS NULL ORDER BY id")
    assert left == [{"account": "other", "provider_id": "S1"}, {"account": "fone", "provider_id": "S2"}]


async def test_one_without_an_id_is_never_claimed(database: Database) -> None:
    """A receipt without an id belongs to nobody."""
    async with database.transaction() as tx:
        attempt = await an_attempt(tx, await a_text(tx))
        await receipts.add(tx, "fone", Receipt("sent", Status.SENT), attempt_id=None, intake_id=None)
        assert await receipts.claim(tx, "fone", "", attempt.id) == []
