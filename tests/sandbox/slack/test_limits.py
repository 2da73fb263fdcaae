"""The app's rate limits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from sandbox.slack import Workspace
from tests.sandbox.slack.conftest import client_of
from tests.sandbox.slack.test_access import refused

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient


async def test_a_channel_takes_one_message_per_second() -> None:
    """After the burst comes 429 with `Retry-After`; other channels are not affected; after the wait posts work."""
    async with Workspace(posts_per_second=1.0, post_burst=2) as slack, client_of(slack) as web:
        one, two = slack.add_channel("one"), slack.add_channel("two")
        for _ in range(2):
            await web.chat_postMessage(channel=one, text="x")
        answer = await refused(web.chat_postMessage(channel=one, text="x"))
        assert (answer["status"], answer["error"], answer["headers"]["Retry-After"]) == (429, "ratelimited", "1")
        await web.chat_postMessage(channel=two, text="x")
        await asyncio.sleep(1.05)
        await web.chat_postMessage(channel=one, text="x")
        assert len(slack.see(one)) == 3
        assert [call.early for call in slack.calls] == [False, False, False, True, False]


async def test_the_defaults_are_slacks() -> None:
    """One post per second with a burst of two; 20 and 50 calls per minute for tiers two and three."""
    async with Workspace() as slack, client_of(slack) as web:
        channel = slack.add_channel("support")
        for _ in range(2):
            await web.chat_postMessage(channel=channel, text="x")
        assert (await refused(web.chat_postMessage(channel=channel, text="x")))["status"] == 429
        for _ in range(50):
            await web.conversations_info(channel=channel)
        answer = await refused(web.conversations_info(channel=channel))
        assert answer["status"] == 429
        assert 50 <= int(answer["headers"]["Retry-After"]) <= 60
        for _ in range(20):
            await web.usergroups_list()
        assert (await refused(web.usergroups_list()))["status"] == 429
        assert (await web.users_info(user=slack.bot_user_id))["ok"]


async def test_a_tier_can_be_scaled_and_is_per_method() -> None:
    """At a tenth of tier three, five calls pass; other methods count separately."""
    async with Workspace(tier_scale=0.1) as slack, client_of(slack) as web:
        channel = slack.add_channel("support")
        for _ in range(5):
            await web.conversations_history(channel=channel)
        assert (await refused(web.conversations_history(channel=channel)))["error"] == "ratelimited"
        assert (await web.conversations_info(channel=channel))["ok"]


async def test_asking_again_too_early_is_refused_again_and_noted(slack: Workspace, client: AsyncWebClient) -> None:
    """A call before `Retry-After` is over gets 429 again, and is marked `early` in the log."""
    fault = slack.faults.ratelimit("auth.test", seconds=2)
    assert (await refused(client.auth_test()))["headers"]["Retry-After"] == "2"
    assert (await refused(client.auth_test()))["status"] == 429
    await asyncio.sleep(2.05)
    assert (await client.auth_test())["ok"]
    assert fault.hits == 1
    assert [call.early for call in slack.calls.of("auth.test")] == [False, True, False]


def test_a_setting_that_means_nothing_is_refused() -> None:
    """`gone_root` must be one of three words."""
    with pytest.raises(ValueError, match="gone_root"):
        Workspace(gone_root="vanish")
