"""Two spellings of one phone give one address."""

from __future__ import annotations

import itertools

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.address import E164, from_canonical, parse, parse_digits, parse_own
from sms.spellings import canonical, others

PHONES = {  # canonical, and what else people and carriers write; kind K14
    "+525512345678": ["+52 1 55 1234 5678", "5215512345678", "+52 55 1234 5678"],
    "+5491123456789": ["+54 9 11 2345-6789", "+54 11 2345 6789", "+54 11 15 2345 6789", "541123456789"],
    "+5492234567890": ["+54 9 223 456 7890", "+54 223 456-7890", "+54 223 15 456-7890"],
    "+5493644123456": ["+54 3644 123456", "+54 3644 15 123456"],
    "+5511961234567": ["+55 11 6123-4567", "+55 (11) 96123-4567", "551161234567"],
    "+5521987654321": ["+55 21 8765 4321", "552187654321"],
    "+2250707123456": ["+225 07 12 34 56", "22507123456", "+225 07 07 12 34 56"],
    "+2250505123456": ["+225 05 12 34 56"],
    "+2250544412345": ["+225 44 41 23 45", "+225 05 44 41 23 45"],
    "+2290197123456": ["+229 97 12 34 56", "+229 01 97 12 34 56", "22997123456"],
    "+970599123456": ["+972 59 912 3456", "+970 59 912 3456"],
    "+61412345678": ["+61 412 345 678", "61412345678"],
}
AT_HOME = [("1 55 1234 5678", "MX", "+525512345678"), ("011 15-2345-6789", "AR", "+5491123456789")]

DIGITS = st.integers(10**6, 10**12).map(str)
CODES = st.sampled_from(
    ["+521", "+52", "+549", "+5411", "+54", "+55", "+225", "+22501", "+229", "+22901", "+972", "+970"]
)


@pytest.mark.parametrize("number", PHONES)
def test_one_phone_has_one_address(number: str) -> None:
    """Typed by a person, sent by a provider, or stored by an older version."""
    for spelling in PHONES[number]:
        address = parse(spelling) if spelling.startswith("+") else parse_digits(spelling)
        assert address == E164(number), spelling
    for other in [number, *others(number)]:
        assert from_canonical(other) == E164(number)
        assert parse_digits(other.removeprefix("+")) == E164(number)


@pytest.mark.parametrize(("typed", "region", "number"), AT_HOME)
def test_what_is_dialled_at_home(typed: str, region: str, number: str) -> None:
    """The forms without a country code."""
    assert parse(typed, region) == E164(number)


@given(CODES, DIGITS)
def test_any_two_spellings_are_one(code: str, digits: str) -> None:
    """The canonical spelling of each other spelling is the same, and canonical itself."""
    one = canonical(code + digits)
    assert canonical(one) == one
    assert {canonical(other) for other in others(one)} <= {one}
    assert one == code + digits or code + digits in others(one)


def test_other_countries_keep_their_numbers() -> None:
    """Of the examples of all regions, only Argentina's landlines have another canonical number."""
    kinds = phonenumbers.PhoneNumberType.values()
    pairs = itertools.product(sorted(phonenumbers.SUPPORTED_REGIONS), kinds)
    examples = filter(None, (phonenumbers.example_number_for_type(*pair) for pair in pairs))
    numbers = {phonenumbers.format_number(each, phonenumbers.PhoneNumberFormat.E164) for each in examples}
    assert [number for number in numbers if canonical(number) != number] == ["+541123456789"]


def test_our_own_number_keeps_its_spelling() -> None:
    """The provider knows a sender as the operator wrote it."""
    assert parse_own("+52 1 55 1234 5678") == E164("+5215512345678")
    assert parse_own("+54 11 2345 6789") == E164("+541123456789")
    assert str(parse_own("Acme")) == "Acme"
