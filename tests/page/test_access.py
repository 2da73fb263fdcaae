"""Access control of the page."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING

import aiohttp
import pytest

from sandbox import page
from sandbox.demo_environment import free_port
from sandbox.page.server import STATIC, Server

if TYPE_CHECKING:
    from tests.page.company import Company
    from tests.page.conftest import Visitor


async def test_the_page_is_on_loopback_with_its_headers(server: Server, visitor: Visitor) -> None:
    """The page is at 127.0.0.1, can load and run nothing from elsewhere, and cannot be framed."""
    assert server.url.startswith("http://127.0.0.1:")
    async with visitor.http.get(server.url) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert answer.status == 200
        assert answer.content_type == "text/html"
    for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "trusted-types 'none'"):
        assert part in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example:80"])
async def test_another_host_is_refused(server: Server, visitor: Visitor, host: str) -> None:
    """A foreign host name for this machine is rejected (DNS rebinding)."""
    for path in ("", "live", "emoji.json", "static/main.js"):
        async with visitor.http.get(server.url + path, headers={"Host": host}) as answer:
            assert answer.status == 403


async def test_localhost_is_this_machine_too(server: Server, visitor: Visitor) -> None:
    """The name localhost is accepted."""
    host = server.url.split("/")[2].replace("127.0.0.1", "localhost")
    async with visitor.http.get(server.url, headers={"Host": host}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "null"}, {"Origin": "http://evil.example"}, {"Origin": "http://127.0.0.1:1"}],
)
async def test_another_sites_actions_are_refused(
    server: Server, visitor: Visitor, company: Company, headers: dict[str, str]
) -> None:
    """Only the page itself can run actions; a POST without an Origin is rejected."""
    body = json.dumps({"user": company.anna, "channel": company.support, "text": "hi"})
    headers = headers | {"Content-Type": "application/json"}
    async with visitor.http.post(f"{server.url}do/say", data=body, headers=headers) as answer:
        assert answer.status == 403
    assert not company.slack.see(company.support)


async def test_another_site_cannot_read(server: Server, visitor: Visitor) -> None:
    """A request from another site is rejected, even if it changes nothing."""
    async with visitor.http.get(f"{server.url}live", headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 403


async def test_what_is_not_there(server: Server, visitor: Visitor) -> None:
    """Unknown addresses, actions, methods and content types get an answer with the page's headers."""
    for path, status in (("nothing", 404), ("static/../server.py", 404), ("static/%2e%2e/server.py", 404)):
        async with visitor.http.get(server.url + path) as answer:
            assert answer.status == status
            assert "Content-Security-Policy" in answer.headers
    async with visitor.http.post(f"{server.url}do/nothing", json={}, headers=visitor.origin) as answer:
        assert answer.status == 404
    async with visitor.http.post(f"{server.url}do/say", data="{}", headers=visitor.origin) as answer:
        assert answer.status == 415
    async with visitor.http.get(f"{server.url}do/say") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")


async def test_every_module_is_served_as_one(server: Server, visitor: Visitor) -> None:
    """Modules and styles have the content types that a browser needs to run them without sniffing."""
    for file in STATIC.iterdir():
        async with visitor.http.get(f"{server.url}static/{file.name}") as answer:
            kinds = {".js": "javascript", ".css": "css", ".html": "html", ".svg": "svg"}
            assert kinds[file.suffix] in answer.content_type


async def test_serving_prints_the_address_and_ends_when_cancelled(
    company: Company, visitor: Visitor, capsys: pytest.CaptureFixture[str]
) -> None:
    """`serve` prints the page's address, and releases the port when cancelled."""
    port = free_port()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.3):
            await page.serve(company, port)
    assert capsys.readouterr().out == f"The demo is at http://127.0.0.1:{port}/ (Ctrl-C ends it)\n"
    with pytest.raises(aiohttp.ClientConnectionError):
        await visitor.http.get(f"http://127.0.0.1:{port}/")
