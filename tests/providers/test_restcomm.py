"""Restcomm beyond its fixtures: against the simulated provider with all settings, and all its words and codes."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
import time_machine
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from providers import restcomm_errors as errors
from providers.errors import NotSent, Refused, Throttled, Unknown, Unreadable
from providers.provider import Accepted, Callbacks, Webhook
from providers.restcomm import STATUS, Page, Restcomm, RestcommSettings, _days
from sandbox.carriers import restcomm as pretend
from sandbox.carriers.faults import Trouble
from sandbox.carriers.outcomes import Fate
from sandbox.carriers.restcomm.message import ERRORS
from sandbox.phones import Phones
from sms.address import E164, Alphanumeric, Client, ShortCode
from sms.message import InboundSms, OutboundSms, Receipt, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from providers.provider import Ask

OURS = E164("+19876543212")
PHONE = E164("+13216549878")
TEXT = "You win again, gravity! 1 + 1 = 2 & so on: ÆØ 🎈\nYou call that an antenna?"  # two segments
SMS = OutboundSms("attempt-1", PHONE, OURS, TEXT)
ZONES = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_READABLE = st.characters(exclude_categories=("Cc", "Cs"))  # control characters show that UTF-16 was misread


class Door:
    """Receives webhooks in place of the bot, and answers as the provider's class says."""

    def __init__(self) -> None:
        self.events: list[InboundSms | Receipt | Ask] = []
        self.methods: list[str] = []
        self.url = ""
        self._provider = provider_of("https://example.com")

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        query, body = tuple(request.query.items()), await request.read()
        attempt = request.match_info.get("attempt")
        hook = Webhook(request.method, query, headers, body, datetime.now(UTC), "secret", attempt)
        self.methods.append(request.method)
        self.events += self._provider.parse(hook)
        answer = self._provider.answer(hook)
        return web.Response(status=answer.status, text=answer.body, content_type=answer.content_type)

    @property
    def callbacks(self) -> Callbacks:
        return Callbacks(f"{self.url}/receipts/attempt-1", f"{self.url}/replies", f"{self.url}/sender", "secret")


def provider_of(origin: str, client: httpx.AsyncClient | None = None, **more: Any) -> Restcomm:
    """Returns a provider with an account there; without a client it only parses webhooks."""
    account = {"account_sid": "AC00000000000000000000000000000001", "auth_token": "pretend-token"}
    settings = RestcommSettings.model_validate({"base_url": origin, **account, **more})
    return Restcomm(settings, client)  # type: ignore[arg-type]  # reading is pure


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """A running server."""
    door = Door()
    application = web.Application()
    application.router.add_route("*", "/receipts/{attempt}", door.take)
    application.router.add_route("*", "/sender", door.take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    door.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield door
    await runner.cleanup()


@asynccontextmanager
async def running(client: httpx.AsyncClient, **ways: Any) -> AsyncIterator[tuple[pretend.Restcomm, Restcomm]]:
    """Runs the simulated provider with these settings; returns it with the provider's class."""
    settings = pretend.RestcommSettings(receipt_delay=0.002, **ways)
    async with pretend.Restcomm(Phones(), settings) as company:
        origin = company.base_url.removesuffix(settings.prefix)
        yield company, provider_of(origin, client, prefix=settings.prefix)


async def listed(provider: Restcomm, since: datetime) -> list[InboundSms]:
    """Returns all texts from the list."""
    return [sms async for sms in provider.list_inbound(since)]


# --- the life of a text -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ways", [{}, {"prefix": "/api/2012-04-24"}, {"prefix": ""}, {"null_keys": True, "prices": True}]
)
async def test_a_text_and_its_receipts(door: Door, client: httpx.AsyncClient, ways: dict[str, Any]) -> None:
    """A text arrives unchanged, its receipts come to its attempt's URL, and it can be looked up afterwards."""
    async with running(client, **ways) as (company, provider):
        accepted = await provider.send(SMS, door.callbacks)
        await company.settle()
        assert accepted == Accepted(accepted.provider_id, Status.ACCEPTED, OURS)
        assert [text.text for text in company.phones.received(str(PHONE))] == [TEXT]
        receipts = [event for event in door.events if isinstance(event, Receipt)]
        assert [receipt.status for receipt in receipts] == [Status.SENT, Status.DELIVERED]
        assert {(receipt.provider_id, receipt.attempt) for receipt in receipts} == {(accepted.provider_id, "attempt-1")}
        found = await provider.look_up(accepted.provider_id)
        assert isinstance(found, Receipt)
        assert (found.status, found.segments, found.code) == (Status.DELIVERED, 2, None)
        assert found.at is not None
        assert await provider.look_up("SM00000000000000000000000000000000") is None


@pytest.mark.parametrize(("honoured", "method"), [(True, "GET"), (False, "POST")])
async def test_the_receipt_method(door: Door, client: httpx.AsyncClient, method: str, *, honoured: bool) -> None:
    """Receipts are parsed with either method; the open-source server always uses POST."""
    async with running(client, honours_callback_method=honoured) as (company, provider):
        await provider.send(replace(SMS, options={"status_callback_method": "GET"}), door.callbacks)
        await company.settle()
    assert door.methods == [method, method]
    assert [event.status for event in door.events if isinstance(event, Receipt)] == [Status.SENT, Status.DELIVERED]


@pytest.mark.parametrize("form", ["name", "number"])
async def test_every_failure(door: Door, client: httpx.AsyncClient, form: Literal["name", "number"]) -> None:
    """Each error gives its number and sentence, in a receipt and in a look-up, by name or number."""
    async with running(client, error_code_form=form) as (company, provider):
        for code, (_, description) in ERRORS.items():
            door.events.clear()
            company.outcome(str(PHONE), Fate.REJECTED, code=str(code))
            accepted = await provider.send(SMS, door.callbacks)
            await company.settle()
            expected = (Status.FAILED, str(code), errors.SENTENCES[str(code)])
            found = await provider.look_up(accepted.provider_id)
            for receipt in [*door.events, found]:
                assert isinstance(receipt, Receipt)
                assert (receipt.status, receipt.code, receipt.sentence) == expected
            assert isinstance(found, Receipt)
            assert found.description == description


async def test_a_client_has_no_receipts(door: Door, client: httpx.AsyncClient) -> None:
    """A registered SIP client gets its text without a callback; for an unknown client a look-up shows the failure."""
    async with running(client) as (company, provider):
        await provider.send(replace(SMS, recipient=Client("alice")), door.callbacks)
        gone = await provider.send(replace(SMS, recipient=Client("bob")), door.callbacks)
        await company.settle()
        assert [text.text for text in company.phones.received("client:alice")] == [TEXT]
        assert door.events == []
        found = await provider.look_up(gone.provider_id)
        assert isinstance(found, Receipt)
        assert found.status is Status.FAILED
        sent = [dict(parse_qsl(request.body.decode())) for request in company.requests if request.kind == "send"]
        assert not any("StatusCallback" in form for form in sent)


async def test_other_senders_and_recipients(door: Door, client: httpx.AsyncClient) -> None:
    """Short codes work both ways; a name works if the provider allows it, and is refused otherwise."""
    named = replace(SMS, sender=Alphanumeric("Acme"))
    async with running(client, numbers={"12345": pretend.Number()}) as (company, provider):
        accepted = await provider.send(
            replace(SMS, sender=ShortCode("12345"), recipient=ShortCode("54321")), door.callbacks
        )
        assert accepted.sender == ShortCode("12345")
        with pytest.raises(Refused) as caught:
            await provider.send(named, door.callbacks)
        assert caught.value.sentence == "Restcomm refused it: The From number is not enabled for SMS."
        company.settings.alphanumeric = "accept"
        assert (await provider.send(named, door.callbacks)).sender == Alphanumeric("Acme")


async def test_what_ends_without_a_text(door: Door, client: httpx.AsyncClient) -> None:
    """The quota is a pause of a minute; a closed account and wrong credentials are final; each has its code."""
    async with running(client, per_minute=0) as (company, provider):
        with pytest.raises(Throttled) as throttled:
            await provider.send(SMS, door.callbacks)
        assert (throttled.value.code, throttled.value.retry_after) == ("SMS_LIMIT_EXCEEDED", 60)
        company.settings.is_active = False
        with pytest.raises(Refused, match="account_inactive"):
            await provider.send(SMS, door.callbacks)
        company.settings.auth_token = "another"
        with pytest.raises(Refused, match="http_401"):
            await provider.send(SMS, door.callbacks)
        assert company.accepted == []
    with pytest.raises(NotSent):
        await provider.send(SMS, door.callbacks)


# --- queries ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [Trouble.ERROR_AFTER, Trouble.DROP_AFTER])
async def test_an_unknown_text_is_found(door: Door, client: httpx.AsyncClient, trouble: Trouble) -> None:
    """A text that was accepted before the connection broke is found among similar ones."""
    async with running(client, numbers={str(OURS): pretend.Number(), "+4419876543212": pretend.Number()}) as at:
        company, provider = at
        since = datetime.now(UTC) - timedelta(seconds=2)
        for other in (replace(SMS, text="Other"), replace(SMS, recipient=Client("alice"))):
            await provider.send(other, door.callbacks)
        await provider.send(replace(SMS, sender=E164("+4419876543212")), door.callbacks)
        assert await provider.find_sent(SMS, since) == []
        company.faults.next(trouble)
        with pytest.raises(Unknown):
            await provider.send(SMS, door.callbacks)
        await company.settle()
        (found,) = await provider.find_sent(SMS, since)
        assert found == Accepted(company.accepted[-1].message_id, Status.DELIVERED, OURS, 2)
        assert await provider.find_sent(SMS, datetime.now(UTC) + timedelta(minutes=1)) == []


@pytest.mark.parametrize(("texts", "pages"), [(0, 1), (1, 1), (49, 1), (50, 2), (51, 2), (100, 3), (120, 3)])
async def test_all_pages_of_the_list(client: httpx.AsyncClient, texts: int, pages: int) -> None:
    """Every text comes once, oldest first, with any page size, and no page past the last is fetched."""
    async with running(client) as (company, provider):
        for number in range(texts):
            company.admit(str(PHONE), str(OURS), f"Text {number}", ())
        found = await listed(provider, company.clock.now() - timedelta(minutes=1))
        assert [sms.text for sms in found] == [f"Text {number}" for number in range(texts)]
        assert [request.status for request in company.requests] == [200] * pages


@pytest.mark.parametrize("hours", [-12, -5, 0, 14])
async def test_their_zone_does_not_matter(client: httpx.AsyncClient, hours: int) -> None:
    """Dates in any zone give only texts since `since`, with their times."""
    async with running(client, utc_offset_hours=hours) as (company, provider):
        company.admit(str(PHONE), str(OURS), "Too old", ())
        company.clock.shift(timedelta(hours=3))
        company.admit(str(PHONE), str(OURS), "In time", ())
        (found,) = await listed(provider, company.clock.now() - timedelta(hours=1))
        assert found.text == "In time"
        assert found.sent_at is not None
        assert abs(found.sent_at - company.clock.now()) < timedelta(seconds=5)


@given(zone=ZONES, start=st.integers(0, 4_000_000_000), hours=st.integers(0, 500))
def test_the_days_hold_the_window(zone: timezone, start: int, hours: int) -> None:
    """The first day has begun by `since` in any zone; the last day is still to come."""
    since = datetime.fromtimestamp(start, UTC)
    now = since + timedelta(hours=hours)
    with time_machine.travel(now, tick=False):
        days = _days(since.astimezone(zone))
    first, last = (datetime.fromisoformat(days[name]).replace(tzinfo=zone) for name in ("StartTime", "EndTime"))
    assert first <= since <= now < last


def test_pages() -> None:
    """The document's sample: 34 texts at 10 per page are pages 0 to 3, although `num_pages` is 3."""
    page = Page.model_validate({"messages": [{"sid": "SM1"}], "num_pages": 3, "next_page_uri": "null"})
    assert [page.is_last(number) for number in range(4)] == [False, False, False, True]
    assert Page.model_validate({"messages": [], "num_pages": 3}).is_last(2)


# --- texts from contacts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("ways", [{}, {"plus_inbound": True}, {"inbound_id": "MessageSid"}])
async def test_a_text_from_a_contact(
    door: Door, client: httpx.AsyncClient, ways: dict[str, Any], method: Literal["POST", "GET"]
) -> None:
    """A contact's text comes once, equals its look-up and list entry, and our answer is valid."""
    number = pretend.Number(f"{door.url}/sender?a=1", method, f"{door.url}/sender", method)
    async with running(client, numbers={str(OURS): number}, **ways) as (company, provider):
        typed = await company.phones.send(str(PHONE), str(OURS), TEXT)
        (found,) = await listed(provider, typed.at - timedelta(minutes=1))
        assert (found.sender, found.recipient, found.text, found.provider_id) == (PHONE, OURS, TEXT, typed.message_id)
        assert door.events == [replace(found, sent_at=None)]
        assert await provider.look_up(typed.message_id) == found
        assert company.notifications == []
        assert company.phones.received(str(PHONE)) == []


# --- words, codes, forms ----------------------------------------------------------------------------------------------


def test_every_word_of_the_document() -> None:
    """The table has the document's seven statuses, except `received`, which marks a contact's text."""
    assert set(STATUS) == {"queued", "sending", "sent", "failed", "delivered", "undelivered"}


@pytest.mark.parametrize(("number", "name", "words"), [(number, *both) for number, both in ERRORS.items()])
def test_a_code_however_it_is_written(number: int, name: str, words: str) -> None:
    """An error's number, name and description give one code, whose sentence says what to do."""
    spellings = [str(number), name, name.lower(), words, words.upper(), f" {words} "]
    assert {errors.code(said) for said in spellings} == {str(number)}
    assert errors.failure(words, None, None) == errors.SENTENCES[str(number)]


@pytest.mark.parametrize("said", [None, "", " ", "barred by the operator", "+13216549878", "13216549878", "a" * 61])
def test_what_is_no_code(said: str | None) -> None:
    """Free text, and a possible phone number, are not codes."""
    assert errors.code(said) is None


def test_every_sentence_is_one() -> None:
    """Each code has a whole sentence."""
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in errors.SENTENCES.values())
    assert set(errors.NAMES.values()) | set(errors.BARE.values()) <= set(errors.SENTENCES)


@given(first=st.text(_READABLE, min_size=1), second=st.text(_READABLE))
def test_the_first_of_two_values_counts(first: str, second: str) -> None:
    """The first value of a repeated name counts; the second is theirs or from our URL's query."""
    pairs = [("From", "13216549878"), ("Body", first), ("SmsSid", "SM1"), ("Body", second), ("From", "1")]
    hook = Webhook("POST", (), {}, urlencode(pairs, errors="replace").encode(), datetime.now(UTC), "secret")
    (event,) = provider_of("https://example.com").parse(hook)
    assert isinstance(event, InboundSms)
    assert (event.sender, event.text) == (PHONE, first)


def test_a_number_without_a_text_is_unreadable() -> None:
    """A webhook that is neither a receipt nor a text is unreadable, not guessed at."""
    hook = Webhook("POST", (), {}, b"SmsSid=SM1&From=13216549878", datetime.now(UTC), "secret")
    with pytest.raises(Unreadable):
        provider_of("https://example.com").parse(hook)


@given(message=st.text(st.characters(codec="utf-8", exclude_characters='"'), max_size=200))
def test_errors_that_are_no_json(message: str) -> None:
    """The code of an error is found even if its unescaped message breaks the JSON."""
    body = f'{{"message":"They say "{message}"","error":"SMS_LIMIT_EXCEEDED"}}'
    assert isinstance(errors.refusal(httpx.Response(403, content=body.encode())), Throttled)


@given(body=st.binary() | st.text().map(lambda text: json.dumps({"message": text}).encode()))
def test_any_refusal_at_all(body: bytes) -> None:
    """Any refusal gives an error with a code and one short line."""
    error = errors.refusal(httpx.Response(400, content=body))
    assert error.code
    assert error.sentence.endswith(".")
    assert len(error.sentence.splitlines()) == 1
    assert len(error.sentence) < 250


@pytest.mark.parametrize(
    "wrong", [{"base_url": "mycompany"}, {"prefix": "restcomm"}, {"prefix": "/a/"}, {"prefix": "/a?b"}]
)
def test_settings_that_cannot_be(wrong: dict[str, Any]) -> None:
    """The organisation's address is a URL, and the prefix a path with a leading and without a trailing slash."""
    with pytest.raises(ValidationError):
        provider_of("https://mycompany.restcomm.com", **wrong)


def test_the_address_is_the_organisations() -> None:
    """The address has no default: each organisation has its own."""
    with pytest.raises(ValidationError, match="base_url"):
        RestcommSettings.model_validate({"account_sid": "AC1", "auth_token": "pretend-token"})
