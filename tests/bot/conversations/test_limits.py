"""Limits of accounts and senders: which texts are held, until when, and who goes first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations.decisions import Hold
from bot.conversations.limits import check
from bot.settings.model import Sender
from providers.provider import Features, Limit
from storage.engine.clock import SECOND
from storage.tables import jobs, quotas
from tests.storage.making import START, Clock, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from storage.engine.database import Database, Transaction

AFTER = Limit(1, 300)
HOURLY = Limit(2, 3_600, after=AFTER)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database with a fixed clock."""
    async with opened(tmp_path / "threadline.db", Clock()) as database:
        yield database


def company(*limits: Limit) -> Any:
    """Returns a provider with these limits."""
    return SimpleNamespace(title="Acme Telecom", features=Features(limits=limits))


def sender(**limits: int) -> Sender:
    """Returns a sender of the account "acme"."""
    return Sender.model_validate({"account": "acme", "address": "+61488020111", **limits})


async def use(tx: Transaction, *seconds_ago: float, name: str = "sydney") -> None:
    """Records a text so many seconds ago, for each of these."""
    for ago in seconds_ago:
        await quotas.use(tx, "acme", name, "texts")
        await tx.run("UPDATE quotas SET used_at = :at WHERE used_at = :now", at=START - int(ago * SECOND), now=tx.now)


@pytest.mark.parametrize(
    ("limits", "paces", "used", "automatic", "seconds", "sentence"),
    [
        ((), {}, [0] * 9, False, None, ""),
        ((HOURLY,), {}, [600], False, None, ""),
        ((HOURLY,), {}, [600, 700], False, None, ""),  # by hand, because the last five minutes had none
        ((HOURLY,), {}, [600, 700], True, 2_900, "Acme Telecom takes no more than 2 texts an hour."),
        ((HOURLY,), {}, [100, 700], False, 200, "Acme Telecom takes no more than 2 texts an hour."),
        ((), {"texts_per_second": 1}, [0.25], False, 0.75, "sydney takes no more than 1 text a second."),
        ((), {"texts_per_second": 2}, [0.25], False, None, ""),
        ((), {"texts_per_minute": 2}, [10, 20, 30], False, 40, "sydney takes no more than 2 texts a minute."),
        ((), {"texts_per_second": 1, "texts_per_minute": 2}, [10, 20], True, 40, "sydney takes no more than 2 texts"),
    ],
)
async def test_who_is_held_and_until_when(
    database: Database,
    limits: tuple[Limit, ...],
    paces: dict[str, int],
    used: list[float],
    automatic: bool,  # noqa: FBT001 - a column of the table
    seconds: float | None,
    sentence: str,
) -> None:
    """The oldest text that counts makes room; the reserve for people does not help automatic texts."""
    async with database.transaction() as tx:
        await use(tx, *used)
        hold = await check(tx, "sydney", sender(**paces), company(*limits), tx.now, automatic=automatic)
    if seconds is None:
        assert hold is None
        return
    assert hold is not None
    assert hold.until == START + int(seconds * SECOND)
    assert hold.sentence.startswith(sentence)


async def test_another_sender_of_the_account_has_its_own_pace(database: Database) -> None:
    """Each sender of the account has its own pace."""
    async with database.transaction() as tx:
        await use(tx, 0.5, name="perth")
        assert await check(tx, "sydney", sender(texts_per_second=1), company(), tx.now) is None
        assert await check(tx, "perth", sender(texts_per_second=1), company(), tx.now) is not None


async def test_what_goes_by_itself_lets_people_go_first(database: Database) -> None:
    """An automatic text waits while a person's text waits for the same limit; without a limit nobody waits."""
    async with database.transaction() as tx:
        await jobs.add(tx, "send", 1, side="sms", lane="sms:1")
        (job,) = await jobs.claim(tx, "test", "sms", 1)
        await jobs.retry(tx, job, START + SECOND, "held", "acme/sydney")
        paced = sender(texts_per_minute=9)
        assert await check(tx, "sydney", paced, company(), tx.now) is None
        assert await check(tx, "sydney", sender(), company(), tx.now, automatic=True) is None
        hold = await check(tx, "sydney", paced, company(), tx.now, automatic=True)
        assert hold is not None
        assert hold.until > START + SECOND
        await jobs.finish(tx, job)
        assert await check(tx, "sydney", paced, company(), tx.now, automatic=True) is None


async def test_those_who_wait_have_their_turns_one_after_the_other(database: Database) -> None:
    """With two a minute the fifth in the queue has its turn two minutes after the first."""
    hold = Hold(START, "limit", "", "acme/sydney", quotas.Window("texts", 2, 60 * SECOND))
    assert [hold.after(others) - START for others in range(5)] == [0, 0, 60 * SECOND, 60 * SECOND, 120 * SECOND]
    async with database.transaction() as tx:
        for number in range(3):
            await jobs.add(tx, "send", number, side="sms", lane=f"sms:{number}")
        claimed = await jobs.claim(tx, "test", "sms", 3)
        for job in claimed[:2]:
            await jobs.retry(tx, job, START + SECOND, "held", "acme/sydney")
        assert [await jobs.ahead(tx, "acme/sydney", job.id) for job in claimed] == [0, 1, 2]
        assert await jobs.first_waiting(tx, "acme/sydney") == START + SECOND
        assert await jobs.first_waiting(tx, "acme") is None
