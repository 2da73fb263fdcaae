"""Inbound texts at IOVOX: the flow that we give out, the forms of its webhook, and its token."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from lxml import etree

from providers.errors import Unreadable, Unverified
from providers.http import open_client
from providers.iovox import Iovox, IovoxSettings
from providers.iovox_flow import flow_xml
from providers.provider import Webhook
from sms.address import E164
from sms.message import InboundSms

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2020, 5, 6, 17, 40, tzinfo=UTC)
TEXT = {"origin": "447723443321", "destination": "447923221231", "content": "Fish & chips", "token": "abc123"}


@pytest.fixture(scope="module")
def reader() -> Iovox:
    """Returns a provider for pure functions."""
    settings = {"username": "RestUserName", "secure_key": "eb94fd75a6a8c043"}
    return Iovox(IovoxSettings.model_validate(settings), open_client())


def _hook(body: bytes = b"", content_type: str = "", query: tuple[tuple[str, str], ...] = ()) -> Webhook:
    return Webhook("POST", query, {"content-type": content_type}, body, NOW, "abc123")


def _multipart(fields: Mapping[str, str]) -> tuple[str, bytes]:
    parts = [f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    return 'Multipart/form-data; boundary="x"', "".join([*parts, "--x--\r\n"]).encode()


def test_every_form_of_a_text_means_the_same(reader: Iovox) -> None:
    """A query, a form, a multipart form and JSON give the same text, with its line ends and special characters."""
    said = TEXT | {"content": "Fish & chips\r\n5 € + tip 🐟"}
    kind, multipart = _multipart(said)
    upper = {name.upper(): value for name, value in said.items()}
    hooks = [
        _hook(query=tuple(said.items())),
        _hook(urlencode(said).encode()),
        _hook(urlencode(said).encode(), "application/x-www-form-urlencoded"),
        _hook(multipart, kind),
        _hook(json.dumps(said).encode(), "text/html"),
        _hook(json.dumps(upper).encode()),
    ]
    for hook in hooks:
        reader.verify(hook)
        assert reader.parse(hook) == [
            InboundSms(E164("+447723443321"), E164("+447923221231"), "Fish & chips\r\n5 € + tip 🐟")
        ]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"abc123"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nabc123\r\n--x--"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: a; name="a"\r\n\r\n\xff abc123\r\n--x--'),
        ("application/json", b'{"params": {"token": "abc123"}}'),
    ],
)
def test_a_form_nobody_foresaw_is_kept(reader: Iovox, content_type: str, body: bytes) -> None:
    """A webhook with the token in an unforeseen form is Unreadable, so it is stored and reported, not forged."""
    hook = _hook(body, content_type)
    reader.verify(hook)
    with pytest.raises(Unreadable):
        reader.parse(hook)


@pytest.mark.parametrize(
    "hook",
    [
        _hook(urlencode(TEXT | {"token": "abc12"}).encode()),
        _hook(urlencode(TEXT | {"token": ""}).encode()),
        _hook(urlencode(TEXT | {"token": "x", "content": "abc123"}).encode()),
        _hook(b"{", "application/json", (("origin", "447723443321"),)),
        _hook(),
    ],
)
def test_texts_without_our_token(reader: Iovox, hook: Webhook) -> None:
    """A text without our secret as its token is forged."""
    with pytest.raises(Unverified):
        reader.verify(hook)


def test_a_receipt_url_brings_no_text(reader: Iovox) -> None:
    """An attempt's URL never brings a contact's text."""
    with pytest.raises(Unreadable):
        reader.parse(replace(_hook(json.dumps(TEXT).encode()), attempt="attempt-1"))


def test_the_flow_to_create() -> None:
    """The document has the rule with its four attributes, the SMS variables, and our token as a literal."""
    said = flow_xml('https://a.example/sms/uk/t?a=1&b="2"', "abc123", "Team & Co")
    root = etree.fromstring(said.encode())
    rule = root.find("smsFlow/httpRequest")
    assert said.startswith('<?xml version="1.0" encoding="utf-8"?>\n<request>\n')
    assert root.find("smsFlow[@name='Team & Co'][@notes]") is not None
    assert rule is not None
    assert sorted(rule.keys()) == ["id", "label", "requestMethod", "url"]
    assert (rule.get("url"), rule.get("requestMethod")) == ('https://a.example/sms/uk/t?a=1&b="2"', "POST")
    assert {param.get("name"): param.get("value") for param in rule.iterfind("params/param")} == {
        "origin": "$_smsOrigin",
        "destination": "$_smsDestination",
        "content": "$_smsMessage",
        "token": "abc123",
    }
