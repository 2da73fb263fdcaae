"""The webhooks of a provider: real payloads become the right events, and no payload can do harm."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.errors import Forged, Unreadable
from providers.provider import Ask, Webhook
from sms.message import InboundSms, Receipt
from tests.contract import SECRET
from tests.contract.subject import Subject, hook_of, plain, plain_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from providers.provider import Provider
    from tests.contract.fixture_file import Fixture

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
_PAIRS = st.lists(st.tuples(st.text(), st.text()), max_size=4)
_ODD_BODIES = (b"[" * 100_000, b'{"a":' * 100_000, b"1" * 10_000, b"\xff\xfe", b"\0", b"&&&", b"=", b"%", b"<a/>", b"{")


def test_a_webhook(subject: Subject, webhook: Fixture) -> None:
    """The provider accepts the payload of the file as genuine, and reads its events."""
    provider, hook = subject.reader, hook_of(subject, webhook)
    provider.verify(hook)
    try:
        came = plain(provider.parse(hook))
    except Unreadable as error:
        came = plain_error(error)
    assert came == webhook.toml("result")


def test_a_webhook_twice(subject: Subject, webhook: Fixture) -> None:
    """The same webhook gives equal events however often it comes."""
    hook = hook_of(subject, webhook)
    read: Callable[[], object] = partial(_outcome, subject.reader, hook)
    assert read() == read() == _outcome(subject.reader, replace(hook))


def test_the_answer_to_a_webhook(subject: Subject, webhook: Fixture) -> None:
    """The answer to a durable webhook is the one that this provider expects."""
    for expected in webhook.http("answer"):
        answer = subject.reader.answer(hook_of(subject, webhook))
        assert (answer.status, answer.content_type) == (expected.status, expected.header("Content-Type"))
        assert answer.body.strip().encode() == expected.body


def test_some_webhook_says_what_we_answer(subject: Subject) -> None:
    """At least one fixture has the answer that the provider expects."""
    said = any(fixture.http("answer") for fixture in subject.webhooks)
    assert said, "add a section `=== answer` to a webhook"


def test_a_forgery(subject: Subject, forgery: Fixture) -> None:
    """A webhook without the provider's proof is Forged."""
    with pytest.raises(Forged):
        subject.reader.verify(hook_of(subject, forgery))


def test_forgeries_are_brought_where_there_is_a_proof(subject: Subject) -> None:
    """A provider that proves more than the token in the path has forgeries; any other declares that it does not."""
    proves = not subject.data.get("path_token_only", False)
    assert bool(subject.forged) is proves, "bring webhooks in forged/, or say path_token_only = true; not both"


@pytest.mark.parametrize("body", _ODD_BODIES, ids=range(len(_ODD_BODIES)))
@pytest.mark.parametrize("attempt", [None, "attempt-1"])
def test_odd_bodies(subject: Subject, body: bytes, attempt: str | None) -> None:
    """Garbage is Unreadable or says too little; never another exception."""
    hook = Webhook("POST", (), {"content-type": "application/json"}, body, subject.now, SECRET, attempt)
    assert _outcome(subject.reader, hook) is not None


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_request_at_all(subject: Subject, data: st.DataObject) -> None:
    """Any request in any form is an event, nothing, Unreadable or Forged."""
    provider = subject.reader
    draw = data.draw
    hook = Webhook(
        method=draw(st.sampled_from(["POST", "GET"])),
        query=tuple(draw(_PAIRS)),
        headers={name.lower(): value for name, value in draw(_PAIRS)},
        body=draw(st.binary(max_size=200) | _JSON.map(_dumped)),
        received_at=subject.now,
        secret=SECRET,
        attempt=draw(st.none() | st.just("attempt-1")),
        url=draw(st.text()),
    )
    _outcome(provider, hook)
    provider.answer(hook)
    try:
        provider.verify(hook)
    except Forged:
        return


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_damage_to_a_real_payload(subject: Subject, data: st.DataObject) -> None:
    """A real payload with bytes cut out and others put in is an event, nothing or Unreadable."""
    hook = data.draw(st.sampled_from(subject.hooks))
    start = data.draw(st.integers(0, len(hook.body)))
    end = data.draw(st.integers(start, len(hook.body)))
    damaged = hook.body[:start] + data.draw(st.binary(max_size=8)) + hook.body[end:]
    _outcome(subject.reader, replace(hook, body=damaged))


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_value_in_a_real_payload(subject: Subject, data: st.DataObject) -> None:
    """A real payload with one value replaced by any other is an event, nothing or Unreadable."""
    hook = data.draw(st.sampled_from(subject.hooks))
    try:
        said = json.loads(hook.body)
    except ValueError:
        return
    _outcome(subject.reader, replace(hook, body=_dumped(_with_another_value(data, said))))


def _with_another_value(data: st.DataObject, said: Any) -> Any:
    """The same JSON with anything in place of one of its parts."""
    if not isinstance(said, dict | list) or not said or data.draw(st.integers(0, 9)) == 0:
        return data.draw(_JSON)
    place = data.draw(st.sampled_from(sorted(said) if isinstance(said, dict) else range(len(said))))
    changed = said.copy()
    changed[place] = _with_another_value(data, said[place])
    return changed


def _outcome(provider: Provider, hook: Webhook) -> object:
    """The events, or the one error that is allowed."""
    try:
        events = provider.parse(hook)
    except Unreadable:
        return Unreadable
    assert all(isinstance(event, InboundSms | Receipt | Ask) for event in events)
    return events


def _dumped(value: object) -> bytes:
    return json.dumps(value).encode()
