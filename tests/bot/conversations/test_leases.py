"""The sender of a text, by the known leases of its contact: one case per row, on a real database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations.leases import Leases, NoLease
from storage.engine.clock import DAY
from storage.engine.database import Database, open_database
from storage.tables import attempts, contacts, conversations, leases
from tests.bot.conversations.test_leases_machine import ledger_settings
from tests.storage.making import Clock, a_text, an_attempt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PHONE = "+61400000001"
NUMBERS = [f"+6148800010{number}" for number in range(7)]
ASKS = None  # no sender is named, so the provider leases a number
FULL: list[tuple[str, float]] = [("leased", 9), ("leased", 8), ("leased", 7), ("leased", 6), ("leased", 5)]

# The history with its ages in days; the expected sender of a text, by which sender and from which inbox.
CASES: dict[str, tuple[list[tuple[str, float]], str, str, str | None]] = {
    "nothing is known": ([], "leased", "support", ASKS),
    "there is room": (FULL[:4], "leased", "support", ASKS),
    "five are live": (FULL, "leased", "support", NUMBERS[4]),
    "five are live, none of this inbox": (FULL, "leased", "sales", "none is of this inbox"),
    "one of five has ended": ([("leased", 31), *FULL[1:]], "leased", "support", ASKS),
    "one of five was named lately": ([("leased", 31), ("named", 3), *FULL[1:]], "leased", "support", NUMBERS[4]),
    "one may have been given": ([*FULL[1:], ("unknown", 1)], "leased", "support", NUMBERS[3]),
    "one may have been given long ago": ([*FULL[1:], ("unknown", 31)], "leased", "support", ASKS),
    "one is just being asked for": ([*FULL[1:], ("under way", 0)], "leased", "support", NUMBERS[3]),
    "one that was refused counts for nothing": ([*FULL[1:], ("refused", 1)], "leased", "support", ASKS),
    "the one that was used last is taken": ([*FULL, ("named", 1)], "leased", "support", NUMBERS[0]),
    "a name is shown": ([], "name", "support", "ACME"),
    "a name is shown though five are live": (FULL, "name", "support", "ACME"),
    "a name was replaced and there is room": ([("replaced", 3)], "name", "support", "ACME"),
    "a name was replaced and five are live": ([*FULL[1:], ("replaced", 3)], "name", "support", NUMBERS[4]),
}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database on disk, with a fixed clock."""
    database = await open_database(tmp_path / "threadline.db", Clock())
    yield database
    await database.close()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_what_a_text_comes_from(database: Database, case: tuple[list[tuple[str, float]], str, str, Any]) -> None:
    """While there certainly is room, the bot requests a lease; then it names the conversation's own, or none."""
    history, sender, inbox, expected = case
    settings = ledger_settings()
    account = settings.accounts["fone"]
    nobody: Any = None  # this test makes no request
    leases = Leases(settings, {"fone": account.kind(account.provider_settings(), nobody)})
    async with database.transaction() as tx:
        contact = await contacts.remember(tx, PHONE)
        home = await conversations.open_one(tx, contact.id, "support", "T1", "C0123456781")
        here = await conversations.open_one(tx, contact.id, inbox, "T1", "C0123456782")
        given = iter(NUMBERS)
        for what, days in history:
            await _happen(tx, what, tx.now - int(days * DAY), home, leases.lifetime, given)
        found = await _asked(leases, tx, settings.senders[sender], here, contact)
    assert found == expected or (expected is not None and expected in (found or ""))


async def _asked(leases: Leases, tx: Any, sender: Any, here: Any, contact: Any) -> str | None:
    """Returns the answer of `Leases`: an address, nothing, or the reason."""
    try:
        found = await leases.address(tx, sender, here, contact, tx.now)
    except NoLease as error:
        return error.sentence
    return None if found is None else str(found)


async def _happen(tx: Any, what: Any, at: int, home: Any, lifetime: int, given: Any) -> None:
    """Writes one row of a history."""
    if what in {"leased", "replaced"}:
        name = "ACME" if what == "replaced" else None
        await leases.grant(tx, "fone", next(given), home.contact_id, home.id, at=at, lifetime=lifetime, stands_for=name)
    elif what == "named":
        lease = await leases.find(tx, "fone", NUMBERS[0], home.contact_id)
        assert lease is not None
        await leases.name(tx, lease.id, lifetime)
    else:
        attempt = await an_attempt(tx, await a_text(tx), recipient=PHONE, from_address=None)
        if what != "under way":
            await attempts.end(tx, attempt.id, what, "code", "sentence")
            await tx.run("UPDATE attempts SET started_at = :at, ended_at = :at WHERE id = :id", at=at, id=attempt.id)
