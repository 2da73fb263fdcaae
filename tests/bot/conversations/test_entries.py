"""The intake returns each event of a provider unchanged, and the same event has the same key."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversations import entries
from providers.provider import Ask
from sms.address import E164, Alphanumeric, Client, ShortCode
from sms.message import InboundSms, Media, Receipt, Status
from storage.tables.intake import Entry

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


def kept(content: entries.Content) -> entries.Content:
    """Returns what the intake gives back."""
    arrival = entries.arrival("fone", content, "key")
    row = Entry(1, "fone", arrival.kind, json.dumps(arrival.parsed), None, 0)
    return entries.unpack(row)


@given(INBOUND, MAYBE)
def test_a_text_comes_back_whole(event: InboundSms, recovered: str | None) -> None:
    """A text survives JSON, with addresses, media and moments."""
    content = entries.Inbound(event, recovered)
    assert kept(content) == content


@given(RECEIPTS, MAYBE)
def test_a_receipt_comes_back_whole(event: Receipt, recovered: str | None) -> None:
    """A receipt survives JSON, also one with an unknown word."""
    content = entries.DeliveryReceipt(event, recovered)
    assert kept(content) == content


@given(ASKS)
def test_a_question_comes_back_whole(event: Ask) -> None:
    """A question survives JSON: by id, by attempt, or since a moment."""
    assert kept(entries.LookUp(event)) == entries.LookUp(event)


MESSAGE = {"text": "Hi", "files": [{"id": "F1"}], "x_files": ["F2"]}
PLACE = ("T1", "C1", "1.0", "2.5", "U1")
OTHERS = [
    entries.Reply(*PLACE, message=MESSAGE, found=True),
    entries.Edit(*PLACE, message={"text": "Hello"}),
    entries.Deletion(*PLACE),
    entries.CardDeleted("T1", "C1", "1.0"),
    entries.ChannelChange("T1", "C1", "renamed", name="help"),
    entries.Command("+61400000001", "Hi", "support", "U1", "https://r", via="sydney"),
    entries.Composed("+61400000001", "Hi", "support", "U1", None, {"expiry": 3}, 17, [{"id": "F1"}], "https://r"),
    entries.OpenThread("+61400000001", "support", "U1", "https://r"),
    entries.OptOut("+61400000001", "U1"),
    entries.OptIn("+61400000001", "U1"),
    entries.Exported("U1", "hash"),
    entries.TemplateChange("greet", None, "support", "U1"),
    entries.Action("contact", 7, "U1", "C1", "1.0", contact=entries.ContactDetails("Maria", None, "Europe/Paris")),
]


@pytest.mark.parametrize("content", OTHERS, ids=lambda content: type(content).__name__)
def test_every_other_entry_comes_back_whole(content: entries.Content) -> None:
    """Each kind survives JSON."""
    assert kept(content) == content


def test_every_kind_is_tried() -> None:
    """A new kind needs an example above."""
    tried = {type(content) for content in OTHERS} | {entries.Inbound, entries.DeliveryReceipt, entries.LookUp}
    assert tried == set(entries.KINDS.values())


def test_rows_of_version_0_1_0_are_read() -> None:
    """They have keys that nobody needs, lack new ones, and hold null for the operator."""
    said = {"to": "+61400000001", "user": "U1", "inbox": "support", "response_url": "https://r"}
    row = Entry(1, "slack", "opt_out", json.dumps(said), None, 0)
    assert entries.unpack(row) == entries.OptOut("+61400000001", "U1")
    wish = {"do": "retry", "subject": 7, "user": None, "channel": None, "thread_ts": None, "argument": ""}
    row = Entry(1, "command line", "action", json.dumps(wish), None, 0)
    assert entries.unpack(row) == entries.Action("retry", 7, "")


def test_a_row_of_another_kind_is_an_error() -> None:
    """So that the worker keeps it as a dead row."""
    with pytest.raises(KeyError):
        entries.unpack(Entry(1, "slack", "unheard of", "{}", None, 0))
    with pytest.raises(TypeError):
        entries.unpack(Entry(1, "slack", "opt_out", "{}", None, 0))


def test_a_reply_knows_its_files_and_its_time() -> None:
    """File objects and bare ids count; the time is Slack's, in microseconds; the digest changes with the words."""
    reply = entries.Reply(*PLACE, message=MESSAGE)
    assert (reply.files, reply.written_at) == ([{"id": "F1"}, "F2"], 2_500_000)
    assert reply.digest != entries.Reply(*PLACE, message={**MESSAGE, "text": "Ho"}).digest
    assert reply.digest == entries.Reply(*PLACE, message={**MESSAGE, "blocks": []}).digest


# --- keys -------------------------------------------------------------------------------------------------------------

NOW = datetime(2025, 12, 12, 10, 31, 7, tzinfo=UTC)
SMS = InboundSms(E164("+61400000001"), E164("+61400000099"), "Hello", "M1")
SENT = Receipt("sent", Status.SENT, "S1", code="0", at=NOW)


def test_the_same_text_has_the_same_key_however_it_came() -> None:
    """By a webhook, by a second one, or by a look-up; by the provider's id and nothing else."""
    again = replace(SMS, text="Hello!", sent_at=NOW)
    assert entries.dedup_key("fone", SMS, "a") == entries.dedup_key("fone", again, "b")


def test_a_text_without_an_id_is_a_text_each_time() -> None:
    """Nothing is dropped: only the very same webhook is the same."""
    bare = replace(SMS, provider_id=None)
    assert entries.dedup_key("fone", bare, "a") != entries.dedup_key("fone", bare, "b")
    assert entries.dedup_key("fone", bare, "a") == entries.dedup_key("fone", bare, "a")


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
    assert entries.dedup_key("fone", SENT, "a") != entries.dedup_key("fone", other, "a")
    assert entries.dedup_key("fone", SENT, "a") == entries.dedup_key("fone", replace(SENT, description="x"), "b")


def test_accounts_and_kinds_do_not_meet() -> None:
    """A provider may use one id for a text and for a receipt; two accounts may use the same."""
    made = [
        entries.dedup_key(account, event, "a")
        for account in ("fone", "other")
        for event in (SMS, replace(SENT, provider_id="M1"), Ask(provider_id="M1"))
    ]
    assert len(set(made)) == len(made)


def test_every_question_is_asked() -> None:
    """A webhook that says "look again" about the same text means it."""
    ask = Ask(provider_id="M1")
    assert entries.dedup_key("iovox", ask, "a") != entries.dedup_key("iovox", ask, "b")
