"""Hours of the day in a time zone: whether it is now within them, and when they are over. Pure.

They are wall-clock times. Where a clock is put forward, a time that does not exist is the one an hour later; where it
is put back, hours begin at the first and end at the second of two equal times.
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
CONTACT = "contact"  # instead of a time zone: the contact's own
_HOURS, _MINUTES = 24, 60
LONGEST = timedelta(days=8)  # after which hours that are not over are always


def _time_of_day(written: object) -> object:
    """TOML has times of its own; most people write a text."""
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
    """From `after` until `before`: over midnight where `before` is the earlier one, a whole day where both are one."""

    after: TimeOfDay = Field(description="the time of day at which they begin, like `21:00`")
    before: TimeOfDay = Field(description="the time of day at which they end; an earlier one is that of the next day")
    days: list[Day] = Field(default_factory=list, description="on which they begin, like `mon`; empty: every day")


class RuleHours(Hours):
    """When a rule holds."""

    time_zone: Annotated[str, AfterValidator(_is_zone)] = Field(
        description=f'whose clock counts: an IANA name like `Australia/Sydney`, or "{CONTACT}" for the contact\'s own'
    )


class QuietHours(Hours):
    """When contacts of the inbox are left alone, by their own clocks: a text is held until they are over."""

    answer_minutes: float = Field(
        30.0, ge=0, description="an answer to somebody who wrote within so many minutes is not held; 0: it is too"
    )

    @model_validator(mode="after")
    def _ends(self) -> QuietHours:
        if self.after == self.before and set(self.days or DAYS) == set(DAYS):
            raise ValueError("these hours never end. Let `before` differ from `after`, or name the days")
        return self


def spell(hours: Hours) -> str:
    """The hours for a reader: `21:00 to 08:00 on fri, sat`."""
    days = f" on {', '.join(hours.days)}" if hours.days else ""
    return f"{hours.after:%H:%M} to {hours.before:%H:%M}{days}"


def are_now(hours: Hours, now: datetime, where: ZoneInfo) -> bool:
    """Whether an aware moment lies within the hours there."""
    return _end(hours, now, where) is not None


def free_at(hours: Hours, now: datetime, zones: Sequence[ZoneInfo]) -> datetime | None:
    """The first moment from now on at which the hours are over in all of these zones (UTC); `now` if they are.

    None where they never are in all of them: the zones are too far apart.
    """
    moment = now.astimezone(UTC)
    while moment - now <= LONGEST:
        ends = [end for each in zones if (end := _end(hours, moment, each)) is not None]
        if not ends:
            return moment
        moment = max(ends)
    return None


def _end(hours: Hours, now: datetime, where: ZoneInfo) -> datetime | None:
    """When the hours that `now` lies in are over (UTC); None if it lies in none."""
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
