"""The XML parser only parses, and everything that is written can be parsed again."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import xml
from providers.errors import Unreadable

LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
BOMB = f'<!DOCTYPE a [<!ENTITY a0 "ha">{LAUGHS}]>'

REFUSED = {
    "nothing": b"",
    "text": b"Bad Gateway",
    "json": b'{"errors": []}',
    "half": b"<a><b></a>",
    "two roots": b"<a/><b/>",
    "bytes": b"\xff\xfe\x00",
    "a NUL": b"<a>\0</a>",
    "no such encoding": b'<?xml version="1.0" encoding="nope"?><a/>',
    "not the encoding it says": b'<?xml version="1.0" encoding="utf-8"?><a>\xe9</a>',
    "an entity that nobody declared": b"<a>&x;</a>",
    "depth": b"<a>" * 100_000,
    "an empty DTD": b"<!DOCTYPE a><a/>",
    "an internal entity": b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    "an external entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
    "an external DTD": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
    "a parameter entity": b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]><a/>',
    "a bomb in a text": f"{BOMB}<a>&a11;</a>".encode(),
    "a bomb in an attribute": f'{BOMB}<a b="&a11;"/>'.encode(),
    "size": b"<a>" + b"b" * xml.LARGEST + b"</a>",
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused(body: bytes) -> None:
    """Garbage, a DTD, and huge documents are Unreadable at once, and the error quotes nothing."""
    before = time.process_time()
    with pytest.raises(Unreadable) as caught:
        xml.read(body)
    assert time.process_time() - before < 2
    assert str(caught.value) in ("the body is not XML", "the body has a DTD", "the body is too large")


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes(body: bytes) -> None:
    """Any bytes are a document or Unreadable."""
    try:
        xml.read(body)
    except Unreadable:
        return


def test_comments_and_instructions_are_no_part_of_a_document() -> None:
    """Comments and instructions neither split a text nor count as elements."""
    root = xml.read(b"<?xml version='1.0'?><a><!-- 1 --><b>one<!-- 2 --> two<?php 3 ?> three</b></a>")
    assert xml.text(root, "b") == "one two three"
    assert [child.tag for child in root] == ["b"]


@pytest.mark.parametrize(
    ("body", "found"),
    [(b"<a><b>\n  c\n</b></a>", "c"), (b"<a><b> </b></a>", None), (b"<a><b/></a>", None), (b"<a/>", None)],
)
def test_text_of_an_element(body: bytes, found: str | None) -> None:
    """Space around a text is stripped; an empty or missing element has no text."""
    assert xml.text(xml.read(body), "b") == found


@given(st.text(), st.text())
def test_what_is_written_is_read_again(inside: str, attribute: str) -> None:
    """Every text that XML can carry comes back unchanged; `can_carry` rejects all others."""
    if not (xml.can_carry(inside) and xml.can_carry(attribute)):
        with pytest.raises(ValueError, match=r"XML compatible|surrogates"):
            xml.element("a", inside, b=attribute)
        return
    root = xml.read(xml.write(xml.element("root", xml.element("a", inside, b=attribute))))
    assert (root[0].text or "", root[0].get("b")) == (inside, attribute)


@pytest.mark.parametrize("text", ["\0", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_what_xml_cannot_carry(text: str) -> None:
    """XML cannot carry control characters, half surrogate pairs and non-characters."""
    assert not xml.can_carry(f"Hello{text}")


@pytest.mark.parametrize("text", ["", "\t\r\n", "\x7f\x85", "<&>\"']]>", "naïve 🐟", "\U0001fffe"])
def test_what_xml_can_carry(text: str) -> None:
    """XML can carry everything else, with escapes if needed."""
    assert xml.can_carry(text)


def test_a_document() -> None:
    """A document declares UTF-8 with the samples' quotes, and keeps the order of its elements."""
    root = xml.element("request", xml.element("z", "é & <"), xml.element("a"), version="3")
    said = '<?xml version="1.0" encoding="utf-8"?>\n<request version="3"><z>é &amp; &lt;</z><a/></request>'
    assert xml.write(root) == said.encode()


def test_a_document_for_a_person() -> None:
    """A document for people is indented, with the same content."""
    root = xml.element("request", xml.element("z", "x"))
    assert xml.write(root, indent=True).decode().splitlines()[1:] == ["<request>", "  <z>x</z>", "</request>"]
