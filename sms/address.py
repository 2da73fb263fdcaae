"""Who a text can be from or to: parsed once at the edge, a type afterwards.

Canonical form (`str(address)`, what is stored): `+61400000000`, `12345`, `Acme`, `client:alice`. A `repr` hides all but
the last digits, so that an address in a log or an error tells nobody's number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
import regex


class NotAnAddress(ValueError):
    """The text is no address; the message is a sentence for the person who typed it."""


@dataclass(frozen=True, slots=True, repr=False)
class E164:
    """A phone number with its country code, digits only: `+61400000000`."""

    number: str

    def __str__(self) -> str:
        return self.number

    def __repr__(self) -> str:
        return f"E164(…{self.number[-2:]})"

    @property
    def digits(self) -> str:
        """The number without its plus, as some providers want it."""
        return self.number[1:]

    @property
    def national(self) -> str:
        """Its digits without the country's code."""
        return str(phonenumbers.parse(self.number).national_number)

    @property
    def region(self) -> str | None:
        """ISO 3166-1 alpha-2 of the number's country ("AU"), or None where the code belongs to no country."""
        return _region(self.number)

    @property
    def international(self) -> str:
        """Spaced for a reader: `+61 400 000 000`."""
        return _international(self.number)


@dataclass(frozen=True, slots=True, repr=False)
class ShortCode:
    """Three to eight digits that mean something within one country."""

    digits: str

    def __str__(self) -> str:
        return self.digits

    def __repr__(self) -> str:
        return "ShortCode(…)"


@dataclass(frozen=True, slots=True)
class Alphanumeric:
    """A name in place of a number, up to 11 characters: it can be read, never answered."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, repr=False)
class Client:
    """A SIP client registered at the provider (Restcomm): `client:alice`."""

    name: str

    def __str__(self) -> str:
        return f"client:{self.name}"

    def __repr__(self) -> str:
        return "Client(…)"


Address = E164 | ShortCode | Alphanumeric | Client

_SHORT_CODE = re.compile(r"[0-9]{3,8}")
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 .&-]{1,11}")  # each provider has stricter rules for ours
_CLIENT = re.compile(r"client:(\S{1,100})", re.IGNORECASE)
# Digits of any script and what people put between them. Not letters: phonenumbers reads "Team 2000 Sydney" as a number.
_NUMBER = regex.compile(r"(?i:tel:)?[\s\p{Cf}(]*[+\uFF0B]?[\d\s\p{Cf}\p{Pd}().\-/]+")
_REMEMBERED = 4096  # numbers: reading one costs a tenth of a millisecond, and the same ones come again
_NATIONAL_DIGITS = 7  # with fewer, only a number that is really in use beats a short code


@lru_cache(maxsize=_REMEMBERED)
def parse(text: str, region: str | None = None) -> Address:
    """The address that somebody's text means.

    Args:
        text: as a person typed it or a provider sent it: any common form of a number, a short code, an alphanumeric
            sender, or `client:` and a name.
        region: ISO 3166-1 alpha-2; the country of a number written without its country code.

    Raises:
        NotAnAddress: with a sentence that says what is wrong and what would do.
    """
    text = text.strip()
    client = _CLIENT.fullmatch(text)
    if client and client[1].isprintable():
        return Client(client[1])
    if _SHORT_CODE.fullmatch(text) and not _is_national(text, region):
        return ShortCode(text)
    if _ALPHANUMERIC.fullmatch(text):
        return Alphanumeric(text)
    return parse_number(text, region)


def parse_number(text: str, region: str | None = None) -> E164:
    """The phone number that a text means: *possible*, not necessarily assigned.

    Args:
        text: any common form: `0400 000 000`, `(02) 5550 0000`, `+61…`, `0061…`.
        region: ISO 3166-1 alpha-2; the country of a number written without its country code.

    Raises:
        NotAnAddress: with a sentence that says what is wrong and what would do.
    """
    parsed = _read(text.strip(), region)
    if parsed is None:
        hint = "" if region else " Start it with + and the country code, like +61 400 000 000."
        raise NotAnAddress(f"That is not a phone number.{hint}")
    if parsed.extension:
        raise NotAnAddress("A text cannot reach an extension. Leave it out.")
    if phonenumbers.is_possible_number_with_reason(parsed) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise NotAnAddress(_impossible(parsed))
    return E164(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def from_canonical(text: str) -> Address:
    """The address whose `str` is `text`, as it comes back from storage."""
    if text.startswith("+"):
        return E164(text)
    if text.startswith("client:"):
        return Client(text.removeprefix("client:"))
    return ShortCode(text) if text.isdigit() else Alphanumeric(text)


def is_valid(address: Address) -> bool:
    """Whether a number is in a range that its country has given out; what is no number is valid as it is."""
    return not isinstance(address, E164) or phonenumbers.is_valid_number(phonenumbers.parse(address.number))


def parse_digits(text: str) -> Address:
    """The address in a provider's payload, where numbers may come without their plus (IOVOX, Restcomm).

    Raises:
        NotAnAddress: if it is no address at all.
    """
    text = text.strip()
    if text.isdigit() and not _SHORT_CODE.fullmatch(text):
        return parse_number(text if text.startswith("00") else f"+{text}")
    return parse(text)


def _read(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    """The number that a text is, or None if it is none. One with letters is none, save those of an extension."""
    parsed = _attempt(text, region and region.upper())
    own_prefix = parsed and parsed.country_code_source != phonenumbers.CountryCodeSource.FROM_DEFAULT_COUNTRY
    if text.startswith("00") and not own_prefix:
        parsed = _attempt(f"+{text[2:]}", None)
    return parsed if parsed and (parsed.extension or _NUMBER.fullmatch(text)) else None


def _attempt(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None


def _is_national(text: str, region: str | None) -> bool:
    """Whether three to eight digits mean a number in that country rather than a short code."""
    if region is None or (parsed := _read(text, region)) is None:
        return False
    if phonenumbers.is_valid_short_number_for_region(parsed, region.upper()):
        return False
    known = phonenumbers.is_valid_number(parsed)
    return known or (len(text) >= _NATIONAL_DIGITS and phonenumbers.is_possible_number(parsed))


def _impossible(parsed: phonenumbers.PhoneNumber) -> str:
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    said = {
        phonenumbers.ValidationResult.TOO_SHORT: "is too short to be a phone number",
        phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "lacks its area code",
        phonenumbers.ValidationResult.TOO_LONG: "is too long to be a phone number",
        phonenumbers.ValidationResult.INVALID_COUNTRY_CODE: "has no country code that exists",
    }.get(reason, "cannot be a phone number")
    return f"That number {said}. Check the digits and the country code."


@lru_cache(maxsize=_REMEMBERED)
def _international(number: str) -> str:
    return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@lru_cache(maxsize=_REMEMBERED)
def _region(number: str) -> str | None:
    exact = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    return _country(exact) if exact else _first_region(number)


def _first_region(number: str) -> str | None:
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(phonenumbers.parse(number).country_code or 0, ())
    return _country(regions[0]) if regions else None


def _country(region: str) -> str | None:
    """The region, unless it is the world ("001"), as phonenumbers has it for +800, +882 and their kin."""
    return None if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY else region
