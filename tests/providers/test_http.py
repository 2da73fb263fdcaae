"""A request, and the line between *not sent* and *unknown*."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import logging
import socket
import traceback

import httpx
import pytest

from bot.telemetry.logs import QUIET
from providers.errors import NotSent, ProviderError, Refused, Throttled, Unknown
from providers.http import open_client, request
from tests.contract.fixture_file import HttpMessage
from tests.contract.provider_server import DROP, HANG, ProviderServer

SECRET = "topsecret"
TEXT = "You win again, gravity!"
OK = HttpMessage("200", (), b"fine")


async def _fault(server: ProviderServer, client: httpx.AsyncClient, answer: HttpMessage) -> ProviderError:
    server.answers = [answer]
    with pytest.raises(ProviderError) as caught:
        await request(client, "POST", server.origin, json={"text": "hello"})
    return caught.value


async def test_an_answer_is_given_back_whole(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """Status and body come back unchanged, and the request was sent as given."""
    server.answers = [OK]
    response = await request(client, "POST", f"{server.origin}/a", params={"b": "1"}, json={"text": "hello"})
    assert (response.status_code, response.content) == (200, b"fine")
    assert server.requests[0].first_line == "POST /a?b=1"
    assert server.requests[0].body == b'{"text":"hello"}'


@pytest.mark.parametrize("status", [201, 301, 400, 401, 403, 404, 418])
async def test_what_the_provider_decided_is_left_to_the_provider(
    server: ProviderServer, client: httpx.AsyncClient, status: int
) -> None:
    """An answer below 500 is left to the provider's class; redirects are not followed."""
    server.answers = [HttpMessage(str(status), (("Location", f"{server.origin}/elsewhere"),), b"")]
    assert (await request(client, "GET", server.origin)).status_code == status
    assert len(server.requests) == 1


async def test_nobody_listening(client: httpx.AsyncClient) -> None:
    """A refused connection is *not sent*."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(NotSent, match="unreachable"):
            await request(client, "POST", f"http://127.0.0.1:{bound.getsockname()[1]}")


async def test_a_handshake_that_fails(server: ProviderServer) -> None:
    """A failed TLS handshake is *not sent*."""
    async with open_client(httpx.Timeout(5.0, connect=0.2)) as client:
        with pytest.raises(NotSent):
            await request(client, "POST", server.origin.replace("http:", "https:"), json={"text": TEXT})


async def test_a_name_that_does_not_exist(client: httpx.AsyncClient) -> None:
    """An unknown host is *not sent*."""
    with pytest.raises(NotSent):
        await request(client, "POST", "http://provider.invalid/")


async def test_no_answer_in_time(server: ProviderServer) -> None:
    """A request without an answer is *unknown*."""
    async with open_client(httpx.Timeout(5.0, read=0.1)) as client:
        fault = await _fault(server, client, HANG)
    assert (type(fault), fault.code) == (Unknown, "timeout")


async def test_an_answer_that_trickles(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """An endlessly trickling answer is *unknown* after the deadline."""
    server.answers = [HANG]
    with pytest.raises(Unknown, match="timeout"):
        await request(client, "POST", server.origin, deadline=0.1)


async def test_a_connection_that_breaks(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """A connection closed without an answer is *unknown*."""
    fault = await _fault(server, client, DROP)
    assert (type(fault), fault.code) == (Unknown, "connection_lost")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
async def test_a_fault_of_the_provider(server: ProviderServer, client: httpx.AsyncClient, status: int) -> None:
    """A 5xx is *unknown*: the provider may have accepted the text."""
    fault = await _fault(server, client, HttpMessage(str(status), (), b"oops"))
    assert (type(fault), fault.code) == (Unknown, f"http_{status}")


async def test_an_answer_that_cannot_be_unpacked(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """A body with a wrong encoding is *unknown*: the provider got the request."""
    broken = gzip.compress(b"fine" * 100)[:10] + b"not gzip"
    fault = await _fault(server, client, HttpMessage("200", (("Content-Encoding", "gzip"),), broken))
    assert (type(fault), fault.code) == (Unknown, "unreadable_answer")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ((("Retry-After", "7"),), 7),
        ((("Retry-After", "0"),), 0),
        ((("Retry-After", "99999999999"),), 86_400),
        ((("Date", "Fri, 11 Nov 2011 11:11:11 GMT"), ("Retry-After", "Fri, 11 Nov 2011 11:12:11 GMT")), 60),
        ((("Date", "Fri, 11 Nov 2011 11:11:11 GMT"), ("Retry-After", "Fri, 11 Nov 2011 11:10:11 GMT")), 0),
        ((("Date", "Fri, 11 Nov 2011 11:11:11 -0000"), ("Retry-After", "Fri, 11 Nov 2011 11:12:11 GMT")), 60),
        ((("Retry-After", "Fri, 11 Nov 2011 11:12:11 GMT"),), None),
        ((("Retry-After", "soon"),), None),
        ((("Retry-After", "-1"),), None),
        ((("Retry-After", "\u00b2"),), None),
        ((), None),
    ],
)
async def test_how_long_to_wait(
    server: ProviderServer, client: httpx.AsyncClient, headers: tuple[tuple[str, str], ...], seconds: float | None
) -> None:
    """A 429 is *not sent*, with the seconds to wait if known, at most a day."""
    fault = await _fault(server, client, HttpMessage("429", headers, b""))
    assert isinstance(fault, Throttled)
    assert fault.retry_after == seconds


async def test_a_text_that_no_request_can_hold(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """Half a character can never be sent: it is refused, and nothing is sent."""
    with pytest.raises(Refused, match="unsayable"):
        await request(client, "POST", server.origin, json={"text": "\ud83d"})
    assert server.requests == []


@pytest.mark.parametrize("url", ["http://[::1", "http://exa\0mple", "no-scheme"])
async def test_an_address_that_is_none(client: httpx.AsyncClient, url: str) -> None:
    """An invalid URL raises an error of the contract, and nothing is sent."""
    with pytest.raises((Refused, NotSent)):
        await request(client, "POST", url)


async def test_each_request_has_a_connection_of_its_own(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """No connection is reused, because one that the server is closing would make a text *unknown*."""
    server.answers = [OK, OK]
    await request(client, "GET", server.origin)
    await request(client, "GET", server.origin)
    assert [sent.header("Connection") for sent in server.requests] == ["close", "close"]
    assert server.connections == 2


async def test_no_cookie_is_kept(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """Cookies are not stored."""
    server.answers = [HttpMessage("200", (("Set-Cookie", "PHPSESSID=1; Path=/"),), b""), OK]
    await request(client, "GET", server.origin)
    await request(client, "GET", server.origin)
    assert server.requests[1].header("Cookie") == ""


async def test_a_proxy_of_the_environment_is_not_used(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment is ignored."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server.answers = [OK]
    async with open_client() as client:
        assert (await request(client, "GET", server.origin)).content == b"fine"


async def test_an_error_tells_nothing_private(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """Neither an error nor its traceback contains the URL with its key, or the text."""
    server.answers = [DROP]
    with pytest.raises(Unknown) as caught:
        await request(client, "POST", server.origin, params={"apiKey": SECRET}, json={"text": TEXT})
    shown = "".join(traceback.format_exception(caught.value))
    assert SECRET not in shown
    assert TEXT not in shown


async def test_the_clients_logs_are_kept_quiet(
    server: ProviderServer, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """By default httpx logs each URL with its key, but not with the bot's log settings."""
    server.answers = [OK, OK]
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "httpx"):
        await request(client, "GET", server.origin, params={"apiKey": SECRET})
    assert SECRET in caplog.text
    caplog.clear()
    with caplog.at_level(logging.DEBUG), contextlib.ExitStack() as quiet:
        for name in QUIET:
            quiet.enter_context(caplog.at_level(logging.ERROR, name))
        await request(client, "GET", server.origin, params={"apiKey": SECRET})
    assert SECRET not in caplog.text


async def test_a_cancelled_request_stays_cancelled(server: ProviderServer, client: httpx.AsyncClient) -> None:
    """Cancellation passes through and is not an outcome."""
    server.answers = [HANG]
    task = asyncio.create_task(request(client, "POST", server.origin))
    await server.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
