"""The simulated Restcomm against its document and the open-source server."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import aiohttp
import pytest
from aiohttp import web
from lxml import etree

from sandbox.carriers.faults import Trouble
from sandbox.carriers.outcomes import Fate
from sandbox.carriers.restcomm import Number, Restcomm, RestcommSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.phones import Phones
    from tests.sandbox.carriers.conftest import Door

PHONE = "+13216549878"
OURS = "+19876543212"
EMPTY = "<Response></Response>"


@pytest.fixture
async def carrier(phones: Phones) -> AsyncIterator[Restcomm]:
    """A running carrier with default settings."""
    settings = RestcommSettings(receipt_delay=0.005, numbers={OURS: Number(), "12345": Number()})
    async with Restcomm(phones, settings) as running:
        yield running


class Account:
    """Calls the API like a customer of the provider."""

    def __init__(self, carrier: Restcomm, http: aiohttp.ClientSession) -> None:
        self.carrier = carrier
        self.http = http
        self.user, self.token = carrier.settings.account_sid, carrier.settings.auth_token

    async def ask(self, method: str, path: str, **arguments: Any) -> tuple[int, str, str]:
        url = f"{self.carrier.base_url}/Accounts/{self.carrier.settings.account_sid}/SMS/Messages{path}"
        headers = {"Authorization": aiohttp.encode_basic_auth(self.user, self.token)} | arguments.pop("headers", {})
        async with self.http.request(method, url, headers=headers, **arguments) as response:
            return response.status, response.headers.get("Content-Type", ""), await response.text()

    async def send(self, **fields: str) -> dict[str, Any]:
        """Sends one text, which must be accepted."""
        url = f"{self.carrier.base_url}/Accounts/{self.carrier.settings.account_sid}/SMS/Messages.json"
        headers = {"Authorization": aiohttp.encode_basic_auth(self.user, self.token)}
        data = {"From": "19876543212", "To": "13216549878", "Body": "Test SMS"} | fields
        async with self.http.post(url, data=data, headers=headers) as response:
            assert response.status == 200
            answer: dict[str, Any] = await response.json()
            return answer

    async def list(self, **query: str) -> Any:
        url = f"{self.carrier.base_url}/Accounts/{self.carrier.settings.account_sid}/SMS/Messages.json"
        headers = {"Authorization": aiohttp.encode_basic_auth(self.user, self.token)}
        async with self.http.get(url, params=query, headers=headers) as response:
            return await response.json() if response.status == 200 else response.status


@pytest.fixture
def account(carrier: Restcomm, http: aiohttp.ClientSession) -> Account:
    """The carrier's one customer."""
    return Account(carrier, http)


def statuses(door: Door) -> list[str]:
    """Returns the statuses in the callbacks, in order of arrival."""
    return [dict(parse_qsl(call.body.decode()))["MessageStatus"] for call in door.calls]


async def test_the_documents_example_is_taken(account: Account, carrier: Restcomm, phones: Phones) -> None:
    """The document's curl example is answered with its keys, `sending`, and no segments; the phone shows the text."""
    answer = await account.send()
    assert set(answer) == {
        *("sid", "date_created", "date_updated", "account_sid", "from", "to", "body"),
        *("status", "direction", "api_version", "uri"),
    }
    assert re.fullmatch(r"SM[0-9a-f]{32}", answer["sid"])
    assert (answer["status"], answer["direction"], answer["from"]) == ("sending", "outbound-api", "19876543212")
    await carrier.settle()
    assert [(text.from_number, text.text) for text in phones.received(PHONE)] == [(OURS, "Test SMS")]


@pytest.mark.parametrize("missing", ["From", "To", "Body"])
async def test_a_missing_field_is_told_in_bare_text(account: Account, missing: str) -> None:
    """A missing field is a 400 with plain text, even with .json."""
    form = {"From": "19876543212", "To": "13216549878", "Body": "x"}
    del form[missing]
    status, _, text = await account.ask("POST", ".json", data=form)
    assert (status, text) == (400, f"{missing} can not be null.")


@pytest.mark.parametrize(
    "fields",
    [
        {"From": "15550001111"},
        {"From": "Acme"},
        {"To": "alice"},
        {"To": "client:"},
        {"To": "13216540009"},
        {"StatusCallback": "nowhere"},
        {"StatusCallbackMethod": "PUT"},
        {"Media": "https://example.com/a.jpg"},
    ],
)
async def test_a_broken_rule_is_a_400(account: Account, carrier: Restcomm, fields: dict[str, str]) -> None:
    """A broken rule is refused with a message, and nothing is sent."""
    form = {"From": "19876543212", "To": "13216549878", "Body": "x"} | fields
    assert (await account.ask("POST", ".json", data=form))[0] == 400
    assert carrier.accepted == []


async def test_transport_faults_have_their_own_statuses(account: Account) -> None:
    """A JSON body, an oversized body and an unknown encoding have their own statuses."""
    assert (await account.ask("POST", ".json", json={"From": "1"}))[0] == 415
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    large = BytesIO(b"Body=" + b"x" * 10_000_000)
    assert (await account.ask("POST", ".json", data=large, headers=form))[0] == 413
    odd = {"From": "19876543212", "To": "13216549878", "Body": "x", "Encoding": "EBCDIC"}
    assert (await account.ask("POST", ".json", data=odd))[0] == 500


async def test_settings_let_other_senders_pass(account: Account, carrier: Restcomm) -> None:
    """With the source's rules, foreign numbers and names can be senders."""
    carrier.settings.foreign_from = carrier.settings.alphanumeric = "accept"
    assert (await account.send(From="15550001111"))["from"] == "15550001111"
    assert (await account.send(From="Acme 1"))["from"] == "Acme 1"


async def test_wrong_credentials_get_a_challenge_and_nothing_else(account: Account, carrier: Restcomm) -> None:
    """Wrong credentials get a 401 with the realm and no body; the email works as user; an inactive account is a 403."""
    account.user = "us@example.com"
    assert (await account.ask("GET", ".json"))[0] == 200
    carrier.settings.is_active = False
    assert (await account.ask("GET", ".json"))[::2] == (403, "Provided Account is not active")
    account.token = "wrong"
    assert (await account.ask("GET", ".json"))[::2] == (401, "")


async def test_another_account_is_not_found(account: Account, http: aiohttp.ClientSession) -> None:
    """Another account's URL is a 404 without a body."""
    headers = {"Authorization": aiohttp.encode_basic_auth(account.user, account.token)}
    async with http.get(f"{account.carrier.base_url}/Accounts/AC2/SMS/Messages.json", headers=headers) as response:
        assert (response.status, await response.text()) == (404, "")


async def test_the_quota_extension_refuses_with_a_403(account: Account, carrier: Restcomm) -> None:
    """Over the limit per minute, or with an injected throttle, the 403 has SMS_LIMIT_EXCEEDED."""
    carrier.settings.per_minute = 1
    await account.send()
    form = {"From": "19876543212", "To": "13216549878", "Body": "x"}
    status, _, text = await account.ask("POST", ".json", data=form)
    assert status == 403
    assert "SMS_LIMIT_EXCEEDED" in text
    carrier.clock.shift(timedelta(minutes=1))
    carrier.faults.next(Trouble.THROTTLE)
    assert (await account.ask("POST", ".json", data=form))[0] == 403
    await account.send()


async def test_without_json_suffix_the_answer_is_xml(account: Account) -> None:
    """`*/*` gets XML, an Accept with "json" gets JSON; a list in XML has no paging."""
    sid = (await account.send())["sid"]
    _, content_type, text = await account.ask("GET", f"/{sid}", headers={"Accept": "*/*"})
    assert content_type.startswith("application/xml")
    assert etree.fromstring(text.encode()).findtext("SMSMessage/Sid") == sid
    listed = etree.fromstring((await account.ask("GET", ""))[2].encode())
    assert [child.tag for child in listed] == ["SMSMessages"]
    json = await account.ask("GET", f"/{sid}", headers={"Accept": "application/json"})
    assert json[1].startswith("application/json")


async def test_callbacks_come_as_the_source_writes_them(account: Account, carrier: Restcomm, door: Door) -> None:
    """A callback is a form in the source's order, with the body twice and the URL's query in it."""
    answer = await account.send(StatusCallback=f"{door.url}/x?token=abc#part", Body="a+b & c")
    await carrier.settle()
    assert [call.path for call in door.calls] == ["/x", "/x"]
    assert door.calls[0].query == {}
    assert door.calls[0].headers["content-type"] == "application/x-www-form-urlencoded; charset=UTF-8"
    assert parse_qsl(door.calls[0].body.decode()) == [
        ("From", "19876543212"),
        ("To", "13216549878"),
        ("Body", "a+b & c"),
        ("AccountSid", carrier.settings.account_sid),
        ("MessageSid", answer["sid"]),
        ("MessageStatus", "sent"),
        ("Body", "a+b & c"),
        ("token", "abc"),
    ]


async def test_callbacks_by_get_stand_in_the_query(account: Account, carrier: Restcomm, door: Door) -> None:
    """The documented method is used, unless the carrier ignores it like the source."""
    await account.send(StatusCallback=f"{door.url}/x?token=abc", StatusCallbackMethod="GET")
    await carrier.settle()
    assert (door.calls[0].method, door.calls[0].query["token"]) == ("GET", "abc")
    carrier.settings.honours_callback_method = False
    await account.send(StatusCallback=f"{door.url}/x", StatusCallbackMethod="GET")
    await carrier.settle()
    assert door.calls[-1].method == "POST"


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        (Fate.DELIVERED, ["sent", "delivered"]),
        (Fate.BUFFERED, ["sent", "sent", "delivered"]),
        (Fate.SILENT, ["sent"]),
        (Fate.FAILED, ["sent", "undelivered"]),
        (Fate.EXPIRED, ["sent", "failed"]),
        (Fate.REJECTED, ["failed"]),
    ],
)
async def test_each_fate_has_its_words(account: Account, door: Door, fate: Fate, words: list[str]) -> None:
    """The sent event comes first, then the delivery event; after a failed sent event nothing follows."""
    carrier = account.carrier
    carrier.outcome(PHONE, fate)
    sid = (await account.send(StatusCallback=door.url))["sid"]
    await carrier.settle()
    assert statuses(door) == words
    assert bool(carrier.phones.received(PHONE)) == fate.arrives
    assert carrier.messages[sid].status == words[-1]


@pytest.mark.parametrize(("form", "shown"), [("name", "QUEUE_OVERFLOW"), ("number", "30001")])
async def test_an_error_code_is_a_name_or_a_number(account: Account, door: Door, form: Any, shown: str) -> None:
    """Callbacks have the name or the number as set; resources always have the number and its text."""
    carrier = account.carrier
    carrier.settings.error_code_form = form
    carrier.outcome(PHONE, Fate.FAILED, code="30001")
    sid = (await account.send(StatusCallback=door.url))["sid"]
    await carrier.settle()
    assert dict(parse_qsl(door.calls[-1].body.decode()))["ErrorCode"] == shown
    resource = (await account.list())["messages"][0]
    assert (resource["sid"], resource["error_code"], resource["error_message"]) == (sid, 30001, "Queue overflow")


async def test_a_client_gets_the_text_and_we_no_callback(
    account: Account, carrier: Restcomm, door: Door, phones: Phones
) -> None:
    """A SIP client's text has no callback; an unregistered client gets nothing."""
    await account.send(To="client:alice", StatusCallback=door.url)
    await account.send(To="client:nobody", StatusCallback=door.url)
    await carrier.settle()
    assert door.calls == []
    assert len(phones.received("client:alice")) == 1
    assert phones.received("client:nobody") == []


async def test_a_callback_is_tried_once(account: Account, carrier: Restcomm, door: Door) -> None:
    """A callback is never retried, with any answer."""
    door.answers = [web.Response(status=500)]
    await account.send(StatusCallback=door.url, To="13216540002")
    await carrier.settle()
    assert [call.status for call in carrier.deliveries] == [500]


async def test_resources_have_the_documents_dates_and_uris(account: Account, carrier: Restcomm) -> None:
    """Days have no leading zero, date_sent is ISO 8601, and the prefix of uri varies."""
    sid = (await account.send())["sid"]
    await carrier.settle()
    message = carrier.messages[sid]
    message.created = message.sent = datetime(2019, 7, 4, 7, 2, 28, tzinfo=UTC)
    first, second = (await account.list())["messages"][0], (await account.list())["messages"][0]
    assert first["date_created"] == "Thu, 4 Jul 2019 07:02:28 +0000"
    assert first["date_sent"] == "2019-07-04T07:02:28.000Z"
    assert first["uri"] != second["uri"]
    assert first["num_segments"] == 1
    carrier.settings.utc_offset_hours = -5
    carrier.settings.null_keys = carrier.settings.prices = True
    other = (await account.list())["messages"][0]
    assert parsedate_to_datetime(other["date_created"]) == message.created
    assert other["date_sent"] == "2019-07-04T02:02:28.000-05:00"
    assert (other["error_code"], other["price"]) == (None, "0")


async def test_paging_has_its_quirks(account: Account, carrier: Restcomm) -> None:
    """Pages run from 0 to the floor of total by size, neighbours may be "null", and the filters are lost."""
    for number in range(4):
        await account.send(Body=str(number))
    first = await account.list(PageSize="3", SortBy="DateCreated:asc", From="19876543212")
    assert (first["num_pages"], first["total"], first["start"], first["end"]) == (1, 4, "0", "2")
    assert first["previous_page_uri"] == "null"
    assert "From" not in first["next_page_uri"]
    assert ".json" not in first["next_page_uri"]
    assert [row["body"] for row in first["messages"]] == ["0", "1", "2"]
    last = await account.list(PageSize="3", Page="1")
    assert (last["next_page_uri"], last["end"], len(last["messages"])) == ("null", "4", 1)
    exact = await account.list(PageSize="2", Page="2")
    assert exact["messages"] == []
    assert await account.list(PageSize="2", Page="3") == 400
    assert (await account.list(Limit="1"))["total"] == 1
    assert carrier.requests[-1].kind == "list"


async def test_filters_match_as_the_source_does(account: Account, carrier: Restcomm, phones: Phones) -> None:
    """Numbers match by their ends, the status does not count in the total, and dates are days."""
    await account.send(Body="one")
    await carrier.settle()
    await phones.send(PHONE, OURS, "two")
    assert [row["body"] for row in (await account.list(To="9878"))["messages"]] == ["one"]
    received = await account.list(Status="received")
    assert ([row["body"] for row in received["messages"]], received["total"]) == (["two"], 2)
    assert [row["body"] for row in (await account.list(Body="wo"))["messages"]] == ["two"]
    today = carrier.clock.now().date()
    assert (await account.list(StartTime=f"{today}T23:59:59Z", EndTime=f"{today}T00:00:00Z"))["total"] == 2
    assert (await account.list(StartTime=str(today + timedelta(days=1))))["total"] == 0
    carrier.settings.date_only = False
    assert (await account.list(EndTime=f"{today}T00:00:00Z"))["total"] == 0
    assert await account.list(StartTime="yesterday") == 400
    assert await account.list(SortBy="From:up") == 400
    assert (await account.list(SortBy="Colour:desc"))["messages"][0]["body"] == "two"
    assert (await account.list(SortBy="Body"))["messages"][0]["body"] == "one"


async def test_fetching_what_is_not_there_is_an_empty_404(account: Account) -> None:
    """A missing text is a 404 without a body, as in the source."""
    assert (await account.ask("GET", "/SM0.json"))[::2] == (404, "")


async def test_texts_to_us_call_the_numbers_sms_url(carrier: Restcomm, door: Door, phones: Phones) -> None:
    """The webhook is a form with numbers without a plus; an empty Response sends nothing."""
    carrier.settings.numbers[OURS].sms_url = f"{door.url}/in?token=abc"
    door.answers = [web.Response(text=EMPTY, content_type="text/xml")]
    typed = await phones.send(PHONE, OURS, "hello")
    assert parse_qsl(door.calls[0].body.decode()) == [
        ("SmsSid", typed.message_id),
        ("AccountSid", carrier.settings.account_sid),
        ("From", "13216549878"),
        ("To", "19876543212"),
        ("Body", "hello"),
        ("token", "abc"),
    ]
    assert carrier.notifications == []
    assert carrier.messages[typed.message_id].direction == "inbound"


@pytest.mark.parametrize(
    ("answer", "code", "has_fallback"),
    [
        ((200, "application/json", "{}"), 12300, False),
        ((200, "text/xml", "<Response><Play/></Response>"), 14110, False),
        ((204, "text/xml", ""), None, True),
        ((201, "text/xml", EMPTY), None, True),
        ((200, "text/xml", "<Response>"), None, True),
        ((200, "text/xml", "<Answer/>"), None, True),
    ],
)
async def test_a_wrong_answer_is_noted(
    carrier: Restcomm, door: Door, answer: tuple[int, str, str], code: int | None, *, has_fallback: bool
) -> None:
    """An answer needs exactly 200, an XML content type and a Response; the fallback is called after a failed fetch."""
    setup = carrier.settings.numbers[OURS]
    setup.sms_url, setup.sms_fallback_url = f"{door.url}/in", f"{door.url}/fallback"
    wrong = web.Response(status=answer[0], content_type=answer[1], text=answer[2])
    door.answers = [wrong, web.Response(text=EMPTY, content_type="application/xml")]
    await carrier.phones.send(PHONE, OURS, "hello")
    assert [note.code for note in carrier.notifications] == [code]
    assert (len(door.calls) == 2) == has_fallback


async def test_an_answer_can_send_a_reply(carrier: Restcomm, door: Door, phones: Phones) -> None:
    """`<Sms>` goes to the phone as an outbound-reply; other allowed verbs are only recorded."""
    carrier.settings.numbers["12345"].sms_url = door.url
    text = "<Response><Sms>Thank you</Sms><Email>x</Email></Response>"
    door.answers = [web.Response(text=text, content_type="text/xml")]
    await phones.send(PHONE, "12345", "hello")
    await carrier.settle()
    assert [(shown.from_number, shown.text) for shown in phones.received(PHONE)] == [("12345", "Thank you")]
    assert [message.direction for message in carrier.messages.values()] == ["inbound", "outbound-reply"]
    assert len(carrier.notifications) == 1


async def test_normalizing_cuts_long_bodies(account: Account, carrier: Restcomm, phones: Phones) -> None:
    """The source's normalization assumes US numbers, and cuts bodies over 160 bytes to 159 characters."""
    carrier.settings.normalizes = True
    await account.send(From="9876543212", To="3216549878", Body="x" * 161)
    await carrier.settle()
    assert len(phones.received(PHONE)[0].text) == 159


def test_no_secret_is_in_a_repr() -> None:
    """The repr, and so the output of a failing test, shows no token."""
    settings = RestcommSettings(auth_token="hush")
    assert asdict(settings)["auth_token"] == "hush"
    assert "hush" not in repr(settings)
