"""A contact whose phone has two numbers is one contact, also for rows and hashes that an older version stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.conversations.consent import Consent
from bot.conversations.number_hash import NumberHash
from bot.privacy.erasure import spelt
from bot.settings.model import Settings
from storage.tables import contacts, erasures, suppressions
from storage.tables.contacts import Contact
from tests.bot.installation import changed

if TYPE_CHECKING:
    from storage.engine.database import Database

MEXICAN, FORMER = "+525512345678", "+5215512345678"
PAIRS = [(MEXICAN, FORMER), ("+5491123456789", "+541123456789"), ("+2290197123456", "+22997123456")]


@pytest.mark.parametrize(("number", "former"), PAIRS)
async def test_an_erased_opt_out_holds_in_the_former_spelling(database: Database, number: str, former: str) -> None:
    """The hash of either spelling is recognised, before there is a contact and when there is one."""
    settings = Settings(**changed())
    consent, number_hash = Consent(settings), NumberHash(settings)
    async with database.transaction() as tx:
        erased = await contacts.remember(tx, former)
        await erasures.begin(tx, number_hash.of(former), number_hash.key_id, erased.id, 7)
        await erasures.finish(tx, erased.id)
        await tx.run("DELETE FROM contacts WHERE id = :id", id=erased.id)
        assert await consent.since(tx, Contact.unknown(number)) == 7
        made = await consent.contact(tx, number)
        assert await suppressions.since(tx, made.id) == 7


async def test_a_row_of_an_older_version_finds_the_contact(database: Database) -> None:
    """A command or a text in the intake may have the former spelling."""
    consent = Consent(Settings(**changed()))
    async with database.transaction() as tx:
        known = await consent.contact(tx, MEXICAN)
        assert await consent.contact(tx, FORMER) == known
        assert known.address == MEXICAN


def test_an_erasure_finds_every_spelling() -> None:
    """The provider writes the number in its own spelling."""
    found = spelt("+5491123456789")
    for said in ("From=541123456789&", "+54 9 11 2345-6789", "011 15-2345-6789", "5491123456789"):
        assert found.search(said), said
    assert not found.search("+54 9 11 2345-6780")
