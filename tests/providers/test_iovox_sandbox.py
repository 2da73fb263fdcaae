"""IOVOX's provider and the simulated IOVOX, written separately from the same documents, work together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from lxml import etree

from providers.errors import Refused
from providers.iovox import Iovox, IovoxSettings
from providers.iovox_flow import flow_xml
from providers.provider import Callbacks, Webhook
from sandbox.carriers import iovox as company
from sandbox.carriers.outcomes import Fate
from sandbox.phones import Phones
from sms.address import E164
from sms.message import InboundSms, OutboundSms, Receipt, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

PHONE, OURS = E164("+447723443321"), E164("+447923221231")
JOHN = OutboundSms("attempt-1", PHONE, OURS, "Fish & chips <today>\n5 € 🐟")


class Door:
    """Receives the provider's webhooks, as the bot's server does."""

    def __init__(self) -> None:
        self.url = ""
        self.hooks: list[Webhook] = []

    async def take(self, request: web.Request) -> web.Response:
        self.hooks.append(
            Webhook(
                method=request.method,
                query=tuple(request.query.items()),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.read(),
                received_at=datetime.now(UTC),
                secret="s3cr3t",
                attempt="attempt-1" if request.path == "/receipts" else None,
            )
        )
        return web.Response()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """A running server."""
    door = Door()
    application = web.Application()
    application.router.add_route("*", "/{anything}", door.take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    door.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield door
    await runner.cleanup()


@pytest.fixture
async def carrier() -> AsyncIterator[company.Iovox]:
    """The simulated IOVOX with its default settings."""
    settings = company.IovoxSettings(receipt_delay=0.005, retries=(), secure_key="key")
    async with company.Iovox(Phones(), settings) as running:
        yield running


@pytest.fixture
def provider(carrier: company.Iovox, client: httpx.AsyncClient) -> Iovox:
    """An account with queries turned on."""
    settings = {"username": carrier.settings.username, "secure_key": "key", "base_url": carrier.base_url}
    return Iovox(IovoxSettings.model_validate(settings | {"use_get_sms_data": True}), client)


@pytest.mark.parametrize(
    ("fate", "statuses"),
    [
        (Fate.DELIVERED, [Status.SENT, Status.DELIVERED]),
        (Fate.EXPIRED, [Status.SENT, Status.BUFFERED, Status.EXPIRED]),
        (Fate.FAILED, [Status.SENT, Status.FAILED]),
    ],
)
async def test_a_text_and_what_becomes_of_it(
    carrier: company.Iovox, provider: Iovox, door: Door, fate: Fate, statuses: list[Status]
) -> None:
    """A text is accepted, its receipts are genuine and match it, and the provider's records agree."""
    carrier.outcome(str(PHONE), fate)
    callbacks = Callbacks(receipts=f"{door.url}/receipts", replies="", sender="", secret="s3cr3t")
    before = datetime.now(UTC) - timedelta(seconds=2)
    accepted = await provider.send(JOHN, callbacks)
    await carrier.settle()
    receipts = []
    for hook in door.hooks:
        provider.verify(hook)
        receipts += [event for event in provider.parse(hook) if isinstance(event, Receipt)]
    assert [receipt.status for receipt in receipts] == statuses
    assert {receipt.provider_id for receipt in receipts} == {accepted.provider_id}
    assert all(receipt.at and before <= receipt.at for receipt in receipts)
    assert [(found.provider_id, found.status) for found in await provider.find_sent(JOHN, before)] == [
        (accepted.provider_id, statuses[-1])
    ]
    looked_up = await provider.look_up(accepted.provider_id)
    assert isinstance(looked_up, Receipt)
    assert looked_up.status == statuses[-1]


async def test_a_text_of_a_contact(carrier: company.Iovox, provider: Iovox, door: Door) -> None:
    """The flow that we give out brings the text in every form that the documents allow."""
    rule = etree.fromstring(flow_xml(f"{door.url}/sender", "s3cr3t").encode()).find("smsFlow/httpRequest")
    assert rule is not None
    params = tuple((param.get("name", ""), param.get("value", "")) for param in rule.iterfind("params/param"))
    for encoding in ("form", "query", "json"):
        carrier.settings.voxnumbers[str(OURS)] = company.Flow(rule.get("url", ""), "POST", params, encoding)
        await carrier.phones.send(str(PHONE), str(OURS), JOHN.text)
    await carrier.settle()
    for hook in door.hooks:
        provider.verify(hook)
        assert provider.parse(hook) == [InboundSms(PHONE, OURS, JOHN.text)]
    listed = [sms async for sms in provider.list_inbound(datetime.now(UTC) - timedelta(minutes=1))]
    assert [(sms.sender, sms.recipient, sms.text) for sms in listed] == [(PHONE, OURS, JOHN.text)] * 3


async def test_less_than_160_characters(carrier: company.Iovox, provider: Iovox, door: Door) -> None:
    """A text of 159 characters is accepted; one of 160 is refused here, before any request."""
    sms = OutboundSms("attempt-1", PHONE, OURS, "a" * 159)
    callbacks = Callbacks(receipts=f"{door.url}/receipts", replies="", sender="", secret="s3cr3t")
    await provider.send(sms, callbacks)
    with pytest.raises(Refused, match="at most 159"):
        await provider.send(replace(sms, text="a" * 160), callbacks)
    assert len(carrier.accepted) == 1
