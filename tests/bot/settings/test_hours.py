"""Hours by a local clock: over midnight, on some days, when clocks change, and in several zones at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings.hours import DAYS, Hours, QuietHours, free_at, include, spell
from sms.address import parse
from sms.countries import is_country, zones_of

NIGHT = Hours.model_validate({"after": "21:00", "before": "08:00"})
NOON = Hours.model_validate({"after": "12:00", "before": "13:00"})
WEEKEND = Hours.model_validate({"after": "00:00", "before": "00:00", "days": ["sat", "sun"]})
FRIDAY_NIGHT = Hours.model_validate({"after": "21:00", "before": "08:00", "days": ["fri"]})
SYDNEY, LONDON, KOLKATA = ZoneInfo("Australia/Sydney"), ZoneInfo("Europe/London"), ZoneInfo("Asia/Kolkata")
MOBILE = "+61488023555"  # may be anywhere in Australia, so in eight zones


def utc(written: str) -> datetime:
    """Parses a moment in UTC."""
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "where", "now", "free"),
    [
        (NIGHT, LONDON, "2026-01-14 20:59", "2026-01-14 20:59"),
        (NIGHT, LONDON, "2026-01-14 21:00", "2026-01-15 08:00"),
        (NIGHT, LONDON, "2026-01-15 07:59", "2026-01-15 08:00"),
        (NIGHT, LONDON, "2026-01-15 08:00", "2026-01-15 08:00"),
        (NIGHT, LONDON, "2026-07-14 20:00", "2026-07-15 07:00"),  # in summer, an hour earlier by UTC
        (NIGHT, KOLKATA, "2026-01-14 16:00", "2026-01-15 02:30"),  # half an hour off
        (NOON, SYDNEY, "2026-01-14 01:30", "2026-01-14 02:00"),
        (NOON, SYDNEY, "2026-01-14 02:00", "2026-01-14 02:00"),
        (WEEKEND, LONDON, "2026-01-16 23:59", "2026-01-16 23:59"),
        (WEEKEND, LONDON, "2026-01-17 00:00", "2026-01-19 00:00"),
        (FRIDAY_NIGHT, LONDON, "2026-01-17 03:00", "2026-01-17 08:00"),  # hours belong to the day on which they start
        (FRIDAY_NIGHT, LONDON, "2026-01-16 03:00", "2026-01-16 03:00"),
    ],
)
def test_when_they_are_over(hours: Hours, where: ZoneInfo, now: str, free: str) -> None:
    """Hours end exactly at `before` and start exactly at `after`."""
    assert free_at(hours, utc(now), [where]) == utc(free)
    assert include(hours, utc(now), where) == (now != free)


@pytest.mark.parametrize(
    ("after", "before", "where", "now", "free"),
    [
        # London, 29 March 2026: 01:00 to 02:00 does not exist. 25 October: it occurs twice.
        ("21:00", "01:30", LONDON, "2026-03-28 22:00", "2026-03-29 01:30"),
        ("01:15", "03:00", LONDON, "2026-03-29 01:00", "2026-03-29 01:00"),
        ("01:15", "03:00", LONDON, "2026-03-29 01:15", "2026-03-29 02:00"),
        ("21:00", "01:30", LONDON, "2026-10-25 00:45", "2026-10-25 01:30"),
        ("21:00", "01:30", LONDON, "2026-10-25 01:15", "2026-10-25 01:30"),
        ("01:30", "04:00", LONDON, "2026-10-25 00:30", "2026-10-25 04:00"),
        ("21:00", "08:00", LONDON, "2026-10-24 21:00", "2026-10-25 08:00"),  # an hour longer by UTC
        # Lord Howe moves by half an hour: 4 October 2026, 02:00 to 02:30 does not exist.
        ("21:00", "02:15", ZoneInfo("Australia/Lord_Howe"), "2026-10-03 15:00", "2026-10-03 15:45"),
    ],
)
def test_clocks_that_change(after: str, before: str, where: ZoneInfo, now: str, free: str) -> None:
    """A skipped time counts as the time after the gap; of two equal times, hours include both."""
    hours = Hours.model_validate({"after": after, "before": before})
    assert free_at(hours, utc(now), [where]) == utc(free)


def test_a_number_in_eight_zones_waits_for_the_last() -> None:
    """An Australian mobile gets no texts from 21:00 in the easternmost zone until 8:00 in the westernmost."""
    zones = zones_of(parse(MOBILE))
    assert len(zones) == 8
    assert free_at(NIGHT, utc("2026-01-14 10:00"), zones) == utc("2026-01-15 01:30")  # 08:00 on the Cocos Islands
    assert free_at(NIGHT, utc("2026-01-15 01:30"), zones) == utc("2026-01-15 01:30")
    assert free_at(NIGHT, utc("2026-01-15 09:59"), zones) == utc("2026-01-15 09:59")
    assert zones_of(parse(MOBILE), "Australia/Perth") == (ZoneInfo("Australia/Perth"),)
    assert len(zones_of(parse(MOBILE), "Australia/Nowhere")) == 8


def test_zones_too_far_apart_are_never_free_together() -> None:
    """A toll-free North American number may be in Guam and in Newfoundland, where it is never free at once."""
    long = Hours.model_validate({"after": "20:00", "before": "10:00"})
    assert free_at(long, utc("2026-01-14 10:00"), zones_of(parse("+18005550142"))) is None


def test_where_the_number_says_nothing_nothing_is_quiet() -> None:
    """A short code and a SIP client have no place, so no hours are quiet for them."""
    assert zones_of(parse("12345")) == zones_of(parse("client:alice")) == ()
    assert zones_of(parse("+80012345678")) == ()
    assert free_at(NIGHT, utc("2026-01-14 22:00"), ()) == utc("2026-01-14 22:00")
    assert [is_country(each) for each in ("AU", "GB", "UK", "001")] == [True, True, False, False]


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - aware by the strategy
clocks = st.integers(0, 23).map("{:02}:30".format)
places = st.sampled_from(["Australia/Lord_Howe", "Europe/London", "America/St_Johns", "Asia/Kolkata", "Pacific/Apia"])


@given(moments, clocks, clocks, st.sets(st.sampled_from(DAYS)), st.sets(places, min_size=1, max_size=3))
def test_free_is_the_first_moment_that_is(
    now: datetime, after: str, before: str, days: set[str], names: set[str]
) -> None:
    """At that moment the hours are over in every zone, and not before."""
    hours = Hours.model_validate({"after": after, "before": before, "days": sorted(days)})
    zones = [ZoneInfo(name) for name in sorted(names)]
    free = free_at(hours, now, zones)
    if free is None:
        return
    assert free >= now
    assert not any(include(hours, free, zone) for zone in zones)
    step = (free - now) / 25
    if step > timedelta(0):
        assert all(any(include(hours, now + step * n, zone) for zone in zones) for n in range(25))


def test_they_are_spelled() -> None:
    """The thread and the explanation show hours in this format."""
    assert spell(NIGHT) == "21:00 to 08:00"
    assert spell(FRIDAY_NIGHT) == "21:00 to 08:00 on fri"
    assert QuietHours.model_validate({"after": "21:00", "before": "08:00"}).answer_minutes == 30
