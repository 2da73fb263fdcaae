"""The phones, the clock and waiting."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.clock import Changes, Clock
from sandbox.phones import NoSuchNumber, Phones, Text
from sandbox.timeouts import PATIENCE


def text(to: str, words: str) -> Text:
    """Returns a text to a phone."""
    return Text("in", "+61499009990", to, words, (), datetime.now(UTC), "fonedynamics", "M1")


def test_texts_stand_on_the_phone_they_went_to_in_order() -> None:
    """A phone shows only its own texts, oldest first; an unused phone shows none."""
    phones = Phones()
    for words in ("one", "two"):
        phones.show(text("+61400000000", words))
    assert [shown.text for shown in phones.received("+61400000000")] == ["one", "two"]
    assert phones.texts("+61411111111") == []
    assert phones.numbers() == ["+61400000000"]


async def test_texting_a_number_that_nobody_has_is_an_error() -> None:
    """A text to an unknown number is an error, and the phone keeps nothing."""
    phones = Phones()
    with pytest.raises(NoSuchNumber):
        await phones.send("+61400000000", "+61499009990", "hello")
    assert phones.texts("+61400000000") == []


async def test_waiting_wakes_on_a_change_and_times_out_without_one() -> None:
    """A predicate is called again when a text comes; if it stays false, waiting times out."""
    phones = Phones()
    asyncio.get_running_loop().call_later(0.01, phones.show, text("+61400000000", "hello"))
    shown = await phones.wait_for(lambda: phones.received("+61400000000"))
    assert shown[0].text == "hello"
    with pytest.raises(TimeoutError):
        await phones.wait_for(lambda: len(phones.received("+61400000000")) > 1, 0.02)


async def test_a_change_is_counted_even_when_nobody_waits() -> None:
    """The count shows changes that happened while nobody waited."""
    changes = Changes()
    changes.announce()
    assert changes.count == 1


async def test_shifting_the_clock_wakes_who_sleeps() -> None:
    """A long sleep ends when the clock is moved past it, and not before."""
    clock = Clock()
    sleeper = asyncio.create_task(clock.sleep(30 * 86400))
    await asyncio.sleep(0)
    clock.shift(timedelta(days=29))
    await asyncio.sleep(0.01)
    assert not sleeper.done()
    clock.shift(timedelta(days=1, seconds=1))
    await asyncio.wait_for(sleeper, PATIENCE)


def test_no_number_and_no_text_is_in_a_repr() -> None:
    """The repr, and so the output of a failing test, shows no number and no text."""
    shown = repr(text("+61400000000", "a secret"))
    assert "0000" not in shown
    assert "secret" not in shown
