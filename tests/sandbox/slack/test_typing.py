"""Conversion of typed text by a Slack client, and the events that people cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack import NotShown, Workspace
from sandbox.slack import typed_text as reader
from sandbox.slack.blockkit.rich_text import ELEMENT

if TYPE_CHECKING:
    from tests.sandbox.slack.conftest import Bot

NAMES = reader.Names(users={"ann": "U1", "j.doe": "U2"}, channels={"general": "C1"}, custom=frozenset({"parrot"}))
LINES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "plain": ([{"type": "text", "text": "plain"}], "plain"),
    "a < b & c": ([{"type": "text", "text": "a < b & c"}], "a &lt; b &amp; c"),
    "hi @ann!": (
        [{"type": "text", "text": "hi "}, {"type": "user", "user_id": "U1"}, {"type": "text", "text": "!"}],
        "hi <@U1>!",
    ),
    "@j.doe": ([{"type": "user", "user_id": "U2"}], "<@U2>"),
    "@nobody": ([{"type": "text", "text": "@nobody"}], "@nobody"),
    "@here": ([{"type": "broadcast", "range": "here"}], "<!here>"),
    "#general": ([{"type": "channel", "channel_id": "C1"}], "<#C1|>"),
    "see https://example.org/a?b=1&c=2.": (
        [
            {"type": "text", "text": "see "},
            {"type": "link", "url": "https://example.org/a?b=1&c=2"},
            {"type": "text", "text": "."},
        ],
        "see <https://example.org/a?b=1&amp;c=2>.",
    ),
    "ann@example.org": (
        [{"type": "link", "url": "mailto:ann@example.org", "text": "ann@example.org"}],
        "<mailto:ann@example.org|ann@example.org>",
    ),
    "*bold* _it_ ~no~ `x*y*`": (
        [
            {"type": "text", "text": "bold", "style": {"bold": True}},
            {"type": "text", "text": " "},
            {"type": "text", "text": "it", "style": {"italic": True}},
            {"type": "text", "text": " "},
            {"type": "text", "text": "no", "style": {"strike": True}},
            {"type": "text", "text": " "},
            {"type": "text", "text": "x*y*", "style": {"code": True}},
        ],
        "*bold* _it_ ~no~ `x*y*`",
    ),
    "*_both_*": ([{"type": "text", "text": "both", "style": {"bold": True, "italic": True}}], "*_both_*"),
    "2*3*4 snake_case_word": ([{"type": "text", "text": "2*3*4 snake_case_word"}], "2*3*4 snake_case_word"),
    ":tada:": ([{"type": "emoji", "name": "tada", "unicode": "1f389"}], ":tada:"),
    "👋🏼": (
        [{"type": "emoji", "name": "wave", "unicode": "1f44b-1f3fc", "skin_tone": 3}],
        ":wave::skin-tone-3:",
    ),
    ":wave::skin-tone-6:": (
        [{"type": "emoji", "name": "wave", "unicode": "1f44b-1f3ff", "skin_tone": 6}],
        ":wave::skin-tone-6:",
    ),
    ":parrot:": ([{"type": "emoji", "name": "parrot"}], ":parrot:"),
    "10:30:45": ([{"type": "text", "text": "10:30:45"}], "10:30:45"),
    "<@U9> <!subteam^S1> <https://x.org|x>": (
        [
            {"type": "user", "user_id": "U9"},
            {"type": "text", "text": " "},
            {"type": "usergroup", "usergroup_id": "S1"},
            {"type": "text", "text": " "},
            {"type": "link", "url": "https://x.org", "text": "x"},
        ],
        "<@U9> <!subteam^S1> <https://x.org|x>",
    ),
}


@pytest.mark.parametrize("text", LINES)
def test_typed_text_becomes_elements_and_text(text: str) -> None:
    """Typed text becomes the elements and the `text` of Slack's composer."""
    elements, shown = LINES[text]
    top = reader.read(text, NAMES)
    assert top == [{"type": "rich_text_section", "elements": elements}]
    assert reader.mrkdwn(top) == shown


def test_paragraphs_lists_quotes_and_code_are_containers() -> None:
    """Paragraphs, lists, quotes and code each have their own element, in the order of the text."""
    top = reader.read("hello\nyou\n- one\n- two\n1. first\n> said\n```\na *b*\n```\nbye", NAMES)
    assert [one["type"] for one in top] == [
        "rich_text_section",
        "rich_text_list",
        "rich_text_list",
        "rich_text_quote",
        "rich_text_preformatted",
        "rich_text_section",
    ]
    assert reader.mrkdwn(top) == "hello\nyou\n• one\n• two\n1. first\n&gt; said\n```a *b*```\nbye"
    assert reader.read("", NAMES) == []


@given(st.text(alphabet=st.characters(codec="utf-8") | st.sampled_from("*_~`<>&@#:|!\n -")))
def test_any_text_gives_right_elements(text: str) -> None:
    """Any typed text becomes valid elements without an error."""
    for names in (NAMES, reader.Names(escaped=True, mentions=False)):
        for element in reader.read(text, names):
            wrong: list[str] = []
            ELEMENT(element, "", wrong)
            assert not wrong
        reader.mrkdwn(reader.read(text, names))


@given(st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "Z"))))
def test_escaping_can_be_undone(text: str) -> None:
    """Unescaping reverses escaping."""
    assert reader.unescape(reader.escape(text)) == text


async def test_a_message_is_as_a_person_sends_it(slack: Workspace, bot: Bot) -> None:
    """User, `client_msg_id`, team, blocks, escaped text; the envelope has the app, team and event."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    async with bot.connected(slack):
        ts = await slack.say(ann, channel, "1 < 2")
        await slack.wait_for(lambda: bot.events)
    event, body = bot.events[0], bot.bodies[0]
    assert (event["user"], event["ts"], event["event_ts"]) == (ann, ts, ts)
    assert (event["text"], event["channel_type"], event["team"]) == ("1 &lt; 2", "channel", slack.team_id)
    assert event["blocks"][0]["elements"][0]["elements"] == [{"type": "text", "text": "1 < 2"}]
    assert event["client_msg_id"]
    assert (body["type"], body["api_app_id"], body["team_id"]) == ("event_callback", slack.app_id, slack.team_id)
    assert body["authorizations"][0]["user_id"] == slack.bot_user_id
    assert body["event_id"].startswith("Ev")
    assert body["is_ext_shared_channel"] is False


async def test_own_posts_come_back_as_events(slack: Workspace, bot: Bot) -> None:
    """The app's own posts have `bot_id`, `app_id` and `bot_profile`, and no subtype."""
    channel = slack.add_channel("support", private=True)
    async with bot.connected(slack):
        ts = (await bot.web.chat_postMessage(channel=channel, text="hi"))["ts"]
        await slack.wait_for(lambda: bot.events)
    event = bot.events[0]
    assert (event["ts"], event["bot_id"], event["app_id"]) == (ts, slack.bot_id, slack.app_id)
    assert event["bot_profile"]["id"] == slack.bot_id
    assert "subtype" not in event
    assert event["channel_type"] == "group"


async def test_a_reply_raises_what_it_raises_at_slack(slack: Workspace, bot: Bot) -> None:
    """The reply; for the first one a `message_changed` without `edited`; and a `message_replied` without subtype."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    async with bot.connected(slack):
        root = await slack.say(ann, channel, "root")
        await slack.say(ann, channel, "reply", thread_ts=root)
        await slack.say(ann, channel, "again", thread_ts=root)
        await slack.delivered()
    kinds = [(one.get("subtype"), bool(one.get("hidden")), "user" in one) for one in bot.events]
    assert kinds == [
        (None, False, True),
        (None, False, True),
        ("message_changed", True, False),
        (None, True, False),
        (None, False, True),
        (None, True, False),
    ]
    assert "edited" not in bot.events[2]["message"]
    assert "reply_count" not in bot.events[2]["previous_message"]
    assert bot.events[5]["message"]["reply_count"] == 2


async def test_edits_and_deletions_say_what_was(slack: Workspace, bot: Bot) -> None:
    """`message_changed` has `edited` and both versions; `message_deleted` has the old one; a tombstone is a change."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    async with bot.connected(slack):
        ts = await slack.say(ann, channel, "helo")
        await slack.edit(ann, channel, ts, "hello")
        await slack.delete(ann, channel, ts)
        root = (await bot.web.chat_postMessage(channel=channel, text="root"))["ts"]
        await slack.say(ann, channel, "reply", thread_ts=root)
        await slack.delete(ann, channel, root)
        await slack.delivered()
    changed, deleted = bot.events[1:3]
    assert (changed["message"]["text"], changed["previous_message"]["text"]) == ("hello", "helo")
    assert changed["message"]["edited"]["user"] == ann
    assert (deleted["deleted_ts"], deleted["previous_message"]["text"]) == (ts, "hello")
    tombstone = bot.events[-1]
    assert tombstone["message"]["subtype"] == "tombstone"
    assert tombstone["previous_message"]["bot_id"] == slack.bot_id


async def test_strange_kinds_of_messages(slack: Workspace, bot: Bot) -> None:
    """Other bots, /me, redacted content, strangers and broadcasts look as at Slack."""
    ann, other = slack.add_user("ann"), slack.add_user("other", bot=True)
    zoe = slack.add_user("zoe", stranger=True)
    channel = slack.add_channel("shared", shared=True)
    async with bot.connected(slack):
        await slack.say(ann, channel, "waves", subtype="me_message")
        await slack.say(ann, channel, "secret", subtype="ekm_access_denied")
        await slack.say(other, channel, "beep")
        await slack.say(other, channel, "boop", subtype="bot_message")
        root = await slack.say(zoe, channel, "hello from outside")
        await slack.say(ann, channel, "to all", thread_ts=root, broadcast=True)
        await slack.delivered()
    me, denied, beep, boop, stranger, loud = bot.events[:6]
    assert "client_msg_id" not in me
    assert (denied["user"], "secret" in str(denied)) == ("UREVOKEDU", False)
    assert beep["bot_id"]
    assert "user" not in boop
    assert stranger["user_team"] != slack.team_id
    assert bot.bodies[4]["is_ext_shared_channel"] is True
    assert (loud["subtype"], loud["root"]["ts"]) == ("thread_broadcast", root)


async def test_people_cannot_do_what_the_client_does_not_offer(slack: Workspace) -> None:
    """Nobody can post outside their channels, reply to nothing, or edit others' messages."""
    ann, guest, channel = slack.add_user("ann"), slack.add_user("gus", guest=True), slack.add_channel("support")
    zoe = slack.add_user("zoe", stranger=True)
    ts = await slack.say(ann, channel, "hi")
    reply = await slack.say(ann, channel, "hi", thread_ts=ts)
    tries = [
        slack.say(zoe, channel, "x"),
        slack.say(ann, channel, "x", thread_ts="1.000001"),
        slack.say(ann, channel, "x", thread_ts=reply),
        slack.say(ann, channel, [{"type": "shout"}]),
        slack.edit(guest, channel, ts, "x"),
        slack.delete(guest, channel, ts),
        slack.slash(zoe, channel, "/sms"),
        slack.shortcut(zoe, "new"),
        slack.click(ann, channel, ts, "x"),
    ]
    for attempt in tries:
        with pytest.raises(NotShown):
            await attempt


async def test_elements_can_be_given_instead_of_text(slack: Workspace) -> None:
    """A list of rich text elements is used as it is."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    link = {"type": "link", "url": "tel:+15551234567", "text": "+15551234567"}
    ts = await slack.say(ann, channel, [{"type": "text", "text": "call "}, link])
    shown = slack.message(channel, ts)
    assert shown is not None
    assert shown["text"] == "call <tel:+15551234567|+15551234567>"


def test_special_controls_become_elements() -> None:
    """Dates, channels and user groups in an app's text become elements; other text stays."""
    names = reader.Names(escaped=True, mentions=False)
    text = "<!date^1763766000^{date}^https://x.org|then> <#C1|general> <!channel> <nothing> a &lt; b"
    kinds = [one["type"] for one in reader.inline(text, names) if one["type"] != "text"]
    assert kinds == ["date", "channel", "broadcast"]
    assert reader.inline("<!date^soon^x|y>", names)[0]["type"] == "text"
    literal = reader.Names(formatting=False, mentions=False)
    assert reader.read("*a* `b`", literal)[0]["elements"] == [
        {"type": "text", "text": "*a* `b`"},
    ]
    dated = [{"type": "date", "timestamp": 1, "format": "{date}", "fallback": "then"}]
    assert reader.mrkdwn([{"type": "rich_text_section", "elements": dated}]) == "<!date^1^{date}|then>"
