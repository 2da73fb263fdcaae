"""What a provider is handed of a webhook: a real request over HTTP, and the real database."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bot.conversations.callbacks import CallbackUrls
from bot.http.sms_webhooks import SmsWebhooks
from bot.telemetry.metrics import Metrics
from providers.errors import Forged
from storage.tables import callbacks
from storage.tables.intake import Appender
from tests.storage.making import Clock, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from providers.provider import Webhook


class Signing:
    """A provider that keeps each webhook and believes none."""

    def __init__(self) -> None:
        self.hooks: list[Webhook] = []

    def verify(self, hook: Webhook) -> None:
        """Keeps it."""
        self.hooks.append(hook)
        raise Forged


@asynccontextmanager
async def serving(folder: Path, urls: CallbackUrls, provider: Signing) -> AsyncIterator[URL]:
    """Yields the address of the server, which has the sender `desk` of the account `acme`."""
    providers: Any = {"acme": provider}
    async with opened(folder / "t.db", Clock()) as database:
        async with database.transaction() as tx:
            await callbacks.remember(tx, urls.make("acme", "sender", "desk")[1])
        app = web.Application()
        app.add_routes(SmsWebhooks(database, Appender(database), providers, urls, Metrics()).routes())
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
