"""Faults of the carriers, shown with Fone Dynamics; they are the same for all."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from sandbox.carriers.faults import RECEIPT_TROUBLES, Faults, Trouble, receipts_by_state
from sandbox.carriers.fonedynamics import FoneDynamics, FoneDynamicsSettings
from sandbox.timeouts import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.phones import Phones
    from tests.sandbox.carriers.conftest import Door

PHONE = "+61488023555"
OURS = "+61499009990"


@pytest.fixture
async def carrier(phones: Phones) -> AsyncIterator[FoneDynamics]:
    """A running carrier that reports every state and tries webhooks three times."""
    settings = FoneDynamicsSettings(receipt_delay=0.005, retries=(0.01, 0.01), submitted_receipts=True)
    async with FoneDynamics(phones, settings) as running:
        yield running


async def send(carrier: FoneDynamics, http: aiohttp.ClientSession, **fields: Any) -> int:
    """Sends one text; returns the status of the answer."""
    settings = carrier.settings
    url = f"{carrier.base_url}/v2/Properties/{settings.property_sid}/Messages"
    auth = {"Authorization": aiohttp.encode_basic_auth(settings.account_sid, settings.token)}
    async with http.post(url, json={"From": OURS, "To": PHONE, "Text": "x"} | fields, headers=auth) as response:
        await response.read()
        return response.status


def words(door: Door) -> list[str]:
    """Returns the receipts' status words, in order of arrival."""
    return [json.loads(call.body)["Status"] for call in door.calls]


@pytest.mark.parametrize(
    ("trouble", "status", "taken"),
    [
        (Trouble.REFUSE, 403, 0),
        (Trouble.ERROR_BEFORE, 500, 0),
        (Trouble.ERROR_AFTER, 500, 1),
        (Trouble.THROTTLE, 429, 0),
    ],
)
async def test_an_answer_can_be_an_error(
    carrier: FoneDynamics, http: aiohttp.ClientSession, trouble: Trouble, status: int, taken: int
) -> None:
    """The fault hits the next send and not the one after it; "after" means that the text is sent."""
    carrier.faults.next(trouble)
    assert await send(carrier, http) == status
    assert len(carrier.accepted) == taken
    assert carrier.requests[0].outcome == trouble.value
    assert await send(carrier, http) == 200
    assert carrier.faults.happened[trouble] == 1


@pytest.mark.parametrize(
    ("trouble", "taken"),
    [(Trouble.HANG_BEFORE, 0), (Trouble.HANG_AFTER, 1), (Trouble.DROP_BEFORE, 0), (Trouble.DROP_AFTER, 1)],
)
async def test_an_answer_can_never_come(
    carrier: FoneDynamics, http: aiohttp.ClientSession, phones: Phones, trouble: Trouble, taken: int
) -> None:
    """The connection hangs and is dropped, before or after the text was accepted."""
    carrier.faults.hang_seconds = 0.02
    carrier.faults.next(trouble)
    with pytest.raises(aiohttp.ClientError):
        await send(carrier, http)
    await carrier.settle()
    assert len(carrier.accepted) == len(phones.received(PHONE)) == taken


async def test_a_hanging_request_does_not_keep_the_carrier_from_stopping(
    carrier: FoneDynamics, http: aiohttp.ClientSession
) -> None:
    """Stopping the carrier drops a hanging request."""
    carrier.faults.next(Trouble.HANG_BEFORE)
    sending = asyncio.create_task(send(carrier, http))
    await carrier.phones.wait_for(lambda: carrier.faults.happened[Trouble.HANG_BEFORE])
    async with asyncio.timeout(PATIENCE):
        await carrier.stop()
    with pytest.raises(aiohttp.ClientError):
        await sending


async def test_a_trouble_after_accepting_waits_for_a_text_that_is_accepted(
    carrier: FoneDynamics, http: aiohttp.ClientSession
) -> None:
    """A send that is refused anyway does not use up the fault."""
    carrier.faults.next(Trouble.ERROR_AFTER)
    assert await send(carrier, http, To="nobody") == 400
    assert await send(carrier, http) == 500


async def test_throttling_says_how_long(carrier: FoneDynamics, http: aiohttp.ClientSession) -> None:
    """A 429 has Retry-After, unless set otherwise."""
    carrier.faults.retry_after = 7
    carrier.faults.next(Trouble.THROTTLE, on=None)
    async with http.get(f"{carrier.base_url}/v2/Messages/M1") as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "7")


async def test_a_carrier_can_be_down_and_come_back(carrier: FoneDynamics, http: aiohttp.ClientSession) -> None:
    """A carrier that is down drops every connection, an unplugged one refuses them; both keep their address."""
    carrier.faults.down = True
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await send(carrier, http)
    carrier.faults.clear()
    await carrier.unplug()
    with pytest.raises(aiohttp.ClientConnectorError):
        await send(carrier, http)
    await carrier.plug()
    assert await send(carrier, http) == 200


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (Trouble.RECEIPTS_TWICE, ["Submitted", "Submitted", "Delivered", "Delivered"]),
        (Trouble.RECEIPTS_REVERSED, ["Delivered", "Submitted"]),
        (Trouble.RECEIPTS_CONTRADICT, ["Submitted", "Delivered", "Failed"]),
        (Trouble.RECEIPTS_NEVER, []),
        (Trouble.RECEIPTS_LATE, ["Submitted", "Delivered"]),
    ],
)
async def test_receipts_can_misbehave(
    carrier: FoneDynamics, http: aiohttp.ClientSession, door: Door, trouble: Trouble, expected: list[str]
) -> None:
    """The fault hits the receipts of the next text, and not of the one after it."""
    carrier.faults.late_seconds = 0.05
    carrier.faults.next(trouble)
    await send(carrier, http, DeliveryReceiptWebhookUri=door.url)
    await carrier.settle()
    assert words(door) == expected
    door.calls.clear()
    await send(carrier, http, DeliveryReceiptWebhookUri=door.url)
    await carrier.settle()
    assert words(door) == ["Submitted", "Delivered"]


async def test_late_receipts_come_long_after_the_text(
    carrier: FoneDynamics, http: aiohttp.ClientSession, door: Door, phones: Phones
) -> None:
    """A late receipt comes after the phone has the text."""
    carrier.faults.late_seconds = 0.1
    carrier.faults.next(Trouble.RECEIPTS_LATE)
    await send(carrier, http, DeliveryReceiptWebhookUri=door.url)
    await phones.wait_for(lambda: phones.received(PHONE))
    assert door.calls == []
    await carrier.settle()
    assert words(door) == ["Submitted", "Delivered"]


async def test_early_receipts_come_before_the_answer(
    carrier: FoneDynamics, http: aiohttp.ClientSession, door: Door
) -> None:
    """Early receipts come before the answer to the send."""
    carrier.faults.next(Trouble.RECEIPTS_EARLY)
    await send(carrier, http, DeliveryReceiptWebhookUri=door.url)
    assert words(door) == ["Submitted", "Delivered"]


async def test_a_webhook_is_tried_again_until_it_is_taken(
    carrier: FoneDynamics, http: aiohttp.ClientSession, door: Door
) -> None:
    """A webhook that gets an error is retried as often as set, and every call is recorded."""
    door.answers = [web.Response(status=500), web.Response(status=503)]
    await send(carrier, http, DeliveryReceiptWebhookUri=door.url, To="+61488020002")
    await carrier.settle()
    assert [(call.attempt, call.status) for call in carrier.deliveries] == [(1, 500), (2, 503), (3, 204)]


async def test_a_webhook_that_cannot_be_called_is_remembered_too(
    carrier: FoneDynamics, http: aiohttp.ClientSession
) -> None:
    """A webhook that cannot connect is recorded with its error, and the carrier continues."""
    await send(carrier, http, DeliveryReceiptWebhookUri="http://127.0.0.1:1/", To="+61488020002")
    await carrier.settle()
    assert [call.error for call in carrier.deliveries] == ["ClientConnectorError"] * 3


async def test_a_webhook_can_come_twice_or_be_lost(carrier: FoneDynamics, door: Door, phones: Phones) -> None:
    """A doubled and a lost webhook hit the next webhook of any kind."""
    carrier.settings.portal_webhook = door.url
    carrier.faults.next(Trouble.WEBHOOK_TWICE)
    await phones.send(PHONE, OURS, "hello")
    assert [call.body for call in door.calls] == [door.calls[0].body] * 2
    carrier.faults.next(Trouble.WEBHOOK_LOST)
    await phones.send(PHONE, OURS, "hello")
    assert len(door.calls) == 2


async def test_a_carrier_that_comes_back_in_time_calls_after_all(
    carrier: FoneDynamics, door: Door, phones: Phones
) -> None:
    """A webhook that was due while the carrier was down counts as a failed attempt."""
    carrier.settings.portal_webhook = door.url
    carrier.faults.down = True
    await phones.send(PHONE, OURS, "hello")
    assert carrier.deliveries == []
    carrier.faults.down = False
    await carrier.settle()
    assert [delivery.attempt for delivery in carrier.deliveries] == [2]


async def test_what_breaks_in_the_sandbox_itself_is_not_swallowed(carrier: FoneDynamics) -> None:
    """A crash in a background task is raised where the test waits."""

    async def crash() -> None:
        raise LookupError

    carrier.spawn(crash())
    with pytest.raises(ExceptionGroup):
        await carrier.settle()


def test_troubles_last_as_long_as_asked() -> None:
    """Faults last the set number of times, or until cleared."""
    faults = Faults()
    faults.next(Trouble.WEBHOOK_TWICE, 2)
    assert [faults.take(Trouble.WEBHOOK_TWICE) for _ in range(3)] == [True, True, False]
    faults.next(Trouble.THROTTLE, None)
    assert [faults.take_request("send") for _ in range(3)] == [Trouble.THROTTLE] * 3
    faults.clear()
    assert faults.take_request("send") is None


@given(
    st.lists(st.integers(), min_size=1, max_size=4), st.frozensets(st.sampled_from(sorted(RECEIPT_TROUBLES, key=str)))
)
def test_no_trouble_loses_or_invents_a_receipt(states: list[int], troubles: frozenset[Trouble]) -> None:
    """With any combination of faults each state is reported once or twice, a contradiction once, or nothing at all."""
    after = receipts_by_state(states, 10**9, troubles)
    assert len(after) == len(states)
    flat = [state for group in after for state in group]
    if Trouble.RECEIPTS_NEVER in troubles:
        assert flat == []
        return
    times = 2 if Trouble.RECEIPTS_TWICE in troubles else 1
    opposite = [10**9] if Trouble.RECEIPTS_CONTRADICT in troubles else []
    assert sorted(flat) == sorted(states * times + opposite)


async def test_nothing_is_at_another_address(carrier: FoneDynamics, http: aiohttp.ClientSession) -> None:
    """An unknown path gets a 404 or 405, logged as refused."""
    async with http.get(f"{carrier.base_url}/v3") as response:
        assert response.status == 404
    async with http.delete(f"{carrier.base_url}/v2/Messages/M1") as response:
        assert response.status == 405
    assert [(request.kind, request.status) for request in carrier.requests] == [("unknown", 404), ("unknown", 405)]


async def test_no_carrier_listens_before_it_is_started(phones: Phones) -> None:
    """Plugging in a carrier that was never started is an error."""
    with pytest.raises(RuntimeError):
        await FoneDynamics(phones).plug()
