"""Facts about a number's country: its time zones, and if its networks show sender names."""

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

# Countries whose networks show no names, so that a text from a name is refused or comes from some number instead. Only
# those where a provider's document says so for every network; elsewhere it depends on the network and changes.
WITHOUT_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "US": "https://www.fonedynamics.com/docs/rest-api/send-sms",  # "notably excluding US and Canada"
        "CA": "https://www.fonedynamics.com/docs/rest-api/send-sms",
    }
)


def is_country(region: str) -> bool:
    """Returns True if the two letters are a country with phone numbers (ISO 3166-1: GB, not UK)."""
    return region in phonenumbers.SUPPORTED_REGIONS


def shows_no_names(to: Address, more: Collection[str] = ()) -> bool:
    """Returns True if the country's networks show no names, so that a text from one is refused or comes from a number.

    Args:
        to: the recipient.
        more: further countries that show no names.
    """
    region = to.region if isinstance(to, E164) else None
    return region in WITHOUT_NAMES or region in more


def zone(name: str) -> ZoneInfo | None:
    """Returns the time zone with this IANA name, or None."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, like "Australia"
        return None


def zones_of(address: Address, known: str | None = None) -> tuple[ZoneInfo, ...]:
    """Returns the possible time zones of an address: all zones that share the number's prefix, or none if unknown.

    Args:
        address: the contact's.
        known: an IANA name that a user set; it takes precedence.
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
