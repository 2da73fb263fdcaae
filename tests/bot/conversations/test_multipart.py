"""The progress of a text in several parts: the next part, the stop of the rest, and the words of its line."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from bot.conversations.multipart import Progress, of_part, progress
from sms.message import Status
from storage.tables.attempts import Attempt

DECIDED = 100


def tried(part: int, outcome: str | None, status: str = "accepted", at: int = DECIDED) -> Any:
    """Returns the newest attempt of a part; before the newest decision if `at` is earlier."""
    values: dict[str, Any] = dict.fromkeys(Attempt.__slots__)
    values |= {"part": part, "outcome": outcome, "status": Status(status), "started_at": at}
    return Attempt(**values)


def out(part: int, status: str = "accepted", at: int = DECIDED) -> Any:
    """Returns a part that the provider accepted."""
    return tried(part, "accepted", status, at)


REFUSED, UNKNOWN, NOT_SENT = ("refused", "failed"), ("unknown", "sending"), ("not sent", "failed")
UNDER_WAY = (None, "sending")
BEFORE = DECIDED - 1


@pytest.mark.parametrize(
    ("count", "newest", "following"),
    [
        (1, [], 1),
        (3, [], 1),
        (3, [out(1)], 2),
        (3, [out(1, "delivered"), out(2)], 3),
        (3, [out(1), out(2), out(3)], None),
        # An unknown or failed part stops the rest until somebody decides again.
        (3, [tried(1, *UNDER_WAY)], None),
        (3, [out(1), tried(2, *UNKNOWN)], None),
        (3, [out(1), tried(2, *REFUSED)], None),
        (3, [out(1, "failed")], None),
        (3, [out(1, "expired"), out(2)], None),
        # A part that certainly did not go out is tried again.
        (3, [out(1), tried(2, *NOT_SENT)], 2),
        # After a new decision only the parts that are not out go again.
        (3, [out(1, at=BEFORE), tried(2, *REFUSED, BEFORE)], 2),
        (3, [out(1, at=BEFORE), tried(2, *UNKNOWN, BEFORE)], 2),
        (3, [out(1, "failed", BEFORE), out(2, "delivered", BEFORE)], 1),
        (3, [out(1), out(2, "delivered", BEFORE)], 3),
        (3, [out(1, at=BEFORE), out(2, at=BEFORE), out(3, "delivered", BEFORE)], None),
        # A request of an older decision that is under way blocks the next part.
        (2, [tried(1, *UNDER_WAY, BEFORE)], None),
        # Parts of an earlier split do not count.
        (1, [out(1), tried(2, *REFUSED, BEFORE)], None),
        (1, [tried(1, *REFUSED, BEFORE), tried(2, *REFUSED, BEFORE)], 1),
    ],
)
def test_what_goes_next(count: int, newest: list[Attempt], following: int | None) -> None:
    """The parts go strictly one after the other, none twice by one decision."""
    assert found(count, newest).next == following


@pytest.mark.parametrize(
    ("count", "newest", "now", "status"),
    [
        (1, [out(1, "sent")], "accepted", Status.SENT),
        (3, [out(1, "delivered")], "sending", Status.SENDING),
        (3, [out(1, "delivered"), out(2, "sent"), out(3, "delivered")], "accepted", Status.SENT),
        (2, [out(1, "delivered"), out(2, "delivered")], "sent", Status.DELIVERED),
        (3, [out(1, "delivered"), tried(2, *REFUSED)], "sending", Status.FAILED),
        # The gate stopped the second: a receipt of the first changes nothing about that.
        (2, [out(1, "delivered")], "failed", Status.FAILED),
        # It goes again: the earlier failure does not count.
        (2, [out(1, "delivered", BEFORE), tried(2, *REFUSED, BEFORE)], "queued", Status.SENDING),
        (2, [out(1, "delivered", BEFORE), tried(2, *REFUSED, BEFORE)], "failed", Status.FAILED),
        (1, [out(1, "delivered", BEFORE)], "queued", Status.DELIVERED),
        (1, [tried(1, *UNKNOWN)], "sending", Status.SENDING),
    ],
)
def test_as_far_as_the_slowest(count: int, newest: list[Attempt], now: str, status: Status) -> None:
    """It failed as soon as a part of the newest attempt failed; a part that is still to go is under way."""
    assert found(count, newest).status(now) is status


def test_the_rest_goes_the_way_of_the_last_part_that_is_out() -> None:
    """A part that failed on its way is not out."""
    first, second = out(1), out(2, "failed")
    assert found(3, [first, second]).begun is first
    assert found(3, [second]).begun is None
    assert found(2, [out(1), out(2, "delivered")]).is_out
    assert not found(2, [out(1)]).is_out


def test_a_sentence_names_its_part() -> None:
    """It does so if there are several parts."""
    assert of_part(found(1, []), 1, "Not sent: no.") == "Not sent: no."
    assert of_part(found(3, []), 2, "Not sent: no.") == "Part 2 of 3: no."


def found(count: int, newest: list[Attempt]) -> Progress:
    """Returns the progress of a message with so many parts."""
    parts = json.dumps([f"({n}/{count})" for n in range(1, count + 1)]) if count > 1 else None
    message: Any = SimpleNamespace(parts=parts, decided_at=DECIDED)
    return progress(message, newest)
