"""Names as senders: where they are shown, who sees that nobody can answer, and what the bot does instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.team import Team

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NOT_THERE = "skipped. Phones in this country"
ONE_WAY = "used. From Acme. The customer can't answer this."
TAKEN = "used"

# A contact's number, and the verdicts on the name and on the number, the next candidate.
PLACES = {
    "Australia": ("+61488023555", ONE_WAY, ""),
    "Britain": ("+447700900123", ONE_WAY, ""),
    "New Zealand": ("+64211234567", ONE_WAY, ""),
    "the United States": ("+12025550123", NOT_THERE, TAKEN),
    "Canada": ("+14165550123", NOT_THERE, TAKEN),
    "a country of the settings": ("+6591234567", NOT_THERE, TAKEN),
}


@pytest.fixture
async def named(tmp_path: Path) -> AsyncIterator[Team]:
    """A team whose inbox texts from a name first, and else from a number."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["countries_without_names"] = ["SG"]
        settings["senders"]["acme"] = {"account": "fone", "address": "Acme"}
        settings["inboxes"]["support"]["senders"] = ["acme", "sydney"]

    async with Team(tmp_path, adapt) as team:
        yield team


async def test_where_a_name_is_shown(named: Team) -> None:
    """`route` gives each result of the table before any send; then the text uses that sender."""
    for place, (number, of_the_name, of_the_number) in PLACES.items():
        told = await named.slash(f"route {number} Hi")
        name, _, rest = told.partition("2. sydney")
        assert of_the_name in name, place
        assert of_the_number in rest, place
    assert not named.requests()
    for number, _, _ in PLACES.values():
        await named.slash(f"{number} Hi")
        await named.received(number, 1)
    sent = [row["sender"] for row in named.attempts()]
    assert sent == ["acme" if of_the_name == ONE_WAY else "sydney" for _, of_the_name, _ in PLACES.values()]
