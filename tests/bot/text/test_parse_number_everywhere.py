"""No text goes to another number than was typed: the example numbers of every region, with what people write around."""

from __future__ import annotations

from functools import cache

import phonenumbers
import pytest

from bot.text.parse_number import read_texting, unlinked
from sms.address import NotAnAddress, parse_number

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
FORMS = (
    phonenumbers.PhoneNumberFormat.E164,
    phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    phonenumbers.PhoneNumberFormat.NATIONAL,
)
PUNCTUATION = ",:;!?…'\"."
# Zero-width and direction marks, blanks, a variation selector, dashes, a middle dot, a bullet.
UNSEEN = "\u200b\u2060\ufeff\u202a\u202c\u2068\u2069\u200e\u00ad\ufe0d"
ODD = f"{UNSEEN}\u00a0\u202f\u2009\u3000\u2011\u2013\u2212\uff0d\u00b7\u2022"
TEXTS = ["hello", "8 pm", "8pm", "2 x", "24/7", "10:30", "4711 is your code", "47 11 22"]
SCRIPTS = ["\u0660", "\u0966", "\uff10"]  # the zeros of Arabic, Devanagari and full-width digits
STEP = 19  # one character of so many is tried at each place; with 1 the module tries all, and takes two minutes


@cache
def spellings(region: str) -> list[tuple[str, str]]:
    """Returns each spelling of the region's example numbers, with the canonical number."""
    examples = filter(None, (phonenumbers.example_number_for_type(region, kind) for kind in KINDS))
    return [
        (phonenumbers.format_number(example, form), str(parse_number(phonenumbers.format_number(example, FORMS[0]))))
        for example in examples
        for form in FORMS
    ]


def sent_to(said: str, region: str) -> str | None:
    """Returns the number that the text goes to, or None if it is refused."""
    try:
        return str(read_texting(unlinked(said), region).to)
    except NotAnAddress:
        return None


def some(first: int, step: int) -> str:
    """Returns some of the characters, others for each number."""
    return (PUNCTUATION + ODD)[first % min(step, STEP) :: min(step, STEP)]


def wrong(said: str, number: str, region: str) -> list[tuple[str, str]]:
    """Returns the text, if it goes to another number."""
    found = sent_to(said, region)
    return [] if found in {None, number} else [(said, str(found))]


@pytest.mark.parametrize("region", REGIONS)
def test_what_is_behind_a_number_is_no_part_of_it(region: str) -> None:
    """Punctuation, odd characters and texts that begin with digits: the number as typed, or a refusal."""
    for typed, number in spellings(region):
        for text in TEXTS:
            assert wrong(f"{typed} {text}", number, region) == []
        for behind in some(len(typed), 7):
            assert wrong(f"{typed}{behind} hello", number, region) == []
            assert wrong(f"{typed}{behind} 8 pm", number, region) == []


@pytest.mark.parametrize("region", REGIONS)
def test_what_is_inside_a_number_cuts_nothing_off(region: str) -> None:
    """A character at any place in the number: the whole number, or a refusal."""
    for typed, number in spellings(region):
        for place in range(1, len(typed)):
            for inside in some(place + len(typed), STEP):
                assert wrong(f"{typed[:place]}{inside}{typed[place:]} hello", number, region) == []


@pytest.mark.parametrize("region", REGIONS)
def test_a_number_with_words_behind_is_read(region: str) -> None:
    """E.164 before words is always read, also with digits of another script; so is a link of Slack before digits."""
    for typed, number in spellings(region):
        if typed.startswith("+") and typed[1:].isdigit():
            assert sent_to(f"{typed} hello", region) == number
            assert sent_to(f"{typed}, hello", region) == number
            assert sent_to(f"<tel:{typed}|{typed}> 8 pm", region) == number
            for zero in SCRIPTS:
                foreign = "+" + "".join(chr(ord(zero) + int(digit)) for digit in typed[1:])
                assert sent_to(f"{foreign} hello", region) == number


@pytest.mark.parametrize("region", REGIONS)
def test_a_mobile_is_read_as_its_country_writes_it(region: str) -> None:
    """In each spelling, before words."""
    for typed, number in spellings(region)[: len(FORMS)]:
        if phonenumbers.example_number_for_type(region, KINDS[0]):
            assert sent_to(f"{typed} hello", region) == number
            assert sent_to(f"{typed}: hello", region) == number
