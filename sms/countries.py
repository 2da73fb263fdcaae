"""What a number tells of where its owner is: the country, the time zones; and where a name cannot be a sender."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from sms.address import E164

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sms.address import Address

# Where networks show no names, so that a text from one is refused or comes from some number instead. Only what a
# document of a company says for every network there; elsewhere it differs by network and from year to year.
WITHOUT_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "US": "https://www.fonedynamics.com/docs/rest-api/send-sms",  # "notably excluding US and Canada"
        "CA": "https://www.fonedynamics.com/docs/rest-api/send-sms",
    }
)


def is_country(region: str) -> bool:
    """Whether the two letters are a country that phone numbers belong to (ISO 3166-1: GB, not UK)."""
    return region in phonenumbers.SUPPORTED_REGIONS


def shows_no_names(to: Address, more: Collection[str] = ()) -> bool:
    """Whether networks there show no names: a text from one would be refused, or come from some number instead.

    Args:
        to: whoever is texted.
        more: further countries of which somebody knows it.
    """
    region = to.region if isinstance(to, E164) else None
    return region in WITHOUT_NAMES or region in more


def zone(name: str) -> ZoneInfo | None:
    """The time zone of this IANA name; None where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the last: a folder of zones, like "Australia"
        return None


def zones_of(address: Address, known: str | None = None) -> tuple[ZoneInfo, ...]:
    """The time zones that somebody may be in: all that share the number's prefix; none where the number says nothing.

    Args:
        address: theirs.
        known: an IANA name, if a person said where they are; it wins.
    """
    own = None if known is None else zone(known)
    if own is not None:
        return (own,)
    return _zones_of_number(address.number) if isinstance(address, E164) else ()


@lru_cache(maxsize=4096)
def _zones_of_number(number: str) -> tuple[ZoneInfo, ...]:
    names = time_zones_for_number(phonenumbers.parse(number))
    found = (zone(name) for name in names if name != UNKNOWN_TIMEZONE)
    return tuple(each for each in found if each is not None)
