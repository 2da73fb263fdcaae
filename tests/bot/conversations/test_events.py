"""What a provider said comes out of the intake as it went in, and the same thing has the same key."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversations import events
from providers.provider import Ask
from sms.address import E164, Alphanumeric, Client, ShortCode
from sms.message import InboundSms, Media, Receipt, Status

TEXTS = st.text()
MAYBE = st.none() | TEXTS
MOMENTS = st.none() | st.datetimes(
    timezones=st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(
        lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
    )
)
ADDRESSES = st.sampled_from([E164("+61400000001"), ShortCode("12345"), Alphanumeric("Acme"), Client("alice")])
INBOUND = st.builds(
    InboundSms,
    sender=ADDRESSES,
    recipient=st.none() | ADDRESSES,
    text=TEXTS,
    provider_id=MAYBE,
    sent_at=MOMENTS,
    media=st.lists(st.builds(Media, TEXTS, MAYBE, MAYBE), max_size=3).map(tuple),
)
RECEIPTS = st.builds(
    Receipt,
    word=TEXTS,
    status=st.none() | st.sampled_from(Status),
    provider_id=MAYBE,
    attempt=MAYBE,
    code=MAYBE,
    description=MAYBE,
    sentence=MAYBE,
    at=MOMENTS,
    sender=st.none() | ADDRESSES,
    segments=st.none() | st.integers(),
    opted_out=st.booleans(),
)
ASKS = st.one_of(
    st.builds(Ask, provider_id=TEXTS), st.builds(Ask, attempt=TEXTS), st.builds(Ask, since=MOMENTS.filter(bool))
)


def kept(event: InboundSms | Receipt | Ask) -> dict[str, Any]:
    """What the intake gives back."""
    packed: dict[str, Any] = json.loads(json.dumps(events.pack(event)))
    return packed


@given(INBOUND)
def test_a_text_comes_back_whole(event: InboundSms) -> None:
    """Through JSON, with addresses, media and moments."""
    assert events.unpack_inbound(kept(event)) == event


@given(RECEIPTS)
def test_a_receipt_comes_back_whole(event: Receipt) -> None:
    """Also a word that nobody knows, and that the contact opted out."""
    assert events.unpack_receipt(kept(event)) == event


@given(ASKS)
def test_a_question_comes_back_whole(event: Ask) -> None:
    """By id, by attempt, or since a moment."""
    assert events.unpack_ask(kept(event)) == event


@pytest.mark.parametrize("kind", [InboundSms, Receipt, Ask])
def test_nothing_that_an_event_has_is_forgotten(kind: type[Any]) -> None:
    """A field that is added later is packed too."""
    made = {InboundSms: INBOUND, Receipt: RECEIPTS, Ask: ASKS}[kind]
    event = _example(made)
    assert set(events.pack(event)) == {field.name for field in fields(kind)}


def _example(strategy: st.SearchStrategy[Any]) -> Any:
    found: list[Any] = []

    @given(strategy)
    def take(event: Any) -> None:
        found.append(event)

    take()
    return found[0]


def test_the_bridge_has_a_word_for_each() -> None:
    """Three kinds of event, three words."""
    assert events.kind(InboundSms(E164("+61400000001"), None, "")) == "inbound"
    assert events.kind(Receipt("sent", None)) == "receipt"
    assert events.kind(Ask(provider_id="1")) == "ask"


# --- keys -------------------------------------------------------------------------------------------------------------

NOW = datetime(2025, 12, 12, 10, 31, 7, tzinfo=UTC)
SMS = InboundSms(E164("+61400000001"), E164("+61400000099"), "Hello", "M1")
SENT = Receipt("sent", Status.SENT, "S1", code="0", at=NOW)


def test_the_same_text_has_the_same_key_however_it_came() -> None:
    """By a webhook, by a second one, or by a look-up; by the provider's id and nothing else."""
    again = replace(SMS, text="Hello!", sent_at=NOW)
    assert events.dedup_key("fone", SMS, "a") == events.dedup_key("fone", again, "b")


def test_a_text_without_an_id_is_a_text_each_time() -> None:
    """Nothing is dropped: only the very same webhook is the same."""
    bare = replace(SMS, provider_id=None)
    assert events.dedup_key("fone", bare, "a") != events.dedup_key("fone", bare, "b")
    assert events.dedup_key("fone", bare, "a") == events.dedup_key("fone", bare, "a")


@pytest.mark.parametrize(
    "other",
    [
        replace(SENT, word="delivered"),
        replace(SENT, code="1"),
        replace(SENT, at=NOW + timedelta(seconds=1)),
        replace(SENT, provider_id="S2"),
    ],
)
def test_two_things_said_about_one_text_are_two(other: Receipt) -> None:
    """Another word, code or moment is another receipt; the same again is not."""
    assert events.dedup_key("fone", SENT, "a") != events.dedup_key("fone", other, "a")
    assert events.dedup_key("fone", SENT, "a") == events.dedup_key("fone", replace(SENT, description="x"), "b")


def test_accounts_and_kinds_do_not_meet() -> None:
    """A provider may use one id for a text and for a receipt; two accounts may use the same."""
    made = [
        events.dedup_key(account, event, "a")
        for account in ("fone", "other")
        for event in (SMS, replace(SENT, provider_id="M1"), Ask(provider_id="M1"))
    ]
    assert len(set(made)) == len(made)


def test_every_question_is_asked() -> None:
    """A webhook that says "look again" about the same text means it."""
    ask = Ask(provider_id="M1")
    assert events.dedup_key("iovox", ask, "a") != events.dedup_key("iovox", ask, "b")
