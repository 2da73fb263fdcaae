"""Fone Dynamics beyond the contract: webhooks in any form, leases, paging, and the rules of its send page."""

from __future__ import annotations

import json
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from providers.errors import Refused, Unknown, Unreadable, Unsupported
from providers.fonedynamics import FoneDynamics, FoneDynamicsOptions, FoneDynamicsSettings
from providers.fonedynamics_errors import failure
from providers.http import open_client
from providers.provider import Ask, Callbacks, Webhook
from sms.address import E164, Alphanumeric
from sms.message import InboundSms, OutboundSms, Receipt, Status
from tests.contract.fixture_file import HttpMessage

if TYPE_CHECKING:
    import httpx

    from tests.contract.provider_server import ProviderServer

NOW = datetime(2011, 11, 11, 10, tzinfo=UTC)
CALLBACKS = Callbacks(receipts="https://a.example/r", replies="https://a.example/i", sender="", secret="")
LEASED = OutboundSms("attempt-1", E164("+61488023555"), None, "You call that an antenna?")
REPLY = {
    "MessageSid": "MGTBUEHN",
    "From": "+61488023555",
    "To": "+6199111222",
    "Text": "It is an antenna.",
    "Received": 1321005620,
}
RECEIPT = {"MessageSid": "M87DMNHS", "Status": "Delivered", "Delivered": 1321005609}


@pytest.fixture(scope="module")
def reader() -> FoneDynamics:
    """Returns a provider for pure functions: parsing and checking."""
    return _provider("http://127.0.0.1:9", open_client())


def _provider(origin: str, client: httpx.AsyncClient) -> FoneDynamics:
    settings = {"account_sid": "A1", "token": "t", "property_sid": "S1", "base_url": origin}
    return FoneDynamics(FoneDynamicsSettings.model_validate(settings), client)


def _hook(body: bytes = b"", attempt: str | None = None, query: tuple[tuple[str, str], ...] = ()) -> Webhook:
    return Webhook("POST", query, {}, body, NOW, "", attempt)


def _refusal(provider: FoneDynamics, sms: OutboundSms) -> str | None:
    """Returns the code with which `check` refuses a text, or None."""
    try:
        provider.check(sms)
    except Refused as refused:
        return refused.code
    return None


def _form(fields: dict[str, Any]) -> bytes:
    return urlencode(fields).encode()


def _json(said: object) -> HttpMessage:
    return HttpMessage("200", (("Content-Type", "application/json"),), json.dumps(said).encode())


@pytest.mark.parametrize("fields", [REPLY, RECEIPT], ids=["reply", "receipt"])
@pytest.mark.parametrize("case", [str.lower, str.upper, str.title, str.swapcase])
def test_every_form_of_a_webhook_means_the_same(reader: FoneDynamics, fields: dict[str, Any], case: Any) -> None:
    """Flat, wrapped and listed JSON, a form and a query give the same event, with names in any case."""
    said = {case(name): value for name, value in fields.items()}
    query = tuple((name, str(value)) for name, value in said.items())
    bodies = [said, {case("Message"): said}, [said], {case("Messages"): [said]}]
    events = [reader.parse(_hook(json.dumps(body).encode())) for body in bodies]
    events += [reader.parse(_hook(_form(said))), reader.parse(_hook(query=query))]
    assert all(event == events[0] for event in events)
    assert isinstance(events[0][0], InboundSms | Receipt)


def test_several_messages_in_one_webhook(reader: FoneDynamics) -> None:
    """A list gives one event for each message."""
    kinds = [type(event) for event in reader.parse(_hook(json.dumps([REPLY, RECEIPT, {}]).encode()))]
    assert kinds == [InboundSms, Receipt, Ask]


def test_the_body_wins_over_the_query(reader: FoneDynamics) -> None:
    """The body takes precedence over the query, which may belong to a URL that we gave out."""
    (event,) = reader.parse(_hook(_form(REPLY), query=(("text", "another"), ("direction", "Receive"))))
    assert isinstance(event, InboundSms)
    assert event.text == REPLY["Text"]


def test_a_reply_is_never_read_at_a_receipt_url(reader: FoneDynamics) -> None:
    """An apparent reply at an attempt's URL becomes an `Ask`, because that URL cannot bring a contact's text."""
    for fields in (REPLY, {**REPLY, "Status": "Received"}, {**REPLY, "Direction": "Receive", "Status": "Odd"}):
        assert reader.parse(_hook(_form(fields), attempt="attempt-1")) == [Ask(provider_id="MGTBUEHN")]


def test_a_receipt_at_its_own_url_belongs_to_its_attempt(reader: FoneDynamics) -> None:
    """A receipt at an attempt's URL belongs to it, even with another ExternalId."""
    (event,) = reader.parse(_hook(_form({**RECEIPT, "ExternalId": "another"}), attempt="attempt-1"))
    assert isinstance(event, Receipt)
    assert (event.attempt, event.status) == ("attempt-1", Status.DELIVERED)


def test_a_reply_from_nobody_is_asked_for(reader: FoneDynamics) -> None:
    """A reply without a sender becomes an `Ask` for the message's id."""
    assert reader.parse(_hook(_form({**REPLY, "From": ""}))) == [Ask(provider_id="MGTBUEHN")]


@pytest.mark.parametrize("name", ["ACME_PAY", "?", "Épargne"])
def test_a_reply_from_a_name_is_a_text(reader: FoneDynamics, name: str) -> None:
    """A sender that is no number is a name."""
    (event,) = reader.parse(_hook(_form({**REPLY, "From": name})))
    assert isinstance(event, InboundSms)
    assert event.sender == Alphanumeric(name)


def test_an_empty_text_is_a_text(reader: FoneDynamics) -> None:
    """An empty reply is a reply."""
    (event,) = reader.parse(_hook(_form({**REPLY, "Text": ""})))
    assert isinstance(event, InboundSms)
    assert event.text == ""


@pytest.mark.parametrize("body", [b"7", b"null", b'"text"', b"[7]", b'{"Message": [7]}', b"{", b"\xff", b"<a/>"])
def test_a_body_without_an_object_is_unreadable(reader: FoneDynamics, body: bytes) -> None:
    """A body without an object or a form is unreadable."""
    with pytest.raises(Unreadable):
        reader.parse(_hook(body))


@given(st.text(max_size=12, alphabet=string.ascii_letters + string.digits + " .-_é"))
def test_names(reader: FoneDynamics, name: str) -> None:
    """A name passes exactly if it has 1 to 11 letters, digits and spaces, with at least one letter."""
    allowed = set(string.ascii_letters + string.digits + " ")
    good = 1 <= len(name) <= 11 and set(name) <= allowed and bool(set(name) & set(string.ascii_letters))
    assert _refusal(reader, replace(LEASED, sender=Alphanumeric(name))) == (None if good else "sender_name")


@pytest.mark.parametrize("recipient", ["+12125550123", "+16135550123"])
def test_names_do_not_go_to_north_america(reader: FoneDynamics, recipient: str) -> None:
    """Names to the US and Canada are refused with a sentence; numbers and leases are not."""
    sms = replace(LEASED, recipient=E164(recipient))
    with pytest.raises(Refused, match="sender_name_country"):
        reader.check(replace(sms, sender=Alphanumeric("Planet Ex")))
    reader.check(sms)
    reader.check(replace(sms, sender=E164("+61499009990")))


@pytest.mark.parametrize(
    ("ahead", "code"),
    [
        (timedelta(days=14), None),
        (timedelta(days=14, seconds=1), "schedule_too_far"),
        (timedelta(0), None),
        (timedelta(minutes=-59, seconds=-59), None),
        (timedelta(hours=-1), "schedule_past"),
    ],
)
def test_when_a_text_can_be_scheduled(reader: FoneDynamics, ahead: timedelta, code: str | None) -> None:
    """A text can be scheduled at most fourteen days ahead, and be less than an hour late."""
    sms = replace(LEASED, options={"schedule": NOW + ahead})
    with time_machine.travel(NOW, tick=False):
        assert _refusal(reader, sms) == code


@pytest.mark.parametrize(
    "option",
    [
        {"webhook_method": "GET"},
        {"forward_to_sms": "+61499333222"},
        {"forward_from_sms": "Planet Ex"},
        {"forward_to_email": "a@b.example"},
        {"forward_from_email": "a@b.example"},
    ],
)
def test_options_for_replies_need_a_lease(reader: FoneDynamics, option: dict[str, str]) -> None:
    """Reply options are Unsupported with a given sender, where they would do nothing; with a lease they pass."""
    reader.check(replace(LEASED, options=option))
    with pytest.raises(Unsupported, match="needs_lease"):
        reader.check(replace(LEASED, sender=E164("+61499009990"), options=option))


@pytest.mark.parametrize("said", ["12345", "Twelve chars", "Acme!", "+0400"])
def test_a_sender_of_forwarded_replies_is_a_number_or_a_name(reader: FoneDynamics, said: str) -> None:
    """A name needs a letter; blank, as in their example, is the default."""
    reader.check(replace(LEASED, options={"forward_to_sms": "+61499333222", "forward_from_sms": ""}))
    with pytest.raises(Unsupported):
        reader.check(replace(LEASED, options={"forward_to_sms": "+61499333222", "forward_from_sms": said}))


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (None, "Fone Dynamics could not deliver it and does not say why."),
        ("NO_ROUTE", "Fone Dynamics could not deliver it: no route (NO_ROUTE)."),
        ("Handset off.", "Fone Dynamics could not deliver it: Handset off."),
        ("COUNTRY_UNAVAILABLE", "Our Fone Dynamics account cannot send to this country."),
    ],
)
def test_why_a_text_failed(code: str | None, sentence: str) -> None:
    """In the words of the code, with advice."""
    assert failure(code).startswith(sentence)
    assert len(failure(code)) > len(sentence)


def test_options_as_a_form_gives_them() -> None:
    """Times are parsed from ISO 8601 and from seconds, and stay aware."""
    for said in (1321009871, "1321009871", "2011-11-11T11:11:11Z", "2011-11-11T22:11:11+11:00"):
        schedule = FoneDynamicsOptions.model_validate({"schedule": said}).schedule
        assert schedule == datetime(2011, 11, 11, 11, 11, 11, tzinfo=UTC)
    with pytest.raises(ValidationError):
        FoneDynamicsOptions.model_validate({"schedule": "2011-11-11T11:11:11"})


def test_the_api_is_where_they_say() -> None:
    """The API has a default address."""
    said = {"account_sid": "A1", "token": "t", "property_sid": "S1"}
    assert str(FoneDynamicsSettings.model_validate(said).base_url) == "https://api.fonedynamics.com/"


@pytest.mark.parametrize("sid", ["", "A/1", "A 1", "../A1"])
def test_ids_that_would_change_the_path(sid: str) -> None:
    """An account's id has letters and digits only, because it becomes a part of the path."""
    with pytest.raises(ValidationError):
        FoneDynamicsSettings.model_validate({"account_sid": "A1", "token": "t", "property_sid": sid})


@pytest.mark.parametrize("text", ["", "\0", "“curly” 😀", 'quote " and \\ slash', "a\r\nb", "x" * 5000])
async def test_texts_leave_as_they_are(server: ProviderServer, client: httpx.AsyncClient, text: str) -> None:
    """A text has no documented limit, so it is sent as it is."""
    server.answers = [_json({"Message": {"MessageSid": "M1", "From": "+6199111222"}})]
    await _provider(server.origin, client).send(replace(LEASED, text=text), CALLBACKS)
    assert json.loads(server.requests[0].body)["Text"] == text


async def test_a_path_in_front_of_the_api(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """The API may be behind a gateway with its own path."""
    server.answers = [_json({"MessageSid": "M1"})]
    await _provider(f"{server.origin}/gateway/", client).send(LEASED, CALLBACKS)
    assert server.requests[0].target == "/gateway/v2/Properties/S1/Messages"


@pytest.mark.parametrize("said", [{"Message": {"From": "+6199111222"}}, {"ResponseStatus": {"ErrorCode": "ODD"}}, []])
async def test_a_success_without_an_id_is_unknown(
    server: ProviderServer, client: httpx.AsyncClient, said: object
) -> None:
    """A 200 without a message id is unknown: it may have created a message."""
    server.answers = [_json(said)]
    with pytest.raises(Unknown, match="unreadable_answer"):
        await _provider(server.origin, client).send(LEASED, CALLBACKS)


@pytest.mark.parametrize("code", ["lower_case", "A" * 61, "+61488023555", "", None, 7, {}])
async def test_an_odd_code_is_not_carried_through(
    server: ProviderServer, client: httpx.AsyncClient, code: object
) -> None:
    """An odd error code is replaced by the HTTP status, because codes go into rows and metrics."""
    fault = {"ResponseStatus": {"ErrorCode": code, "Message": "No."}}
    server.answers = [HttpMessage("400", (), json.dumps(fault).encode())]
    with pytest.raises(Refused) as caught:
        await _provider(server.origin, client).send(LEASED, CALLBACKS)
    assert (caught.value.code, caught.value.sentence) == ("http_400", "Fone Dynamics refused it: No.")


async def test_all_pages_are_read(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """All pages are fetched until one has nothing new, at any page length."""
    rows = [{**REPLY, "MessageSid": f"M{n}", "Direction": "Receive", "Received": 1321005000 + n} for n in range(450)]
    server.answers = [_json({"Messages": rows[start : start + 200]}) for start in (0, 200, 400, 600)]
    found = [sms async for sms in _provider(server.origin, client).list_inbound(NOW)]
    assert [sms.provider_id for sms in found] == [f"M{n}" for n in range(450)]
    skips = [parse_qs(urlsplit(request.target).query)["Results_Skip"] for request in server.requests]
    assert skips == [["0"], ["200"], ["400"], ["450"]]


async def test_a_server_that_does_not_skip_ends(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """Repeated identical pages are read once."""
    server.answers = [_json([{**REPLY, "Direction": "Receive"}])] * 5
    assert len([sms async for sms in _provider(server.origin, client).list_inbound(NOW)]) == 1
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "found", [{**RECEIPT, "Status": None, "Direction": "Transmit"}, {**REPLY, "From": None, "Status": "Received"}]
)
async def test_a_look_up_that_says_too_little(
    server: ProviderServer, client: httpx.AsyncClient, found: dict[str, Any]
) -> None:
    """A sent text without a status, or a received one without a sender, is unknown."""
    server.answers = [_json({"Message": found})]
    with pytest.raises(Unknown):
        await _provider(server.origin, client).look_up("M1")


async def test_a_message_that_is_not_there(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """A 404 without an envelope means that there is no such message."""
    server.answers = [HttpMessage("404", (), b"")]
    assert await _provider(server.origin, client).look_up("M1") is None


@pytest.mark.parametrize(("created", "is_found"), [(NOW - timedelta(seconds=1), False), (NOW, True), (None, True)])
async def test_an_earlier_text_is_not_this_one(
    server: ProviderServer, client: httpx.AsyncClient, created: datetime | None, *, is_found: bool
) -> None:
    """A matching text counts only if it was created in or after the second of this one: "OK" is sent every day."""
    seconds = int(created.timestamp()) if created else None
    row = {"MessageSid": "M1", "To": "+61488023555", "Text": LEASED.text, "Created": seconds}
    server.answers = [_json([row]), _json([])]
    found = await _provider(server.origin, client).find_sent(LEASED, NOW + timedelta(milliseconds=500))
    assert bool(found) == is_found


async def test_somebody_elses_text_is_not_ours(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """A text with another ExternalId is not this attempt, even with the same content."""
    row = {"MessageSid": "M1", "To": "+61488023555", "Text": LEASED.text, "ExternalId": "another"}
    server.answers = [_json([row]), _json([])]
    assert await _provider(server.origin, client).find_sent(LEASED, NOW) == []
