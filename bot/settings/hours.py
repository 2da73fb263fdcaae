"""Hours of the day in a time zone: says if a moment is within them, and when they end. Pure.

`bot/sending/decide.py` applies quiet hours to texts.

They are wall-clock times. When clocks go forward, a skipped time counts as the time an hour later. When clocks go back,
hours start at the first and end at the second of two equal times.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from providers.provider import Model
from sms.countries import zone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CONTACT = "contact"  # in place of a time zone: the contact's own
_HOURS, _MINUTES = 24, 60
LONGEST = timedelta(days=8)  # hours that last longer never end


def _time_of_day(written: object) -> object:
    """Converts a string to a time. TOML has a type for times, but most people write a string."""
    if isinstance(written, str):
        found = re.fullmatch(r"(\d{1,2}):(\d{2})", written)
        if found is None or int(found[1]) >= _HOURS or int(found[2]) >= _MINUTES:
            raise ValueError("write it as hours and minutes, without a time zone, like 08:00")
        return time(int(found[1]), int(found[2]))
    return written


def _is_zone(name: str) -> str:
    if name != CONTACT and zone(name) is None:
        raise ValueError(f'there is no time zone {name!r}. Write it like Australia/Sydney, or "{CONTACT}"')
    return name


TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]


class Hours(Model):
    """Hours from `after` until `before`: over midnight if `before` is earlier, a whole day if both are equal."""

    after: TimeOfDay = Field(description="the time of day at which they start, like `21:00`")
    before: TimeOfDay = Field(description="the time of day at which they end; on the next day if it is earlier")
    days: list[Day] = Field(
        default_factory=list, description="the days on which they start, like `mon`; empty: every day"
    )


class RuleHours(Hours):
    """The hours in which a rule applies."""

    time_zone: Annotated[str, AfterValidator(_is_zone)] = Field(
        description=f'the time zone: an IANA name like `Australia/Sydney`, or "{CONTACT}" for the contact\'s own'
    )


class QuietHours(Hours):
    """The hours in which contacts of the inbox get no texts, by their own clocks. Texts wait until they end."""

    answer_minutes: float = Field(
        30.0,
        ge=0,
        description="an answer to a contact who wrote within this many minutes does not wait; 0: every answer waits",
    )

    @model_validator(mode="after")
    def _ends(self) -> QuietHours:
        if self.after == self.before and set(self.days or DAYS) == set(DAYS):
            raise ValueError("these hours never end. Set a `before` that differs from `after`, or set `days`")
        return self


def spell(hours: Hours) -> str:
    """Formats the hours for a reader: `21:00 to 08:00 on fri, sat`."""
    days = f" on {', '.join(hours.days)}" if hours.days else ""
    return f"{hours.after:%H:%M} to {hours.before:%H:%M}{days}"


def include(hours: Hours, now: datetime, where: ZoneInfo) -> bool:
    """True if the hours in this time zone include the (aware) moment."""
    return _end(hours, now, where) is not None


def free_at(hours: Hours, now: datetime, zones: Sequence[ZoneInfo]) -> datetime | None:
    """Returns the first moment from now on that is outside the hours in all of these zones (UTC).

    Returns None if there is no such moment, because the zones are too far apart.
    """
    moment = now.astimezone(UTC)
    while moment - now <= LONGEST:
        ends = [end for each in zones if (end := _end(hours, moment, each)) is not None]
        if not ends:
            return moment
        moment = max(ends)
    return None


def _end(hours: Hours, now: datetime, where: ZoneInfo) -> datetime | None:
    """Returns when the hours that include `now` end (UTC), or None if they do not include it."""
    today = now.astimezone(where).date()
    for day in (today, today - timedelta(days=1)):
        if hours.days and DAYS[day.weekday()] not in hours.days:
            continue
        last = day if hours.before > hours.after else day + timedelta(days=1)
        begins = datetime.combine(day, hours.after, where).astimezone(UTC)
        ends = max(datetime.combine(last, hours.before.replace(fold=fold), where).astimezone(UTC) for fold in (0, 1))
        if begins <= now < ends:
            return ends
    return None
