"""Texts that can't do anything in Slack, cut where a reader would cut them, in blocks that Slack accepts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.views import blocks, cards
from bot.slack.views.cards import Button, Confirm, Marked
from tests.bot.slack.slack_limits import AT, FAMILY, MRKDWN, TOLD, TOLD_MOMENT, TOLD_SECONDS, ZALGO, check


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b & c", "a < b & c"),
        ("one\r\ntwo\rthree\u2028four\u2029five\x85six\x0bseven", "one\ntwo\nthree\nfour\nfive\nsix\nseven"),
        ("tab\there", "tab here"),
        ("nul\x00bell\x07delete\x7fc1\x9f", "nulbelldeletec1"),
        ("\u202eesrever\u202c \u2066isolate\u2069", "esrever isolate"),
        ("\u05d0\u200f\u200e", "\u05d0\u200f\u200e"),
        (FAMILY, FAMILY),
        ("half \ud83d", "half \ufffd"),
    ],
)
def test_literal(text: str, expected: str) -> None:
    """Control characters and characters that reverse text are removed; all that a person can mean stays."""
    assert cards.literal(text) == expected


@given(st.text())
def test_literal_is_settled(text: str) -> None:
    """Cleaning a text again changes nothing, and no removed character is left."""
    clean = cards.literal(text)
    assert cards.literal(clean) == clean
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", clean)


@given(st.text())
def test_escape(text: str) -> None:
    """An escaped text has no markup, and Slack shows the original text."""
    safe = cards.escape(text)
    assert not re.search("[<>]|&(?!amp;|lt;|gt;)", safe)
    assert safe.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


def test_fill_escapes_what_is_not_marked() -> None:
    """A part of a sentence is escaped unless we marked it."""
    filled = cards.fill("*{who}* is {what}", who=cards.mention("U1"), what="<!here> {who}")
    assert filled == "*<@U1>* is &lt;!here&gt; {who}"
    assert isinstance(filled, Marked)
    assert blocks.marked(filled) is filled


def test_mention_and_link_are_made_of_what_they_claim_to_be() -> None:
    """A wrong id mentions nobody, and only web addresses become links."""
    assert cards.mention("U1") == "<@U1>"
    assert cards.mention("!here") == "!here"
    assert cards.mention("U1> <!here") == "U1&gt; &lt;!here"
    assert cards.link("a|b <c>", "https://x.example/?a=1&b=2|>") == (
        "<https://x.example/?a=1&amp;b=2%7C&gt;|a¦b &lt;c&gt;>"
    )
    assert cards.link("label", "javascript:alert(1)") == "label"
    assert cards.link("label", "https://x.example/\n<!here>") == "label"


@given(st.text(max_size=300), st.integers(1, 60))
def test_chunks(text: str, limit: int) -> None:
    """The chunks joined are the text, and each is within its limit."""
    found = blocks.chunks(text, limit + 1)
    assert "".join(found) == text
    assert all(0 < blocks.units(one) <= limit + 1 for one in found)


def test_chunks_are_cut_where_a_reader_would() -> None:
    """Chunks end after a line or a word, else between graphemes, and inside a grapheme only if they have to."""
    assert blocks.chunks("hello big world", 11) == ["hello big ", "world"]
    assert blocks.chunks("a hellobigworld", 11) == ["a hellobigw", "orld"]
    assert blocks.chunks(FAMILY * 3, 25) == [FAMILY * 2, FAMILY]
    assert blocks.chunks("") == []
    assert all(blocks.units(one) <= 100 for one in blocks.chunks(ZALGO, 100))


@given(st.text(max_size=100), st.integers(1, 50))
def test_cut(text: str, limit: int) -> None:
    """A shortened text is within its limit and shows that something is missing."""
    short = blocks.cut(text, limit)
    assert blocks.units(short) <= limit
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@given(st.lists(st.sampled_from(["<@U1>", "&amp;", "&lt;", "x", "é", FAMILY, TOLD]), max_size=40), st.integers(1, 120))
def test_fit_never_cuts_markup(pieces: list[str], limit: int) -> None:
    """Shortened mrkdwn is still valid mrkdwn."""
    short = blocks.fit(Marked("".join(pieces)), limit)
    assert blocks.units(short) <= limit
    assert MRKDWN.fullmatch(short)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (blocks.TIME, TOLD),
        (blocks.SECONDS, TOLD_SECONDS),
        (blocks.DAY, "<!date^1765535460^{date_short}|12 Dec 2025>"),
        (blocks.MOMENT, TOLD_MOMENT),
    ],
)
def test_when(form: str, expected: str) -> None:
    """A time is a date token, so that each reader sees their own zone; the fallback is in UTC."""
    assert cards.when(AT, form) == expected


# --- buttons and keys -------------------------------------------------------------------------------------------------


def test_buttons() -> None:
    """Buttons stay within their limits. A button that can't is a bug of ours and raises at once."""
    post = cards.notice("Well?", [Button(f"b{index}", "label " * 50, "v" * 2_000) for index in range(60)])
    check(post)
    assert [len(block["elements"]) for block in post.blocks[1:]] == [25, 25, 10]
    long_confirm = Confirm("t" * 200, "x" * 400, "y" * 50, "n" * 50)
    check(cards.notice("Well?", [Button("a", "A", confirm=long_confirm)]))
    with pytest.raises(ValueError, match="same action_id"):
        cards.notice("Well?", [Button("a", "A"), Button("a", "B")])
    for action, value in (("", ""), ("a" * 256, ""), ("a", "v" * 2_001)):
        with pytest.raises(ValueError, match="action_id"):
            Button(action, "A", value)


def test_key_has_a_limit() -> None:
    """A key that is too long is a bug of ours and raises, because cutting it would make another key."""
    check(cards.notice("x", key="k" * 253))
    with pytest.raises(ValueError, match="253"):
        cards.notice("x", key="k" * 254)
