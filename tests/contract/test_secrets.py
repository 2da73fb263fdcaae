"""Nothing private is in a log, an error, a `repr` or a sentence, whatever is sent, asked or brought."""

from __future__ import annotations

import base64
import traceback
from typing import TYPE_CHECKING

import pytest
import time_machine

from providers.errors import ProviderError, Unreadable
from sms.address import Alphanumeric
from tests.contract import RECEIPTS, REPLIES, SECRET, SENDER
from tests.contract.fixture_file import HttpMessage
from tests.contract.subject import CALLBACKS, Subject, call, hook_of, sms_of

if TYPE_CHECKING:
    import httpx

    from tests.contract.fixture_file import Fixture
    from tests.contract.provider_server import ProviderServer


async def test_no_secret_in_an_exchange(
    subject: Subject,
    exchange: Fixture,
    server: ProviderServer,
    client: httpx.AsyncClient,
    logs: pytest.LogCaptureFixture,
) -> None:
    """However an exchange ends, neither the logs nor the sentence hold a token, a number or a text."""
    server.answers = exchange.http("response")
    provider = subject.open(server.origin, client)
    with time_machine.travel(subject.now, tick=False):
        came = await call(subject, server.origin, client, exchange)
    said = {name: fault for name, fault in came.items() if isinstance(fault, dict)}  # errors, not found texts
    _is_clean(subject, exchange, f"{logs.text}{provider!r}{provider.__dict__!r}{said!r}")


async def test_no_secret_in_a_quoted_refusal(
    subject: Subject, server: ProviderServer, client: httpx.AsyncClient, logs: pytest.LogCaptureFixture
) -> None:
    """A refusal that quotes our request back, in whatever form, is not passed on with what is private in it."""
    fixture, sms = subject.accepted
    (request,) = fixture.http("request")
    for refusal, _ in subject.sends(ends="refused"):
        for response in refusal.http("response"):
            server.answers = [HttpMessage(response.first_line, response.headers, request.body)]
            with pytest.raises(ProviderError) as caught:
                await subject.open(server.origin, client).send(sms, CALLBACKS)
            seen = "".join(traceback.format_exception(caught.value))
            _is_clean(subject, fixture, f"{logs.text}{seen}{caught.value!r}{caught.value.__dict__!r}")


def test_no_secret_in_the_settings(subject: Subject) -> None:
    """Settings can be shown and logged."""
    settings = subject.settings("http://127.0.0.1:9")
    shown = f"{settings!r}{settings}{subject.reader!r}{CALLBACKS!r}"
    assert subject.data["secrets"], "an account has something that must stay private"
    assert not [secret for secret in [*subject.data["secrets"], RECEIPTS, REPLIES, SENDER, SECRET] if secret in shown]


def test_no_secret_in_a_webhook(subject: Subject, webhook: Fixture, logs: pytest.LogCaptureFixture) -> None:
    """A webhook and what it means can be logged without giving away the text or a whole number."""
    hook = hook_of(subject, webhook)
    try:
        shown = repr(subject.reader.parse(hook))
    except Unreadable as error:
        shown = "".join(traceback.format_exception(error))
    events = [event for kind in webhook.toml("result").values() if isinstance(kind, list) for event in kind]
    private = [
        event[name] for event in events for name in ("text", "sender", "recipient") if len(event.get(name, "")) > 4
    ]
    assert not [text for text in [*private, SECRET] if text in f"{shown}{hook!r}{logs.text}"]


def _is_clean(subject: Subject, fixture: Fixture, shown: str) -> None:
    assert not [text for text in _private(subject, fixture) if text in shown]


def _private(subject: Subject, fixture: Fixture) -> list[str]:
    """Returns the values to hide: the account's secrets, also as headers carry them, our tokens, numbers, texts."""
    secrets = [*subject.data["secrets"], RECEIPTS, REPLIES, SENDER, SECRET]
    headers = [value.removeprefix("Basic ") for http in fixture.http("request") for _, value in http.headers]
    secrets += [value for value in headers if _decoded(value) and any(s in _decoded(value) for s in secrets)]
    if {"send", "find_sent"} & fixture.toml("call").keys():
        sms = sms_of(fixture)
        senders = [] if sms.sender is None or isinstance(sms.sender, Alphanumeric) else [sms.sender]
        secrets += [sms.text, *(str(address).lstrip("+") for address in [sms.recipient, *senders])]
        secrets += [media.url for media in sms.media]
    return [secret for secret in secrets if len(secret) > 4]


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError:
        return ""
