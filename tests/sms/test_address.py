"""Addresses: what people and providers write, what is rejected, and that stored forms are parsed back."""

# ruff: noqa: RUF001  # the tests need characters that look like others

from __future__ import annotations

import contextlib
import itertools
import traceback

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sms.address import (
    E164,
    Address,
    Alphanumeric,
    Client,
    NotAnAddress,
    ShortCode,
    from_canonical,
    is_valid,
    parse,
    parse_digits,
    parse_number,
)

REGIONS = st.sampled_from([None, *sorted(phonenumbers.SUPPORTED_REGIONS)])
NUMBERISH = st.text(alphabet="0123456789+-() ./#*,;x\u00a0\u2011\u202a\uff0b\uff11\u0661", max_size=24)


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("+61400000000", None, E164("+61400000000")),
        ("+61 400 000 000", "US", E164("+61400000000")),
        (" +61 (0)400-000-000\n", None, E164("+61400000000")),
        ("(+61) 400 000 000", None, E164("+61400000000")),
        ("0061 400 000 000", None, E164("+61400000000")),
        ("0061 400 000 000", "AU", E164("+61400000000")),  # although Australia dials 0011
        ("0061 400 000 000", "US", E164("+61400000000")),  # and the US dials 011
        ("0011 44 7700 900123", "AU", E164("+447700900123")),
        ("011 61 400 000 000", "US", E164("+61400000000")),
        ("0400 000 000", "AU", E164("+61400000000")),
        ("0400.000.000", "au", E164("+61400000000")),
        ("0400\u2011000\u2011000", "AU", E164("+61400000000")),
        ("61400000000", "AU", E164("+61400000000")),
        ("\u202a+61\u00a0400\u00a0000\u00a0000\u202c", None, E164("+61400000000")),  # from an address book
        ("＋６１４００００００００", None, E164("+61400000000")),
        ("٠٤٠٠٠٠٠٠٠٠", "AU", E164("+61400000000")),
        ("tel:+61-400-000-000", None, E164("+61400000000")),
        # what nobody sees, and what looks like a hyphen or a blank
        ("+1\ufe0d-555-123-4567", "US", E164("+15551234567")),
        ("0488\u2212023\u2212555", "AU", E164("+61488023555")),
        ("+61\u202f488\u202f023\u202f555", None, E164("+61488023555")),
        ("+61\u200b488\u2060023\ufeff555", None, E164("+61488023555")),
        ("\u0966\u096a\u0966\u0966 \u0966\u0966\u0966 \u0966\u0966\u0966", "AU", E164("+61400000000")),
        ("(253) 555-0142", "US", E164("+12535550142")),
        ("+15554447777", None, E164("+15554447777")),  # possible, not valid: from a document's sample
        ("030/1234567", "DE", E164("+49301234567")),
        ("+39 06 1234 5678", None, E164("+390612345678")),  # Italy keeps its zero
        ("91234567", "SG", E164("+6591234567")),  # eight digits that are a complete number there
        ("131444", "AU", E164("+61131444")),
        ("123", None, ShortCode("123")),
        ("12345", None, ShortCode("12345")),
        ("12345", "US", ShortCode("12345")),
        ("12345", "AU", ShortCode("12345")),
        ("72020", "DE", ShortCode("72020")),
        ("197123", "AU", ShortCode("197123")),
        ("19123456", "AU", ShortCode("19123456")),
        ("12345678", None, ShortCode("12345678")),
        ("Acme", None, Alphanumeric("Acme")),
        (" Acme Co. 24 ", "AU", Alphanumeric("Acme Co. 24")),
        ("1800FLOWERS", "US", Alphanumeric("1800FLOWERS")),
        ("client:alice", None, Client("alice")),
        ("CLIENT:Alice", None, Client("Alice")),
        ("client:+61400000000", None, Client("+61400000000")),
    ],
)
def test_what_a_text_means(text: str, region: str | None, expected: Address) -> None:
    """Each common form of a number, a short code, a name and a client gives the intended address."""
    assert parse(text, region) == expected


@pytest.mark.parametrize(
    ("text", "region", "sentence"),
    [
        ("", None, "not a phone number. Start it with +"),
        ("   ", "AU", "not a phone number."),
        ("0400 000 000", None, "Start it with + and the country code"),
        ("+", None, "not a phone number"),
        ("12", None, "not a phone number"),
        ("+6140", None, "too short"),
        ("+614000000000000", None, "too long"),
        ("0412345", "AU", "too short"),
        ("+61 4 1234", None, "too short"),
        ("61488023555.0", "AU", "from a spreadsheet"),
        ("6.1488E+10", "AU", "not a phone number"),
        ("+999123456789", None, "not a phone number"),
        ("2530000", "US", "lacks its area code"),
        ("555-0142", "US", "lacks its area code"),
        ("+61 400 000 000 ext. 5", None, "cannot reach an extension"),
        ("+61400000000;ext=5", None, "cannot reach an extension"),
        ("(253) 555-0142 x9", "US", "cannot reach an extension"),
        ("call me on +61400000000", None, "not a phone number"),
        ("1-800-FLOWERS", "US", "not a phone number"),
        ("Support 2000 Team", "AU", "not a phone number"),  # phonenumbers reads +61 2000 8326
        ("0400000000,0400000001", "AU", "not a phone number"),
        ("0400 000 000 / 0400 111 111", "AU", "not a phone number"),
        ("+61+61400000000", None, "not a phone number"),
        ("5 +61400000000", None, "not a phone number"),
        ("Acme Support Team", None, "not a phone number"),
        ("Acme_Co", None, "not a phone number"),
        ("Ação", None, "not a phone number"),
        ("١٢٣٤٥", None, "not a phone number"),  # a short code is sent as it is, so it needs plain digits
        ("²²²", None, "not a phone number"),
        ("client:", None, "not a phone number"),
        ("client:a b", None, "not a phone number"),
        ("client:\u200b", None, "not a phone number"),
        ("client:" + "a" * 101, None, "not a phone number"),
        ("sip:alice@example.com", None, "not a phone number"),
        ("9" * 300, "AU", "not a phone number"),
        ("0400 000 000", "XX", "not a phone number"),
    ],
)
def test_what_is_no_address(text: str, region: str | None, sentence: str) -> None:
    """Other text is rejected with a sentence for the person who typed it."""
    with pytest.raises(NotAnAddress, match=sentence.replace("+", r"\+")):
        parse(text, region)


@given(st.one_of(st.text(max_size=40), NUMBERISH), REGIONS)
@example("0" * 250, "AU")
@example("\x00", None)
def test_any_text_is_an_address_or_refused(text: str, region: str | None) -> None:
    """Any text is an address or rejected, and an accepted one's stored form gives the same address."""
    with contextlib.suppress(NotAnAddress):
        address = parse(text, region)
        assert parse(str(address)) == address
        assert from_canonical(str(address)) == address
        assert parse_digits(str(address)) == address


@given(st.integers(0, 10**15), REGIONS)
def test_a_stored_number_means_the_same_in_any_region(digits: int, region: str | None) -> None:
    """A stored number is independent of the region, and gives an equal address."""
    with contextlib.suppress(NotAnAddress):
        number = parse_number(f"+{digits}", region)
        assert parse(number.number, region) == number
        assert parse(number.number) == number


def test_every_kind_of_number_in_the_world_is_taken() -> None:
    """The example that phonenumbers has of each kind reads back, spaced or not, with `+`, with `00` or bare."""
    kinds = phonenumbers.PhoneNumberType.values()
    pairs = itertools.product(sorted(phonenumbers.SUPPORTED_REGIONS), kinds)
    examples = [phonenumbers.example_number_for_type(region, kind) for region, kind in pairs]
    texts = {phonenumbers.format_number(each, phonenumbers.PhoneNumberFormat.E164) for each in examples if each}
    for text in texts - {"+13101234"}:  # Canada's 310 numbers have no area code, and nobody outside can reach them
        number = from_canonical(text)  # the mobile's, for Argentina's landlines
        assert isinstance(number, E164)
        assert parse(text) == number
        assert parse(number.international) == number
        assert parse_number(f"00{number.digits}") == number
        assert len(number.digits) <= 8 or parse_digits(number.digits) == number
        assert number.region is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("61400000000", E164("+61400000000")),
        ("+61400000000", E164("+61400000000")),
        ("0061400000000", E164("+61400000000")),
        ("447923221231", E164("+447923221231")),  # IOVOX's own sample
        (" 15551112222 ", E164("+15551112222")),
        ("12345", ShortCode("12345")),
        ("12345678", ShortCode("12345678")),
        ("Acme", Alphanumeric("Acme")),
        ("client:alice", Client("alice")),
    ],
)
def test_what_a_provider_sends(text: str, expected: Address) -> None:
    """Digits without a plus are a whole number with its country code, unless they are as short as a short code."""
    assert parse_digits(text) == expected


@pytest.mark.parametrize("text", ["", "0400000000", "²²²²²²²²²²", "999999999999999", "00", "anonymous caller"])
def test_what_a_provider_sends_may_be_no_address(text: str) -> None:
    """A payload without a valid address is rejected like any other text."""
    with pytest.raises(NotAnAddress):
        parse_digits(text)


@pytest.mark.parametrize(
    ("number", "region"),
    [
        ("+61400000000", "AU"),
        ("+447700900123", "GB"),
        ("+12535550142", "US"),
        ("+16135550142", "CA"),
        ("+15554447777", "US"),  # of an unknown area: the first country of its code
        ("+80012345678", None),  # international freephone
        ("+882345678901", None),
        ("+87012345678901", None),
    ],
)
def test_the_country_of_a_number(number: str, region: str | None) -> None:
    """A number has the country of its code and area; international codes have none."""
    assert E164(number).region == region


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("+61400000000", True),
        ("+12535550142", True),
        ("+15554447777", False),  # area 555 does not exist
        ("+6155500000", False),
        ("12345", True),
        ("Acme", True),
        ("client:alice", True),
    ],
)
def test_which_addresses_are_in_use_somewhere(text: str, valid: object) -> None:
    """A possible number may be outside its country's assigned ranges; other addresses are always valid."""
    assert is_valid(from_canonical(text)) is valid


def test_how_a_number_reads() -> None:
    """Stored with its plus, given without it for some providers, and spaced for people."""
    number = parse("0400 000 000", "AU")
    assert isinstance(number, E164)
    assert (str(number), number.digits, number.international) == ("+61400000000", "61400000000", "+61 400 000 000")


@pytest.mark.parametrize("address", [E164("+61412345678"), ShortCode("12345"), Client("alice")], ids=["n", "s", "c"])
def test_a_repr_tells_nobodys_number(address: E164 | ShortCode | Client) -> None:
    """A logged address shows at most two digits."""
    hidden = str(address).removeprefix("client:")
    assert hidden not in repr(address)
    assert hidden[:-2] not in repr(address)
    assert hidden not in repr([address])


@pytest.mark.parametrize("text", ["+1253555014", "+125355501427", "+999412345678", "0412345678", "0412 345 678 x9"])
def test_an_error_tells_nobodys_number(text: str) -> None:
    """Neither the sentence nor an error's cause contains the typed text."""
    with pytest.raises(NotAnAddress) as caught:
        parse(text)
    assert text[-6:] not in "".join(traceback.format_exception_only(caught.value))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_addresses_are_values() -> None:
    """Equal addresses are one key; addresses of different kinds are never equal."""
    assert len({parse("+61400000000"), parse("0400 000 000", "AU"), parse("+61 400 000 000")}) == 1
    assert len({ShortCode("12345"), Alphanumeric("12345"), Client("12345")}) == 3
