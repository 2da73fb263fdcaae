"""Webhooks as providers see them: real requests over HTTP, and the real database."""

from __future__ import annotations

import base64
import hmac
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bot.conversations.callbacks import CallbackUrls
from bot.http.sms_webhooks import SmsWebhooks
from bot.settings.model import Settings
from bot.telemetry.metrics import Metrics
from providers import load
from providers.errors import Forged
from providers.http import open_client
from storage.tables import callbacks
from storage.tables.intake import Appender
from tests.contract.packages import write_metadata
from tests.docs.pages import ROOT
from tests.storage.making import Clock, opened, value

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from providers.provider import Webhook


SETTINGS = Settings(
    public_url="https://sms.example.com",
    secret="s" * 32,
    slack={"bot_token": "xoxb-1", "app_token": "xapp-1", "alert_channel": "C0123456789"},
    accounts={"acme": {"provider": "fonedynamics", "account_sid": "A1", "token": "t", "property_sid": "S1"}},
    senders={"desk": {"account": "acme", "address": "+61499009990"}},
    inboxes={"support": {"channel": "C0123456788", "senders": ["desk"]}},
)


class Signing:
    """A provider that keeps each webhook and believes none."""

    def __init__(self) -> None:
        self.hooks: list[Webhook] = []

    def verify(self, hook: Webhook) -> None:
        """Keeps it."""
        self.hooks.append(hook)
        raise Forged


@asynccontextmanager
async def serving(folder: Path, urls: CallbackUrls, provider: Any) -> AsyncIterator[URL]:
    """Yields the address of the server, which has the sender `desk` of the account `acme`."""
    providers = {"acme": provider}
    async with opened(folder / "t.db", Clock()) as database:
        async with database.transaction() as tx:
            await callbacks.remember(tx, urls.make("acme", "sender", "desk")[1])
        app = web.Application()
        app.add_routes(SmsWebhooks(database, Appender(database), providers, urls, Metrics(), SETTINGS).routes())
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield URL(f"http://127.0.0.1:{runner.addresses[0][1]}")
        finally:
            await runner.cleanup()


@pytest.mark.parametrize("public_url", ["https://sms.example.com", "https://example.com:8443/in"])
@pytest.mark.parametrize("query", ["", "?From=%2B15017122661&Body=a%20b+c", "?x=%zz&&=", "?a=1&a=2"])
async def test_the_url_is_the_one_that_the_provider_called(tmp_path: Path, public_url: str, query: str) -> None:
    """The public URL and the query byte for byte, whatever the Host header says and the proxy in between takes away."""
    urls, provider = CallbackUrls(public_url, "s" * 32), Signing()
    given = urls.make("acme", "sender", "desk")[0]
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    async with serving(tmp_path, urls, provider) as server, aiohttp.ClientSession() as session:
        target = URL(f"{server}{given.removeprefix(public_url)}{query}", encoded=True)
        async with session.post(target, data=b"Body=Hi", headers=headers) as answer:
            assert answer.status == 404
    (hook,) = provider.hooks
    assert hook.url == given + query
    assert given.rpartition("/")[2] not in repr(hook)


TWILIO = ROOT / "examples/provider-twilio"
# Twilio signs the URL and this, says https://www.twilio.com/docs/usage/security.
TOKEN, BODY = "12345", b"From=%2B15558675310&Body=Hello+there&To=%2B15017122661&MessageSid=SM1&NumMedia=0"
SIGNED = "BodyHello thereFrom+15558675310MessageSidSM1NumMedia0To+15017122661"


@pytest.mark.parametrize(("public_url", "status"), [("https://sms.example.com", 200), ("https://sms.example.org", 404)])
async def test_a_provider_that_signs_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, public_url: str, status: int
) -> None:
    """Twilio's signature fits where `public_url` is what Twilio called, and nothing is stored where it is not."""
    write_metadata(TWILIO, tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(TWILIO)
    kind = load("twilio")
    settings = kind.Settings.model_validate({"account_sid": "AC" + "1" * 32, "auth_token": TOKEN})
    urls = CallbackUrls(public_url, "s" * 32)
    path = urls.make("acme", "sender", "desk")[0].removeprefix(public_url)
    digest = hmac.digest(TOKEN.encode(), f"https://sms.example.com{path}{SIGNED}".encode(), "sha1")
    headers = {"X-Twilio-Signature": base64.b64encode(digest).decode()}
    async with open_client() as client, serving(tmp_path, urls, kind(settings, client)) as server:
        answer = await client.post(f"{server}{path}", content=BODY, headers=headers)
        assert (answer.status_code, answer.text) == (status, "<Response></Response>" if status == 200 else "")
        async with opened(tmp_path / "t.db", Clock()) as database:
            assert await value(database, "SELECT count(*) FROM intake") == (1 if status == 200 else 0)
