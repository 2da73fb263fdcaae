"""Senders and recipients of texts, parsed once on entry and typed from then on.

The canonical form (`str(address)`, which is stored) is `+61400000000`, `12345`, `Acme` or `client:alice`. A phone has
one canonical number, also where its country has two spellings for it (`sms/spellings.py`). A `repr` shows at most the
last digits, so that logs and errors reveal no number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

from sms.characters import UNSEEN, simplified
from sms.spellings import canonical


class NotAnAddress(ValueError):
    """The text is not an address; the message is a sentence for the person who typed it."""


@dataclass(frozen=True, slots=True, repr=False)
class E164:
    """A phone number with its country code: `+61400000000`."""

    number: str

    def __str__(self) -> str:
        return self.number

    def __repr__(self) -> str:
        return f"E164(…{self.number[-2:]})"

    @property
    def digits(self) -> str:
        """The number without its plus, as some providers require it."""
        return self.number[1:]

    @property
    def national(self) -> str:
        """The digits without the country code."""
        return str(phonenumbers.parse(self.number).national_number)

    @property
    def region(self) -> str | None:
        """The number's country as ISO 3166-1 alpha-2 ("AU"), or None if the code belongs to no country."""
        return _region(self.number)

    @property
    def international(self) -> str:
        """The number with spaces for people: `+61 400 000 000`."""
        return _international(self.number)


@dataclass(frozen=True, slots=True, repr=False)
class ShortCode:
    """Three to eight digits with a meaning within one country."""

    digits: str

    def __str__(self) -> str:
        return self.digits

    def __repr__(self) -> str:
        return "ShortCode(…)"


@dataclass(frozen=True, slots=True)
class Alphanumeric:
    """A name in place of a number; our own have up to 11 characters. Nobody can reply to it."""

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
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 .&-]{1,11}")  # each provider is stricter for our own names
_CLIENT = re.compile(r"client:(\S{1,100})", re.IGNORECASE)
# Separators that people use. No letters: phonenumbers reads "Team 2000 Sydney" as a number.
_NUMBER = re.compile(r"(?:tel:)?[ (]*\+?[0-9 ().\-/]+", re.IGNORECASE)
# A spreadsheet shows 61488023555 as `61488023555.0`; phonenumbers would take the zero for a digit.
_DECIMAL = re.compile(r"\+?[0-9]{7,}\.[0-9]{1,3}|[^.]*[0-9]\.[0-9]{1,2}")
_REMEMBERED = 4096  # cached numbers: parsing one takes a tenth of a millisecond, and the same ones recur
_NATIONAL_DIGITS = 7  # with fewer digits, only a number that is in use takes precedence over a short code


@lru_cache(maxsize=_REMEMBERED)
def parse(text: str, region: str | None = None) -> Address:
    """Parses an address.

    Args:
        text: as a person typed it or a provider sent it: any common form of a number, a short code, an alphanumeric
            sender, or `client:` and a name.
        region: ISO 3166-1 alpha-2; the country of a number without a country code.

    Raises:
        NotAnAddress: with a sentence that says what is wrong and what to write instead.
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


def parse_own(text: str) -> Address:
    """Parses an address of ours, and leaves a number in the spelling that its provider has for it.

    Raises:
        NotAnAddress: with a sentence that says what is wrong and what to write instead.
    """
    address = parse(text)
    if not isinstance(address, E164):
        return address
    written = _read(_seen(text), None)
    return address if written is None else E164(_e164(written))


def parse_number(text: str, region: str | None = None) -> E164:
    """Parses a phone number: *possible*, as long as a phone's number is in its country, not necessarily assigned.

    Args:
        text: any common form: `0400 000 000`, `(02) 5550 0000`, `+61…`, `0061…`.
        region: ISO 3166-1 alpha-2; the country of a number without a country code.

    Raises:
        NotAnAddress: with a sentence that says what is wrong and what to write instead.
    """
    seen = _seen(text)
    if _DECIMAL.fullmatch(seen):
        raise NotAnAddress("That is a number from a spreadsheet. Write it without the point and what is behind it.")
    parsed = _read(seen, region)
    if parsed is None:
        hint = "" if region else " Start it with + and the country code, like +61 400 000 000."
        raise NotAnAddress(f"That is not a phone number.{hint}")
    if parsed.extension:
        raise NotAnAddress("A text cannot reach an extension. Leave it out.")
    number = canonical(written := _e164(parsed))
    reason = _length(parsed if number == written else phonenumbers.parse(number))
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise NotAnAddress(_impossible(reason))
    return E164(number)


def from_canonical(text: str) -> Address:
    """Returns the address whose `str` is `text`, as storage holds it, or held it before one phone had one number."""
    if text.startswith("+"):
        return E164(canonical(text))
    if text.startswith("client:"):
        return Client(text.removeprefix("client:"))
    return ShortCode(text) if _SHORT_CODE.fullmatch(text) else Alphanumeric(text)


def is_valid(address: Address) -> bool:
    """Returns True if the number is in a range that its country has assigned; always True for other addresses."""
    return not isinstance(address, E164) or phonenumbers.is_valid_number(phonenumbers.parse(address.number))


def parse_digits(text: str) -> Address:
    """Parses an address in a provider's payload, where numbers may lack their plus (IOVOX, Restcomm).

    Raises:
        NotAnAddress: it is not an address.
    """
    text = text.strip()
    if text.isdigit() and not _SHORT_CODE.fullmatch(text):
        return parse_number(text if text.startswith("00") else f"+{text}")
    return parse(text)


def _read(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    """Returns the number in a text, or None. A text with letters is not a number, unless they mark an extension."""
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
    """Returns True if three to eight digits are a phone number in that country rather than a short code."""
    if region is None or (parsed := _read(text, region)) is None:
        return False
    if phonenumbers.is_valid_short_number_for_region(parsed, region.upper()):
        return False
    known = phonenumbers.is_valid_number(parsed)
    return known or (len(text) >= _NATIONAL_DIGITS and phonenumbers.is_possible_number(parsed))


def _seen(text: str) -> str:
    """Returns the characters of a typed number that a person sees, in ASCII where there is such a character."""
    return simplified(text).replace(UNSEEN, "").replace("\n", " ").strip()


def _e164(parsed: phonenumbers.PhoneNumber) -> str:
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def _length(parsed: phonenumbers.PhoneNumber) -> int:
    """Returns how the number's length compares with a landline's or a mobile's of its country; a number in use fits."""
    any_kind: int = phonenumbers.is_possible_number_with_reason(parsed)
    if any_kind != phonenumbers.ValidationResult.IS_POSSIBLE:
        return any_kind
    kind = phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE
    phone: int = phonenumbers.is_possible_number_for_type_with_reason(parsed, kind)
    is_phone = phone == phonenumbers.ValidationResult.IS_POSSIBLE
    return any_kind if is_phone or phonenumbers.is_valid_number(parsed) else phone


def _impossible(reason: int) -> str:
    said = {
        phonenumbers.ValidationResult.TOO_SHORT: "is too short to be a phone number",
        phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "lacks its area code",
        phonenumbers.ValidationResult.TOO_LONG: "is too long to be a phone number",
        phonenumbers.ValidationResult.INVALID_COUNTRY_CODE: "has an unknown country code",
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
    """Returns the region, or None for the world ("001"), which phonenumbers uses for +800, +882 and the like."""
    return None if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY else region
