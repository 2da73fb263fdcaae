"""Twilio's own examples of signatures."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadline_twilio.signing import is_signed, signature

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
TOKEN = "12345"
FIELDS = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
# By the URL that Twilio signed. The first is of https://www.twilio.com/docs/usage/security, the others are of
# github.com/twilio/twilio-python, tests/unit/test_request_validator.py.
DOCUMENT = ("https://example.com/myapp.php?foo=1&bar=2", "L/OH5YylLD5NRKLltdqwSvS0BnU=")
LIBRARY = {
    URL: "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
    "https://mycompany.com:443/myapp.php?foo=1&bar=2": "kvajT1Ptam85bY51eRf/AJRuM3w=",
    "http://mycompany.com:1234/myapp.php?foo=1&bar=2": "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
    "http://mycompany.com:80/myapp.php?foo=1&bar=2": "0ZXoZLH/DfblKGATFgpif+LLRf4=",
}


def form(fields: dict[str, str] | list[tuple[str, str]]) -> bytes:
    """The body of a POST."""
    return urlencode(fields).encode()


def test_the_example_of_the_document() -> None:
    """Its URL, its fields, its token and its result."""
    fields = FIELDS | {"From": "+14158675310", "Caller": "+14158675310"}
    assert signature(TOKEN, DOCUMENT[0], form(fields)) == DOCUMENT[1]


@pytest.mark.parametrize("url", LIBRARY)
def test_the_examples_of_the_library(url: str) -> None:
    """With a port and without one, encrypted and not."""
    assert signature(TOKEN, url, form(FIELDS)) == LIBRARY[url]
    assert is_signed(LIBRARY[url], TOKEN, url, form(FIELDS))


def test_a_field_that_comes_twice() -> None:
    """Fields are sorted, values of one field too, and the same value counts once."""
    fields = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]
    assert signature(TOKEN, URL, form(fields)) == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


@pytest.mark.parametrize("url", [URL, URL.replace(".com", ".com:443")])
def test_the_port_may_be_written_or_not(url: str) -> None:
    """Twilio is not consistent about it."""
    assert is_signed(LIBRARY[URL], TOKEN, url, form(FIELDS))
    assert is_signed(LIBRARY["https://mycompany.com:443/myapp.php?foo=1&bar=2"], TOKEN, url, form(FIELDS))
    assert not is_signed(LIBRARY["http://mycompany.com:80/myapp.php?foo=1&bar=2"], TOKEN, url, form(FIELDS))


@pytest.mark.parametrize("given", ["", "RSOYDt4T1cUTdK1PDd93/VVr8B8", LIBRARY[URL].lower(), "é", LIBRARY[URL] + "\n"])
def test_other_signatures_do_not_fit(given: str) -> None:
    """None, a shorter one, one with letters of another case, and one that is no base64."""
    assert not is_signed(given, TOKEN, URL, form(FIELDS))


def test_a_body_that_is_no_form_is_not_signed() -> None:
    """Twilio signs such a body by its hash, and sends none for a text."""
    assert not is_signed(signature(TOKEN, URL, b""), TOKEN, URL, b'{"a": 1}')


@given(st.text(), st.text(), st.text(), st.binary(max_size=50))
def test_anything_may_come(given: str, token: str, url: str, body: bytes) -> None:
    """Whatever it is, it is signed or not."""
    assert not is_signed(given, token, url, body) or given
