"""Decoding: any charset, declared or not, and UTF-16 that somebody read as Latin-1."""

from __future__ import annotations

import codecs
import json
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import charset, payload

_SAID = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co")), min_size=1, max_size=60)
_WIDE = (
    "What\N{RIGHT SINGLE QUOTATION MARK}s up?",
    "Привет, как дела?",
    "Ψάξε",
    "مرحبا بك",
    "शुभ प्रभात",
    "สวัสดี ครับ",
    "OK 👍🏽",
    "你好、我想退货。",
    "é",
)


@pytest.mark.parametrize("said", _WIDE)
@pytest.mark.parametrize("order", ["utf-16-be", "utf-16-le"])
def test_utf_16_read_as_latin_1(said: str, order: str) -> None:
    """The text that was meant, whatever its alphabet, in either byte order."""
    assert charset.unwidened(said.encode(order).decode("latin-1")) == said


@pytest.mark.parametrize("said", ["", "Hi", "naïve café", "a\x07 bell", "Hello\0you!", "tab\tand\nline", "Привет\x01"])
def test_a_text_that_was_read_rightly(said: str) -> None:
    """A text with a stray control character stays as it is."""
    assert charset.unwidened(said) == said


@given(_SAID)
def test_a_text_without_control_characters_is_never_changed(said: str) -> None:
    """Only control characters show that something was read wrongly."""
    assert charset.unwidened(said) == said


@given(_SAID)
def test_any_text_in_a_form(said: str) -> None:
    """UTF-8 comes back as it was sent, percent signs or not, with a mark in front and an ampersand behind."""
    quoted = quote_from_bytes(said.encode()).encode()
    for body in (b"Body=" + quoted, codecs.BOM_UTF8 + b"From=1&Body=" + quoted + b"&", b"&&Body=" + quoted + b"&&\r\n"):
        assert payload.read_form(body)["Body"] == said


@pytest.mark.parametrize("content_type", ["", "application/x-www-form-urlencoded", "a/b; charset=ISO-8859-1"])
@pytest.mark.parametrize("said", ["café Arrêt", "Ä", "naïve “quoted” €"])
def test_latin_1_in_a_form(said: str, content_type: str) -> None:
    """Windows-1252, which contains Latin-1, as bytes and behind percent signs, declared or not."""
    raw = said.encode("cp1252")
    for body in (b"Body=" + raw, b"Body=" + quote_from_bytes(raw).encode()):
        assert payload.read_form(body, content_type) == {"Body": said}


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252"])
def test_json_in_any_charset(name: str) -> None:
    """With a mark or without one."""
    body = json.dumps({"Text": "café"}, ensure_ascii=False).encode(name)
    assert payload.is_json(body)
    assert payload.read_json(body) == {"Text": "café"}


@pytest.mark.parametrize(
    ("name", "said"), [("iso-8859-2", "Łódź"), ("shift_jis", "こんにちは"), ("koi8-r", "Привет"), ("gb2312", "你好")]
)
def test_a_declared_charset(name: str, said: str) -> None:
    """The declaration decides for charsets that are not Latin-1."""
    assert charset.decode(said.encode(name), f'text/plain; charset="{name}"') == said


@pytest.mark.parametrize("name", ["hex", "nonsense", "rot13", "utf-8; x", "\0"])
def test_a_charset_that_is_none(name: str) -> None:
    """A name that is no charset of text declares nothing."""
    assert charset.decode("café".encode(), f"text/plain; charset={name}") == "café"


@given(st.binary(max_size=80), st.text(max_size=40))
def test_anything_is_decoded(body: bytes, content_type: str) -> None:
    """No bytes and no declaration raise an error."""
    charset.decode(body, content_type)
    charset.decode_value(body, charset.declared(content_type))
    charset.unwidened(body.decode("latin-1"))


def test_an_ampersand_that_nobody_encoded() -> None:
    """It belongs to the value before it."""
    assert payload.read_form(b"Body=Fish & chips&To=1") == {"Body": "Fish & chips", "To": "1"}


def test_a_query_in_latin_1() -> None:
    """A query is read like a form, without what is no pair."""
    assert payload.read_query("Body=caf%E9&x&&To=%2B61") == (("Body", "café"), ("x", ""), ("To", "+61"))
