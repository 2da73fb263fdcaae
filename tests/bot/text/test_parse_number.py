"""The border between number and text in what somebody typed after `/sms`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.parse_number import read_number, read_texting, spell, unlinked
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


LINKED = [
    ("<tel:+61400000000|+61 400 000 000> hi", "+61 400 000 000 hi"),
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
