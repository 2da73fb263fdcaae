"""Faults of calls."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from sandbox.slack import Workspace
from tests.sandbox.slack.conftest import client_of
from tests.sandbox.slack.test_access import refused

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize("after", [False, True])
async def test_a_server_error_before_or_after_the_fact(
    slack: Workspace, client: AsyncWebClient, status: int, *, after: bool
) -> None:
    """Both give an HTML page; only the second has run the call."""
    channel = slack.add_channel("support")
    fault = slack.faults.fail("chat.postMessage", status=status, after=after)
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=channel, text="x")
    assert caught.value.response.status_code == status
    assert caught.value.response.data == {}
    assert len(slack.see(channel)) == int(after)
    call = slack.calls[-1]
    assert (call.status, call.error, call.done) == (status, f"http_{status}", after)
    assert fault.hits == 1
    assert (await client.chat_postMessage(channel=channel, text="x"))["ok"]


@pytest.mark.parametrize("after", [False, True])
async def test_a_dropped_connection_before_or_after_the_fact(
    slack: Workspace, client: AsyncWebClient, *, after: bool
) -> None:
    """The client sees a broken connection; the message is posted or not."""
    channel = slack.add_channel("support")
    slack.faults.drop("chat.postMessage", after=after)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=channel, text="x")
    assert len(slack.see(channel)) == int(after)
    assert (slack.calls[-1].error, slack.calls[-1].done) == ("connection_dropped", after)


async def test_slacks_own_word_after_the_fact(slack: Workspace, client: AsyncWebClient) -> None:
    """`fatal_error` means that the call may have run, and it has."""
    channel = slack.add_channel("support")
    slack.faults.error("chat.postMessage", "fatal_error", after=True)
    assert (await refused(client.chat_postMessage(channel=channel, text="x")))["error"] == "fatal_error"
    assert len(slack.see(channel)) == 1


async def test_a_late_answer(slack: Workspace, client: AsyncWebClient) -> None:
    """With `after`, the message is there before the answer."""
    channel = slack.add_channel("support")
    slack.faults.delay("chat.postMessage", seconds=0.3, after=True)
    started = time.monotonic()
    call = asyncio.create_task(client.chat_postMessage(channel=channel, text="x"))
    await slack.wait_for(lambda: slack.see(channel))
    assert not call.done()
    await call
    assert time.monotonic() - started >= 0.3


async def test_which_calls_are_struck(slack: Workspace, client: AsyncWebClient) -> None:
    """`skip`, `times`, `match` and "*" select calls; `clear` ends the fault; `hits` counts."""
    one, two = slack.add_channel("one"), slack.add_channel("two")
    fault = slack.faults.error("chat.postMessage", skip=1, times=2, match=lambda args: args["channel"] == one)
    send_results = []
    for channel in (two, one, one, two, one, one):
        send_results.append((await client.api_call("auth.test"))["ok"])
        try:
            await client.chat_postMessage(channel=channel, text="x")
            send_results.append(True)
        except SlackApiError:
            send_results.append(False)
    assert send_results[1::2] == [True, True, False, True, False, True]
    assert fault.hits == 2
    everything = slack.faults.fail(times=None)
    with pytest.raises(SlackApiError):
        await client.auth_test()
    slack.faults.clear()
    assert (await client.auth_test())["ok"]
    assert everything.hits == 1


async def test_chance_is_repeatable(slack: Workspace, client: AsyncWebClient) -> None:
    """With the same seed, a fault with a chance hits the same calls."""

    async def struck(workspace: Workspace, web: AsyncWebClient) -> list[bool]:
        workspace.faults.error("auth.test", times=None, chance=0.5)
        found = []
        for _ in range(20):
            try:
                found.append(bool((await web.auth_test())["ok"]))
            except SlackApiError:
                found.append(False)
        return found

    first = await struck(slack, client)
    async with Workspace(tier_scale=None) as other, client_of(other) as web:
        assert await struck(other, web) == first
    assert set(first) == {True, False}


async def test_the_whole_of_slack_goes_down_and_comes_back(slack: Workspace, client: AsyncWebClient) -> None:
    """Connections are refused; afterwards the workspace has the same data and address."""
    channel, url = slack.add_channel("support"), slack.api_url
    ts = (await client.chat_postMessage(channel=channel, text="before"))["ts"]
    await slack.go_down()
    for _ in range(2):  # the first attempt may use a kept-alive connection that has just ended
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.auth_test()
    await slack.come_up()
    assert slack.api_url == url
    assert (await client.conversations_history(channel=channel))["messages"][0]["ts"] == ts


async def test_a_fixed_port_is_kept() -> None:
    """A stopped workspace starts again on the same port."""
    slack = Workspace()
    await slack.start()
    url = slack.api_url
    await slack.stop()
    await slack.start()
    assert slack.api_url == url
    await slack.stop()
    again = Workspace(port=slack.settings.port)
    async with again, client_of(again) as web:
        assert again.api_url == url
        assert (await web.auth_test())["ok"]
