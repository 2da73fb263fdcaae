"""Numbers as phones and carriers write them."""

from __future__ import annotations

import re

import phonenumbers

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_DIGITS = re.compile(r"[1-9][0-9]{8,14}")  # shorter ones are short codes


def with_plus(number: str) -> str:
    """`+` and digits for a number that came as digits; anything else as it is (a short code, a name, `client:…`)."""
    return f"+{number}" if _DIGITS.fullmatch(number) else number


def without_plus(number: str) -> str:
    """The digits of a number that came with a plus; anything else as it is."""
    return number.removeprefix("+")


def region(number: str) -> str:
    """ISO 3166-1 alpha-2 of an E.164 number's country (the main one where several share the code), or ""."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    shared = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(parsed.country_code or 0, ("",))
    return phonenumbers.region_code_for_number(parsed) or shared[0]
