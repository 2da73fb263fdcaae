"""The border between number and text in what somebody typed after `/sms`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.parse_number import one_spelling, read_number, read_texting, spell, unlinked
from sms.address import E164, Alphanumeric, Client, NotAnAddress, ShortCode

READ = [
    ("+61400000000 Your order is ready", "+61400000000", "Your order is ready"),
    ("+61 400 000 000 Your order", "+61400000000", "Your order"),
    ("0400 000 000 Your order", "+61400000000", "Your order"),
    ("0400000000 Your order", "+61400000000", "Your order"),
    ("0061 400 000 000 Your order", "+61400000000", "Your order"),
    ("(02) 5550 0000 Your order", "+61255500000", "Your order"),
    ("+1 (212) 555-0100 Your order", "+12125550100", "Your order"),
    ("+61-400-000-000 - call me", "+61400000000", "call me"),
    ("+61400000000", "+61400000000", ""),
    ("0400 000 000", "+61400000000", ""),
    ("12345 Your order", "12345", "Your order"),
    ("client:alice Your order", "client:alice", "Your order"),
    # texts that start with digits
    ("+61400000000 2 apples", "+61400000000", "2 apples"),
    ("0400 000 000 10:30 is fine", "+61400000000", "10:30 is fine"),
    ("0400 000 000 10.30 is fine", "+61400000000", "10.30 is fine"),
    ("+61 400 000 000 24/7 support", "+61400000000", "24/7 support"),
    ("0400 000 000 12345", "+61400000000", "12345"),
    # texts stay unchanged
    ("+61400000000  two  spaces", "+61400000000", "two  spaces"),
    ("+61  400  000  000 text", "+61400000000", "text"),
    ("+61400000000\nline one\n\nline two", "+61400000000", "line one\n\nline two"),
    ("+61 400 000 000\n12 o'clock", "+61400000000", "12 o'clock"),
    ("+61400000000\u00a0text", "+61400000000", "text"),
    ("+61400000000 \u00e9\u20ac\U0001f600 <b>", "+61400000000", "\u00e9\u20ac\U0001f600 <b>"),
]


@pytest.mark.parametrize(("said", "to", "text"), READ)
def test_a_number_and_a_text(said: str, to: str, text: str) -> None:
    """The number may have spaces anywhere; the text after it stays unchanged."""
    found = read_texting(said, "AU")
    assert (str(found.to), found.text) == (to, text)


@pytest.mark.parametrize("said", ["Anna hello", "hello", "-", "+61 4 hello", "+61", "1 2 3 4", "", "Acme your order"])
@pytest.mark.parametrize("region", ["AU", None])
def test_what_begins_with_no_number_is_refused(said: str, region: str | None) -> None:
    """The error is a sentence. Nobody can text a name."""
    with pytest.raises(NotAnAddress, match=r"\w.*\.$"):
        read_texting(said, region)


@pytest.mark.parametrize("said", ["0400 000 000 hello", "0400 000 000", "12345 678 hello", "400 000 000"])
def test_half_a_number_is_not_a_short_code(said: str) -> None:
    """Without a country, `0400 000 000` could be the short code 0400 with the text `000 000`, so we ask."""
    with pytest.raises(NotAnAddress, match=r"\+ and the country code"):
        read_texting(said, None)


@given(st.text(min_size=1).filter(lambda text: text.strip() == text and not text[0].isdigit()))
def test_no_text_is_changed(text: str) -> None:
    """A text that does not look like a number reaches the phone unchanged."""
    if text[0] not in "+-.()/":
        assert read_texting(f"+61400000000 {text}", "AU").text == text


@given(st.text(max_size=30), st.sampled_from(["AU", "US", None]))
def test_anything_is_read_or_refused(said: str, region: str | None) -> None:
    """Any typed text is either read or rejected."""
    try:
        found = read_texting(said, region)
    except NotAnAddress:
        return
    assert isinstance(found.to, E164 | ShortCode | Client)
    assert found.text in said


CUT_SHORT = [  # kind K1: a number that punctuation or a mark nobody sees ends
    ("+61 412 345 678, hello", None, "+61412345678"),
    ("512 555-0100: hello", "US", "+15125550100"),
    ("512 555-0100:hello", "US", "+15125550100"),
    ("\u202a+61 412 345 678\u202c hello", None, "+61412345678"),
    ("\u2068+61 412 345 678\u2069 hello", None, "+61412345678"),
    ("512 555\u20110100 hello", "US", "+15125550100"),
    ("02 9999 1234, hello", "AU", "+61299991234"),
    ("<tel:+61412345678|+61 412 345 678>, hello", None, "+61412345678"),
    ("+971 50 123 4567: hello", None, "+971501234567"),
    ("+61 412 345 678\nhello", None, "+61412345678"),
    ("\u0660\u0664\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u060c hello", "AU", "+61412345678"),
    ("tel:+61-412-345-678; hello", None, "+61412345678"),
]


@pytest.mark.parametrize(("said", "region", "to"), CUT_SHORT)
def test_a_number_is_not_cut_short(said: str, region: str | None, to: str) -> None:
    """The whole number, up to where a person would end it."""
    found = read_texting(unlinked(said), region)
    assert (str(found.to), found.text) == (to, "hello")


UNCLEAR = [  # kind K2: digits of the text that could belong to the number
    ("+49 171 1234567 8 Uhr passt", None, "+49 171 1234567", "+49 171 12345678"),
    ("+64211234567 8 pm ok", None, "+64 21 123 4567", "+64 21 123 45678"),
    ("06 1234567 8 per favore", "IT", "+39 06 123 4567", "+39 06 1234 5678"),
    ("+43 664 1234567 15 Uhr", None, "+43 664 1234567", "+43 664 123456715"),
    ("021 123 4567 8 pm ok", "NZ", "+64 21 123 4567", "+64 21 123 45678"),
    ("+49 30 1234 5678 hallo", None, "+49 30 1234", "+49 30 12345678"),
    ("+61412345678's order", None, "+61 412 345 678", ""),
    ("61488023555.0 hello", "AU", "+61 488 023 555", ""),  # kind K4: a number from a spreadsheet
]


@pytest.mark.parametrize(("said", "region", "one", "other"), UNCLEAR)
def test_what_may_be_two_numbers_is_refused_with_both(said: str, region: str | None, one: str, other: str) -> None:
    """The sentence shows the readings and the cure."""
    with pytest.raises(NotAnAddress, match=r"where the number ends.*comma behind it") as refused:
        read_texting(said, region)
    assert one in str(refused.value)
    assert other in str(refused.value)


@pytest.mark.parametrize("between", ["; ", ", ", " / ", " & ", " ; ", " "])
def test_a_list_of_numbers_is_refused(between: str) -> None:
    """Nobody gets a text with somebody else's number in front; on a new line it is part of the text."""
    with pytest.raises(NotAnAddress, match="two numbers"):
        read_texting(f"+61 412 345 678{between}+61 412 345 679 hello", None)
    found = read_texting("+61 412 345 678\n0412 345 679 is Anna's", "AU")
    assert found.text == "0412 345 679 is Anna's"


CLEAR = [
    ("+64211234567, 8 pm", "+64211234567", "8 pm"),
    ("+64211234567\n8 pm", "+64211234567", "8 pm"),
    ("<tel:+64211234567|+64 21 123 4567> 8 pm", "+64211234567", "8 pm"),
    ('+64211234567 "hello" you', "+64211234567", '"hello" you'),
    ("+61412345678!!! hi", "+61412345678", "hi"),
    ("12345, hello", "12345", "hello"),
    ("911 hello", "911", "hello"),
]


@pytest.mark.parametrize(("said", "to", "text"), CLEAR)
def test_a_comma_a_line_end_or_a_link_ends_the_number(said: str, to: str, text: str) -> None:
    """Digits behind it are the text's."""
    found = read_texting(unlinked(said), None)
    assert (str(found.to), found.text) == (to, text)


@pytest.mark.parametrize(
    "said",
    ["0412345", "041234", "+61 4 1234", "6.1488E+10", "6.1488E10", "61488023555.0", "61488023555,0", "512,555,0100"],
)
@pytest.mark.parametrize("region", ["AU", "US", None])
def test_what_no_phone_can_have_is_refused(said: str, region: str | None) -> None:
    """Too few digits for a phone, the forms of a spreadsheet, and commas between digits."""
    for text in (said, f"{said} hello"):
        with pytest.raises(NotAnAddress):
            read_texting(text, region)
    with pytest.raises(NotAnAddress):
        read_number(said, region)


LINKED = [
    ("<tel:+61400000000|+61 400 000 000> hi", "+61400000000 hi"),
    ("<tel:+61400000000|0400 000 000> 8 pm", "+61400000000, 8 pm"),
    ("<tel:+61400000000>8 pm", "+61400000000, 8 pm"),
    ("open <tel:+61400000000|0400 000 000>", "open +61400000000"),
    ("+61400000000 call <tel:+61411111111|0411 111 111> at 8", "+61400000000 call 0411 111 111 at 8"),
    ("<tel:+61400000000> hi", "+61400000000 hi"),
    ("+61400000000 see <https://example.com|example.com>", "+61400000000 see example.com"),
    ("+61400000000 see <https://example.com/a?b=c&amp;d>", "+61400000000 see https://example.com/a?b=c&d"),
    ("+61400000000 <mailto:a@example.com|a@example.com>", "+61400000000 a@example.com"),
    ("a &lt;b&gt; &amp;amp;", "a <b> &amp;"),
]


@pytest.mark.parametrize(("said", "typed"), LINKED)
def test_what_slack_made_a_link_of_is_what_was_typed(said: str, typed: str) -> None:
    """Numbers, URLs and escaped characters become what the person typed."""
    assert unlinked(said) == typed


def test_a_number_alone() -> None:
    """A word after the number is rejected if only a number is wanted."""
    assert read_number("0400 000 000", "AU") == E164("+61400000000")
    with pytest.raises(NotAnAddress, match="nothing after it"):
        read_number("0400 000 000 hello", "AU")


def test_how_an_address_is_written_for_people() -> None:
    """A number gets spaces; any other address stays unchanged."""
    assert spell(E164("+61400000000")) == "+61 400 000 000"
    assert spell(ShortCode("12345")) == "12345"
    assert spell(Alphanumeric("Acme")) == "Acme"


def test_nothing_private_is_in_a_repr() -> None:
    """The repr shows neither the number nor the text."""
    shown = repr(read_texting("+61400000000 Your order", "AU"))
    assert not any(private in shown for private in ("400000000", "order"))


def test_a_search_finds_another_spelling() -> None:
    """A whole number is searched for as it is stored; a part of one stays as it is."""
    assert one_spelling("5215512345678") == "525512345678"
    assert [one_spelling(part) for part in ("52155", "412345678", "")] == ["52155", "412345678", ""]
