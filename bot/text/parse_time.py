"""Reads the time at which a text is to go out, as people write it: `17:30`, `tomorrow 9:00`, `in 2 hours`. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = "`17:30`, `tomorrow 9:00`, `friday 9:00`, `in 2 hours`, `in 30 minutes` or `2026-12-24 09:00`"
FURTHEST = timedelta(days=366)
UNCLEAR = "I can't tell where the time ends. Write the time on the first line and the text on a new line below it."
MOST_WORDS = 5  # in a time
MORNING = time(9, 0)  # for a day without a time

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CLOCK = r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2}))?\s*(?P<half>[ap]\.?m\.?)?"
_SPAN = re.compile(
    r"(?:in\s+)?(?P<count>\d{1,4}|an?|one)\s*(?P<unit>m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?|w(?:eeks?)?)"
)
_UNCLEAR = re.compile(
    r"(?:day|tomorrow|mon|tue|wed|thu|fri|sat|sun|today|at|\d{4}-\d+-\d+),?\s+\d{1,2}$", re.IGNORECASE
)
_TODAY = re.compile(rf"(?:today\s+)?(?:at\s+)?{_CLOCK}")
_TOMORROW = re.compile(rf"tomorrow(?:,?\s+(?:at\s+)?{_CLOCK})?")
_WEEKDAY = re.compile(rf"(?:on\s+|next\s+)?(?P<day>[a-z]{{3,9}})(?:,?\s+(?:at\s+)?{_CLOCK})?")
_DATE = re.compile(
    rf"(?:on\s+)?(?P<year>\d{{4}})-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})(?:[t,]?\s*(?:at\s+)?{_CLOCK})?"
)


class NotATime(Exception):
    """The words are no time, or the time is past or too far ahead. The message is a sentence for the person."""


def zone(name: str | None) -> ZoneInfo:
    """Returns the time zone with this name, or UTC if there is none."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def read(said: str, now: datetime, where: ZoneInfo) -> datetime:
    """Returns the moment that a person means, in UTC.

    Args:
        said: the person's words, in upper or lower case.
        now: the current time, aware.
        where: the person's time zone, for times of day.

    Raises:
        NotATime: we can't read a future time from the words.
    """
    words = " ".join(said.lower().split()).rstrip(".!")
    here = now.astimezone(where)
    for pattern, meaning in _MEANINGS:
        if found := pattern.fullmatch(words):
            meant = meaning(found, here)
            if meant is not None:
                return _checked(meant.astimezone(UTC), now)
    raise NotATime(f"I can't read that as a time. Write {EXAMPLES}.")


def leading(said: str, now: datetime, where: ZoneInfo) -> tuple[datetime, str]:
    """Returns the moment at the start of the words, in UTC, and the text behind it.

    The time ends with minutes, am or pm, a span, or a day that no number follows: "tomorrow 9 people come" is unclear.

    Args:
        said: the person's words: a time, or a time and a text.
        now: the current time, aware.
        where: the person's time zone, for times of day.

    Raises:
        NotATime: we can't read a future time from the first words.
    """
    words = list(re.finditer(r"\S+", said))
    first = NotATime(f"I can't read that as a time. Write {EXAMPLES}.")
    for count in range(min(len(words), MOST_WORDS), 0, -1):
        time_said, behind = said[: words[count - 1].end()], said[words[count - 1].end() :].strip()
        try:
            meant = read(time_said, now, where)
        except NotATime as error:
            first = error if count == len(words) or not str(error).startswith("I can't") else first
            continue
        if behind and (_UNCLEAR.search(time_said) or re.match(r"\d|[ap]\.?m\b", behind, re.IGNORECASE)):
            raise NotATime(UNCLEAR)
        return meant, behind
    raise first


def _checked(meant: datetime, now: datetime) -> datetime:
    if meant <= now:
        raise NotATime(f"That time is past. Write a future one: {EXAMPLES}.")
    if meant > now + FURTHEST:
        raise NotATime("That is more than a year ahead. Write an earlier time.")
    return meant


def _span(found: re.Match[str], here: datetime) -> datetime | None:
    """Reads a time from now. Days and weeks keep the time of day, also if clocks change in between."""
    count = int(found["count"]) if found["count"].isdigit() else 1
    unit = _UNITS[found["unit"][0]]
    begin = here if unit in {"days", "weeks"} else here.astimezone(UTC)
    return begin + timedelta(**{unit: count})


def _today(found: re.Match[str], here: datetime) -> datetime | None:
    """Reads a time today. An hour alone could mean anything, so it needs minutes, or am or pm."""
    if found["minute"] is None and found["half"] is None:
        return None
    return _at(here, found)


def _tomorrow(found: re.Match[str], here: datetime) -> datetime | None:
    return _at(here + timedelta(days=1), found)


def _weekday(found: re.Match[str], here: datetime) -> datetime | None:
    """Reads the next day with this name; today's name means a week from now."""
    number = next((number for number, name in enumerate(_DAYS) if name.startswith(found["day"])), None)
    if number is None:
        return None
    return _at(here + timedelta(days=(number - here.weekday() - 1) % 7 + 1), found)


def _date(found: re.Match[str], here: datetime) -> datetime | None:
    try:
        return _at(here.replace(year=int(found["year"]), month=int(found["month"]), day=int(found["day"])), found)
    except ValueError:
        return None


def _at(day: datetime, found: re.Match[str]) -> datetime | None:
    """Returns this day at the time that was written, else in the morning; None if there is no such time."""
    if found["hour"] is None:
        return datetime.combine(day.date(), MORNING, day.tzinfo)
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:  # noqa: PLR2004 - the hours of half a day
            return None
        hour = hour % 12 + (12 if found["half"].startswith("p") else 0)
    if hour > 23 or minute > 59:  # noqa: PLR2004 - the last of a day and of an hour
        return None
    return datetime.combine(day.date(), time(hour, minute), day.tzinfo)


_MEANINGS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], datetime], datetime | None]], ...] = (
    (_SPAN, _span),
    (_TODAY, _today),
    (_TOMORROW, _tomorrow),
    (_WEEKDAY, _weekday),
    (_DATE, _date),
)
