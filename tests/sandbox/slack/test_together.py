"""The real clients work with the simulated Slack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from sandbox.slack import Workspace
    from tests.sandbox.slack.conftest import Bot


async def test_the_real_client_posts_and_reads(slack: Workspace, client: AsyncWebClient) -> None:
    """A posted message can be read, with its metadata and block ids."""
    ann = slack.add_user("ann")
    inbox = slack.add_channel("support")
    me = await client.auth_test()
    assert me["user_id"] == slack.bot_user_id
    assert "chat:write" in me.headers["x-oauth-scopes"]
    metadata = {"event_type": "sms", "event_payload": {"k": "1"}}
    block = {"type": "section", "block_id": "k:1", "text": {"type": "mrkdwn", "text": "hi *you*"}}
    posted = await client.chat_postMessage(channel=inbox, text="hi", blocks=[block], metadata=metadata)
    reply = await slack.say(ann, inbox, "hello @threadline :wave: see https://example.org", thread_ts=posted["ts"])
    found = await client.conversations_replies(channel=inbox, ts=posted["ts"], include_all_metadata=True)
    assert [one["ts"] for one in found["messages"]] == [posted["ts"], reply]
    assert found["messages"][0]["metadata"] == metadata
    assert found["messages"][0]["blocks"][0]["block_id"] == "k:1"
    assert found["messages"][0]["reply_count"] == 1


async def test_a_bolt_app_gets_events_and_commands(slack: Workspace, bot: Bot) -> None:
    """Events arrive over Socket Mode and are acknowledged; commands are answered at once and later."""
    ann = slack.add_user("ann")
    inbox = slack.add_channel("support")

    @bot.app.command("/sms")
    async def sms(ack: Any, respond: Any, command: dict[str, Any]) -> None:
        await ack(f"you said {command['text']}")
        await respond("more")

    async with bot.connected(slack):
        ts = await slack.say(ann, inbox, "hello")
        await slack.wait_for(lambda: bot.events)
        await slack.delivered()
        assert bot.events[0]["ts"] == ts
        used = await slack.slash(ann, inbox, "/sms", "status")
        await slack.wait_for(lambda: len(used.posts) == 2)
    assert not used.error
    assert {one["text"] for one in slack.ephemerals(ann)} == {"you said status", "more"}
    assert slack.deliveries.log[0].tries == [""]
