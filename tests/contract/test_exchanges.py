"""The requests to a provider, to the letter, and the result of each answer."""

from __future__ import annotations

import contextlib
import json
import socket
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
import time_machine
from lxml import etree

from providers.errors import NotSent, ProviderError, Refused, Throttled, Unknown, Unsupported
from providers.http import open_client
from sms.address import Alphanumeric, Client
from sms.message import Media, OutboundSms
from tests.contract.fixture_file import Fixture, HttpMessage
from tests.contract.provider_server import DROP, HANG, ProviderServer
from tests.contract.subject import CALLBACKS, Subject, call, placed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from providers.provider import Provider

_IMPATIENT = httpx.Timeout(20.0, read=0.2)
_CLIENTS_OWN = {"host", "accept-encoding", "connection", "user-agent", "content-length"}
_ODD_ANSWERS = (b"", b"\xff\xfe\x00", b"<html>Welcome</html>", b"null", b"[]", b"{}", b'"ok"', b"[" * 100_000)


async def test_an_exchange(
    subject: Subject, exchange: Fixture, server: ProviderServer, client: httpx.AsyncClient
) -> None:
    """The provider sends exactly the requests of the file, and its answers give the result of the file."""
    server.answers = exchange.http("response")
    with time_machine.travel(subject.now, tick=False):
        came = await call(subject, server.origin, client, exchange)
    assert [_comparable(request) for request in server.requests] == [
        _comparable(request) for request in exchange.http("request")
    ]
    assert came == placed(exchange.toml("result"), server.origin)


async def test_what_the_client_always_sends(
    subject: Subject, server: ProviderServer, client: httpx.AsyncClient
) -> None:
    """Every request names its host and its length, closes its connection, and says who asks."""
    await _send(subject, server, client)
    request = server.requests[0]
    assert request.header("Host") == urlsplit(server.origin).netloc
    assert request.header("Content-Length") == str(len(request.body))
    assert request.header("Connection") == "close"
    assert request.header("User-Agent") == "threadline"


async def test_nobody_there_is_not_sent(subject: Subject, client: httpx.AsyncClient) -> None:
    """Without a connection nothing left: the bot may try again."""
    with socket.socket() as bound, time_machine.travel(subject.now, tick=False):
        bound.bind(("127.0.0.1", 0))  # taken, and nobody listens there
        provider = subject.open(f"http://127.0.0.1:{bound.getsockname()[1]}", client)
        with pytest.raises(NotSent) as caught:
            await provider.send(_base(subject), CALLBACKS)
    assert not isinstance(caught.value, Throttled)


async def test_too_many_requests_is_throttled(
    subject: Subject, server: ProviderServer, client: httpx.AsyncClient
) -> None:
    """A 429 is not sent, and keeps the seconds that the provider asks for."""
    with pytest.raises(Throttled) as caught:
        await _send(subject, server, client, HttpMessage("429", (("Retry-After", "7"),), b""))
    assert caught.value.retry_after == 7


async def test_no_answer_is_unknown(subject: Subject, server: ProviderServer) -> None:
    """Where the answer does not come in time, the text may have gone."""
    async with open_client(_IMPATIENT) as client:
        with pytest.raises(Unknown):
            await _send(subject, server, client, HANG)


async def test_a_dropped_connection_is_unknown(
    subject: Subject, server: ProviderServer, client: httpx.AsyncClient
) -> None:
    """Where the connection breaks after the request, the text may have gone."""
    with pytest.raises(Unknown):
        await _send(subject, server, client, DROP)


async def test_a_fault_of_theirs_is_unknown(
    subject: Subject, server: ProviderServer, client: httpx.AsyncClient
) -> None:
    """A gateway's 502 says nothing about the text."""
    with pytest.raises(Unknown):
        await _send(subject, server, client, HttpMessage("502", (), b"<html>Bad Gateway</html>"))


async def test_an_unreadable_answer_is_unknown(
    subject: Subject, server: ProviderServer, client: httpx.AsyncClient
) -> None:
    """An unreadable success may be one: the bot never sends the text again by itself."""
    for body in _ODD_ANSWERS:
        with pytest.raises(Unknown):
            await _send(subject, server, client, HttpMessage("200", (), body))


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404])
async def test_a_refusal_without_words_is_refused(
    subject: Subject, server: ProviderServer, client: httpx.AsyncClient, status: int
) -> None:
    """A status below 500 that is no success is a refusal with a code and a sentence, whatever its body."""
    for body in _ODD_ANSWERS:
        with pytest.raises(Refused) as caught:
            await _send(subject, server, client, HttpMessage(str(status), (), body))
        assert caught.value.code
        assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize("method", ["find_sent", "look_up", "list_inbound"])
async def test_questions_survive_odd_answers(
    subject: Subject, server: ProviderServer, client: httpx.AsyncClient, method: str
) -> None:
    """A question raises only the errors of the contract, and finds nothing in an unreadable answer."""
    if not getattr(subject.kind.features, method):
        return
    for body in _ODD_ANSWERS:
        server.answers = [HttpMessage("200", (), body)] * 3
        with contextlib.suppress(ProviderError):
            assert not await _question(subject, method)(subject.open(server.origin, client))


@pytest.mark.parametrize("method", ["find_sent", "look_up", "list_inbound"])
async def test_questions_that_are_not_declared(
    subject: Subject, server: ProviderServer, client: httpx.AsyncClient, method: str
) -> None:
    """A question that the API cannot answer is Unsupported before any request."""
    if getattr(subject.kind.features, method):
        return
    with pytest.raises(Unsupported):
        await _question(subject, method)(subject.open(server.origin, client))
    assert server.requests == []


async def test_texts_that_are_not_declared(subject: Subject, server: ProviderServer, client: httpx.AsyncClient) -> None:
    """`check` and `send` raise Unsupported for a text that the API cannot express, before any request."""
    provider = subject.open(server.origin, client)
    for feature, sms in _undeclared(subject).items():
        with pytest.raises(Unsupported):
            provider.check(sms)
        with pytest.raises(Unsupported):
            await provider.send(sms, CALLBACKS)
        assert server.requests == [], feature


async def test_the_longest_text(subject: Subject, server: ProviderServer, client: httpx.AsyncClient) -> None:
    """A text may be as long as is declared and not one character longer."""
    provider, longest = subject.open(server.origin, client), subject.kind.features.max_text
    if longest is None:
        return
    provider.check(replace(_base(subject), text="a" * longest))
    with pytest.raises(Refused):
        await provider.send(replace(_base(subject), text="a" * (longest + 1)), CALLBACKS)
    assert server.requests == []


def _base(subject: Subject) -> OutboundSms:
    return subject.accepted[1]


async def _send(
    subject: Subject, server: ProviderServer, client: httpx.AsyncClient, answer: HttpMessage | None = None
) -> None:
    """Sends the first text that is accepted; without another answer it gets the one of its fixture."""
    fixture, sms = subject.accepted
    server.answers = [answer] if answer else fixture.http("response")
    with time_machine.travel(subject.now, tick=False):
        await subject.open(server.origin, client).send(sms, CALLBACKS)


def _undeclared(subject: Subject) -> dict[str, OutboundSms]:
    base, features = _base(subject), subject.kind.features
    texts = {
        "media_out": replace(base, media=(Media("https://threadline.example/cat.png"),)),
        "leases": replace(base, sender=None),
        "alphanumeric": replace(base, sender=Alphanumeric("Acme")),
        "clients": replace(base, recipient=Client("alice")),
        "schedule": replace(base, options={**base.options, "schedule": subject.now + timedelta(hours=1)}),
        "expiry": replace(base, options={**base.options, "expiry": subject.now + timedelta(hours=1)}),
        "an option of nobody": replace(base, options={**base.options, "no_such_option": 1}),
    }
    return {name: sms for name, sms in texts.items() if not getattr(features, name, False)}


def _question(subject: Subject, method: str) -> Callable[[Provider], Awaitable[object]]:
    async def ask(provider: Provider) -> object:
        if method == "find_sent":
            return await provider.find_sent(_base(subject), subject.now)
        if method == "look_up":
            return await provider.look_up("1234567890")
        return [sms async for sms in provider.list_inbound(subject.now)]

    return ask


def _comparable(request: HttpMessage) -> tuple[Any, ...]:
    """A request by its meaning: headers without order or case, JSON by value, XML in canonical form."""
    headers = {(name.lower(), value) for name, value in request.headers if name.lower() not in _CLIENTS_OWN}
    content_type = request.header("Content-Type")
    body: object = request.body
    if "json" in content_type:
        body = json.loads(request.body)
    if "xml" in content_type:
        body = etree.canonicalize(request.body.decode(), strip_text=True)
    return request.first_line, headers, body
