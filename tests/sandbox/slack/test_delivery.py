"""Delivery of events: Socket Mode, redelivery, lost and doubled events, dead sockets."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from sandbox.slack import SUBSCRIPTIONS, Workspace
from tests.sandbox.slack.conftest import Bot, client_of

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient


async def said(slack: Workspace, count: int) -> tuple[str, list[str]]:
    """Returns a channel in which somebody posted this many messages."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    return channel, [await slack.say(ann, channel, f"m{number}") for number in range(count)]


async def test_events_arrive_in_order_and_once(slack: Workspace, bot: Bot) -> None:
    """Without faults every event is acknowledged at its first attempt."""
    async with bot.connected(slack):
        _, ts = await said(slack, 20)
        await slack.delivered()
    assert [event["ts"] for event in bot.events] == ts
    assert all(one.tries == [""] and one.acked_at for one in slack.deliveries.log)


async def test_two_connections_share_the_events(slack: Workspace, bot: Bot) -> None:
    """Any open connection gets an event; hello has the number of connections."""
    async with bot.connected(slack, 2) as handlers:
        assert slack.connections == 2
        _, ts = await said(slack, 10)
        await slack.delivered()
        assert sorted(event["ts"] for event in bot.events) == ts
        await handlers[0].close_async()
        await slack.wait_for(lambda: slack.connections == 1)


async def test_an_unanswered_event_comes_again(slack: Workspace, client: AsyncWebClient) -> None:
    """An unacknowledged event comes four times with the same id, and then never again."""
    bot = Bot(slack, client)
    slack.settings.ack_seconds = 0.1
    seen: list[tuple[str, list[str]]] = []

    @bot.app.middleware
    async def refuse(body: dict[str, Any], req: Any) -> None:
        seen.append((body["event_id"], req.headers.get("x-slack-retry-num", [])))

    async with bot.connected(slack):
        await said(slack, 1)
        await slack.delivered()
        await slack.wait_for(lambda: len(seen) == 4)
    assert [number for _, number in seen] == [["0"], ["1"], ["2"], ["3"]]
    assert len({event_id for event_id, _ in seen}) == 1
    assert slack.deliveries.log[0].tries == ["timeout"] * 4


async def test_an_event_without_a_connection_waits_for_one(slack: Workspace, bot: Bot) -> None:
    """An event without a connection is retried on schedule, or lost if so set."""
    slack.settings.time_scale = 0.01
    channel, (ts,) = await said(slack, 1)
    await slack.wait_for(lambda: slack.deliveries.log[0].tries == ["connection_failed"] * 2)
    async with bot.connected(slack):
        await slack.wait_for(lambda: bot.events)
    assert bot.events[0]["ts"] == ts
    slack.faults.lose_without_socket = True
    await slack.say(slack.add_user("ben"), channel, "lost")
    await slack.delivered()
    assert slack.deliveries.log[-1].tries == ["connection_failed"]


async def test_lost_doubled_and_unacknowledged_events(slack: Workspace, bot: Bot) -> None:
    """Each fault hits the matching events and counts them."""
    lost = slack.faults.lose(match=lambda event: event.get("text") == "m0")
    doubled = slack.faults.redeliver(copies=2, match=lambda event: event.get("text") == "m1")
    ignored = slack.faults.ignore_acks(match=lambda event: event.get("text") == "m2")
    async with bot.connected(slack):
        await said(slack, 4)
        await slack.delivered()
    assert sorted(event["text"] for event in bot.events) == ["m1", "m1", "m1", "m2", "m2", "m3"]
    assert (lost.hits, doubled.hits, ignored.hits) == (1, 1, 1)
    assert [one.is_lost for one in slack.deliveries.log] == [True, False, False, False]


async def test_events_can_be_mixed_and_held(slack: Workspace, bot: Bot) -> None:
    """A window of events is shuffled; held events come on release."""
    slack.faults.reorder_window = 10
    async with bot.connected(slack):
        _, ts = await said(slack, 11)
        await slack.delivered()
        assert [event["ts"] for event in bot.events] != ts
        assert sorted(event["ts"] for event in bot.events) == ts
        slack.faults.clear()
        bot.events.clear()
        slack.faults.hold_events()
        ben, channel = slack.add_user("ben"), slack.add_channel("later")
        await slack.say(ben, channel, "held")
        await asyncio.sleep(0.1)
        assert not bot.events
        slack.faults.release_events()
        await slack.wait_for(lambda: bot.events)


@pytest.mark.parametrize("how", ["close", "reset", "dead"])
async def test_the_client_comes_back_after_a_socket_died(slack: Workspace, bot: Bot, how: str) -> None:
    """The real client reconnects after a closed, reset or silent socket, and gets the event."""
    async with bot.connected(slack):
        assert await slack.kill_sockets(how) == 1
        await slack.wait_for(lambda: slack.connections == 0 or slack.sockets.open[0].state == "dead")
        slack.settings.time_scale = 0.02
        _, ts = await said(slack, 1)
        await slack.wait_for(lambda: bot.events)
    assert bot.events[0]["ts"] == ts[0]


async def test_a_silent_socket_answers_pings_and_hands_over_nothing(slack: Workspace, bot: Bot) -> None:
    """The client believes that it is connected, but nothing arrives and nothing is acknowledged."""
    async with bot.connected(slack) as handlers:
        await slack.kill_sockets("silent")
        slack.settings.ack_seconds = 0.5
        await said(slack, 1)
        await asyncio.sleep(1.5)  # three pings
        assert await handlers[0].client.is_connected()
        assert not bot.events
        await slack.wait_for(lambda: slack.deliveries.log[0].tries)
        assert slack.deliveries.log[0].tries[0] == "timeout"
    with pytest.raises(ValueError, match="unknown way to end"):
        await slack.sockets.kill("politely")


async def test_a_refresh_is_followed(slack: Workspace, bot: Bot) -> None:
    """`refresh_requested` and the end of a connection's lifetime make the client fetch a new ticket."""
    async with bot.connected(slack):
        assert await slack.disconnect("refresh_requested") == 1
        await slack.wait_for(lambda: len(slack.calls.of("apps.connections.open")) == 2)
        await slack.connected()
        slack.settings.socket_seconds = 0.2
        await slack.disconnect("warning")
        await slack.wait_for(lambda: len(slack.calls.of("apps.connections.open")) >= 4)
        slack.settings.socket_seconds = None
        await slack.connected()


async def hello_of(url: str, session: aiohttp.ClientSession) -> tuple[aiohttp.ClientWebSocketResponse, dict[str, Any]]:
    """Returns a raw connection and its first message."""
    ws = await session.ws_connect(url)
    return ws, json.loads((await ws.receive()).data)


async def ticket(client: AsyncWebClient, slack: Workspace) -> str:
    """Returns a new URL."""
    return str((await client.apps_connections_open(app_token=slack.app_token))["url"])


async def test_a_ticket_is_good_once_and_ten_connections_are_the_most(slack: Workspace, client: AsyncWebClient) -> None:
    """A used or refused ticket is a 404; the eleventh connection is rejected with a reason."""
    async with aiohttp.ClientSession() as session:
        url = await ticket(client, slack)
        ws, hello = await hello_of(url, session)
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        assert hello["connection_info"] == {"app_id": slack.app_id}
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(url)
        assert caught.value.status == 404
        slack.faults.refuse_tickets = 1
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(await ticket(client, slack))
        assert slack.faults.refused_tickets == 1
        rest = [(await hello_of(await ticket(client, slack), session))[0] for _ in range(9)]
        extra, goodbye = await hello_of(await ticket(client, slack), session)
        assert (goodbye["type"], goodbye["reason"]) == ("disconnect", "too_many_websockets")
        for one in (ws, extra, *rest):
            await one.close()


async def test_a_connection_ages(slack: Workspace, client: AsyncWebClient) -> None:
    """A connection gets a warning, then a refresh request, then its end, even if the client ignores them."""
    slack.settings.socket_seconds = 0.1
    async with aiohttp.ClientSession() as session:
        ws, hello = await hello_of(await ticket(client, slack), session)
        assert hello["debug_info"]["approximate_connection_time"] == 0
        assert [json.loads((await ws.receive()).data)["reason"] for _ in range(2)] == ["warning", "refresh_requested"]
        assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE
    await slack.wait_for(lambda: slack.connections == 0)


async def test_socket_mode_switched_off_is_said_on_every_connection(slack: Workspace, client: AsyncWebClient) -> None:
    """`link_disabled` ends open and new connections, until Socket Mode is on again."""
    async with aiohttp.ClientSession() as session:
        ws, _ = await hello_of(await ticket(client, slack), session)
        await slack.disconnect("link_disabled")
        assert json.loads((await ws.receive()).data)["reason"] == "link_disabled"
        again, goodbye = await hello_of(await ticket(client, slack), session)
        assert goodbye["reason"] == "link_disabled"
        slack.enable_socket_mode()
        good, hello = await hello_of(await ticket(client, slack), session)
        assert hello["type"] == "hello"
        for one in (ws, again, good):
            await one.close()


async def test_an_envelope_says_what_it_is(slack: Workspace, client: AsyncWebClient) -> None:
    """Events accept no answer and have their attempt number. An acknowledgement is the envelope's id."""
    async with aiohttp.ClientSession() as session:
        ws, _ = await hello_of(await ticket(client, slack), session)
        await said(slack, 1)
        envelope = json.loads((await ws.receive()).data)
        assert envelope["type"] == "events_api"
        assert envelope["accepts_response_payload"] is False
        assert (envelope["retry_attempt"], envelope["retry_reason"]) == (0, "")
        await ws.send_str(json.dumps({"envelope_id": envelope["envelope_id"]}))
        await slack.delivered()
        await ws.close()


async def test_only_subscribed_events_of_own_channels_are_sent() -> None:
    """Events without a subscription, and messages in channels without the bot, are not sent."""
    subscriptions = tuple(one for one in SUBSCRIPTIONS if one != "message.groups")
    async with Workspace(subscriptions=subscriptions) as slack:
        ann = slack.add_user("ann")
        private, outside = slack.add_channel("p", private=True), slack.add_channel("o", member=False)
        await slack.say(ann, private, "x")
        ts = await slack.say(ann, outside, "x")
        await slack.react(ann, outside, ts, "tada")
        assert slack.deliveries.log == []


async def test_what_happens_to_channels_and_tokens_is_told(slack: Workspace, client: AsyncWebClient) -> None:
    """Each change has its event, named by the channel's type."""
    ann = slack.add_user("ann")
    public, private = slack.add_channel("pub"), slack.add_channel("priv", private=True)
    await slack.join(public, ann)
    await slack.leave(public, ann)
    await slack.rename(public, "renamed")
    await slack.archive(private)
    await slack.unarchive(private)
    new = await slack.change_channel_id(private)
    await slack.leave(new)
    await slack.delete_channel(public)
    await slack.uninstall()
    kinds = [one.event["type"] for one in slack.deliveries.log if one.event["type"] != "message"]
    assert kinds == [
        "member_joined_channel",
        "member_left_channel",
        "channel_rename",
        "group_archive",
        "group_unarchive",
        "channel_id_changed",
        "group_left",
        "channel_deleted",
        "app_uninstalled",
        "tokens_revoked",
    ]
    subtypes = [one.event.get("subtype") for one in slack.deliveries.log if one.event["type"] == "message"]
    assert subtypes == ["channel_join", "channel_leave", "channel_name", "group_archive", "group_unarchive"]
    assert client.token == slack.bot_token


async def test_nothing_is_delivered_while_slack_is_down(slack: Workspace, bot: Bot) -> None:
    """Changes while Slack is down are delivered on schedule, once the app is connected again."""
    async with bot.connected(slack):
        await slack.go_down()
        slack.settings.time_scale = 0.02
        await said(slack, 1)
        await slack.wait_for(lambda: slack.deliveries.log[0].tries)
        assert slack.deliveries.log[0].tries[0] == "connection_failed"
        await slack.come_up()
        await slack.wait_for(lambda: bot.events)


async def test_everything_ends_when_the_workspace_stops() -> None:
    """Sockets, retries and previews end with the workspace."""
    async with Workspace() as slack, client_of(slack) as web, aiohttp.ClientSession() as session:
        ws, _ = await hello_of(await ticket(web, slack), session)
        await said(slack, 1)
        await slack.stop()
        while (await ws.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        assert ws.closed
