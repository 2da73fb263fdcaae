"""Signed HTTP requests to an app with an events URL."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_sdk.signature import SignatureVerifier

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sandbox.slack import Workspace
    from tests.sandbox.slack.conftest import Bot

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def listening(slack: Workspace, handler: Handler) -> AsyncIterator[None]:
    """A server that receives Slack's requests."""
    app = web.Application()
    app.router.add_post("/slack/events", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.settings.events_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        yield
    finally:
        await runner.cleanup()


def bolt(bot: Bot) -> Handler:
    """The real Bolt behind real HTTP."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = await bot.app.async_dispatch(await to_bolt_request(request))
        return await to_aiohttp_response(response)

    return handle


async def test_bolt_takes_the_signature_and_the_challenge(slack: Workspace, bot: Bot) -> None:
    """The challenge comes back, and events are acknowledged; with another secret nothing is."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    async with listening(slack, bolt(bot)):
        assert await slack.verify_url()
        ts = await slack.say(ann, channel, "hello")
        await slack.delivered()
        assert [event["ts"] for event in bot.events] == [ts]
        slack.settings.signing_secret = "another"
        await slack.say(ann, channel, "forged")
        await slack.delivered()
    assert len(bot.events) == 1
    assert slack.deliveries.log[-1].tries == ["http_error"] * 4


async def test_commands_and_clicks_are_forms_and_can_be_answered_at_once(slack: Workspace, bot: Bot) -> None:
    """A command's answer is shown to its user; a click's body is a `payload` field."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    clicked: list[dict[str, Any]] = []

    @bot.app.command("/sms")
    async def sms(ack: Any, command: dict[str, Any]) -> None:
        await ack(text=f"got {command['text']}", response_type="in_channel")

    @bot.app.action("close")
    async def close(ack: Any, body: dict[str, Any]) -> None:
        clicked.append(body)
        await ack()

    async with listening(slack, bolt(bot)):
        used = await slack.slash(ann, channel, "/sms", "status")
        assert (used.error, [one["text"] for one in used.posts]) == ("", ["got status"])
        button = {"type": "button", "action_id": "close", "value": "1", "text": {"type": "plain_text", "text": "x"}}
        posted = await bot.web.chat_postMessage(
            channel=channel, text="card", blocks=[{"type": "actions", "elements": [button]}]
        )
        assert not (await slack.click(ann, channel, posted["ts"], "close")).error
    assert clicked[0]["actions"][0]["value"] == "1"
    assert clicked[0]["container"]["message_ts"] == posted["ts"]


async def test_every_try_is_signed_anew_and_numbered(slack: Workspace) -> None:
    """Four attempts have the same body, with the number and the reason in valid signed headers."""
    got: list[tuple[dict[str, str], bytes]] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        got.append((dict(request.headers), await request.read()))
        return web.Response(status=503)

    async with listening(slack, handle):
        await slack.say(slack.add_user("ann"), slack.add_channel("support"), "hello")
        await slack.delivered()
    verifier = SignatureVerifier(slack.signing_secret)
    assert all(verifier.is_valid_request(body, headers) for headers, body in got)
    assert [headers.get("X-Slack-Retry-Num") for headers, _ in got] == [None, "1", "2", "3"]
    assert {headers.get("X-Slack-Retry-Reason") for headers, _ in got[1:]} == {"http_error"}
    assert len({json.loads(body)["event_id"] for _, body in got}) == 1


@pytest.mark.parametrize(
    ("answer", "tries"),
    [
        ("no-retry", ["http_error"]),
        ("slow", ["http_timeout"] * 4),
        ("gone", ["connection_failed"] * 4),
        ("redirect", ["http_error"] * 4),
    ],
)
async def test_why_a_try_failed_is_told(slack: Workspace, answer: str, tries: list[str]) -> None:
    """Errors, timeouts and refused connections are reported; an app may ask for no retry."""
    if answer == "slow":
        slack.settings.ack_seconds = 0.1

    async def handle(_: web.Request) -> web.StreamResponse:
        if answer == "slow":
            await asyncio.sleep(0.3)
        if answer == "redirect":
            raise web.HTTPFound("/elsewhere")
        return web.Response(status=500, headers={"X-Slack-No-Retry": "1"})

    async with listening(slack, handle):
        if answer == "gone":
            slack.settings.events_url = "http://127.0.0.1:1/"
        await slack.say(slack.add_user("ann"), slack.add_channel("support"), "hello")
        await slack.delivered()
    assert slack.deliveries.log[0].tries == tries


async def test_a_command_that_is_not_answered_is_told_to_the_person(slack: Workspace) -> None:
    """A late answer is `operation_timeout`, an error `dispatch_failed`; a bad answer has Slack's error code."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")

    async def handle(request: web.Request) -> web.StreamResponse:
        text = parse_qs((await request.read()).decode()).get("text", [""])[0]
        if text == "slow":
            await asyncio.Event().wait()
        if text == "bad":
            return web.json_response({"blocks": [{"type": "card"}]})
        return web.Response(status=500 if text == "broken" else 200)

    async with listening(slack, handle):
        send_results = {text: (await slack.slash(ann, channel, "/sms", text)) for text in ("broken", "bad", "ok")}
        slack.settings.ack_seconds = 0.2
        send_results["slow"] = await slack.slash(ann, channel, "/sms", "slow")
    assert {text: used.error for text, used in send_results.items()} == {
        "slow": "operation_timeout",
        "broken": "dispatch_failed",
        "bad": "invalid_blocks",
        "ok": "",
    }
