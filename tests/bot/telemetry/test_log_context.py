"""The log lines about a text."""

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
    """Clears the log context, as in a new task."""
    clear_contextvars()
    yield
    clear_contextvars()


def line(told: News, by: int | None) -> dict[str, Any] | None:
    """Returns the logged line without its level, or None if nothing is logged."""
    with capture_logs() as lines:
        log_context.write(told, by)
    assert len(lines) < 2
    return {name: value for name, value in lines[0].items() if name != "log_level"} if lines else None


def test_what_is_handled_is_its_own_reason() -> None:
    """The line of a handled row has only its own id."""
    assert line(Handled(7, "reply"), 7) == {"event": "handled", "intake": 7, "kind": "reply"}


def test_what_moved_a_text_on_stands_beside_it() -> None:
    """A receipt's row is in the line as `by`."""
    said = line(Ended(7, 8, 9, "fone", "delivered", None), 11)
    assert said is not None
    assert (said["intake"], said["by"], said["end"]) == (7, 11, "delivered")


def test_what_belongs_to_no_text_is_found_by_its_own_row() -> None:
    """An unknown receipt is logged with its own row."""
    assert line(Said(None, "fone", None), 11) == {"event": "receipt received", "intake": 11, "account": "fone"}


def test_waits_are_seconds() -> None:
    """The line has the seconds from storing the text to the provider's answer."""
    said = line(Ended(7, 8, 9, "fone", "accepted", 3 * SECOND // 2), 7)
    assert said is not None
    assert said["seconds"] == 1.5


def test_what_the_work_is_bound_to_comes_before_its_reason() -> None:
    """A text that waits after a button has its own row in the line, and the button's as `by`."""
    with bound_contextvars(intake=7):
        said = line(Postponed(1, "send", 1, SECOND, "held"), 11)
    assert said is not None
    assert (said["intake"], said["by"]) == (7, 11)


def test_what_waits_for_long_is_told_ever_more_rarely() -> None:
    """A wait is logged on tries 1, 2, 4, 8, …, because one line per second and text would hide the others."""
    told = [tries for tries in range(1, 200) if line(Postponed(1, "show", tries, SECOND, "later"), 7)]
    assert told == [1, 2, 4, 8, 16, 32, 64, 128]
