"""Killed at each COMMIT and each request of a text in parts, the bot sends no part twice and loses none."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.proof.storm.stage import Storm

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.nursery import Nursery
    from tests.proof.storm.stage import Point

BRITISH = "+447700900123"
PARTS = 3

# One life of the bot ends at each of these, in turn: between two parts, and around the request of a later one.
POINTS: list[Point] = [
    ("after commit:Gate._accepted", 1),
    ("before provider:POST", 2),
    ("after provider:POST", 2),
    ("before commit:Gate._accepted", 3),
    ("after commit:Gate._accepted", 2),
]


class London(Storm):
    """A storm over an inbox whose provider has a limit of 160 characters."""

    def settings(self, port: int) -> dict[str, Any]:
        """Sends texts through IOVOX."""
        written = super().settings(port)
        written["inboxes"]["support"]["senders"] = ["voxnumber"]
        written["inboxes"]["london"]["senders"] = ["leased"]
        return written


def long(number: int) -> str:
    """Returns a text of three parts at IOVOX, none of which contains another."""
    return " ".join(f"word{number}{each:03}" for each in range(48))


async def test_no_part_is_sent_twice_wherever_it_dies(tmp_path: Path, nursery: Nursery) -> None:
    """Each part reaches the phone at most once, in order; the text is delivered, or the bot asks a person."""
    async with London(tmp_path, nursery, points=POINTS) as storm:
        for number in range(2 * len(POINTS)):
            if not storm.armed:
                break
            await storm.command(BRITISH, long(number))
            await storm.calm()
        assert not storm.armed
        assert not storm.failures
        texts = [text.text for text in storm.phones.received(BRITISH)]
        rows = storm.rows("SELECT id, text, parts, status, state FROM messages WHERE direction = 'out'")
        asked = {row["message_id"] for row in storm.rows("SELECT message_id FROM attempts WHERE outcome = 'unknown'")}
    assert set(Counter(texts).values()) == {1}
    assert {row["text"] for row in rows} >= {text for _, text in storm.commanded}
    for row in rows:
        parts = json.loads(row["parts"])
        places = [texts.index(part) for part in parts if part in texts]
        assert len(parts) == PARTS
        assert places == sorted(places)
        assert len(places) == PARTS or row["id"] in asked, row["status"]
        assert row["status"] == "delivered" or row["id"] in asked
