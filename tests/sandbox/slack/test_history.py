"""Reading channels and threads page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.slack.test_access import refused

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from sandbox.slack import Workspace


async def test_history_is_newest_first_and_pages_to_the_end(slack: Workspace, client: AsyncWebClient) -> None:
    """Pages have no gaps or repeats, even while new messages arrive."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    said = [await slack.say(ann, channel, f"m{number}") for number in range(7)]
    first = await client.conversations_history(channel=channel, limit=3)
    await slack.say(ann, channel, "late")
    cursor = first["response_metadata"]["next_cursor"]
    second = await client.conversations_history(channel=channel, limit=3, cursor=cursor)
    third = await client.conversations_history(
        channel=channel, limit=3, cursor=second["response_metadata"]["next_cursor"]
    )
    found = [one["ts"] for page in (first, second, third) for one in page["messages"]]
    assert found == said[::-1]
    assert first["has_more"]
    assert not third["has_more"]


async def test_the_bounds_are_exclusive_unless_asked_otherwise(slack: Workspace, client: AsyncWebClient) -> None:
    """`oldest` and `latest` exclude the message at the bound; `inclusive` includes it."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    said = [await slack.say(ann, channel, f"m{number}") for number in range(4)]
    bounds: dict[str, Any] = {"channel": channel, "oldest": said[0], "latest": said[3]}
    outside = await client.conversations_history(**bounds)
    inside = await client.conversations_history(**bounds, inclusive=True)
    assert [one["ts"] for one in outside["messages"]] == [said[2], said[1]]
    assert [one["ts"] for one in inside["messages"]] == said[::-1]


async def test_replies_have_their_root_on_every_page(slack: Workspace, client: AsyncWebClient) -> None:
    """Replies are oldest first; `oldest` limits the replies, not the root."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    root = await slack.say(ann, channel, "root")
    said = [await slack.say(ann, channel, f"r{number}", thread_ts=root) for number in range(4)]
    first = await client.conversations_replies(channel=channel, ts=root, limit=3)
    cursor = first["response_metadata"]["next_cursor"]
    second = await client.conversations_replies(channel=channel, ts=root, limit=3, cursor=cursor)
    assert [one["ts"] for one in first["messages"]] == [root, *said[:2]]
    assert [one["ts"] for one in second["messages"]] == [root, *said[2:]]
    assert first["messages"][0]["latest_reply"] == said[-1]
    late = await client.conversations_replies(channel=channel, ts=root, oldest=said[2])
    assert [one["ts"] for one in late["messages"]] == [root, said[3]]
    assert late["messages"][1]["parent_user_id"] == ann
    alone = await client.conversations_replies(channel=channel, ts=said[0])
    assert [one["ts"] for one in alone["messages"]] == [said[0]]


async def test_replies_are_not_in_history_and_roots_count_them(slack: Workspace, client: AsyncWebClient) -> None:
    """The root in history has the number of replies."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    root = await slack.say(ann, channel, "root")
    await slack.say(ann, channel, "reply", thread_ts=root)
    history = (await client.conversations_history(channel=channel))["messages"]
    assert [(one["ts"], one["reply_count"]) for one in history] == [(root, 1)]


async def test_metadata_is_whole_only_where_it_is_asked_for(slack: Workspace, client: AsyncWebClient) -> None:
    """Without `include_all_metadata` the payload is omitted."""
    channel = slack.add_channel("support")
    metadata = {"event_type": "sms", "event_payload": {"k": "1"}}
    await client.chat_postMessage(channel=channel, text="x", metadata=metadata)
    bare = await client.conversations_history(channel=channel)
    whole = await client.conversations_history(channel=channel, include_all_metadata=True)
    assert bare["messages"][0]["metadata"] == {"event_type": "sms"}
    assert whole["messages"][0]["metadata"] == metadata


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"limit": 1000}, "invalid_limit"),
        ({"limit": -1}, "invalid_limit"),
        ({"cursor": "nonsense"}, "invalid_cursor"),
        ({"oldest": "yesterday"}, "invalid_ts_oldest"),
        ({"latest": "now"}, "invalid_ts_latest"),
    ],
)
async def test_bad_pages_are_refused(
    slack: Workspace, client: AsyncWebClient, more: dict[str, str], error: str
) -> None:
    """Invalid limits, cursors and bounds are rejected."""
    channel = slack.add_channel("support")
    answer = await refused(client.api_call("conversations.history", params={"channel": channel, **more}))
    assert answer["error"] == error


async def test_reading_needs_membership(slack: Workspace, client: AsyncWebClient) -> None:
    """History is for members; a public channel's info is for everyone."""
    outside = slack.add_channel("outside", member=False)
    hidden = slack.add_channel("hidden", private=True, member=False)
    assert (await refused(client.conversations_history(channel=outside)))["error"] == "not_in_channel"
    assert (await refused(client.conversations_history(channel=hidden)))["error"] == "channel_not_found"
    assert not (await client.conversations_info(channel=outside))["channel"]["is_member"]
    assert (await refused(client.conversations_info(channel=hidden)))["error"] == "channel_not_found"


async def test_own_channels_are_listed_by_kind_and_page(slack: Workspace, client: AsyncWebClient) -> None:
    """users.conversations lists the app's channels; by default the public ones."""
    public = [slack.add_channel(f"c{number}") for number in range(3)]
    private = slack.add_channel("secret", private=True)
    slack.add_channel("outside", member=False)
    await slack.archive(public[2])
    listed = await client.users_conversations(types="public_channel,private_channel", limit=3)
    cursor = listed["response_metadata"]["next_cursor"]
    rest = await client.users_conversations(types="public_channel,private_channel", limit=3, cursor=cursor)
    assert [one["id"] for page in (listed, rest) for one in page["channels"]] == [*public, private]
    assert not rest["response_metadata"]["next_cursor"]
    open_ones = await client.users_conversations(exclude_archived=True)
    assert [one["id"] for one in open_ones["channels"]] == public[:2]
    assert (await refused(client.users_conversations(types="club")))["error"] == "invalid_types"
