"""Access to methods, and their arguments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from sandbox.slack import SCOPES, Workspace
from tests.sandbox.slack.conftest import client_of

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient


async def refused(awaitable: Any) -> dict[str, Any]:
    """Returns Slack's answer to a call that it must reject."""
    with pytest.raises(SlackApiError) as caught:
        await awaitable
    answer = caught.value.response
    return {**answer.data, "status": answer.status_code, "headers": answer.headers}


@pytest.mark.parametrize(
    ("token", "error"),
    [("", "not_authed"), ("xoxb-wrong", "invalid_auth"), ("app", "not_allowed_token_type")],
)
async def test_a_call_needs_the_right_token(slack: Workspace, token: str, error: str) -> None:
    """A missing token, a wrong one and the app-level one are rejected, each with its own error code."""
    async with client_of(slack, slack.app_token if token == "app" else token) as web:
        assert (await refused(web.auth_test()))["error"] == error


async def test_a_connection_needs_the_app_level_token(slack: Workspace, client: AsyncWebClient) -> None:
    """apps.connections.open rejects the bot token."""
    answer = await refused(client.apps_connections_open(app_token=slack.bot_token))
    assert answer["error"] == "not_allowed_token_type"
    assert (await client.apps_connections_open(app_token=slack.app_token))["url"].startswith("ws://127.0.0.1")
    headers, url = {"Authorization": f"Bearer {slack.app_token}"}, slack.api_url + "apps.connections.open"
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as by_get:
        assert (await by_get.json())["error"] == "insecure_request"


async def test_a_revoked_token_is_worth_nothing_until_it_is_restored(slack: Workspace, client: AsyncWebClient) -> None:
    """Methods then answer `token_revoked` or `account_inactive`."""
    for error in ("token_revoked", "account_inactive"):
        await slack.revoke_token(error)
        assert (await refused(client.auth_test()))["error"] == error
    slack.restore_token()
    assert (await client.auth_test())["ok"]


async def test_a_missing_scope_is_named() -> None:
    """`needed` and `provided` name the scopes, and the header has the granted ones."""
    scopes = tuple(scope for scope in SCOPES if scope not in ("reactions:write", "groups:history"))
    async with Workspace(scopes=scopes) as slack, client_of(slack) as web:
        private = slack.add_channel("secret", private=True)
        answer = await refused(web.reactions_add(channel=private, name="tada", timestamp="1.000000"))
        assert (answer["error"], answer["needed"]) == ("missing_scope", "reactions:write")
        assert answer["provided"] == ",".join(scopes) == answer["headers"]["x-oauth-scopes"]
        answer = await refused(web.conversations_history(channel=private))
        assert answer["needed"] == "groups:history"
        answer = await refused(web.users_conversations(types="im"))
        assert answer["needed"] == "im:read"


async def test_a_custom_name_needs_its_scope(slack: Workspace, client: AsyncWebClient) -> None:
    """Posting under another name needs `chat:write.customize`."""
    channel = slack.add_channel("support")
    answer = await refused(client.chat_postMessage(channel=channel, text="hi", username="Bond"))
    assert answer["needed"] == "chat:write.customize"


async def test_unknown_and_missing_arguments_are_all_named(slack: Workspace, client: AsyncWebClient) -> None:
    """`invalid_arguments` lists unknown, missing and mistyped arguments."""
    channel = slack.add_channel("support")
    answer = await refused(client.api_call("chat.postMessage", json={"text": "hi", "colour": "red"}))
    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] unsupported argument: colour",
        "[ERROR] missing required field: channel",
    ]
    answer = await refused(client.api_call("chat.postMessage", json={"channel": channel, "text": 5}))
    assert answer["errors"] == ["must provide a string [json-pointer:/text]"]
    answer = await refused(client.api_call("chat.postMessage", json={"channel": channel, "te-xt": "hi"}))
    assert answer["error"] == "invalid_arg_name"
    answer = await refused(client.api_call("conversations.history", params={"channel": channel, "limit": "many"}))
    assert answer["errors"] == ["must provide an integer [json-pointer:/limit]"]
    answer = await refused(client.api_call("chat.postMessage", json={"channel": channel, "mrkdwn": "yes", "text": "x"}))
    assert answer["errors"] == ["must provide a boolean [json-pointer:/mrkdwn]"]


async def test_arguments_may_come_in_any_form(slack: Workspace) -> None:
    """A form with JSON in it, a query, and JSON are equivalent; the token may be in a form, but not in JSON."""
    channel = slack.add_channel("support")
    blocks = [{"type": "divider"}]
    async with aiohttp.ClientSession() as session:
        url = slack.api_url + "chat.postMessage"
        form = {"token": slack.bot_token, "channel": channel, "text": "x", "blocks": json.dumps(blocks)}
        async with session.post(url, data=form) as answer:
            assert (await answer.json())["message"]["blocks"][0]["type"] == "divider"
        headers = {"Authorization": f"Bearer {slack.bot_token}"}
        async with session.get(url, params={"channel": channel, "text": "x"}, headers=headers) as answer:
            assert (await answer.json())["ok"]
        async with session.post(url, json={"token": slack.bot_token, "channel": channel, "text": "x"}) as answer:
            assert (await answer.json())["error"] == "not_authed"
        async with session.post(url, data=b"{", headers={**headers, "Content-Type": "application/json"}) as answer:
            assert (await answer.json())["error"] == "invalid_json"
        async with session.post(url, data=b"[]", headers={**headers, "Content-Type": "application/json"}) as answer:
            assert (await answer.json())["error"] == "json_not_object"
        async with session.post(url, data=b"x", headers={**headers, "Content-Type": "text/plain"}) as answer:
            assert (await answer.json())["error"] == "invalid_post_type"


async def test_an_unknown_method_and_a_foreign_team_are_refused(slack: Workspace, client: AsyncWebClient) -> None:
    """A wrong name is `unknown_method`; our own team id is allowed in any call, another is not."""
    assert (await refused(client.api_call("chat.shout")))["error"] == "unknown_method"
    assert (await client.api_call("auth.test", params={"team_id": slack.team_id}))["ok"]
    assert (await refused(client.api_call("auth.test", params={"team_id": "T0OTHER"})))["error"] == "team_not_found"


async def test_every_call_is_in_the_log(slack: Workspace, client: AsyncWebClient) -> None:
    """The log has the method, the arguments without the token, and the result."""
    channel = slack.add_channel("support")
    await client.chat_postMessage(channel=channel, text="hello")
    await refused(client.chat_postMessage(channel="C0NOWHERE", text="hello"))
    first, second = slack.calls.of("chat.postMessage")
    assert (first.arguments, first.status, first.error, first.done) == (
        {"channel": channel, "text": "hello"},
        200,
        "",
        True,
    )
    assert (second.error, second.done) == ("channel_not_found", False)
    assert slack.calls.failed("channel_not_found") == [second]
    shown = repr([first, slack.settings, *slack.world.store.channels.values(), *slack.deliveries.log])
    assert not any(secret in shown for secret in ("hello", slack.signing_secret, slack.bot_token))


async def test_users_and_groups_are_described(slack: Workspace, client: AsyncWebClient) -> None:
    """Slack distinguishes guests, strangers, bots and deactivated users; groups list their members."""
    ann, guest = slack.add_user("ann"), slack.add_user("gus", guest=True)
    stranger, other = slack.add_user("zoe", stranger=True), slack.add_user("other", bot=True)
    group = slack.add_group("support", [ann, guest])
    off = slack.add_group("old", [ann], enabled=False)
    users = {one: (await client.users_info(user=one))["user"] for one in (ann, guest, stranger, other)}
    assert users[guest]["is_restricted"]
    assert not users[ann]["is_restricted"]
    assert users[stranger]["is_stranger"]
    assert users[stranger]["team_id"] != slack.team_id
    assert users[other]["is_bot"]
    slack.deactivate(ann)
    assert (await client.users_info(user=ann))["user"]["deleted"]
    assert (await refused(client.users_info(user="U0NOBODY")))["error"] == "user_not_found"
    listed = await client.usergroups_list(include_users=True, include_count=True)
    assert [(one["id"], one["users"], one["user_count"]) for one in listed["usergroups"]] == [(group, [ann, guest], 2)]
    assert (await client.usergroups_users_list(usergroup=group))["users"] == [ann, guest]
    assert (await refused(client.usergroups_users_list(usergroup=off)))["error"] == "no_such_subteam"
    assert len((await client.usergroups_list(include_disabled=True))["usergroups"]) == 2
