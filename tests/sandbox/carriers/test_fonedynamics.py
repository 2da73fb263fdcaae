"""The simulated Fone Dynamics against its document."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import aiohttp
import pytest

from sandbox.carriers.fonedynamics import FoneDynamics, FoneDynamicsSettings, Forward, WebhookForm
from sandbox.carriers.outcomes import Fate
from sandbox.phones import NoSuchNumber, NotForThisPhone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.phones import Phones
    from tests.sandbox.carriers.conftest import Door

PHONE = "+61488023555"
OTHER = "+61488023556"
OURS = "+61499009990"


@pytest.fixture
async def carrier(phones: Phones) -> AsyncIterator[FoneDynamics]:
    """A running carrier with default settings."""
    async with FoneDynamics(phones, FoneDynamicsSettings(receipt_delay=0.005, retries=())) as running:
        yield running


class Account:
    """Calls the API like a customer of the provider."""

    def __init__(self, carrier: FoneDynamics, http: aiohttp.ClientSession) -> None:
        self.carrier = carrier
        self.http = http
        pair = carrier.settings.account_sid, carrier.settings.token
        self.auth = {"Authorization": aiohttp.encode_basic_auth(*pair)}

    async def send(self, **fields: Any) -> tuple[int, dict[str, Any]]:
        body = {"To": PHONE, "Text": "You win again, gravity!"} | fields
        return await self.post(json.dumps(body).encode())

    async def post(self, body: bytes, content_type: str = "application/json") -> tuple[int, dict[str, Any]]:
        url = f"{self.carrier.base_url}/v2/Properties/{self.carrier.settings.property_sid}/Messages"
        headers = self.auth | {"Content-Type": content_type}
        async with self.http.post(url, data=body, headers=headers) as response:
            return response.status, await response.json()

    async def get(self, path: str, **query: str) -> tuple[int, Any]:
        async with self.http.get(f"{self.carrier.base_url}{path}", params=query, headers=self.auth) as response:
            return response.status, await response.json()

    async def find(self, **query: str) -> tuple[int, Any]:
        now = self.carrier.clock.timestamp()
        span = {"Date_From": str(now - 3600), "Date_To": str(now + 3600)}
        return await self.get(f"/v2/Properties/{self.carrier.settings.property_sid}/Messages", **(span | query))


@pytest.fixture
def account(carrier: FoneDynamics, http: aiohttp.ClientSession) -> Account:
    """The carrier's one customer."""
    return Account(carrier, http)


async def test_the_documents_simple_example_is_taken(account: Account, carrier: FoneDynamics, phones: Phones) -> None:
    """The document's first example is answered with its six fields, and the phone shows the text."""
    status, answer = await account.send(From=OURS, To=PHONE)
    assert status == 200
    assert set(answer["Message"]) == {"MessageSid", "AccountSid", "PropertySid", "From", "To", "Text"}
    await carrier.settle()
    shown = phones.received(PHONE)[0]
    assert (shown.from_number, shown.text, shown.carrier) == (OURS, "You win again, gravity!", "fonedynamics")
    assert shown.message_id == answer["Message"]["MessageSid"] == carrier.accepted[0].message_id


async def test_the_documents_lease_example_is_taken(account: Account, carrier: FoneDynamics) -> None:
    """The document's second example, with every parameter, is accepted and gets a leased number."""
    status, answer = await account.send(
        From="",
        Schedule=carrier.clock.timestamp() - 10,
        DeliveryReceipt=True,
        DeliveryReceiptWebhookUri="https://callback.2.me/for/delivery_receipt",
        DeliveryReceiptWebhookMethod="POST",
        ForwardToSms="+61499333222",
        ForwardFromSms="",
        ForwardToEmail="somebody@example.com",
        ForwardFromEmail="us@example.com",
        WebhookUri="https://callback.2.me/for/sms_responses",
        WebhookMethod="POST",
        ExternalId="testid123",
    )
    assert status == 200
    assert answer["Message"]["From"] in carrier.settings.pool
    assert carrier.accepted[0].reference == "testid123"


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"To": ""}, "To"),
        ({"To": "61488023555"}, "To"),
        ({"To": 61488023555}, "To"),
        ({"To": "+210999999"}, "To"),
        ({"Text": ""}, "Text"),
        ({"From": "Acme Support!"}, "From"),
        ({"From": "TwelveLetter"}, "From"),
        ({"From": "123456"}, "From"),
        ({"Schedule": "soon"}, "Schedule"),
        ({"Schedule": True}, "Schedule"),
        ({"DeliveryReceipt": "true"}, "DeliveryReceipt"),
        ({"DeliveryReceiptWebhookUri": "/relative"}, "DeliveryReceiptWebhookUri"),
        ({"DeliveryReceiptWebhookMethod": "PUT"}, "DeliveryReceiptWebhookMethod"),
        ({"WebhookUri": "ftp://example.com"}, "WebhookUri"),
        ({"WebhookMethod": "PATCH"}, "WebhookMethod"),
        ({"ForwardToSms": "0499333222"}, "ForwardToSms"),
        ({"ForwardFromSms": "no specials!"}, "ForwardFromSms"),
        ({"ForwardToEmail": "nobody"}, "ForwardToEmail"),
        ({"Webhook": "https://example.com"}, "Webhook"),
    ],
)
async def test_a_broken_rule_names_its_field(
    account: Account, carrier: FoneDynamics, fields: dict[str, Any], at_fault: str
) -> None:
    """Each field that breaks its rule gives a 400 in the ServiceStack envelope with its name, and nothing is sent."""
    status, answer = await account.send(**fields)
    assert status == 400
    assert answer["ResponseStatus"]["Errors"][0]["FieldName"] == at_fault
    assert carrier.accepted == []
    assert carrier.requests[-1].outcome == "refused"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"'])
async def test_a_body_that_is_no_json_object_is_refused(account: Account, body: bytes) -> None:
    """A body other than a JSON object is a 400."""
    assert (await account.post(body))[0] == 400
    assert (await account.post(b'{"To": "+61488023555", "Text": "x"}', "text/plain"))[0] == 400


async def test_wrong_credentials_and_unknown_things_have_their_own_codes(account: Account) -> None:
    """Wrong credentials are a 401; unknown properties and messages have their own codes."""
    assert (await account.get("/v2/Messages/MNONE"))[1]["ResponseStatus"]["ErrorCode"] == "MESSAGE_NOT_FOUND"
    missing = await account.get("/v2/Properties/SNONE/Messages", Date_From="0", Date_To="1")
    assert missing[1]["ResponseStatus"]["ErrorCode"] == "PROPERTY_NOT_FOUND"
    account.auth = {"Authorization": aiohttp.encode_basic_auth("A", "wrong")}
    assert (await account.send())[0] == 401


async def test_sms_not_enabled_is_forbidden(account: Account, carrier: FoneDynamics) -> None:
    """An account or property without SMS gets a 403."""
    carrier.settings.sms_enabled = False
    assert (await account.send())[0] == 403


async def test_schedule_waits_up_to_fourteen_days(account: Account, carrier: FoneDynamics, phones: Phones) -> None:
    """A scheduled text is Processing until its time; beyond 14 days, or an hour ago, it is refused."""
    now = carrier.clock.timestamp()
    assert (await account.send(Schedule=now + 14 * 86400 + 60))[0] == 400
    assert (await account.send(Schedule=now - 3601))[0] == 400
    status, answer = await account.send(Schedule=now + 13 * 86400)
    sid = answer["Message"]["MessageSid"]
    assert status == 200
    assert (await account.get(f"/v2/Messages/{sid}"))[1]["Message"]["Status"] == "Processing"
    assert phones.received(PHONE) == []
    carrier.clock.shift(timedelta(days=13, seconds=1))
    await carrier.settle()
    assert (await account.get(f"/v2/Messages/{sid}"))[1]["Message"]["Status"] == "Delivered"
    assert len(phones.received(PHONE)) == 1


async def test_an_alphanumeric_sender_goes_out_where_it_may(account: Account) -> None:
    """A name stays in Australia; in the US, or with a network that accepts none, a leased number replaces it."""
    assert (await account.send(From="Acme 1"))[1]["Message"]["From"] == "Acme 1"
    for to in ("+12025550123", "+61488020008"):
        assert (await account.send(From="Acme 1", To=to))[1]["Message"]["From"].startswith("+")


async def test_a_number_that_is_not_ours_cannot_send(account: Account, carrier: FoneDynamics) -> None:
    """Only a dedicated number, or a live lease of this recipient, may be in From."""
    lease = (await account.send())[1]["Message"]["From"]
    assert (await account.send(From=lease))[0] == 200
    assert (await account.send(From=lease, To=OTHER))[0] == 403
    assert (await account.send(From="+61400000000"))[0] == 403
    carrier.clock.shift(timedelta(days=30))
    assert (await account.send(From=lease))[0] == 403


async def test_a_sixth_lease_is_refused(account: Account, carrier: FoneDynamics) -> None:
    """Each blank From leases a new number; the sixth for a phone is an error until one ends."""
    numbers = [(await account.send())[1]["Message"]["From"] for _ in range(5)]
    assert len(set(numbers)) == 5
    assert (await account.send())[0] == 403
    assert (await account.send(To=OTHER))[1]["Message"]["From"] == numbers[0]
    carrier.clock.shift(timedelta(days=30))
    assert (await account.send())[1]["Message"]["From"] not in numbers


async def test_a_sixth_lease_may_be_the_oldest_again(account: Account, carrier: FoneDynamics) -> None:
    """With the other setting the oldest live lease is reused."""
    carrier.settings.sixth_lease = "reuse"
    numbers = [(await account.send())[1]["Message"]["From"] for _ in range(6)]
    assert numbers[5] == numbers[0]


async def test_one_lease_may_be_kept_per_phone(account: Account, carrier: FoneDynamics) -> None:
    """With the other setting every blank From has the same number, whose use may renew it."""
    carrier.settings.new_lease_for = "recipient"
    carrier.settings.renew_on_use = True
    first = (await account.send())[1]["Message"]["From"]
    carrier.clock.shift(timedelta(days=29))
    assert (await account.send())[1]["Message"]["From"] == first
    assert (await account.send(From=first))[0] == 200
    carrier.clock.shift(timedelta(days=29))
    assert (await account.send(From=first))[0] == 200


async def test_receipts_go_to_the_texts_own_uri(account: Account, carrier: FoneDynamics, door: Door) -> None:
    """A receipt has the message resource; without DeliveryReceipt none comes."""
    answer = (await account.send(DeliveryReceiptWebhookUri=f"{door.url}/dlr/1", ExternalId="a1"))[1]
    await account.send(DeliveryReceiptWebhookUri=f"{door.url}/dlr/2", DeliveryReceipt=False)
    await carrier.settle()
    assert [call.path for call in door.calls] == ["/dlr/1"]
    said = json.loads(door.calls[0].body)
    assert said["MessageSid"] == answer["Message"]["MessageSid"]
    assert (said["Status"], said["ExternalId"], said["Direction"]) == ("Delivered", "a1", "Transmit")
    assert said["Created"] <= said["Submitted"] <= said["Delivered"]
    assert carrier.deliveries[0].status == 204


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("+61488020001", ["Submitted", "Failed"]),
        ("+61488020002", ["Failed"]),
        ("+61488020003", ["Submitted", "Failed"]),
        ("+61488020005", ["Submitted", "Failed"]),
        ("+61488020007", ["Submitted"]),
        ("+61488020004", ["Submitted", "Delivered"]),
    ],
)
async def test_the_last_digits_decide_what_becomes_of_a_text(
    account: Account, door: Door, phones: Phones, to: str, words: list[str]
) -> None:
    """Each ending of a number has its fate, in the receipts, on the phone and in the resource."""
    carrier = account.carrier
    carrier.settings.submitted_receipts = True
    answer = (await account.send(To=to, DeliveryReceiptWebhookUri=door.url))[1]
    await carrier.settle()
    assert [json.loads(call.body)["Status"] for call in door.calls] == words
    resource = (await account.get(f"/v2/Messages/{answer['Message']['MessageSid']}"))[1]["Message"]
    assert resource["Status"] == words[-1]
    assert ("ErrorCode" in resource) == (words[-1] == "Failed")
    assert bool(phones.received(to)) == ("Failed" not in words)


async def test_a_refused_number_is_refused_in_the_answer(account: Account) -> None:
    """A number ending in 0009 is in an unavailable country."""
    status, answer = await account.send(To="+61488020009")
    assert (status, answer["ResponseStatus"]["ErrorCode"]) == (400, "COUNTRY_UNAVAILABLE")


async def test_an_outcome_can_be_set(account: Account, carrier: FoneDynamics) -> None:
    """The result and code of a phone's next texts can be set."""
    carrier.outcome(PHONE, Fate.FAILED, code="HANDSET_OFF", times=1)
    first = (await account.send())[1]["Message"]["MessageSid"]
    second = (await account.send())[1]["Message"]["MessageSid"]
    await carrier.settle()
    assert (carrier.messages[first].status, carrier.messages[first].error_code) == ("Failed", "HANDSET_OFF")
    assert carrier.messages[second].status == "Delivered"


async def test_replies_go_where_the_newest_text_on_the_lease_said(account: Account, door: Door, phones: Phones) -> None:
    """A reply to a lease calls the URI of the newest text that had one; the reply is a resource too."""
    lease = (await account.send(WebhookUri=f"{door.url}/old"))[1]["Message"]["From"]
    await account.send(From=lease, WebhookUri=f"{door.url}/new", WebhookMethod="POST")
    await account.send(From=lease)
    typed = await phones.send(PHONE, lease, "hello")
    assert [call.path for call in door.calls] == ["/new"]
    said = json.loads(door.calls[0].body)
    assert (said["From"], said["To"], said["Text"], said["Status"]) == (PHONE, lease, "hello", "Received")
    resource = (await account.get(f"/v2/Messages/{typed.message_id}"))[1]["Message"]
    assert resource["Direction"] == "Receive"


@pytest.mark.parametrize(("way", "status"), [("ignore", 200), ("refuse", 400)])
async def test_lease_options_beside_a_from_may_count_for_nothing(
    account: Account, door: Door, phones: Phones, way: Any, status: int
) -> None:
    """The document is about a blank From only, so lease options with a sender may be ignored or refused."""
    account.carrier.settings.webhook_with_lease = way
    lease = (await account.send(WebhookUri=f"{door.url}/old"))[1]["Message"]["From"]
    assert (await account.send(From=lease, WebhookUri=f"{door.url}/new"))[0] == status
    await phones.send(PHONE, lease, "hello")
    assert [call.path for call in door.calls] == ["/old"]


async def test_a_lease_may_be_refused_as_the_sender(account: Account) -> None:
    """No document says that a From may be a lease; a fresh one is still given without a From."""
    account.carrier.settings.lease_as_sender = "refuse"
    lease = (await account.send())[1]["Message"]["From"]
    assert (await account.send(From=lease))[0] == 403
    assert (await account.send())[1]["Message"]["From"] != lease


async def test_replies_to_a_lease_that_was_the_sender_may_be_silent(
    account: Account, door: Door, phones: Phones
) -> None:
    """The webhook ends with the first text from the lease; the reply is a resource all the same."""
    account.carrier.settings.reused_lease_replies = "silent"
    lease = (await account.send(WebhookUri=f"{door.url}/old"))[1]["Message"]["From"]
    await phones.send(PHONE, lease, "first")
    await account.send(From=lease)
    typed = await phones.send(PHONE, lease, "second")
    assert len(door.calls) == 1
    assert (await account.get(f"/v2/Messages/{typed.message_id}"))[0] == 200


async def test_only_the_phone_that_has_the_lease_can_text_it(
    account: Account, carrier: FoneDynamics, phones: Phones
) -> None:
    """Another phone, and this phone after 30 days, get an error; a setting lets the late text through."""
    lease = (await account.send())[1]["Message"]["From"]
    with pytest.raises(NotForThisPhone):
        await phones.send(OTHER, lease, "hello")
    carrier.clock.shift(timedelta(days=30))
    with pytest.raises(NotForThisPhone):
        await phones.send(PHONE, lease, "hello")
    carrier.settings.ended_lease_replies = "deliver"
    assert (await phones.send(PHONE, lease, "hello")).direction == "out"


async def test_a_dedicated_number_calls_the_portals_webhook(carrier: FoneDynamics, door: Door, phones: Phones) -> None:
    """Any phone can text a dedicated number; the text goes to the portal's URL, if any. Pictures are rejected."""
    await phones.send(OTHER, OURS, "first")
    assert door.calls == []
    carrier.settings.portal_webhook = f"{door.url}/portal"
    carrier.settings.portal_method = "GET"
    await phones.send(OTHER, OURS, "second")
    assert door.calls[0].query["Text"] == "second"
    with pytest.raises(NoSuchNumber):
        await phones.send(OTHER, OURS, "third", ["https://example.com/a.jpg"])


async def test_replies_are_forwarded_as_asked(account: Account, carrier: FoneDynamics, phones: Phones) -> None:
    """Forwards by SMS and email are recorded, from the replying phone by default."""
    lease = (await account.send(ForwardToSms="+61499333222", ForwardToEmail="us@example.com"))[1]["Message"]["From"]
    sid = (await phones.send(PHONE, lease, "hello")).message_id
    assert carrier.forwards == [
        Forward("sms", "+61499333222", PHONE, sid),
        Forward("email", "us@example.com", "", sid),
    ]


async def test_every_form_of_body_is_sent_in_turn(account: Account, carrier: FoneDynamics, door: Door) -> None:
    """Each form of a webhook comes in turn, because no document shows one; a GET has all of it in the query."""
    carrier.settings.webhook_forms = tuple(WebhookForm)
    sids = []
    for _ in WebhookForm:
        sids.append((await account.send(From=OURS, DeliveryReceiptWebhookUri=f"{door.url}/x?a=b"))[1]["Message"])
        await carrier.settle()
    plain, wrapped, form, query, sid_only, lower, empty = (call.body for call in door.calls)
    assert json.loads(plain)["MessageSid"] == sids[0]["MessageSid"]
    assert json.loads(wrapped)["Message"]["Status"] == "Delivered"
    assert parse_qs(form.decode())["Text"] == ["You win again, gravity!"]
    assert (query, door.calls[3].query["MessageSid"]) == (b"", sids[3]["MessageSid"])
    assert json.loads(sid_only) == {"MessageSid": sids[4]["MessageSid"]}
    assert json.loads(lower)["messagesid"] == sids[5]["MessageSid"]
    assert (empty, door.calls[6].query) == (b"", {"a": "b"})


async def test_find_pages_through_what_was_created_in_a_span(
    account: Account, carrier: FoneDynamics, phones: Phones
) -> None:
    """From is inclusive, to exclusive; status and direction filter, count and skip page; the answer may be an array."""
    for number in range(3):
        await account.send(From=OURS, Text=str(number))
    await phones.send(PHONE, OURS, "reply")
    await carrier.settle()
    texts = [found["Text"] for found in (await account.find())[1]["Messages"]]
    assert texts == ["0", "1", "2", "reply"]
    received = (await account.find(Direction="Receive", Status="Received"))[1]["Messages"]
    assert [found["Text"] for found in received] == ["reply"]
    paged = (await account.find(Results_Count="1", Results_Skip="1"))[1]["Messages"]
    assert [found["Text"] for found in paged] == ["1"]
    carrier.settings.find_answer, carrier.settings.find_order = "array", "newest"
    assert (await account.find())[1][0]["Text"] == "reply"
    created = str(carrier.messages[carrier.accepted[0].message_id].created)
    assert (await account.find(Date_To=created))[1] == []


@pytest.mark.parametrize(
    "query", [{"Date_From": "now"}, {"Date_To": ""}, {"Status": "delivered"}, {"Direction": "In"}, {"To": PHONE}]
)
async def test_find_is_strict_about_its_parameters(account: Account, query: dict[str, str]) -> None:
    """A missing, misspelt or unknown parameter is a 400."""
    assert (await account.find(**query))[0] == 400
