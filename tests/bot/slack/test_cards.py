"""Posts that the team sees: each is within Slack's limits, and nothing from a customer acts as markup."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.views import cards
from bot.slack.views.cards import (
    AlertView,
    Button,
    CardView,
    Confirm,
    ContactView,
    InboundText,
    OutboundView,
    SenderView,
    Stage,
    StatusLineView,
)
from bot.slack.views.help import help_text
from tests.bot.slack.slack_limits import (
    AT,
    CONTACTS,
    FAMILY,
    HOSTILE,
    LONG,
    TIMES,
    TOKENS,
    TOLD,
    TOLD_DAY,
    TOLD_MOMENT,
    ZALGO,
    bodies,
    check,
    labels,
    only,
    walk,
)

ANNA = ContactView("Anna", "+61400000000", "AU")
CLOSE = Button("close", "Close", "conversation:1", "danger", Confirm("Close?", "The next text opens it again."))
TEXTS = st.builds(
    InboundText,
    text=HOSTILE,
    at=st.just(AT),
    late=st.booleans(),
    possibly_repeat=st.booleans(),
    recovered_from=HOSTILE,
    attachments=st.integers(0, 3),
)


# --- contacts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("+61400000000", "+61 400 000 000"),
        ("12345", "12345"),
        ("Acme", "Acme"),
        ("client:alice", "client:alice"),
        ("not an <address> at all", "not an <address> at all"),
    ],
)
def test_spaced(address: str, expected: str) -> None:
    """Numbers get spaces for readers; other addresses stay unchanged."""
    assert cards.spaced(address) == expected


@pytest.mark.parametrize(
    ("region", "flag", "country"),
    [
        ("AU", ":flag-au:", "Australia"),
        ("gb", ":flag-gb:", "United Kingdom"),
        ("ZZ", "", ""),
        ("001", "", ""),
        ("!!", "", ""),
        ("", "", ""),
        (None, "", ""),
    ],
)
def test_country(region: str | None, flag: str, country: str) -> None:
    """A country has a flag and a name; any other region has none."""
    assert cards.flag(region) == flag
    assert cards.country(region) == country


def test_title() -> None:
    """A contact's title is the name, else the number, and never empty."""
    assert cards.title(ANNA) == "Anna"
    assert cards.title(ContactView(" Anna \n Smith\u202e ", "+61400000000")) == "Anna Smith"
    assert cards.title(ContactView(" \n", "+61400000000")) == "+61 400 000 000"
    assert cards.title(ContactView(None, "")) == "No number"


# --- texts ------------------------------------------------------------------------------------------------------------


def test_one_text() -> None:
    """One text shows the contact's name and number and the literal text, with the key on its first block."""
    post = only(cards.inbound([InboundText("Hello <!here> *you* & :wave:", AT)], ANNA, "text:1"))
    assert post.blocks == [
        {
            "type": "context",
            "elements": [
                {"type": "plain_text", "text": "Anna", "emoji": False},
                {"type": "mrkdwn", "text": ":flag-au: +61 400 000 000", "verbatim": True},
            ],
            "block_id": "k:text:1",
        },
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "text", "text": "Hello <!here> *you* & :wave:"}],
                }
            ],
        },
    ]
    assert post.text == "Anna: Hello &lt;!here&gt; *you* &amp; :wave:"


def test_text_of_somebody_without_a_name() -> None:
    """A contact without a name is shown by number, once."""
    post = only(cards.inbound([InboundText("Hi", AT)], ContactView(None, "+61400000000", "AU", opted_out=True)))
    assert labels(post) == ["+61 400 000 000", ":flag-au: · opted out"]
    assert "block_id" not in post.blocks[0]
    bare = only(cards.inbound([InboundText("Hi", AT)], ContactView(None, "Acme")))
    assert labels(bare) == ["Acme"]


def test_marks_of_one_text() -> None:
    """A late, repeated or recovered text with files says so above it."""
    text = InboundText(
        "Hi", AT, late=True, possibly_repeat=True, recovered_from="Found after <an outage>", attachments=2
    )
    post = only(cards.inbound([text], ANNA))
    assert labels(post)[1] == (
        f":flag-au: +61 400 000 000 · {TOLD_MOMENT} · possibly a duplicate · Found after &lt;an outage&gt; · 📎 2 files"
    )


def test_several_texts_in_one_post() -> None:
    """Merged texts keep their order, each with its own time and marks."""
    texts = [InboundText("one", AT), InboundText("two", AT, late=True), InboundText("", AT, attachments=1)]
    post = only(cards.inbound(texts, ANNA, "text:1"))
    assert [block["type"] for block in post.blocks] == [
        "context",
        "context",
        "rich_text",
        "context",
        "rich_text",
        "context",
    ]
    assert labels(post)[2:] == [TOLD, TOLD_MOMENT, f"{TOLD} · 📎 1 file"]
    assert bodies([post]) == "onetwo"
    assert post.text == "Anna: one\ntwo\n📎 1 file"


def test_media_without_text() -> None:
    """A text with only files shows their number; a text with nothing says that it is empty."""
    media = only(cards.inbound([InboundText(" \n", AT, attachments=1)], ANNA))
    assert labels(media)[1].endswith("📎 1 file")
    assert media.text == "Anna: 📎 1 file"
    for nothing in ("\x00", "\u200b\u2060", "\ufeff \n"):
        assert labels(only(cards.inbound([InboundText(nothing, AT)], ANNA)))[-1] == "empty text"
    assert only(cards.inbound([InboundText("", AT), InboundText("", AT)], ANNA)).text == "Anna: empty text\nempty text"


def test_no_texts_are_no_post() -> None:
    """Without texts there is no post."""
    assert cards.inbound([], ANNA) == []


def test_long_text_is_split() -> None:
    """A text that is too long for one post continues in the next, under the same name, with its own key."""
    text = "word " * 5_000
    posts = cards.inbound([InboundText(text, AT)], ANNA, "text:1")
    for post in posts:
        check(post)
    assert [post.blocks[0]["block_id"] for post in posts] == ["k:text:1", "k:text:1#2", "k:text:1#3"]
    assert bodies(posts) == text
    assert labels(posts[1])[1].endswith("continued")
    assert posts[1].text.startswith("Anna: word")


def test_many_texts_are_split() -> None:
    """Texts of a burst stay together with their times, in as few posts as Slack allows."""
    posts = cards.inbound([InboundText(f"text {index}", AT) for index in range(100)], ANNA)
    for post in posts:
        check(post)
        assert post.blocks[1]["type"] == "context"
        assert post.blocks[-1]["type"] == "rich_text"
    assert len(posts) == 5
    assert bodies(posts) == "".join(f"text {index}" for index in range(100))


@settings(deadline=None)
@given(st.lists(st.tuples(TEXTS, TIMES), min_size=1, max_size=4), CONTACTS)
def test_inbound_is_always_valid_and_literal(written: list[tuple[InboundText, int]], contact: ContactView) -> None:
    """Whatever a customer writes or is called, Slack accepts the posts; they show the whole text and ping nobody."""
    texts = [replace(text, text=text.text * times) for text, times in written]
    posts = cards.inbound(texts, contact, "text:1")
    for post in posts:
        check(post)
        for one in walk(post.blocks):
            assert one.get("type") != "mrkdwn" or not TOKENS.search(one["text"])
        assert not TOKENS.search(post.text)
    cleaned = [cards.literal(text.text) for text in texts]
    assert bodies(posts) == "".join(one for one in cleaned if one.strip())


@settings(deadline=None)
@given(TEXTS, TIMES, st.one_of(st.none(), st.just("U1")), HOSTILE)
def test_outbound_is_always_valid_and_literal(text: InboundText, times: int, author: str | None, origin: str) -> None:
    """The same is true for our own texts, which mention only their author."""
    view = OutboundView(author, origin, text.text * times, AT, late=text.late, attachments=text.attachments)
    posts = cards.outbound(view, "text:1")
    for post in posts:
        check(post)
        assert set(TOKENS.findall(json.dumps([one for one in walk(post.blocks) if one.get("type") == "mrkdwn"]))) <= {
            "<@U1>"
        }
    clean = cards.literal(text.text * times)
    assert bodies(posts) == (clean if clean.strip() else "")


def test_outbound() -> None:
    """A text sent by `/sms` shows its author."""
    post = only(cards.outbound(OutboundView("U1", "by /sms", "Hello <you>", AT), "text:1"))
    assert labels(post) == ["<@U1> by /sms:"]
    assert bodies([post]) == "Hello <you>"
    assert post.text == "<@U1> by /sms: Hello &lt;you&gt;"
    assert labels(only(cards.outbound(OutboundView("U1", "", "Hi", AT)))) == ["<@U1>:"]
    late = only(cards.outbound(OutboundView(None, "as the confirmation", "Bye", AT, late=True, attachments=1)))
    assert labels(late) == [f"Automatic as the confirmation: · {TOLD_MOMENT} · 📎 1 file"]


@pytest.mark.parametrize("text", ["x" * 100_000, ZALGO * 20, FAMILY * 9_000, "a b\n" * 25_000, "<&>" * 33_000])
def test_very_long_text_is_rendered_at_once(text: str) -> None:
    """A hundred thousand characters are rendered in time."""
    started = time.process_time()
    for post in cards.inbound([InboundText(text, AT)], ANNA):
        check(post)
    assert time.process_time() - started < 5


# --- the card ---------------------------------------------------------------------------------------------------------


def test_card() -> None:
    """A card shows the contact, the state, the assignee, the sender with its lease, the reply mode and the buttons."""
    sender = SenderView("Fone Dynamics", "+61488888888", leased=True, lease_ends=AT)
    view = CardView(ANNA, sender, assignee="U1", waiting_since=AT)
    post = cards.card(view, [CLOSE], "card:1")
    check(post)
    assert labels(post)[:3] == [
        "Anna",
        (
            ":flag-au: Australia · +61 400 000 000\n"
            f"*Open* · assigned to <@U1> · waiting since {TOLD_MOMENT}\n"
            f"Texts come from leased +61 488 888 888, until {TOLD_DAY} via Fone Dynamics"
        ),
        "Replies in this thread are texted to the contact. Start a message with `!note` to keep it in the team.",
    ]
    assert post.blocks[0]["block_id"] == "k:card:1"
    assert post.blocks[-1]["elements"][0]["action_id"] == "close"
    assert post.text == f"Anna: *Open* · assigned to <@U1> · waiting since {TOLD_MOMENT}"


def test_card_without_what_is_optional() -> None:
    """A card of a nameless, closed conversation without a sender is complete, and has no empty actions block."""
    post = cards.card(CardView(ContactView(None, "12345"), is_open=False))
    check(post)
    assert labels(post)[:2] == ["12345", "*Closed*\nNo sender chosen yet"]
    assert all(block["type"] != "actions" for block in post.blocks)


@pytest.mark.parametrize(
    ("mode", "says"),
    [("reply", "are texted"), ("mention", "mentioning"), ("confirm", "confirms"), ("off", "not texted")],
)
def test_card_tells_the_reply_mode(mode: cards.Mode, says: str) -> None:
    """The card says what a reply does, unless the contact opted out."""
    assert says in labels(cards.card(CardView(ANNA, mode=mode)))[2]
    opted_out = ContactView("Anna", "+61400000000", opted_out=True)
    assert "opted out" in labels(cards.card(CardView(opted_out, mode=mode)))[2]


@given(CONTACTS, HOSTILE, st.one_of(st.none(), HOSTILE), st.booleans())
def test_card_is_always_valid(contact: ContactView, provider: str, address: str | None, leased: bool) -> None:  # noqa: FBT001  # hypothesis passes it by name
    """Whatever is in names and notes, Slack accepts the card, and it mentions nobody."""
    post = cards.card(CardView(contact, SenderView(provider, address, leased=leased)))
    check(post)
    assert not TOKENS.search(post.text)
    assert not any(TOKENS.search(one["text"]) for one in walk(post.blocks) if one.get("type") == "mrkdwn")


# --- alerts, notices and help -----------------------------------------------------------------------------------------


def test_notice() -> None:
    """A sentence of ours may have formatting, and mentions only what we marked."""
    post = cards.notice("Start with `!note` & <!here>", [CLOSE], "notice:1")
    check(post)
    assert labels(post)[0] == "Start with `!note` &amp; &lt;!here&gt;"
    assert post.blocks[0]["block_id"] == "k:notice:1"
    marked = cards.private(cards.fill("See {link}", link=cards.link("it", "https://x.example")))
    check(marked)
    assert labels(marked) == ["See <https://x.example|it>"]


@given(st.one_of(HOSTILE, LONG).filter(lambda text: cards.literal(text).strip()))
def test_notice_is_always_valid(sentence: str) -> None:
    """A sentence of any length fits into one post."""
    check(cards.notice(sentence))


def test_alert() -> None:
    """An alert shows the cause, how often and since when it occurred, and links."""
    view = AlertView(
        "IOVOX does not answer.", 3, AT, AT + 7_000_000, [("Anna", "https://x.example/1"), ("Tom", "mailto:x")]
    )
    post = cards.alert(view, [Button("ack", "Seen")], "alert:1")
    check(post)
    assert labels(post)[0] == ":warning: IOVOX does not answer."
    assert labels(post)[1].startswith(f"3 times, first {TOLD_MOMENT}, last <!date^1765535467^")
    assert labels(post)[2] == "<https://x.example/1|Anna> · Tom"
    assert post.text == "IOVOX does not answer."


def test_resolved_alert() -> None:
    """A resolved alert says so, and who acknowledged it."""
    post = cards.alert(AlertView("It broke.", 1, AT, AT, resolved_at=AT, acknowledged_by="U1"))
    check(post)
    assert labels(post) == [
        ":white_check_mark: It broke.",
        f"once, {TOLD_MOMENT} · acknowledged by <@U1> · resolved {TOLD_MOMENT}",
    ]
    assert post.text == "Resolved: It broke."


def test_alert_with_many_links_shows_the_newest() -> None:
    """An alert with many links is one post with the newest links, each complete."""
    links = [("&" * 500, f"https://x.example/{index}") for index in range(100)]
    post = cards.alert(AlertView("It broke.", 100, AT, AT, links))
    check(post)
    assert "https://x.example/90|" in labels(post)[2]
    short = cards.alert(AlertView("It broke.", 100, AT, AT, [("x", f"https://x.example/{one}") for one in range(12)]))
    assert labels(short)[2].endswith("<https://x.example/11|x> · and 2 more")


@pytest.mark.parametrize("mode", [None, "reply", "mention", "confirm", "off"])
def test_help(mode: cards.Mode | None) -> None:
    """The help names every command."""
    post = help_text(mode, "help")
    check(post)
    said = "\n".join(labels(post))
    words = [
        "/sms",
        "find",
        "open",
        "leases",
        "route",
        "status",
        "optout",
        "export",
        "erase",
        "!note",
        "!close",
        "!reopen",
        "!assign",
    ]
    assert all(word in said for word in [*words, "!via", "!later", "!help"])


def test_repr_tells_nothing() -> None:
    """No repr has a body, a name or a number."""
    secret = ContactView("secret", "secret", notes="secret")
    for one in (
        secret,
        InboundText("secret", AT),
        OutboundView("U1", "by /sms", "secret", AT),
        SenderView("IO", "secret"),
        cards.inbound([InboundText("secret", AT)], secret),
        CardView(secret),
        StatusLineView(Stage.FAILED, sentence="secret"),
        AlertView("It broke.", 1, AT, AT, [("secret", "https://secret.example")]),
        Button("a", "A", "secret"),
    ):
        assert "secret" not in repr(one)
