"""Commands, clicks, shortcuts, and response URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from slack_sdk.webhook.async_client import AsyncWebhookClient

from sandbox.slack import NotShown, Workspace
from tests.sandbox.slack.conftest import Bot, client_of

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

PLAIN = {"type": "plain_text", "text": "x"}


def button(action_id: str, value: str) -> dict[str, Any]:
    """Returns a button."""
    return {"type": "button", "action_id": action_id, "value": value, "text": PLAIN}


def option(value: str) -> dict[str, Any]:
    """Returns an option."""
    return {"text": PLAIN, "value": value}


CARD: list[dict[str, Any]] = [
    {"type": "actions", "block_id": "one", "elements": [button("go", "1"), button("stay", "2")]},
    {
        "type": "section",
        "block_id": "two",
        "text": PLAIN,
        "accessory": {"type": "overflow", "action_id": "more", "options": [option("a"), option("b")]},
    },
    {
        "type": "actions",
        "block_id": "three",
        "elements": [{"type": "static_select", "action_id": "pick", "options": [option("p"), option("q")]}],
    },
]


def clicks(bot: Bot) -> list[dict[str, Any]]:
    """Records every click."""
    bodies: list[dict[str, Any]] = []

    async def keep(ack: Any, body: dict[str, Any]) -> None:
        bodies.append(body)
        await ack()

    for action_id in ("go", "stay", "more", "pick"):
        bot.app.action(action_id)(keep)
    return bodies


async def test_a_click_says_what_was_used_and_where(slack: Workspace, bot: Bot) -> None:
    """A click works by action id or by value, and by choice for menus; in a thread it has the root."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    bodies = clicks(bot)
    root = (await bot.web.chat_postMessage(channel=channel, text="root"))["ts"]
    ts = (await bot.web.chat_postMessage(channel=channel, text="card", blocks=CARD, thread_ts=root))["ts"]
    async with bot.connected(slack):
        await slack.click(ann, channel, ts, "go")
        await slack.click(ann, channel, ts, value="2")
        await slack.click(ann, channel, ts, "more", value="b")
        await slack.click(ann, channel, ts, "pick", value="q")
    actions = [body["actions"][0] for body in bodies]
    assert [one["action_id"] for one in actions] == ["go", "stay", "more", "pick"]
    assert actions[1]["value"] == "2"
    assert actions[2]["selected_option"]["value"] == "b"
    assert bodies[3]["state"]["values"]["three"]["pick"]["selected_option"]["value"] == "q"
    assert bodies[0]["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": channel,
        "is_ephemeral": False,
        "thread_ts": root,
    }
    assert bodies[0]["message"]["ts"] == ts
    assert bodies[0]["user"]["id"] == ann
    with pytest.raises(NotShown):
        await slack.click(ann, channel, ts, "pick", value="z")
    with pytest.raises(NotShown):
        await slack.click(ann, channel, ts, "go", value="2")


async def test_what_only_one_user_sees_can_be_clicked_by_them_alone(slack: Workspace, bot: Bot) -> None:
    """Only its user can click an ephemeral; its response_url replaces or deletes it."""
    ann, ben, channel = slack.add_user("ann"), slack.add_user("ben"), slack.add_channel("support")
    bodies = clicks(bot)
    ts = (await bot.web.chat_postEphemeral(channel=channel, user=ann, text="choose", blocks=CARD))["message_ts"]
    async with bot.connected(slack):
        await slack.click(ann, channel, ts, "go")
        with pytest.raises(NotShown):
            await slack.click(ben, channel, ts, "go")
    assert bodies[0]["container"]["is_ephemeral"] is True
    assert "message" not in bodies[0]
    webhook = AsyncWebhookClient(bodies[0]["response_url"])
    assert (await webhook.send(text="done", replace_original=True)).status_code == 200
    assert [one["text"] for one in slack.ephemerals(ann)] == ["done"]
    await webhook.send(delete_original=True)
    assert slack.ephemerals(ann) == []


async def test_a_response_url_replaces_adds_and_runs_out(slack: Workspace, bot: Bot) -> None:
    """After five uses comes `used_url`. A message is replaced only on request."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    bodies = clicks(bot)
    ts = (await bot.web.chat_postMessage(channel=channel, text="card", blocks=CARD))["ts"]
    async with bot.connected(slack):
        used = await slack.click(ann, channel, ts, "go")
    webhook = AsyncWebhookClient(bodies[0]["response_url"])
    await webhook.send(text="new", replace_original=True)
    await webhook.send(text="to you", response_type="ephemeral", replace_original=False)
    await webhook.send(text="to all", response_type="in_channel", replace_original=False)
    bad = await webhook.send(text="x", blocks=[{"type": "card"}])
    assert "invalid_blocks" in bad.body
    await webhook.send(delete_original=True)
    last = await webhook.send(text="too much")
    assert (last.status_code, "used_url" in last.body) == (404, True)
    assert [one["text"] for one in slack.see(channel)] == ["to all"]
    assert [one["text"] for one in slack.ephemerals(ann)] == ["to you"]
    assert [one["text"] for one in used.posts] == ["new", "to you", "to all"]
    assert len(slack.calls.of("response_url")) == 6


async def test_a_response_url_ends_after_half_an_hour() -> None:
    """After its time a URL is `expired_url`; an unknown one is `invalid_url`."""
    async with Workspace(response_url_seconds=0.0) as slack, client_of(slack) as web:
        bot = Bot(slack, web)
        bodies = clicks(bot)
        ann, channel = slack.add_user("ann"), slack.add_channel("support")
        ts = (await web.chat_postMessage(channel=channel, text="card", blocks=CARD))["ts"]
        async with bot.connected(slack):
            await slack.click(ann, channel, ts, "go")
        assert "expired_url" in (await AsyncWebhookClient(bodies[0]["response_url"]).send(text="x")).body
        wrong = bodies[0]["response_url"][:-1] + "!"
        assert "invalid_url" in (await AsyncWebhookClient(wrong).send(text="x")).body
        async with aiohttp.ClientSession() as session, session.post(bodies[0]["response_url"], data=b"{") as answer:
            assert answer.status == 404


async def test_a_command_has_its_fields(slack: Workspace, bot: Bot) -> None:
    """The text is escaped, names become ids; a private channel's name is hidden."""
    ann, channel = slack.add_user("ann"), slack.add_channel("secret", private=True)
    general = slack.add_channel("general")
    commands: list[dict[str, Any]] = []

    @bot.app.command("/sms")
    async def sms(ack: Any, command: dict[str, Any]) -> None:
        commands.append(command)
        await ack()

    async with bot.connected(slack):
        used = await slack.slash(ann, channel, "/sms", "to @ann in #general <b> & @nobody")
    command = commands[0]
    assert command["text"] == f"to <@{ann}|ann> in <#{general}|general> &lt;b&gt; &amp; @nobody"
    assert (command["channel_name"], command["user_name"], command["command"]) == ("privategroup", "ann", "/sms")
    assert command["trigger_id"] == used.trigger_id
    assert "thread_ts" not in command
    assert used.posts == []


async def test_an_unanswered_command_is_a_timeout_and_never_repeated(slack: Workspace, bot: Bot) -> None:
    """Without a listener nothing is acknowledged, the person sees a timeout, and nothing is retried."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    slack.settings.ack_seconds = 0.2
    assert (await slack.slash(ann, channel, "/sms")).error == "dispatch_failed"
    async with bot.connected(slack):
        assert (await slack.slash(ann, channel, "/unknown")).error == "operation_timeout"
    assert slack.deliveries.log == []


async def test_shortcuts_bring_a_trigger(slack: Workspace, bot: Bot) -> None:
    """Global and message shortcuts bring a trigger, the latter with its message."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    got: list[dict[str, Any]] = []

    async def keep(ack: Any, shortcut: dict[str, Any]) -> None:
        got.append(shortcut)
        await ack()

    bot.app.global_shortcut("new")(keep)
    bot.app.message_shortcut("details")(keep)
    async with bot.connected(slack):
        ts = await slack.say(ann, channel, "hello")
        assert not (await slack.shortcut(ann, "new")).error
        assert not (await slack.message_shortcut(ann, channel, ts, "details")).error
    assert [one["type"] for one in got] == ["shortcut", "message_action"]
    assert (got[1]["message"]["text"], got[1]["channel"]["id"]) == ("hello", channel)
    assert all(one["trigger_id"] for one in got)


async def test_messages_of_others_cannot_be_clicked(slack: Workspace, client: AsyncWebClient) -> None:
    """Another app's button and a deleted card cannot be clicked."""
    ann, other = slack.add_user("ann"), slack.add_user("other", bot=True)
    channel = slack.add_channel("support")
    foreign = await slack.say(other, channel, "x", blocks=CARD)
    ours = (await client.chat_postMessage(channel=channel, text="card", blocks=CARD))["ts"]
    await slack.delete(ann, channel, ours)
    for ts in (foreign, ours):
        with pytest.raises(NotShown):
            await slack.click(ann, channel, ts, "go")
