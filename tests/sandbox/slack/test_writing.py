"""Posting, editing and deleting messages: what Slack accepts, rejects and changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.slack import Workspace
from tests.sandbox.slack.conftest import client_of
from tests.sandbox.slack.test_access import refused

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient


async def test_where_nobody_can_write(slack: Workspace, client: AsyncWebClient) -> None:
    """Unknown, foreign, private and archived channels are rejected, each with its own error code."""
    outside = slack.add_channel("outside", member=False)
    hidden = slack.add_channel("hidden", private=True, member=False)
    old = slack.add_channel("old")
    await slack.archive(old)
    for channel, error in {
        "C0NOWHERE": "channel_not_found",
        "#outside": "channel_not_found",
        outside: "not_in_channel",
        hidden: "channel_not_found",
        old: "is_archived",
    }.items():
        assert (await refused(client.chat_postMessage(channel=channel, text="hi")))["error"] == error


async def test_an_empty_message_is_refused(slack: Workspace, client: AsyncWebClient) -> None:
    """White space and empty blocks are `no_text` too."""
    channel = slack.add_channel("support")
    empty: list[dict[str, Any]] = [{"text": ""}, {"text": " \n"}, {"blocks": []}, {}]
    for args in empty:
        call = client.api_call("chat.postMessage", json={"channel": channel, **args})
        assert (await refused(call))["error"] == "no_text"


async def test_long_text_is_cut_when_posted_and_refused_when_updated(slack: Workspace, client: AsyncWebClient) -> None:
    """A post is cut to 40,000 characters; an update may have 4,000."""
    channel = slack.add_channel("support")
    posted = await client.chat_postMessage(channel=channel, text="x" * 40_001)
    assert len(posted["message"]["text"]) == 40_000
    assert (await client.chat_update(channel=channel, ts=posted["ts"], text="y" * 4_000))["ok"]
    answer = await refused(client.chat_update(channel=channel, ts=posted["ts"], text="y" * 4_001))
    assert answer["error"] == "msg_too_long"


async def test_an_update_drops_blocks_and_keeps_metadata(slack: Workspace, client: AsyncWebClient) -> None:
    """Text alone replaces the blocks; metadata stays unless new is given; `edited` has the user."""
    channel = slack.add_channel("support")
    metadata = {"event_type": "sms", "event_payload": {"k": "1"}}
    posted = await client.chat_postMessage(channel=channel, text="a", blocks=[{"type": "divider"}], metadata=metadata)
    await client.chat_update(channel=channel, ts=posted["ts"], text="b")
    shown = slack.message(channel, posted["ts"])
    assert shown is not None
    assert [block["type"] for block in shown["blocks"]] == ["rich_text"]
    assert shown["metadata"] == metadata
    assert shown["edited"]["user"] == slack.bot_user_id


async def test_only_own_messages_can_be_changed_or_deleted(slack: Workspace, client: AsyncWebClient) -> None:
    """People's messages are rejected; a deleted message is not found."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    await slack.join(channel, ann)
    ts = await slack.say(ann, channel, "mine")
    assert (await refused(client.chat_update(channel=channel, ts=ts, text="x")))["error"] == "cant_update_message"
    assert (await refused(client.chat_delete(channel=channel, ts=ts)))["error"] == "cant_delete_message"
    await slack.delete(ann, channel, ts)
    assert (await refused(client.chat_update(channel=channel, ts=ts, text="x")))["error"] == "message_not_found"
    assert (await refused(client.chat_getPermalink(channel=channel, message_ts=ts)))["error"] == "message_not_found"


async def test_a_thread_needs_its_root(slack: Workspace, client: AsyncWebClient) -> None:
    """A root that never existed, a malformed one, a reply and a system message are rejected as roots."""
    channel = slack.add_channel("support")
    root = (await client.chat_postMessage(channel=channel, text="root"))["ts"]
    reply = await client.chat_postMessage(channel=channel, text="reply", thread_ts=root)
    assert reply["message"]["thread_ts"] == root
    await slack.rename(channel, "help")
    notice = slack.see(channel)[-1]["ts"]
    for ts, error in {
        "1.000001": "thread_not_found",
        "yesterday": "invalid_arguments",
        reply["ts"]: "cannot_reply_to_message",
        notice: "cannot_reply_to_message",
    }.items():
        assert (await refused(client.chat_postMessage(channel=channel, text="x", thread_ts=ts)))["error"] == error


async def test_a_broadcast_reply_is_in_the_channel_too(slack: Workspace, client: AsyncWebClient) -> None:
    """`thread_broadcast` is one message in two places."""
    channel = slack.add_channel("support")
    root = (await client.chat_postMessage(channel=channel, text="root"))["ts"]
    await client.chat_postMessage(channel=channel, text="quiet", thread_ts=root)
    loud = (await client.chat_postMessage(channel=channel, text="loud", thread_ts=root, reply_broadcast=True))["ts"]
    assert [one["ts"] for one in slack.see(channel)] == [root, loud]
    history = await client.conversations_history(channel=channel)
    assert [one.get("subtype") for one in history["messages"]] == ["thread_broadcast", None]
    assert len(slack.thread(channel, root)) == 3


@pytest.mark.parametrize("how", ["top_level", "threaded", "error"])
async def test_a_deleted_root_without_replies_does_as_it_is_set(how: str) -> None:
    """A reply to it silently loses its thread, keeps it, or is rejected, as set: Slack's documents do not say."""
    async with Workspace(gone_root=how, posts_per_second=None) as slack, client_of(slack) as web:
        ann, channel = slack.add_user("ann"), slack.add_channel("support")
        root = (await web.chat_postMessage(channel=channel, text="root"))["ts"]
        await slack.delete(ann, channel, root)
        if how == "error":
            answer = await refused(web.chat_postMessage(channel=channel, text="x", thread_ts=root))
            assert answer["error"] == "thread_not_found"
        else:
            posted = await web.chat_postMessage(channel=channel, text="x", thread_ts=root)
            assert posted["message"].get("thread_ts") == (root if how == "threaded" else None)


async def test_a_deleted_root_with_replies_is_a_tombstone(slack: Workspace, client: AsyncWebClient) -> None:
    """The thread goes on below the tombstone, which disappears with its last reply."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    root = (await client.chat_postMessage(channel=channel, text="root"))["ts"]
    first = await slack.say(ann, channel, "one", thread_ts=root)
    await slack.delete(ann, channel, root)
    second = (await client.chat_postMessage(channel=channel, text="two", thread_ts=root))["ts"]
    found = (await client.conversations_replies(channel=channel, ts=root))["messages"]
    assert [one["ts"] for one in found] == [root, first, second]
    assert (found[0]["subtype"], found[0]["user"]) == ("tombstone", "USLACKBOT")
    assert (await refused(client.chat_update(channel=channel, ts=root, text="x")))["error"] == "message_not_found"
    await slack.delete(ann, channel, first)
    await client.chat_delete(channel=channel, ts=second)
    answer = await refused(client.conversations_replies(channel=channel, ts=root))
    assert answer["error"] == "thread_not_found"


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"event_type": "sms"}, "invalid_metadata_format"),
        ({"event_type": "", "event_payload": {}}, "invalid_metadata_format"),
        ({"event_type": "sms", "event_payload": []}, "invalid_metadata_format"),
        ({"event_type": "sms", "event_payload": {}, "more": 1}, "invalid_metadata_format"),
        ({"event_type": "sms", "event_payload": {"k": "x" * 8_000}}, "metadata_too_large"),
        ("[]", "invalid_metadata_format"),
    ],
)
async def test_metadata_has_its_shape(
    slack: Workspace, client: AsyncWebClient, metadata: dict[str, Any], error: str
) -> None:
    """Metadata is a type and a limited payload."""
    channel = slack.add_channel("support")
    answer = await refused(client.chat_postMessage(channel=channel, text="x", metadata=metadata))
    assert answer["error"] == error


async def test_the_text_of_a_post_is_kept_as_slack_keeps_it(slack: Workspace, client: AsyncWebClient) -> None:
    """URLs get brackets, emoji their names, bare ampersands are escaped; controls stay."""
    channel = slack.add_channel("support")
    posted = await client.chat_postMessage(channel=channel, text="a & b <@U1> 👋🏼 https://example.org/x.")
    assert posted["message"]["text"] == "a &amp; b <@U1> :wave::skin-tone-3: <https://example.org/x>."


async def test_who_is_pinged_and_what_is_linked_can_be_asked(slack: Workspace, client: AsyncWebClient) -> None:
    """Controls in text and mrkdwn notify; literal rich text and escaped text do not."""
    channel = slack.add_channel("support")
    loud = (await client.chat_postMessage(channel=channel, text="<!channel> see <https://example.org|this>"))["message"]
    assert set(slack.pings(loud)) == {"<!channel>"}
    assert set(slack.links(loud)) == {"https://example.org"}
    literal = {"type": "text", "text": "<!channel> @here https://example.org <@U1>"}
    block = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [literal]}]}
    safe = await client.chat_postMessage(channel=channel, text="&lt;!channel&gt;", blocks=[block])
    assert slack.pings(safe["message"]) == slack.links(safe["message"]) == []
    assert slack.words(safe["message"]) == literal["text"]
    named = {"type": "section", "text": {"type": "mrkdwn", "text": "<@U1> <!subteam^S1>"}}
    assert slack.pings((await client.chat_postMessage(channel=channel, text="x", blocks=[named]))["message"]) == [
        "<@U1>",
        "<!subteam^S1>",
    ]


async def test_a_link_is_unfurled_unless_it_is_asked_not_to(slack: Workspace, client: AsyncWebClient) -> None:
    """Previews come later, without `edited`; `unfurl_…=False` for both kinds prevents them."""
    channel = slack.add_channel("support")
    one = (await client.chat_postMessage(channel=channel, text="https://example.org"))["ts"]
    off: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False}
    two = (await client.chat_postMessage(channel=channel, text="https://example.org", **off))["ts"]
    shown = await slack.wait_for(lambda: (slack.message(channel, one) or {}).get("attachments"))
    assert shown is not None
    assert shown[0]["from_url"] == "https://example.org"
    assert "edited" not in (slack.message(channel, one) or {})
    assert "attachments" not in (slack.message(channel, two) or {})


async def test_ephemerals_are_for_one_user_until_they_reload(slack: Workspace, client: AsyncWebClient) -> None:
    """Ephemerals are in no history, cannot be edited, and disappear on reload."""
    ann, ben, channel = slack.add_user("ann"), slack.add_user("ben"), slack.add_channel("support")
    posted = await client.chat_postEphemeral(channel=channel, user=ann, text="only you")
    assert [one["text"] for one in slack.ephemerals(ann)] == ["only you"]
    assert slack.ephemerals(ben) == slack.see(channel) == []
    answer = await refused(client.chat_update(channel=channel, ts=posted["message_ts"], text="x"))
    assert answer["error"] == "message_not_found"
    slack.reload(ann)
    assert slack.ephemerals(ann) == []
    stranger = slack.add_user("zoe", stranger=True)
    answer = await refused(client.chat_postEphemeral(channel=channel, user=stranger, text="x"))
    assert answer["error"] == "user_not_in_channel"


async def test_attachments_and_markdown_text_have_their_rules(slack: Workspace, client: AsyncWebClient) -> None:
    """At most 100 attachments; markdown_text excludes all other content."""
    channel = slack.add_channel("support")
    answer = await refused(client.chat_postMessage(channel=channel, text="x", attachments=[{"text": "y"}] * 101))
    assert answer["error"] == "too_many_attachments"
    answer = await refused(client.chat_postMessage(channel=channel, text="x", markdown_text="y"))
    assert answer["error"] == "markdown_text_conflict"
    answer = await refused(client.chat_postMessage(channel=channel, markdown_text="y" * 12_001))
    assert answer["error"] == "msg_too_long"
    assert (await client.chat_postMessage(channel=channel, markdown_text="**y**"))["ok"]


async def test_reactions_are_added_once_and_removed_once(slack: Workspace, client: AsyncWebClient) -> None:
    """`already_reacted`, `no_reaction`, `invalid_name`, `message_not_found`."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    ts = await slack.say(ann, channel, "hi")
    mark = {"channel": channel, "timestamp": ts, "name": "white_check_mark"}
    await client.reactions_add(**mark)
    assert (await refused(client.reactions_add(**mark)))["error"] == "already_reacted"
    assert (slack.message(channel, ts) or {})["reactions"][0]["count"] == 1
    await client.reactions_remove(**mark)
    assert (await refused(client.reactions_remove(**mark)))["error"] == "no_reaction"
    assert (await refused(client.reactions_add(**{**mark, "name": "no-such"})))["error"] == "invalid_name"
    answer = await refused(client.reactions_add(**{**mark, "timestamp": "1.000001"}))
    assert answer["error"] == "message_not_found"


async def test_a_permalink_names_the_channel_and_the_thread(slack: Workspace, client: AsyncWebClient) -> None:
    """A reply's permalink has its root."""
    channel = slack.add_channel("support")
    root = (await client.chat_postMessage(channel=channel, text="root"))["ts"]
    reply = (await client.chat_postMessage(channel=channel, text="reply", thread_ts=root))["ts"]
    link = (await client.chat_getPermalink(channel=channel, message_ts=reply))["permalink"]
    assert link.endswith(f"/archives/{channel}/p{reply.replace('.', '')}?thread_ts={root}&cid={channel}")


async def test_blocks_in_attachments_are_checked_too(slack: Workspace, client: AsyncWebClient) -> None:
    """Attachments are objects, and their blocks follow the rules."""
    channel = slack.add_channel("support")
    good = [{"fallback": "x", "blocks": [{"type": "divider"}]}]
    posted = await client.chat_postMessage(channel=channel, text="x", attachments=good)
    assert posted["message"]["attachments"][0]["id"] == 1
    bad = [{"fallback": "x", "blocks": [{"type": "card"}]}]
    answer = await refused(client.chat_postMessage(channel=channel, text="x", attachments=bad))
    assert answer["error"] == "invalid_blocks"
    call = client.api_call("chat.postMessage", json={"channel": channel, "attachments": ["x"]})
    assert (await refused(call))["error"] == "invalid_attachments"


async def test_names_in_an_apps_text_count_only_if_asked(slack: Workspace, client: AsyncWebClient) -> None:
    """With `link_names`, "@ann" and "@here" notify; without it, they are plain text."""
    slack.add_user("ann")
    channel = slack.add_channel("support")
    quiet = (await client.chat_postMessage(channel=channel, text="@here @ann"))["message"]
    loud = (await client.chat_postMessage(channel=channel, text="@here @ann", link_names=True))["message"]
    assert slack.pings(quiet) == []
    assert len(slack.pings(loud)) == 2
    assert slack.words({"text": "a &amp; b"}) == "a & b"
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "&lt;hi&gt;"}}
    assert slack.words({"text": "x", "blocks": [section]}) == "<hi>"


async def test_a_message_takes_so_many_reactions(slack: Workspace, client: AsyncWebClient) -> None:
    """A message takes 23 reactions of one app, and 50 kinds in all; another user's reaction is counted."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    ts = await slack.say(ann, channel, "hi")
    for number in range(50):
        slack.add_emoji(f"e{number}")
    await slack.react(ann, channel, ts, "e0")
    for number in range(23):
        await client.reactions_add(channel=channel, timestamp=ts, name=f"e{number}")
    assert (slack.message(channel, ts) or {})["reactions"][0]["count"] == 2
    answer = await refused(client.reactions_add(channel=channel, timestamp=ts, name="e30"))
    assert answer["error"] == "too_many_emoji"
    other = await slack.say(ann, channel, "hi")
    for number in range(50):
        await slack.react(ann, channel, other, f"e{number}")
    answer = await refused(client.reactions_add(channel=channel, timestamp=other, name="tada"))
    assert answer["error"] == "too_many_reactions"
    await slack.archive(channel)
    answer = await refused(client.reactions_add(channel=channel, timestamp=ts, name="tada"))
    assert answer["error"] == "is_archived"
    assert (await refused(client.chat_update(channel=channel, ts=ts, text="x")))["error"] == "cant_update_message"


async def test_what_stands_in_the_workspace_can_be_listed(slack: Workspace) -> None:
    """Channels and users can be listed as a page shows them, and a test can wait for the next change."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    assert [one["id"] for one in slack.channels()] == [channel]
    assert [one["id"] for one in slack.users()] == [slack.bot_user_id, ann]
    change = slack.world.spawn(slack.changed())
    await slack.say(ann, channel, "hi")
    await change
    with pytest.raises(TimeoutError):
        await slack.wait_for(lambda: slack.see(channel)[1:], 0.05)
    assert slack.thread(channel, "1.000001") == []
