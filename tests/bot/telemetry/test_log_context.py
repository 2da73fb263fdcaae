"""What the log says of a text, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from structlog.contextvars import bound_contextvars, clear_contextvars
from structlog.testing import capture_logs

from bot.telemetry import log_context
from storage.engine.clock import SECOND
from storage.engine.commit_events import Ended, Handled, Postponed, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.engine.commit_events import News


@pytest.fixture(autouse=True)
def nothing_bound() -> Iterator[None]:
    """As in a task of its own."""
    clear_contextvars()
    yield
    clear_contextvars()


def line(told: News, by: int | None) -> dict[str, Any] | None:
    """What is written, without its level; None: nothing is."""
    with capture_logs() as lines:
        log_context.write(told, by)
    assert len(lines) < 2
    return {name: value for name, value in lines[0].items() if name != "log_level"} if lines else None


def test_what_is_handled_is_its_own_reason() -> None:
    """Nothing else moved it on."""
    assert line(Handled(7, "reply"), 7) == {"event": "handled", "intake": 7, "kind": "reply"}


def test_what_moved_a_text_on_stands_beside_it() -> None:
    """A receipt has a row of its own."""
    said = line(Ended(7, 8, 9, "fone", "delivered", None), 11)
    assert said is not None
    assert (said["intake"], said["by"], said["end"]) == (7, 11, "delivered")


def test_what_belongs_to_no_text_is_found_by_its_own_row() -> None:
    """A receipt that nobody knows."""
    assert line(Said(None, "fone", None), 11) == {"event": "receipt received", "intake": 11, "account": "fone"}


def test_waits_are_seconds() -> None:
    """From when the text was taken in to the answer."""
    said = line(Ended(7, 8, 9, "fone", "accepted", 3 * SECOND // 2), 7)
    assert said is not None
    assert said["seconds"] == 1.5


def test_what_the_work_is_bound_to_comes_before_its_reason() -> None:
    """A text that waits after a button is found by the text's own row."""
    with bound_contextvars(intake=7):
        said = line(Postponed(1, "send", 1, SECOND, "held"), 11)
    assert said is not None
    assert (said["intake"], said["by"]) == (7, 11)


def test_what_waits_for_long_is_told_ever_more_rarely() -> None:
    """A line a second for each text of a long queue would bury the others."""
    told = [tries for tries in range(1, 200) if line(Postponed(1, "show", tries, SECOND, "later"), 7)]
    assert told == [1, 2, 4, 8, 16, 32, 64, 128]
