"""The simulated IO Phone against its document."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from sandbox.carriers.faults import Trouble
from sandbox.carriers.iophone import IoPhone, IoPhoneSettings
from sandbox.carriers.outcomes import Fate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.phones import Phones
    from tests.sandbox.carriers.conftest import Door

PHONE = "+15554447777"
OURS = "+15551112222"
PNG = "data:image/png;base64,iVBORw0KGgo="


@pytest.fixture
async def carrier(phones: Phones) -> AsyncIterator[IoPhone]:
    """A running carrier with default settings."""
    settings = IoPhoneSettings(receipt_delay=0.005, retries=(), numbers=(OURS, "+15551113333"))
    async with IoPhone(phones, settings) as running:
        yield running


class Account:
    """Calls the API like a customer of the provider."""

    def __init__(self, carrier: IoPhone, http: aiohttp.ClientSession) -> None:
        self.carrier = carrier
        self.http = http
        self.query = {"apiKey": carrier.settings.api_key}

    async def send(self, **fields: Any) -> tuple[int, dict[str, Any]]:
        return await self.post({"toNumber": PHONE, "fromNumber": OURS, "text": "Hello world"} | fields)

    async def post(self, body: Any) -> tuple[int, dict[str, Any]]:
        async with self.http.post(f"{self.carrier.base_url}/text", json=body, params=self.query) as response:
            return response.status, await response.json()


@pytest.fixture
def account(carrier: IoPhone, http: aiohttp.ClientSession) -> Account:
    """The carrier's one customer."""
    return Account(carrier, http)


def webhooks(door: Door) -> list[dict[str, Any]]:
    """Returns the webhooks' bodies, in order of arrival."""
    return [json.loads(call.body) for call in door.calls]


async def test_the_documents_example_is_taken(account: Account, carrier: IoPhone, phones: Phones) -> None:
    """The document's example is answered with HTTP 200, a body with status 202, and its keys."""
    status, answer = await account.send(
        callbackUrl="https://my-callback-url/path", media=["https://my-server/image.jpg"]
    )
    assert (status, answer["status"]) == (200, 202)
    keys = ("id", "time", "segmentCount", "direction", "to", "from", "text", "status", "media", "request_time")
    assert tuple(answer) == keys
    assert answer["media"] == ["https://my-server/image.jpg"]
    await phones.wait_for(lambda: phones.received(PHONE))
    shown = phones.received(PHONE)[0]
    assert (shown.from_number, shown.text, shown.media) == (OURS, "Hello world", ("https://my-server/image.jpg",))
    assert carrier.callbacks == {OURS: "https://my-callback-url/path"}


@pytest.mark.parametrize(
    "fields",
    [
        {"toNumber": ""},
        {"toNumber": "call me"},
        {"toNumber": "+1555444777"},
        {"toNumber": "+15554440009"},
        {"toNumber": 15554447777},
        {"text": ""},
        {"text": "x" * 2049},
        {"fromNumber": "number"},
        {"callbackUrl": "my-callback-url"},
        {"country": "Germany"},
        {"customKey": "x" * 33},
        {"customKey": 7},
        {"media": "https://my-server/image.jpg"},
        {"media": [7]},
        {"media": ["https://my-server/" + "x" * 4096]},
        {"media": ["file:///etc/passwd"]},
        {"colour": "blue"},
    ],
)
async def test_a_broken_rule_is_a_400_with_its_body(account: Account, carrier: IoPhone, fields: dict[str, Any]) -> None:
    """The body repeats the status and names the error; nothing is sent and no callback is stored."""
    status, answer = await account.send(**({"callbackUrl": "https://x.test"} | fields))
    assert (status, answer["status"]) == (400, 400)
    assert answer["message"]
    assert (carrier.accepted, carrier.callbacks) == ([], {})


async def test_the_documents_error_examples(account: Account) -> None:
    """Both documented error examples have their exact words."""
    assert await account.send(text="") == (400, {"status": 400, "message": "Required parameter 'text' cannot be empty"})
    status, answer = await account.send(fromNumber="+15550000000")
    assert status == 403
    assert answer["message"].startswith("This account is not authorized to send text messages from this number")


async def test_lengths_that_just_fit_are_taken(account: Account) -> None:
    """2048 characters of text, 32 of key and 4096 of URL are accepted."""
    url = "https://my-server/".ljust(4096, "x")
    assert (await account.send(text="x" * 2048, customKey="k" * 32, media=[url]))[0] == 200


async def test_a_body_that_is_no_json_object_is_refused(account: Account, http: aiohttp.ClientSession) -> None:
    """A body other than a JSON object is a 400."""
    assert (await account.post([]))[0] == 400
    url = f"{account.carrier.base_url}/text"
    for headers in ({"Content-Type": "application/json"}, {"Content-Type": "text/plain"}):
        async with http.post(url, data=b"{", params=account.query, headers=headers) as response:
            assert response.status == 400


async def test_the_key_is_checked(account: Account, carrier: IoPhone) -> None:
    """A missing key, an unknown key and a missing permission have the provider's words."""
    carrier.settings.may_text = False
    assert (await account.send())[1]["message"] == "You don't have permission"
    account.query = {"apiKey": "other"}
    assert (await account.send())[1] == {"status": 401, "message": "API key not found"}
    account.query = {}
    assert (await account.send())[1]["message"] == "API key not provided"


@pytest.mark.parametrize(
    ("number", "country", "parsed"),
    [
        ("(555) 444-7777", "US", "+15554447777"),
        ("0400 000 000", "AU", "+61400000000"),
        ("+61400000000", "US", "+61400000000"),
    ],
)
async def test_the_country_parses_the_number(account: Account, number: str, country: str, parsed: str) -> None:
    """A number is parsed in any format for the given country, by default the US."""
    assert (await account.send(toNumber=number, country=country))[1]["to"] == parsed


async def test_without_from_number_one_is_chosen(account: Account, carrier: IoPhone) -> None:
    """Without a sender the first number is chosen, or each in turn."""
    assert (await account.post({"toNumber": PHONE, "text": "x"}))[1]["from"] == OURS
    carrier.settings.auto_from = "rotate"
    chosen = {(await account.post({"toNumber": PHONE, "text": "x"}))[1]["from"] for _ in range(2)}
    assert chosen == set(carrier.settings.numbers)


async def test_the_callback_sticks_to_its_number(account: Account, carrier: IoPhone, door: Door) -> None:
    """An omitted callback URL keeps the last one, an empty one clears it, and each number has its own."""
    await account.send(callbackUrl=door.url)
    await account.send(text="second")
    await account.send(fromNumber="+15551113333")
    await carrier.settle()
    assert [said["text"] for said in webhooks(door)] == ["Hello world", "second"]
    await account.send(callbackUrl="")
    await carrier.settle()
    assert len(door.calls) == 2
    assert carrier.callbacks == {}


async def test_a_delivery_receipt_reads_as_in_the_document(account: Account, carrier: IoPhone, door: Door) -> None:
    """A delivery receipt has the documented keys and words, the answer's id, and our key."""
    answer = (await account.send(callbackUrl=door.url, customKey="custom string"))[1]
    await carrier.settle()
    said = webhooks(door)[0]
    assert tuple(said) == (
        *("id", "time", "type", "description", "segmentCount", "direction", "to", "from", "text", "customKey"),
    )
    assert (said["id"], said["type"]) == (answer["id"], "message-delivered")
    assert (said["description"], said["customKey"]) == ("Message delivered to carrier.", "custom string")
    assert door.calls[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("fate", "code", "slug"),
    [
        (Fate.FAILED, 4720, "invalid-destination-address"),
        (Fate.OPTED_OUT, 4775, "destination-rejected-due-to-user-opt-out"),
        (Fate.EXPIRED, 9902, "delivery-receipt-expired"),
        (Fate.REJECTED, 4432, "rejected-forbidden-country"),
    ],
)
async def test_a_failure_reads_as_in_the_document(
    account: Account, door: Door, fate: Fate, code: int, slug: str
) -> None:
    """A failure has the slug as its description and no segments, and the phone shows nothing."""
    carrier = account.carrier
    carrier.outcome(PHONE, fate)
    await account.send(callbackUrl=door.url)
    await carrier.settle()
    said = webhooks(door)[0]
    assert (said["type"], said["errorCode"], said["description"]) == ("message-failed", code, slug)
    assert said["segmentCount"] == 0
    assert carrier.phones.received(PHONE) == []


async def test_a_code_can_be_set_and_silence_too(account: Account, carrier: IoPhone, door: Door) -> None:
    """Any code can be set, also one outside the table, or no webhook although the text arrives."""
    carrier.outcome(PHONE, Fate.FAILED, code="4770", times=1)
    await account.send(callbackUrl=door.url)
    await carrier.settle()
    carrier.outcome(PHONE, Fate.FAILED, code="1234", times=1)
    await account.send()
    await carrier.settle()
    assert [said["description"] for said in webhooks(door)] == ["destination-spam-detected", "unknown-error"]
    carrier.outcome(PHONE, Fate.SILENT)
    await account.send()
    await carrier.settle()
    assert len(door.calls) == 2
    assert len(carrier.phones.received(PHONE)) == 1


async def test_times_have_three_six_or_nine_digits(account: Account, carrier: IoPhone) -> None:
    """Times have three, six or nine digits in turn, as in the document's samples."""
    times = [(await account.send())[1]["time"] for _ in range(3)]
    await carrier.settle()
    digits = {len(re.fullmatch(r"[-\d]{10}T[\d:]{8}\.(\d+)Z", time)[1]) for time in times}  # type: ignore[index]  # it matches
    assert digits <= {3, 6, 9}
    assert len(digits) > 1


async def test_pictures_are_hosted_and_announced(
    account: Account, carrier: IoPhone, door: Door, http: aiohttp.ClientSession
) -> None:
    """A picture on this machine is fetched and hosted; a text with media has message-sending first."""
    door.answers = [web.Response(body=b"\x89PNG", content_type="image/png")]
    await account.send(callbackUrl=door.url, media=[f"{door.url}/ours.png"])
    await carrier.settle()
    door.calls.pop(0)
    said = webhooks(door)
    assert [hook["type"] for hook in said] == ["message-sending", "message-delivered"]
    async with http.get(said[1]["media"][0]) as response:
        assert (response.content_type, await response.read()) == ("image/png", b"\x89PNG")


async def test_a_picture_that_cannot_be_fetched_fails_the_text(account: Account, carrier: IoPhone, door: Door) -> None:
    """A picture that cannot be fetched fails the text with Bandwidth's code."""
    door.answers = [web.Response(status=404)]
    await account.send(callbackUrl=door.url, media=[f"{door.url}/gone.png"])
    await carrier.settle()
    assert webhooks_of(door, "message-failed")[0]["description"] == "media-unavailable"


def webhooks_of(door: Door, kind: str) -> list[dict[str, Any]]:
    """Returns the webhooks of one type."""
    return [json.loads(call.body) for call in door.calls if call.body and json.loads(call.body)["type"] == kind]


async def test_texts_to_us_come_with_pictures(
    account: Account, carrier: IoPhone, door: Door, http: aiohttp.ClientSession
) -> None:
    """Without a callback URL no webhook comes; with one it has the documented fields and pictures that are served."""
    phones = carrier.phones
    await phones.send(PHONE, OURS, "too soon")
    await account.send(callbackUrl=door.url)
    await carrier.settle()
    door.calls.clear()
    hosted = carrier.host(b"GIF89a", "image/gif")
    typed = await phones.send(PHONE, OURS, "Hello world", [PNG, hosted, "data:,plain"])
    said = webhooks(door)[0]
    assert (said["type"], said["direction"], said["description"]) == (
        *("message-received", "in", "Incoming message received"),
    )
    assert (said["to"], said["from"], str(said["id"])) == (OURS, PHONE, typed.message_id)
    assert "customKey" not in said
    bodies = []
    for url in said["media"]:
        async with http.get(url) as response:
            bodies.append(await response.read())
    assert bodies == [b"\x89PNG\r\n\x1a\n", b"GIF89a", b"plain"]
    async with http.get(said["media"][0] + "x") as response:
        assert response.status == 404


async def test_a_test_is_simulated(account: Account, carrier: IoPhone, door: Door) -> None:
    """The test number sends nothing, answers like any other, and calls back with the same id and time."""
    status, answer = await account.send(fromNumber="(999) 999-9999", callbackUrl=door.url, customKey="k")
    await carrier.settle()
    said = webhooks(door)[0]
    assert (status, answer["from"], answer["status"]) == (200, "+19999999999", 202)
    assert (said["id"], said["time"], said["type"]) == (answer["id"], answer["time"], "message-delivered")
    assert carrier.phones.received(PHONE) == []
    assert said["customKey"] == "k"


async def test_too_many_requests_get_a_429(account: Account, carrier: IoPhone) -> None:
    """More than 300 requests in 300 seconds get a 429, with any results, until the window has room."""
    for _ in range(300):
        await account.send(text="")
    status, answer = await account.send()
    assert (status, answer["status"]) == (429, 429)
    carrier.clock.shift(timedelta(seconds=301))
    assert (await account.send())[0] == 200


async def test_too_many_texts_leave_one_in_five_minutes(account: Account, carrier: IoPhone) -> None:
    """After a limit is used up, one text is sent every five minutes; tests do not count."""
    carrier.settings.per_hour = 3
    for _ in range(3):
        assert (await account.send())[0] == 200
    assert (await account.send())[0] == 429
    assert (await account.send(fromNumber="+19999999999"))[0] == 200
    carrier.clock.shift(timedelta(minutes=5))
    assert (await account.send())[0] == 200
    assert (await account.send())[0] == 429
    carrier.clock.shift(timedelta(hours=1))
    assert (await account.send())[0] == 200
    carrier.settings.per_week = 1
    assert (await account.send())[0] == 429


async def test_faults_speak_the_companys_way(account: Account, carrier: IoPhone) -> None:
    """Every error repeats the status in its body."""
    for trouble, status in ((Trouble.REFUSE, 403), (Trouble.ERROR_BEFORE, 500), (Trouble.THROTTLE, 429)):
        carrier.faults.next(trouble)
        assert (await account.send())[1]["status"] == status
    carrier.faults.next(Trouble.RECEIPTS_CONTRADICT)
    assert (await account.send())[0] == 200


async def test_a_contradiction_is_told_after_the_truth(account: Account, carrier: IoPhone, door: Door) -> None:
    """A contradiction is Delivered, then failed, for the same text."""
    carrier.faults.next(Trouble.RECEIPTS_CONTRADICT)
    await account.send(callbackUrl=door.url)
    await carrier.settle()
    assert [said["type"] for said in webhooks(door)] == ["message-delivered", "message-failed"]
