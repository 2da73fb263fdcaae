"""Phone numbers in the formats of phones and carriers."""

from __future__ import annotations

import re

import phonenumbers

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_DIGITS = re.compile(r"[1-9][0-9]{8,14}")  # shorter ones are short codes


def with_plus(number: str) -> str:
    """Adds a plus to a number's digits; returns anything else as it is (a short code, a name, `client:…`)."""
    return f"+{number}" if _DIGITS.fullmatch(number) else number


def without_plus(number: str) -> str:
    """Removes a number's plus; returns anything else as it is."""
    return number.removeprefix("+")


def region(number: str) -> str:
    """Returns a number's country as ISO 3166-1 alpha-2 (the main one if several share the code), or ""."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    shared = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(parsed.country_code or 0, ("",))
    return phonenumbers.region_code_for_number(parsed) or shared[0]
