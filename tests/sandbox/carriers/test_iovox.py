"""The simulated IOVOX against its documents."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from sandbox.carriers.faults import Trouble
from sandbox.carriers.iovox import DESTINATION, MESSAGE, ORIGIN, Flow, Iovox, IovoxSettings
from sandbox.carriers.outcomes import Fate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp

    from sandbox.phones import Phones
    from tests.sandbox.carriers.conftest import Door

PHONE = "+447723443321"
OURS = "+447923221231"
SEED = b"""<?xml version="1.0" encoding="utf-8"?>
<request>
    <origin>447923221231</origin>
    <destination>447723443321</destination>
    <message>Hello there, my name is John</message>
 </request>"""


@pytest.fixture
async def carrier(phones: Phones) -> AsyncIterator[Iovox]:
    """A running carrier with default settings."""
    async with Iovox(phones, IovoxSettings(receipt_delay=0.005, retries=())) as running:
        yield running


class Account:
    """Calls the API like a customer of the provider."""

    def __init__(self, carrier: Iovox, http: aiohttp.ClientSession) -> None:
        self.carrier = carrier
        self.http = http
        self.headers = {"username": carrier.settings.username, "secureKey": carrier.settings.secure_key}

    async def ask(self, method: str, query: dict[str, str], body: bytes = b"") -> tuple[int, str]:
        url = f"{self.carrier.base_url}/SMS"
        async with self.http.request(method, url, params=query, data=body, headers=self.headers) as response:
            return response.status, await response.text()

    async def post(self, body: bytes, **query: str) -> tuple[int, list[str]]:
        """Returns the status, and the errors or the id."""
        status, text = await self.ask("POST", {"v": "3", "method": "sendSms"} | query, body)
        root = etree.fromstring(text.encode())
        assert root.tag == ("response" if status == 201 else "errors")
        return status, [child.text or "" for child in root]

    async def send(self, **nodes: str) -> tuple[int, list[str]]:
        given = {"origin": "447923221231", "destination": "447723443321", "message": "Hello there"} | nodes
        root = etree.Element("request")
        for name, text in given.items():
            etree.SubElement(root, name).text = text
        return await self.post(etree.tostring(root))

    async def data(self, **query: str) -> Any:
        status, text = await self.ask("GET", {"v": "3", "method": "getSmsData", "output": "JSON"} | query)
        return (
            json.loads(text)["response"] if status == 200 else [child.text for child in etree.fromstring(text.encode())]
        )


@pytest.fixture
def account(carrier: Iovox, http: aiohttp.ClientSession) -> Account:
    """The carrier's one customer."""
    return Account(carrier, http)


def statuses(door: Door) -> list[str]:
    """Returns the receipts' statuses, in order of arrival."""
    return [json.loads(call.body)["status"] for call in door.calls]


async def test_the_documents_example_is_taken(account: Account, carrier: Iovox, phones: Phones) -> None:
    """The document's first example is answered with 201 and an id, and the phone shows the text."""
    status, said = await account.post(SEED)
    assert status == 201
    assert said == [carrier.accepted[0].message_id]
    await carrier.settle()
    assert [(text.from_number, text.text) for text in phones.received(PHONE)] == [
        (OURS, "Hello there, my name is John")
    ]


@pytest.mark.parametrize(
    ("nodes", "error"),
    [
        ({"origin": ""}, "Origin Empty"),
        ({"origin": "00447923221231"}, "Origin Invalid: 00447923221231"),
        ({"origin": "+447923221231"}, "Origin Invalid: +447923221231"),
        ({"origin": "TwelveLetter"}, "Origin Invalid: TwelveLetter"),
        ({"origin": "Acme!"}, "Origin Invalid: Acme!"),
        ({"destination": ""}, "Destination Empty"),
        ({"destination": "+447723443321"}, "Destination Invalid: +447723443321"),
        ({"destination": "447723440009"}, "Destination Invalid: 447723440009"),
        ({"message": ""}, "Message Empty"),
        ({"message": "x" * 160}, "Message must be less than 160 characters long"),
        ({"callback_url": "nowhere"}, "Callback Url Invalid: nowhere"),
        ({"callback_url_headers": "no colon"}, "Callback Url Headers Invalid: no colon"),
        ({"expiry": "soon"}, "Expiry Invalid: soon"),
        ({"expiry": "0"}, "Expiry Invalid: 0"),
        ({"media": "x"}, "Node Invalid: media"),
    ],
)
async def test_a_broken_rule_has_its_string(
    account: Account, carrier: Iovox, nodes: dict[str, str], error: str
) -> None:
    """Each documented error comes word for word, with 400, and nothing is sent."""
    assert await account.send(**nodes) == (400, [error])
    assert carrier.accepted == []


async def test_several_errors_come_in_one_answer(account: Account) -> None:
    """Every wrong node is named."""
    status, said = await account.post(b"<request><subject>x</subject></request>")
    assert (status, said) == (400, ["Origin Empty", "Destination Empty", "Message Empty", "Node Invalid: subject"])


async def test_the_query_and_the_xml_have_their_strings(account: Account) -> None:
    """Version, HTTP method, missing XML, missing nodes, and the position of an XML error have their strings."""
    assert (await account.post(SEED, v=""))[1] == ["API Version Empty"]
    assert (await account.post(SEED, v="2"))[1] == ["API Version Invalid"]
    assert (await account.post(SEED, method="sendFax"))[1] == ["Method Invalid"]
    status, text = await account.ask("PUT", {"method": "sendSms"}, SEED)
    assert status == 400
    assert "API Version Empty" in text
    assert "Request Method must be POST. PUT attempted" in text
    assert (await account.post(b" "))[1] == ["XML Empty"]
    assert (await account.post(b"<request/>"))[1] == ["Request Empty"]
    broken = (await account.post(b"<request>\n<origin>x</request>"))[1][0]
    assert broken.startswith("XML parse error. Opening and ending tag mismatch")
    assert " at line 2, column " in broken


async def test_entities_are_not_resolved(account: Account, carrier: Iovox) -> None:
    """A document's own entities are not resolved."""
    body = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + SEED.split(b"?>\n")[1].replace(b"Hello", b"&x;")
    await account.post(body)
    assert all("root" not in text.text for text in carrier.accepted)


async def test_exactly_160_characters_may_pass(account: Account, carrier: Iovox) -> None:
    """A setting decides about exactly 160 characters, because the document says "less than 160"."""
    assert (await account.send(message="x" * 159))[0] == 201
    carrier.settings.takes_160 = True
    assert (await account.send(message="x" * 160))[0] == 201
    assert (await account.send(message="x" * 161))[0] == 400


async def test_a_name_of_eleven_characters_is_an_origin(account: Account, phones: Phones) -> None:
    """A name has letters, digits, spaces and full stops."""
    assert (await account.send(origin="Acme Co. 11"))[0] == 201
    await phones.wait_for(lambda: phones.received(PHONE))
    assert phones.received(PHONE)[0].from_number == "Acme Co. 11"


async def test_wrong_keys_and_places_are_unauthorized(account: Account, carrier: Iovox) -> None:
    """A wrong key and a wrong IP address get the same answer."""
    carrier.settings.allowed = frozenset({"192.0.2.1"})
    assert await account.post(SEED) == (401, ["HTTP 401: Unauthorized"])
    carrier.settings.allowed = frozenset({"127.0.0.1"})
    assert (await account.post(SEED))[0] == 201
    account.headers = {"username": "pretend-user"}
    assert (await account.post(SEED))[0] == 401


async def test_receipts_read_as_in_the_document(account: Account, carrier: Iovox, door: Door) -> None:
    """Receipts are two JSON objects with the documented words, in London time, with another content type."""
    _, (message_id,) = await account.send(callback_url=door.url)
    await carrier.settle()
    first, second = (json.loads(call.body) for call in door.calls)
    assert (first["status"], first["delivery_status"], first["status_reason"]) == ("ACKNOWLEDGED", "smsc submit", "8")
    assert (second["status"], second["delivery_status"], second["status_reason"]) == (
        *("DELIVERED", "delivery success", "1"),
    )
    assert first["sms_activity_id"] == message_id
    said = datetime.strptime(first["receipt_timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZoneInfo("Europe/London"))
    assert abs(carrier.clock.now() - said) < timedelta(seconds=5)
    assert door.calls[0].headers["content-type"] == "text/plain"


async def test_our_headers_go_with_the_receipts(account: Account, carrier: Iovox, door: Door) -> None:
    """Receipts have the listed headers, and a content type only if one is given or set."""
    headers = "Content-Type: application/json,X-Custom-Header: iovox"
    await account.send(callback_url=door.url, callback_url_headers=headers)
    await carrier.settle()
    assert door.calls[0].headers["content-type"] == "application/json"
    assert door.calls[0].headers["x-custom-header"] == "iovox"
    carrier.settings.receipt_type = None
    await account.send(callback_url=door.url)
    await carrier.settle()
    assert "content-type" not in door.calls[-1].headers


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        (Fate.BUFFERED, ["ACKNOWLEDGED", "BUFFERED", "DELIVERED"]),
        (Fate.SILENT, ["ACKNOWLEDGED"]),
        (Fate.FAILED, ["ACKNOWLEDGED", "FAILED"]),
        (Fate.EXPIRED, ["ACKNOWLEDGED", "BUFFERED", "EXPIRED"]),
        (Fate.REJECTED, ["FAILED"]),
    ],
)
async def test_each_fate_has_its_words(account: Account, door: Door, fate: Fate, words: list[str]) -> None:
    """Each fate has its words, and the phone shows what arrives."""
    carrier = account.carrier
    carrier.outcome(PHONE, fate, code="13")
    await account.send(callback_url=door.url)
    await carrier.settle()
    assert statuses(door) == words
    assert bool(carrier.phones.received(PHONE)) == fate.arrives


async def test_a_text_expires_when_its_minutes_are_over(account: Account, carrier: Iovox, phones: Phones) -> None:
    """A text expires after its minutes; then a call reads it out, and the network may still deliver it."""
    carrier.settings.delivers_after_expiry = True
    carrier.outcome(PHONE, Fate.EXPIRED)
    _, (message_id,) = await account.send(expiry="3", c2c_failover_link_id="123456")
    kept = carrier.activities[message_id]
    await phones.wait_for(lambda: kept.status == "BUFFERED")
    assert carrier.calls == []
    carrier.clock.shift(timedelta(minutes=3))
    await carrier.settle()
    assert kept.status == "EXPIRED"
    call = carrier.calls[0]
    assert (call.link_id, call.destination, call.content) == ("123456", PHONE, "Hello there")
    assert len(phones.received(PHONE)) == 1


async def test_a_link_must_exist_where_links_are_known(account: Account, carrier: Iovox) -> None:
    """A failed text with a link is read out; an unknown link is refused."""
    carrier.settings.links = frozenset({"123456"})
    assert (await account.send(c2c_failover_link_id="7"))[1] == ["C2c Failover Link Id Invalid: 7"]
    await account.send(c2c_failover_link_id="123456", destination="447723440001")
    await carrier.settle()
    assert len(carrier.calls) == 1


@pytest.mark.parametrize(
    ("method", "encoding"), [("POST", "form"), ("POST", "json"), ("POST", "query"), ("GET", "form")]
)
async def test_texts_to_us_run_the_numbers_flow(carrier: Iovox, door: Door, method: Any, encoding: Any) -> None:
    """A flow has our field names, variables or literals as values, and numbers without a plus; there is no id."""
    params = (("o", ORIGIN), ("d", DESTINATION), ("c", MESSAGE), ("token", "secret"))
    carrier.settings.voxnumbers[OURS] = Flow(f"{door.url}/in?a=b", method, params, encoding)
    await carrier.phones.send(PHONE, OURS, "hi & bye")
    call = door.calls[0]
    body = call.body.decode()
    said = json.loads(body) if encoding == "json" else dict(parse_qsl(body))
    expected = {"o": "447723443321", "d": "447923221231", "c": "hi & bye", "token": "secret"}
    assert (call.method, said | dict(call.query)) == (method, expected | {"a": "b"})


async def test_a_number_without_a_flow_keeps_the_text(carrier: Iovox, account: Account) -> None:
    """A number without a flow calls nothing, but the text can be listed."""
    await carrier.phones.send(PHONE, OURS, "hello")
    found = await account.data(direction="IN")
    assert [row["message"] for row in found["results"]["result"]] == ["hello"]


async def test_the_list_pages_filters_and_sorts(account: Account, carrier: Iovox) -> None:
    """The list has this month's texts by default, newest first, in both directions."""
    for number in range(3):
        await account.send(message=str(number))
    await carrier.phones.send(PHONE, OURS, "in")
    await carrier.settle()
    found = await account.data(direction="OUT", limit="2", page="2")
    assert (found["total_results"], found["total_pages"], found["current_page"]) == (3, 2, 2)
    assert [row["message"] for row in found["results"]["result"]] == ["0"]
    first = (await account.data(order="cs_ASC"))["results"]["result"][0]
    assert (first["status"], first["voxnumber"]) == ("DELIVERED", "447923221231")
    one = await account.data(sms_activity_id=first["sms_activity_id"])
    assert (one["total_results"], carrier.requests[-1].kind) == (1, "fetch")
    assert (await account.data(edt="2020-01-01"))["total_results"] == 0
    assert (await account.data(sdt="2020-01-01 00:00:00"))["total_results"] == 4
    carrier.clock.shift(timedelta(days=32))
    assert (await account.data())["total_results"] == 0


async def test_the_list_is_xml_by_default(account: Account) -> None:
    """The list is XML by default, in the form of the sibling method."""
    await account.post(SEED)
    _, text = await account.ask("GET", {"v": "3", "method": "getSmsData"})
    root = etree.fromstring(text.encode())
    assert (root.get("httpStatus"), root.findtext("total_results")) == ("200", "1")
    assert root.findtext("results/result/message") == "Hello there, my name is John"


async def test_the_list_names_what_is_wrong(account: Account) -> None:
    """The list names all errors at once."""
    said = await account.data(page="x", limit="0", output="CSV", direction="UP", colour="blue")
    assert said == [
        "Page Number not an integer",
        "Limit must be between 1 and 20000",
        "Output Type Invalid",
        "Direction Invalid: UP",
        "Parameter Invalid: colour",
    ]
    assert await account.data(limit="x") == ["Limit not an integer"]
    assert await account.data(sdt="soon") == ["Date Invalid: soon"]
    status, text = await account.ask("POST", {"method": "getSmsData"})
    assert status == 400
    assert "Request Method must be GET" in text


async def test_a_500_is_xml_or_a_page(account: Account, carrier: Iovox) -> None:
    """A 500 is the document's string, or a web server's page if set."""
    carrier.faults.next(Trouble.ERROR_BEFORE, 2)
    assert await account.post(SEED) == (500, ["Internal Server Error"])
    carrier.settings.error_page = True
    status, text = await account.ask("POST", {"v": "3", "method": "sendSms"}, SEED)
    assert status == 500
    assert text.startswith("<html>")
    carrier.faults.next(Trouble.REFUSE)
    assert (await account.post(SEED))[0] == 400
