"""IOVOX beyond the contract: accepted texts, forms of refusals, and London time in its receipts."""

from __future__ import annotations

import json
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pydantic import ValidationError

from providers.errors import Refused, Unknown, Unsupported, Unverified
from providers.http import open_client
from providers.iovox import Iovox, IovoxOptions, IovoxSettings
from providers.iovox_errors import REASONS, SENTENCES
from providers.provider import Accepted, Callbacks, Webhook
from sms.address import E164, Address, Alphanumeric, Client, ShortCode
from sms.message import Media, OutboundSms, Receipt, Status
from sms.segments import measure, numbered
from tests.contract.fixture_file import HttpMessage

if TYPE_CHECKING:
    import httpx

    from tests.contract.provider_server import ProviderServer

_ADVICE = "Check the number with the contact, then send it again or use another sender."
_PRINTABLE = st.characters(exclude_categories=("Cc", "Cs", "Cn"))
NOW = datetime(2020, 5, 6, 17, 40, tzinfo=UTC)
KEY = "eb94fd75a6a8c04306dd341953e7e922"
CALLBACKS = Callbacks(receipts="https://a.example/r", replies="", sender="", secret="abc123")
JOHN = OutboundSms("attempt-1", E164("+447723443321"), E164("+447923221231"), "Hello there, my name is John")


@pytest.fixture(scope="module")
def reader() -> Iovox:
    """Returns a provider for pure functions: parsing and checking."""
    return _provider("http://127.0.0.1:9", open_client())


def _provider(origin: str, client: httpx.AsyncClient) -> Iovox:
    settings = {"username": "RestUserName", "secure_key": KEY, "base_url": origin}
    return Iovox(IovoxSettings.model_validate(settings), client)


def _receipt(fields: object, received_at: datetime = NOW, shown: str = CALLBACKS.secret) -> Webhook:
    headers = {"x-threadline-secret": shown}
    return Webhook("POST", (), headers, json.dumps(fields).encode(), received_at, "abc123", "attempt-1")


# --- settings and options ---------------------------------------------------------------------------------------------


def test_where_it_is_by_default() -> None:
    """The default API is the production one on port 444, without undocumented queries."""
    settings = IovoxSettings.model_validate({"username": "RestUserName", "secure_key": KEY})
    assert str(settings.base_url) == "https://api.iovox.com:444/"
    assert not settings.use_get_sms_data


@pytest.mark.parametrize("key", ["", "a\n", "a b", "a\r\nHost: x", "é"])
def test_a_key_that_is_no_header(key: str) -> None:
    """A key with a line break is rejected at start, and not shown."""
    with pytest.raises(ValidationError) as caught:
        IovoxSettings.model_validate({"username": "RestUserName", "secure_key": key})
    assert "secure_key" in str(caught.value)
    assert "Host" not in str(caught.value)


@pytest.mark.parametrize("name", ["", " a", "a\n", "a\r\nHost: x", "é"])
def test_a_username_that_is_no_header(name: str) -> None:
    """The same holds for the username, which may contain a space."""
    IovoxSettings.model_validate({"username": "Rest User", "secure_key": KEY})
    with pytest.raises(ValidationError):
        IovoxSettings.model_validate({"username": name, "secure_key": KEY})


@pytest.mark.parametrize("options", [{"expiry": 1}, {"expiry": "3"}, {"c2c_failover_link_id": 123456}, {}])
def test_options_that_can_be_said(options: dict[str, Any]) -> None:
    """Expiry is in minutes from one up, and a link id may be written as a number."""
    IovoxOptions.model_validate(options)


@pytest.mark.parametrize(
    "options",
    [{"expiry": 0}, {"expiry": 1.5}, {"c2c_failover_link_id": ""}, {"c2c_failover_link_id": "a\0"}, {"schedule": 1}],
)
def test_options_that_cannot_be_said(reader: Iovox, options: dict[str, Any]) -> None:
    """Other options are Unsupported before any request."""
    with pytest.raises(Unsupported):
        reader.check(replace(JOHN, options=options))


# --- sending ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sender", [E164("+123456789012345"), ShortCode("60777"), Alphanumeric("Dr. Who 42"), E164("+1")]
)
def test_senders_it_takes(reader: Iovox, sender: Address) -> None:
    """Only names are limited to 11 characters: their own sample has a number with 12 digits."""
    reader.check(replace(JOHN, sender=sender))


@pytest.mark.parametrize("name", ["Twelve chars", "Acme!", "Fish&Chips", "Café", "Acme\n", ""])
def test_names_it_refuses(reader: Iovox, name: str) -> None:
    """Names with special characters or 12 characters are refused here."""
    with pytest.raises(Refused) as caught:
        reader.check(replace(JOHN, sender=Alphanumeric(name)))
    assert caught.value.code == "sender_name"


@pytest.mark.parametrize(("sender", "code"), [(None, "lease"), (Client("alice"), "sender")])
def test_senders_it_cannot_say(reader: Iovox, sender: Address | None, code: str) -> None:
    """It leases no numbers and knows no SIP clients."""
    with pytest.raises(Unsupported) as caught:
        reader.check(replace(JOHN, sender=sender))
    assert caught.value.code == code


def test_less_than_160_characters(reader: Iovox) -> None:
    """159 characters are sent and 160 are not: "less than 160"; an emoji counts as one."""
    reader.check(replace(JOHN, text="🐟" * 159))
    with pytest.raises(Refused, match="160"):
        reader.check(replace(JOHN, text="🐟" * 160))


_LETTERS = string.ascii_letters + string.digits + "     \n.,!?€{}[]~^\\|éüñ"


@given(st.text(_LETTERS, min_size=500, max_size=500) | st.text(_PRINTABLE, min_size=500, max_size=500))
@settings(max_examples=300, deadline=None)
def test_no_part_of_a_long_text_is_too_long(reader: Iovox, text: str) -> None:
    """A text of 500 characters is cut into parts that IOVOX accepts: each has less than 160 characters."""
    features = Iovox.features
    parts = numbered(text, characters=features.max_text, segments=None if features.concatenates else 1)
    for part in parts:
        assert len(part) < 160
        assert measure(part).count == 1
        reader.check(replace(JOHN, text=part))


@given(st.text(st.characters(), min_size=1, max_size=159))
def test_a_text_that_passes_can_be_written(reader: Iovox, text: str) -> None:
    """Every text that passes the check can be written as XML."""
    try:
        reader.check(replace(JOHN, text=text))
    except Unsupported:
        with pytest.raises(ValueError, match=r"XML compatible|surrogates"):
            etree.Element("message").text = text
    else:
        etree.Element("message").text = text


async def test_headers_keep_their_spelling(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """The credentials are the headers `username` and `secureKey`, and the nodes have the order of the samples."""
    server.answers = [HttpMessage("201", (), b"<response><sms_activity_id>d454cfe0</sms_activity_id></response>")]
    options = {"expiry": 3, "c2c_failover_link_id": 123456}
    assert await _provider(server.origin, client).send(replace(JOHN, options=options), CALLBACKS) == Accepted(
        "d454cfe0", Status.ACCEPTED
    )
    (request,) = server.requests
    assert {("username", "RestUserName"), ("secureKey", KEY)} <= set(request.headers)
    nodes = "origin destination message callback_url callback_url_headers expiry c2c_failover_link_id"
    assert [node.tag for node in etree.fromstring(request.body)] == nodes.split()
    assert request.body.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n<request>')


@pytest.mark.parametrize(("name", "code"), [("media", "media"), ("recipient", "recipient"), ("text", "message_empty")])
async def test_nothing_leaves_that_is_refused_here(
    server: ProviderServer, client: httpx.AsyncClient, name: str, code: str
) -> None:
    """A rejected text makes no request."""
    odd: dict[str, Any] = {"media": (Media("https://a.example/cat.png"),), "recipient": ShortCode("60777"), "text": ""}
    with pytest.raises(Refused) as caught:
        await _provider(server.origin, client).send(replace(JOHN, **{name: odd[name]}), CALLBACKS)
    assert (caught.value.code, server.requests) == (code, [])


async def test_a_success_without_an_id(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """A success without an id is unknown."""
    server.answers = [HttpMessage("201", (), b"<response/>")]
    with pytest.raises(Unknown):
        await _provider(server.origin, client).send(JOHN, CALLBACKS)


async def test_a_fault_of_theirs(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """One 500 among several errors is unknown, with any HTTP status."""
    server.answers = [HttpMessage("400", (), b"<errors><error>x</error><error status='500'>Oh</error></errors>")]
    with pytest.raises(Unknown):
        await _provider(server.origin, client).send(JOHN, CALLBACKS)


async def test_no_cookie_is_kept(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """The session cookie in their answers is ignored."""
    headers = (("Set-Cookie", "PHPSESSID=1; path=/"),)
    server.answers = [HttpMessage("201", headers, b"<response><sms_activity_id>1</sms_activity_id></response>")] * 2
    provider = _provider(server.origin, client)
    for _ in range(2):
        await provider.send(JOHN, CALLBACKS)
    assert not any(request.header("Cookie") for request in server.requests)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"<errors><error>ORIGIN INVALID: +44</error></errors>", SENTENCES["Origin Invalid"]),
        (b"<error status='400'> Message Empty </error>", SENTENCES["Message Empty"]),
        (b"<errors/>", "IOVOX refused it: HTTP 400, without a reason."),
        (b"<errors><error status='400'/></errors>", "IOVOX refused it: HTTP 400, without a reason."),
        (b"<html><body>Nginx</body></html>", "IOVOX refused it: HTTP 400, without a reason."),
        (b"<html><body>Nginx<br></body></html>", "IOVOX refused it: HTTP 400, without a reason."),
        (b'{"errors": ["Origin Empty", 400, null]}', SENTENCES["Origin Empty"]),
        (b'{"Errors": {"400": "Destination Empty"}}', SENTENCES["Destination Empty"]),
        (b'{"error": "x"}', "IOVOX refused it: HTTP 400, without a reason."),
        (b"No route to 447723443321 (https://a.example/r)", "IOVOX refused it: No route to … (…)."),
        (b"\xff\xfe", "IOVOX refused it: HTTP 400, without a reason."),
    ],
)
async def test_refusals_in_many_forms(
    server: ProviderServer, client: httpx.AsyncClient, body: bytes, sentence: str
) -> None:
    """A refusal in any form gives a sentence without private data."""
    server.answers = [HttpMessage("400", (), body)]
    with pytest.raises(Refused) as caught:
        await _provider(server.origin, client).send(JOHN, CALLBACKS)
    assert caught.value.sentence == sentence


@pytest.mark.parametrize("body", [b"", b"Unauthorized", b"<html/>", b"<errors><error>Denied</error></errors>"])
async def test_a_401_is_for_the_operator(server: ProviderServer, client: httpx.AsyncClient, body: bytes) -> None:
    """A 401 with any body means our key or our IP address."""
    server.answers = [HttpMessage("401", (), body)]
    with pytest.raises(Refused) as caught:
        await _provider(server.origin, client).send(JOHN, CALLBACKS)
    assert (caught.value.code, caught.value.sentence) == ("http_401", SENTENCES["HTTP 401"])


# --- receipts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "received", "meant"),
    [
        ("2020-05-06 18:37:37", "2020-05-06 17:37:38", "2020-05-06 17:37:37"),  # summer
        ("2020-01-06 18:37:37", "2020-01-06 18:37:38", "2020-01-06 18:37:37"),  # winter
        ("2020-10-25 01:30:00", "2020-10-25 00:30:05", "2020-10-25 00:30:00"),  # the doubled hour: the first time
        ("2020-10-25 01:30:00", "2020-10-25 01:30:05", "2020-10-25 01:30:00"),  # the second time
        ("2020-10-25 01:30:00", "2020-10-25 01:29:58", "2020-10-25 01:30:00"),  # by a clock behind theirs
        ("2020-10-25 01:30:00", "2020-10-24 12:00:00", "2020-10-25 00:30:00"),  # by a wrong clock
        (
            "2020-03-29 01:30:00",
            "2020-03-29 01:30:05",
            "2020-03-29 01:30:00",
        ),  # the skipped hour: still GMT
        ("2020-03-29 01:30:00", "2020-03-29 00:30:05", "2020-03-29 00:30:00"),  # already BST
        ("2020-05-06T18:37:37+00:00", "2020-05-06 18:37:38", "2020-05-06 18:37:37"),  # with an offset
        ("", "2020-05-06 17:37:38", None),
        ("yesterday", "2020-05-06 17:37:38", None),
        ("0001-01-01 00:00:00+14:00", "2020-05-06 17:37:38", None),
    ],
)
def test_when_a_receipt_was_written(reader: Iovox, said: str, received: str, meant: str | None) -> None:
    """Times are in London's zone; ambiguous hours are resolved by the receipt's arrival time."""
    hook = _receipt(
        {"status": "DELIVERED", "receipt_timestamp": said}, datetime.fromisoformat(received).replace(tzinfo=UTC)
    )
    (receipt,) = reader.parse(hook)
    assert isinstance(receipt, Receipt)
    assert receipt.at == (datetime.fromisoformat(meant).replace(tzinfo=UTC) if meant else None)


@given(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001  a wall time has no zone
def test_every_wall_time_is_near(reader: Iovox, wall: datetime) -> None:
    """The result is at most an hour from the wall time in UTC."""
    (receipt,) = reader.parse(_receipt({"status": "DELIVERED", "receipt_timestamp": str(wall)}))
    assert isinstance(receipt, Receipt)
    assert receipt.at
    assert timedelta() <= wall.replace(tzinfo=UTC) - receipt.at <= timedelta(hours=1)


def test_words_in_any_case(reader: Iovox) -> None:
    """A status matches in any case, and the word is stored as received."""
    (receipt,) = reader.parse(_receipt({"Status": " delivered"}))
    assert isinstance(receipt, Receipt)
    assert (receipt.word, receipt.status, receipt.attempt) == ("delivered", Status.DELIVERED, "attempt-1")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({}, f"IOVOX could not deliver it. {_ADVICE}"),
        ({"status_reason": "16"}, f"IOVOX could not deliver it (16). {REASONS['16']}"),
        (
            {"status_reason": "2", "delivery_status": "delivery failure"},
            f"IOVOX could not deliver it (delivery failure). {REASONS['2']}",
        ),
        ({"delivery_status": "no route to 447723443321"}, f"IOVOX could not deliver it (no route to …). {_ADVICE}"),
    ],
)
def test_why_a_text_failed(reader: Iovox, said: dict[str, str], sentence: str) -> None:
    """A failure has a sentence, with their reason if it contains no private data."""
    (receipt,) = reader.parse(_receipt({"status": "FAILED", **said}))
    assert isinstance(receipt, Receipt)
    assert receipt.sentence == sentence


@pytest.mark.parametrize("secret", ["", "abc124", "ABC123", "abc123 ", "\udcff"])
def test_receipts_without_our_header(reader: Iovox, secret: str) -> None:
    """A receipt without our exact secret is unverified: the token in the path has to do."""
    with pytest.raises(Unverified):
        reader.verify(_receipt({"status": "DELIVERED"}, shown=secret))
