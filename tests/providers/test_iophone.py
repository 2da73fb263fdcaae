"""IO Phone beyond the contract: one URL per number, errors by two numbers, Bandwidth's codes, its limits."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from providers.errors import ProviderError, Refused, Throttled, Unknown, Unreadable
from providers.http import open_client
from providers.iophone import RECEIVED, STATUS, IOPhone, IOPhoneOptions, IOPhoneSettings
from providers.iophone_errors import _REASONS, SENTENCES
from providers.provider import Accepted, Callbacks, Limit, Webhook
from sms.address import E164, Client, ShortCode, parse
from sms.message import InboundSms, Media, OutboundSms, Receipt, Status
from tests.contract.fixture_file import HttpMessage

if TYPE_CHECKING:
    import httpx

    from tests.contract.provider_server import ProviderServer

KEY = "key-of-the-account"
NOW = datetime(2023, 9, 14, 17, 28, 18, tzinfo=UTC)
CALLBACKS = Callbacks(
    receipts="https://a.example/r", replies="https://a.example/i", sender="https://a.example/s", secret=""
)
SMS = OutboundSms("attempt-1", E164("+15554447777"), E164("+15551112222"), "Bounce house at nine, please")
TIME = "2023-09-14T15:59:38.406172698Z"
RECEIPT = {"id": 1753064, "time": TIME, "type": "message-delivered", "direction": "out", "customKey": "attempt-1"}
FAILURE = {**RECEIPT, "type": "message-failed", "description": "some-reason", "errorCode": 4720, "text": SMS.text}
INBOUND = {
    "id": 1753060,
    "time": TIME,
    "type": RECEIVED,
    "direction": "in",
    "to": "+15551112222",
    "from": "+15554447777",
    "text": "Can we make it ten?",
}
# Bandwidth's table in the providers' reference and in its newest copies.
CODES = """
4001 4301 4302 4303 4350 4360 4401 4403 4404 4405 4406 4407 4408 4409 4410 4411 4412 4420 4421 4431 4432 4433 4434 4435
4451 4452 4470 4475 4476 4481 4482 4492 4493 4700 4701 4702 4710 4711 4712 4720 4721 4730 4735 4740 4750 4751 4752 4753
4754 4770 4771 4772 4773 4774 4775 4780 4781 4785 4790 4791 4792 4793 4794 4795 5100 5101 5106 5111 5201 5211 5220 5231
5500 5501 5600 5610 5620 5630 5650 5999 9902 9999
"""


@pytest.fixture(scope="module")
def reader() -> IOPhone:
    """Returns a provider for pure functions: parsing and checking."""
    return _provider("http://127.0.0.1:9", open_client())


def _provider(origin: str, client: httpx.AsyncClient, key: str = KEY) -> IOPhone:
    return IOPhone(IOPhoneSettings.model_validate({"api_key": key, "base_url": f"{origin}/api6"}), client)


def _read(reader: IOPhone, said: object, attempt: str | None = None) -> Any:
    """Returns the one event in a webhook."""
    (event,) = reader.parse(Webhook("POST", (), {}, json.dumps(said).encode(), NOW, "", attempt))
    return event


def _json(status: int, said: object) -> HttpMessage:
    return HttpMessage(str(status), (("Content-Type", "application/json"),), json.dumps(said).encode())


async def _send(server: ProviderServer, client: httpx.AsyncClient, said: object, status: int = 200) -> Accepted:
    server.answers = [_json(status, said)]
    return await _provider(server.origin, client).send(SMS, CALLBACKS)


def _refusal(reader: IOPhone, sms: OutboundSms) -> str | None:
    """Returns the code with which `check` refuses a text, or None."""
    try:
        reader.check(sms)
    except Refused as refused:
        return refused.code
    return None


# --- requests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sender", ["+15551112222", "+19999999999"])
async def test_number_and_url_go_out_together(server: ProviderServer, client: httpx.AsyncClient, sender: str) -> None:
    """Every text names its number and the sender's URL, not the attempt's, because IO Phone keeps a URL per number."""
    server.answers = [_json(200, {"id": 1, "status": 202})]
    await _provider(server.origin, client).send(replace(SMS, sender=E164(sender)), CALLBACKS)
    said = json.loads(server.requests[0].body)
    assert parse(said["fromNumber"], "US") == E164(sender)
    assert said["callbackUrl"] == CALLBACKS.sender


@pytest.mark.parametrize("url", ["", " ", "ftp://a.example/s", "/sms/io/token"])
async def test_no_url_that_would_end_the_webhooks(server: ProviderServer, client: httpx.AsyncClient, url: str) -> None:
    """Nothing is sent with an empty URL, which would end the number's inbound texts."""
    with pytest.raises(Refused, match="no_callback_url"):
        await _provider(server.origin, client).send(SMS, replace(CALLBACKS, sender=url))
    assert server.requests == []


async def test_what_is_not_set_does_not_go_out(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """Without an option and a file the body has only the five required fields."""
    await _send(server, client, {"id": 1, "status": 202})
    assert set(json.loads(server.requests[0].body)) == {"toNumber", "text", "fromNumber", "callbackUrl", "customKey"}


@pytest.mark.parametrize("key", ["plain", "a b&c=d?e#f/%2B+é"])
async def test_the_key_arrives_as_it_is(server: ProviderServer, client: httpx.AsyncClient, key: str) -> None:
    """The key is the query's only parameter, with any content."""
    server.answers = [_json(200, {"id": 1, "status": 202})]
    await _provider(server.origin, client, key).send(SMS, CALLBACKS)
    assert parse_qsl(urlsplit(server.requests[0].target).query) == [("apiKey", key)]


@pytest.mark.parametrize("text", ["\0", "“curly” 😀", 'quote " and \\ slash', "a\r\nb", " ", "x" * 2048, "😀" * 2048])
async def test_texts_leave_as_they_are(server: ProviderServer, client: httpx.AsyncClient, text: str) -> None:
    """A text of up to 2048 characters is sent unchanged."""
    server.answers = [_json(200, {"id": 1, "status": 202})]
    await _provider(server.origin, client).send(replace(SMS, text=text), CALLBACKS)
    assert json.loads(server.requests[0].body)["text"] == text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"text": ""}, "no_text"),
        ({"text": "", "media": (Media("https://a.example/cat.jpg"),)}, "no_text"),
        ({"text": "x" * 2049}, "text_too_long"),
        ({"attempt": "x" * 32}, None),
        ({"attempt": "x" * 33}, "custom_key"),
        ({"media": (Media("https://a.example/" + "x" * 4078),)}, None),
        ({"media": (Media("https://a.example/" + "x" * 4079),)}, "media_url"),
        ({"media": (Media("https://a.example/cat.jpg"), Media("data:image/png;base64,AA=="))}, "media_url"),
        ({"options": {"country": "AU"}}, None),
        ({"options": {"country": "au"}}, "bad_option"),
        ({"options": {"country": "AUS"}}, "bad_option"),
        ({"options": {"callback_url": ""}}, "bad_option"),
        ({"recipient": ShortCode("12345")}, "recipient"),
        ({"recipient": Client("alice")}, "recipient"),
        ({"sender": None}, "sender"),
        ({"sender": ShortCode("12345")}, "sender"),
        ({"sender": E164("+19999999999")}, None),
    ],
)
def test_what_the_page_rules_out(reader: IOPhone, change: dict[str, Any], code: str | None) -> None:
    """Lengths are exact, and what the API cannot do is rejected before any request."""
    assert _refusal(reader, replace(SMS, **change)) == code


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("http", "status", "kind"),
    [
        (200, 202, None),
        (202, 202, None),
        (200, None, None),
        (200, "odd", None),
        (200, 399, None),
        (200, 400, Refused),
        (200, 403, Refused),
        (200, 429, Throttled),
        (200, 500, Unknown),
        (200, 599, Unknown),
        (302, 202, Refused),
        (400, 202, Refused),
        (403, None, Refused),
        (403, 429, Throttled),
        (400, 500, Unknown),
        (429, 400, Throttled),
        (503, 400, Unknown),
    ],
)
async def test_both_numbers_decide(
    server: ProviderServer, client: httpx.AsyncClient, http: int, status: object, kind: type[ProviderError] | None
) -> None:
    """A text is accepted if both the HTTP status and the one in the body say so; otherwise the worse one counts."""
    said = {"id": 1753065, "segmentCount": 2, "from": "+15551112222", "status": status}
    if kind is None:
        accepted = await _send(server, client, said, http)
        assert accepted == Accepted("1753065", Status.ACCEPTED, SMS.sender, 2)
        return
    with pytest.raises(ProviderError) as caught:
        await _send(server, client, said, http)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Required parameter 'text' cannot be empty", "no_text"),
        ("This account is not authorized to send text messages from this number ('fromNumber')", "sender_not_ours"),
        ("API key not provided", "bad_api_key"),
        ("API Key not found.", "bad_api_key"),
        ("You don't have permission", "no_permission"),
        ("You don\N{RIGHT SINGLE QUOTATION MARK}t have permission to do this", "no_permission"),
        ("Parameter 'toNumber' is odd", "http_400"),
        (None, "http_400"),
        ({"text": "odd"}, "http_400"),
    ],
)
async def test_refusals_are_told_by_their_words(
    server: ProviderServer, client: httpx.AsyncClient, message: object, code: str
) -> None:
    """Documented refusals get a code of ours; others keep their words."""
    with pytest.raises(Refused) as caught:
        await _send(server, client, {"status": 400, "message": message}, 400)
    assert caught.value.code == code
    assert caught.value.sentence.endswith(".")
    assert not caught.value.opted_out


async def test_a_refusal_quotes_nothing_private(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """A refusal's words reach the thread without the key, the numbers, the text and the URL."""
    said = f"Bad: {KEY}, +15554447777, (555) 444-7777, {SMS.text}, {CALLBACKS.sender}!"
    with pytest.raises(Refused) as caught:
        await _send(server, client, {"status": 418, "message": said}, 418)
    assert not [piece for piece in (KEY, "444", SMS.text, "a.example") if piece in str(caught.value)]


# --- webhooks ---------------------------------------------------------------------------------------------------------


def test_every_code_has_a_sentence_with_advice() -> None:
    """Bandwidth's whole table is included, each code once, with a short sentence without a number."""
    assert sorted(code for codes, _ in _REASONS for code in codes.split()) == CODES.split()
    for sentence in SENTENCES.values():
        assert sentence.endswith(".")
        assert len(sentence) < 120
        assert not any(character.isdigit() for character in sentence)


@pytest.mark.parametrize("code", CODES.split())
def test_every_code_is_read(reader: IOPhone, code: str) -> None:
    """A failure has the sentence of its code; only two codes mean an opt-out."""
    for said in (int(code), code):
        receipt = _read(reader, {**FAILURE, "errorCode": said})
        assert (receipt.status, receipt.code, receipt.sentence) == (Status.FAILED, code, SENTENCES[code])
        assert receipt.opted_out == (code in {"4475", "4775"})


@pytest.mark.parametrize(
    ("code", "advice"),
    [(4999, "fail again"), (4123, "fail again"), (5998, "once"), (9000, "may have arrived"), (7000, ""), (None, "")],
)
def test_a_code_that_nobody_knows(reader: IOPhone, code: int | None, advice: str) -> None:
    """An unknown code is kept with IO Phone's word for it, and its first digit selects the advice."""
    receipt = _read(reader, {**FAILURE, "errorCode": code})
    assert receipt.code == (str(code) if code else None)
    assert receipt.sentence.startswith("IO Phone could not deliver it: some-reason.")
    assert advice in receipt.sentence
    assert receipt.sentence.endswith(".")


def test_a_failure_repeats_nothing_private(reader: IOPhone) -> None:
    """A reason is passed on without the number and the text that it quotes; an invalid code is dropped."""
    reason = f"No route to +15554447777 for {SMS.text}"
    receipt = _read(reader, {**FAILURE, "errorCode": "+15554447777", "description": reason})
    assert receipt.sentence == "IO Phone could not deliver it: No route to … for …."
    assert receipt.code is None


@pytest.mark.parametrize(
    ("said", "microsecond"),
    [
        ("2023-09-14T15:59:38Z", 0),
        ("2023-09-14T15:59:38.052Z", 52_000),
        ("2023-09-14T15:59:38.709287Z", 709_287),
        ("2023-09-14T15:59:38.406172698Z", 406_172),
        ("2023-09-14T17:59:38.999999999+02:00", 999_999),
    ],
)
def test_times_of_any_precision(reader: IOPhone, said: str, microsecond: int) -> None:
    """Three, six or nine digits after the point give the same time, cut to microseconds."""
    at = datetime(2023, 9, 14, 15, 59, 38, microsecond, tzinfo=UTC)
    assert _read(reader, {**RECEIPT, "time": said}).at == at
    assert _read(reader, {**INBOUND, "time": said}).sent_at == at


@pytest.mark.parametrize("kind", [*STATUS, RECEIVED, "message-read", "", None])
@pytest.mark.parametrize("direction", ["in", "out", "IN", "Out", "", None, "sideways"])
def test_type_and_direction(reader: IOPhone, kind: str | None, direction: str | None) -> None:
    """A contact's text needs both type and direction; an unknown type is a receipt only about our text."""
    way = (direction or "").lower()
    said = {**INBOUND, "type": kind, "direction": direction}
    if kind == RECEIVED and way in {"in", ""}:
        assert isinstance(_read(reader, said), InboundSms)
    elif kind and kind != RECEIVED and (way == "out" or (kind in STATUS and not way)):
        receipt = _read(reader, said)
        assert (receipt.word, receipt.status) == (kind, STATUS.get(kind))
    else:
        with pytest.raises(Unreadable):
            _read(reader, said)


def test_names_of_any_case(reader: IOPhone) -> None:
    """Names and types match in any case; the word is stored as received."""
    receipt = _read(reader, {name.upper(): str(value).upper() for name, value in RECEIPT.items()})
    assert (receipt.word, receipt.status, receipt.attempt) == ("MESSAGE-DELIVERED", Status.DELIVERED, "ATTEMPT-1")


def test_a_receipt_finds_its_attempt_without_an_id(reader: IOPhone) -> None:
    """`customKey` alone finds the attempt, because we may have crashed before we read the id."""
    receipt = _read(reader, {**RECEIPT, "id": None})
    assert (receipt.provider_id, receipt.attempt) == (None, "attempt-1")


@pytest.mark.parametrize("key", ["", None])
def test_a_receipt_without_our_key(reader: IOPhone, key: str | None) -> None:
    """Receipts from the test sender, and for texts that others send from our number, have only an id."""
    receipt = _read(reader, {**RECEIPT, "customKey": key})
    assert (receipt.provider_id, receipt.attempt) == ("1753064", None)


def test_the_url_of_an_attempt(reader: IOPhone) -> None:
    """A leaked attempt URL can bring that attempt's receipt, but no contact's text."""
    receipt = _read(reader, {**RECEIPT, "customKey": "another"}, attempt="attempt-2")
    assert isinstance(receipt, Receipt)
    assert receipt.attempt == "attempt-2"
    with pytest.raises(Unreadable):
        _read(reader, INBOUND, attempt="attempt-2")


@pytest.mark.parametrize(("count", "segments"), [(13, 13), ("2", 2), (0, None), (None, None), (-1, None), ([], None)])
def test_segments(reader: IOPhone, count: object, segments: int | None) -> None:
    """The segment count is theirs; a failure's 0 means that there was none."""
    assert _read(reader, {**RECEIPT, "segmentCount": count}).segments == segments


@pytest.mark.parametrize(
    ("media", "urls"),
    [
        (["https://a.example/1", "http://a.example/2"], ["https://a.example/1", "http://a.example/2"]),
        ("https://rental.software/a.jpg", ["https://rental.software/a.jpg"]),
        ([], []),
        (None, []),
        ([None, 7, {}, ["https://rental.software/a.jpg"], "file:///etc/passwd", ""], []),
        ({"url": "https://rental.software/a.jpg"}, []),
    ],
)
def test_files_of_an_inbound_text(reader: IOPhone, media: object, urls: list[str]) -> None:
    """Each URL is a file, in order; an invalid URL costs neither the text nor the other files."""
    sms = _read(reader, {**INBOUND, "media": media})
    assert sms.text == INBOUND["text"]
    assert [file.url for file in sms.media] == urls


def test_a_file_without_words(reader: IOPhone) -> None:
    """A picture may come with an empty text or none; a text without words and files is not dropped silently."""
    media = ["https://rental.software/a.jpg"]
    assert _read(reader, {**INBOUND, "text": None, "media": media}).text == ""
    assert _read(reader, {**INBOUND, "text": ""}).text == ""
    with pytest.raises(Unreadable):
        _read(reader, {**INBOUND, "text": None})


@given(said=st.dictionaries(st.sampled_from([*INBOUND, "customKey", "errorCode", "media"]), st.text() | st.integers()))
def test_odd_fields_never_make_somebody_speak(reader: IOPhone, said: dict[str, object]) -> None:
    """Any odd fields give a receipt or Unreadable, never a contact's text."""
    try:
        event = _read(reader, {**INBOUND, **said, "type": "message-delivered"})
    except Unreadable:
        return
    assert isinstance(event, Receipt)


# --- declarations -----------------------------------------------------------------------------------------------------


def test_the_limits_of_an_account() -> None:
    """The documented limits: requests per five minutes; texts per hour, day and week; then one per 5 minutes."""
    by_hand = Limit(1, 300, "texts")
    assert set(IOPhone.features.limits) == {
        Limit(300, 300, "requests"),
        Limit(200, 60 * 60, "texts", by_hand),
        Limit(300, 24 * 60 * 60, "texts", by_hand),
        Limit(1500, 7 * 24 * 60 * 60, "texts", by_hand),
    }


def test_settings() -> None:
    """The API has a default address; an account needs a key."""
    assert str(IOPhoneSettings.model_validate({"api_key": KEY}).base_url) == "https://rental.software/api6"
    assert IOPhoneOptions().country is None
    for said in ({}, {"api_key": ""}, {"api_key": KEY, "colour": "red"}):
        with pytest.raises(ValidationError):
            IOPhoneSettings.model_validate(said)
