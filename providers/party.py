"""Senders and recipients as providers write them: numbers in any form, short codes and names. Pure functions."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

import phonenumbers
import regex

from sms.address import E164, Address, Alphanumeric, NotAnAddress, ShortCode, is_valid, parse, parse_number

_LONGEST_NAME = 40
_SPACED_NUMBER = re.compile(r"(?:tel:)?\s*(\+?)\s*([0-9][0-9\s().\-/]*)", re.IGNORECASE)
_FLOAT = re.compile(r"[0-9]+\.0+|[1-9](?:\.[0-9]+)?E\+?[0-9]{1,2}", re.IGNORECASE)
_SHORT = re.compile(r"[0-9]{3,8}")
_LONGEST_NUMBER = 15  # digits (E.164)


def read(said: str, region: str | None = None) -> Address | None:
    """Returns the address that a provider wrote, with or without its plus; None if there is none.

    Anything else is a name, which nobody can answer. A number with a plus but of the wrong length is kept.

    Args:
        said: as the provider wrote it.
        region: ISO 3166-1 alpha-2; the country of a number without a country code.
    """
    said = _without_exponent(" ".join(regex.sub(r"\p{C}", "", said).split()))
    number = _SPACED_NUMBER.fullmatch(said.replace("(", " (").strip())
    if number is None:
        return _named(said, region)
    digits = re.sub(r"[^0-9]", "", number[2])
    return (_with_plus(digits) if number[1] else _bare(digits, region)) or _name(digits)


def _without_exponent(said: str) -> str:
    """Returns a number that became a float on its way, `61488023555.0` or `1.5554447777E10`, as digits."""
    if not _FLOAT.fullmatch(said):
        return said
    try:
        whole = Decimal(said)
    except InvalidOperation:
        return said
    return f"{whole:.0f}" if whole == whole.to_integral_value() and whole.adjusted() < _LONGEST_NUMBER else said


def _with_plus(digits: str) -> Address | None:
    number = _international(digits)
    if number is None and _SHORT.fullmatch(digits):
        return ShortCode(digits)  # some put a plus before everything
    return number or _odd(digits)


def _bare(digits: str, region: str | None) -> Address | None:
    """Returns digits without a plus as a number of the region if its people write it like that, else of the world."""
    if _SHORT.fullmatch(digits):
        return parse(digits, region)
    national, international = _national(digits, region), _international(digits)
    if national is not None and is_valid(national) and (_is_customary(national, digits) or not _is_sure(international)):
        return national
    if digits.startswith("0"):
        return national or international
    return international or _odd(digits)


def _is_sure(number: E164 | None) -> bool:
    return number is not None and is_valid(number)


def _international(digits: str) -> E164 | None:
    if digits.startswith("0") and not digits.startswith("00"):
        return None
    try:
        return parse_number(digits if digits.startswith("00") else f"+{digits}")
    except NotAnAddress:
        return None


def _national(digits: str, region: str | None) -> E164 | None:
    try:
        return parse_number(digits, region) if region else None
    except NotAnAddress:
        return None


def _is_customary(number: E164, digits: str) -> bool:
    """True if people in the number's country write exactly these digits."""
    parsed = phonenumbers.parse(number.number)
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return re.sub(r"[^0-9]", "", written) == digits


def _odd(digits: str) -> E164 | None:
    """Returns a number of the wrong length, as in the sample of Fone Dynamics."""
    if digits.startswith("0") or len(digits) > _LONGEST_NUMBER:
        return None
    try:
        parsed = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None
    return E164(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def _named(said: str, region: str | None) -> Address | None:
    try:
        return parse(said, region)
    except NotAnAddress:
        return _name(said)


def _name(said: str) -> Alphanumeric | None:
    """Returns a sender's name in any script. Its canonical form must not look like a number's or a client's."""
    name = re.sub("^client:", "client ", said.lstrip("+ "), flags=re.IGNORECASE)[:_LONGEST_NAME].strip()
    return Alphanumeric(name) if name else None
