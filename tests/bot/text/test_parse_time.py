"""The time of a text as people write it: in their own time zone and never in the past, or else a sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text import parse_time

SYDNEY = parse_time.zone("Australia/Sydney")
NOW = datetime(2026, 11, 22, 0, 40, tzinfo=UTC)  # a Sunday, 11:40 in Sydney


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("17:30", "2026-11-22 17:30"),
        ("at 5pm", "2026-11-22 17:00"),
        ("12.15 p.m.", "2026-11-22 12:15"),
        ("Tomorrow 9:00", "2026-11-23 09:00"),
        ("tomorrow at 12 am", "2026-11-23 00:00"),
        ("tomorrow", "2026-11-23 09:00"),
        ("in 2 hours", "2026-11-22 13:40"),
        ("in an hour", "2026-11-22 12:40"),
        ("30 min", "2026-11-22 12:10"),
        ("2 days", "2026-11-24 11:40"),
        ("friday", "2026-11-27 09:00"),
        ("on Sunday at 8:00", "2026-11-29 08:00"),
        ("2026-12-24 09:00", "2026-12-24 09:00"),
        ("2026-12-24", "2026-12-24 09:00"),
    ],
)
def test_what_people_write(said: str, meant: str) -> None:
    """A time of day is in the person's zone; a day without a time means its morning."""
    assert parse_time.read(said, NOW, SYDNEY).astimezone(SYDNEY).strftime("%Y-%m-%d %H:%M") == meant


@pytest.mark.parametrize(
    "said",
    [
        "",
        "17",
        "later",
        "25:00",
        "13pm",
        "9:75",
        "2026-02-30 9:00",
        "11:30",
        "2001-01-01",
        "9999 weeks",
        "sometime 9:00",
    ],
)
def test_what_is_no_time_to_come(said: str) -> None:
    """An hour alone, an invalid day, or a time in the past or too far ahead gets a sentence."""
    with pytest.raises(parse_time.NotATime, match=r"[.`]$"):
        parse_time.read(said, NOW, SYDNEY)


@given(st.text(max_size=40))
def test_any_words_are_a_time_to_come_or_a_sentence(said: str) -> None:
    """Any words give a future time or a sentence, and nothing else."""
    try:
        meant = parse_time.read(said, NOW, SYDNEY)
    except parse_time.NotATime:
        return
    assert NOW < meant <= NOW + parse_time.FURTHEST


@given(st.integers(min_value=1, max_value=600))
def test_a_span_is_counted_from_now(minutes: int) -> None:
    """A span counts from now, also across a clock change."""
    assert parse_time.read(f"in {minutes} minutes", NOW, SYDNEY) == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize("name", [None, "", "Nowhere/Land", "../etc"])
def test_an_unknown_zone_is_utc(name: str | None) -> None:
    """A person's time zone from Slack may be missing or wrong."""
    assert str(parse_time.zone(name)) == "UTC"


@pytest.mark.parametrize(
    ("said", "meant"),
    [("in 1 week", "2026-10-08 09:00"), ("7 days", "2026-10-08 09:00"), ("168 hours", "2026-10-08 10:00")],
)
def test_days_keep_the_time_of_day_while_clocks_change(said: str, meant: str) -> None:
    """Sydney's clocks go forward on 4 October: a week later it is the same hour there, 168 hours later it is not."""
    before = datetime(2026, 9, 30, 23, 0, tzinfo=UTC)  # 9:00 in Sydney
    assert parse_time.read(said, before, SYDNEY).astimezone(SYDNEY).strftime("%Y-%m-%d %H:%M") == meant


@pytest.mark.parametrize(
    ("said", "meant", "text"),
    [
        ("tomorrow 9:00 hello", "2026-11-23 09:00", "hello"),
        ("in 2 hours call us", "2026-11-22 13:40", "call us"),
        ("friday hello\nTom", "2026-11-27 09:00", "hello\nTom"),
        ("at 5pm see you", "2026-11-22 17:00", "see you"),
        ("tomorrow 9:00", "2026-11-23 09:00", ""),
    ],
)
def test_a_time_and_a_text_on_one_line(said: str, meant: str, text: str) -> None:
    """The words up to the text are the time."""
    moment, behind = parse_time.leading(said, NOW, SYDNEY)
    assert (moment.astimezone(SYDNEY).strftime("%Y-%m-%d %H:%M"), behind) == (meant, text)


@pytest.mark.parametrize("said", ["tomorrow 9 people come", "17:30 8 people", "17:30 pm ok", "hello", ""])
def test_an_unclear_end_of_a_time_is_refused(said: str) -> None:
    """A text at a wrong time is worse than a question."""
    with pytest.raises(parse_time.NotATime):
        parse_time.leading(said, NOW, SYDNEY)
