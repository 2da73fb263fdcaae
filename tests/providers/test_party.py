"""Senders as providers write them: the number that is meant, or a name that nobody can answer."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import payload
from providers.party import read
from sms.address import E164, Alphanumeric, Client, ShortCode, from_canonical

_REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


@pytest.mark.parametrize(
    ("said", "region", "number"),
    [
        ("0488023888", "AU", "+61488023888"),
        ("0488 023 888", "AU", "+61488023888"),
        ("07700900123", "GB", "+447700900123"),
        ("5125550100", "US", "+15125550100"),
        ("(512) 555-0100", "US", "+15125550100"),
        ("512.555.0100", "US", "+15125550100"),
        ("15125550100", "US", "+15125550100"),
        ("15125550100", "DE", "+15125550100"),  # nobody in Germany writes a mobile number without its zero
        ("61488023555", "US", "+61488023555"),
        ("61488023555", None, "+61488023555"),
        ("61488023555.0", "AU", "+61488023555"),
        ("1.5554447777E10", "US", "+15554447777"),
        ("0061488023555", "AU", "+61488023555"),
        ("+61488023555", "US", "+61488023555"),
        (" 61488023555", "AU", "+61488023555"),  # a plus that nobody encoded
        ("\u202a+61 488 023 555\u202c", None, "+61488023555"),
        ("tel:+61488023555", None, "+61488023555"),
        ("19876543212", None, "+19876543212"),  # in Restcomm's sample: no such area code
        ("+6199111222", None, "+6199111222"),  # in the sample of Fone Dynamics: too short
    ],
)
def test_numbers(said: str, region: str | None, number: str) -> None:
    """In national form they belong to the region."""
    assert read(said, region) == E164(number)


@pytest.mark.parametrize("region", _REGIONS)
def test_national_numbers_of_all_regions(region: str) -> None:
    """An example mobile number of each region, as its people write it and in full, with and without a plus."""
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    if example is None:
        return
    number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    national = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    expected = E164(number)
    assert read(number, region) == read(number, None) == expected
    assert read(national, region) == expected
    assert read("".join(filter(str.isdigit, national)), region) == expected


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("ACME_PAY", "ACME_PAY"),
        ("Épargne", "Épargne"),
        ("???", "???"),
        ("Bank of Somewhere Ltd", "Bank of Somewhere Ltd"),
        ("+ACME", "ACME"),
        ("0488023888", "0488023888"),  # without a region
        ("client:a b", "client a b"),
        ("中国移动", "中国移动"),
        ("bob@example.com", "bob@example.com"),
        ("12", "12"),
    ],
)
def test_names(said: str, name: str) -> None:
    """Whatever is no number is a name, and its canonical form stays one."""
    found = read(said)
    assert found == Alphanumeric(name)
    assert from_canonical(str(found)) == found


@pytest.mark.parametrize(
    ("said", "address"), [("+32665", ShortCode("32665")), ("60777", ShortCode("60777")), ("client:al", Client("al"))]
)
def test_other_addresses(said: str, address: object) -> None:
    """A short code keeps none of the pluses that some put before everything."""
    assert read(said) == address


@pytest.mark.parametrize("said", ["", " ", "\u200b", "+", None, {}, []])
def test_nobody(said: object) -> None:
    """No sender at all."""
    assert payload.party(said) is None


@given(st.text(max_size=60), st.none() | st.sampled_from(_REGIONS))
def test_any_sender_has_one_thread(said: str, region: str | None) -> None:
    """Whatever is written there is an address that storage gives back."""
    found = read(said, region)
    if found is not None:
        assert from_canonical(str(found)) == found


@pytest.mark.parametrize("said", [61488023555.0, 61488023555, "61488023555.0"])
def test_numbers_that_became_floats(said: object) -> None:
    """JSON may write an integer as a float, and an id too."""
    assert payload.party(said) == E164("+61488023555")
    assert payload.text(1753060.0) == "1753060"
    assert payload.read_json(b'{"from": 1.5554447777E10, "id": 12345678901234567890.0, "x": 0.5}') == {
        "from": 15554447777,
        "id": 12345678901234567890,
        "x": 0.5,
    }
