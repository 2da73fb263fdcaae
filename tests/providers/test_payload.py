"""Parsing of providers' data: every odd form is a value or `Unreadable`, without private data."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import payload
from providers.errors import Unreadable
from sms.address import Alphanumeric, ShortCode

_ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.lists(st.text())
_NOON = datetime(2011, 11, 11, 12, tzinfo=UTC)


@given(st.binary(max_size=300))
def test_any_body_is_read_or_unreadable(body: bytes) -> None:
    """No body raises anything but Unreadable."""
    for read in (payload.read_json, payload.read_form):
        try:
            read(body)
        except Unreadable:
            continue


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"1" * 5_000, b"\xff", b"nan?"])
def test_what_is_no_json(body: bytes) -> None:
    """Truncated, deeply nested, oversized or undecodable JSON is Unreadable."""
    with pytest.raises(Unreadable):
        payload.read_json(body)


@pytest.mark.parametrize("body", [b"plain words", b"<a/>", b"\xff", b"&".join([b"a=1"] * 501)])
def test_what_is_no_form(body: bytes) -> None:
    """Text without an equals sign and huge forms are Unreadable."""
    with pytest.raises(Unreadable):
        payload.read_form(body)


def test_forms() -> None:
    """Blanks are kept, the last value of a name counts, and an empty body is an empty form."""
    assert payload.read_form(b"a=1&a=2&b=&c=%2B61+4") == {"a": "2", "b": "", "c": "+61 4"}
    assert payload.read_form(b"") == {}


def test_names_in_lower_case() -> None:
    """Names match in any case; a value without names has none."""
    assert payload.lower({"MessageSid": 1, "to": None}) == {"messagesid": 1, "to": None}
    assert payload.lower(["MessageSid"]) == {}


@given(_ANYTHING)
def test_any_value_is_read_or_none(value: object) -> None:
    """No field value raises an error, and parsed text can be stored and sent."""
    said = payload.text(value)
    assert said is None or ("\0" not in said and said.encode() is not None)
    payload.count(value)
    payload.party(value)
    found = payload.moment(value)
    assert found is None or found.tzinfo is UTC


def test_text() -> None:
    """Scalars are text; half characters and NUL are replaced, whole pairs are joined."""
    assert payload.text("a\ud83d\0") == "a\ufffd\ufffd"
    assert payload.text(json.loads('"\\ud83d\\ude00"')) == "😀"
    assert payload.text("\ud83d\ude00") == "😀"
    assert (payload.text(True), payload.text(False), payload.text(7), payload.text(0.5)) == (
        "true",
        "false",
        "7",
        "0.5",
    )
    assert (payload.text(None), payload.text({}), payload.text([])) == (None, None, None)


@pytest.mark.parametrize(("value", "number"), [("1", 1), (0, 0), (" 3 ", 3), ("-1", None), ("1.0", None), ("²", None)])
def test_count(value: object, number: int | None) -> None:
    """Counts are integers of zero or more."""
    assert payload.count(value) == number


@pytest.mark.parametrize(
    "value",
    [
        1321012800,
        "1321012800",
        1321012800.0,
        "2011-11-11T12:00:00Z",
        "2011-11-11T12:00:00.000000000Z",
        "2011-11-11 12:00:00",
        "2011-11-11T22:00:00+10:00",
        "Fri, 11 Nov 2011 12:00:00 +0000",
        "Fri, 11 Nov 2011 12:00:00 -0000",
    ],
)
def test_one_moment_in_many_forms(value: object) -> None:
    """Unix seconds, ISO 8601 with any precision and zone, and mail dates give the same time in UTC."""
    assert payload.moment(value) == _NOON


@pytest.mark.parametrize("value", [None, "", 0, "0", "yesterday", "nan", "inf", 1e30, "9999-12-31T23:59:59-14:00", []])
def test_what_is_no_moment(value: object) -> None:
    """Empty values, zero, words and times outside the calendar are None."""
    assert payload.moment(value) is None


def test_parties() -> None:
    """Numbers with and without plus, short codes and names are parsed; odd numbers are kept."""
    assert str(payload.party("+61488023555")) == "+61488023555"
    assert str(payload.party(61488023555)) == "+61488023555"
    assert str(payload.party("+6199111222")) == "+6199111222"
    assert str(payload.party("+614880235551234")) == "+614880235551234"
    assert payload.party("12345") == ShortCode("12345")
    assert payload.party("Planet Ex") == Alphanumeric("Planet Ex")
    assert payload.party("") is None
    assert payload.party("?") == Alphanumeric("?")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("The number +61 488 023 555 is odd.", "The number … is odd."),
        ("See 0488-023-555 or (0488) 023.555", "See … or (…"),
        ("Callback https://a.example/tok?x=1 failed for a@b.example", "Callback … failed for …"),
        ("Text 'Hello there' is\n too  long", "Text '…' is too long"),
        ("Required parameter 'text' cannot be empty", "Required parameter 'text' cannot be empty"),
        ("Key M87DMNHSDJHSD48DMNSDS6VJCNKD9MD0", "Key …"),
        ("Error 400 in 2011", "Error 400 in 2011"),
        (None, ""),
        ("a" * 300, "a" * 200),
    ],
)
def test_what_may_be_shown(said: object, shown: str) -> None:
    """Numbers, URLs, ids and quotes of our text are masked; plain words are not."""
    assert payload.masked(said, "Hello  there", "") == shown
