"""The text that reaches a phone for a message without rich text."""

from __future__ import annotations

import contextlib
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.decode import CannotBeTexted, to_text
from tests.bot.text.test_decode import MARKUP, NAMES, as_texted

MRKDWN = [
    ("plain", "plain"),
    ("a &lt; b &amp; c &gt; d", "a < b & c > d"),
    ("&amp;lt; &amp;eacute; &eacute;", "&lt; &eacute; &eacute;"),
    ("&lt;@U1ANNA&gt; &lt;!here&gt;", "<@U1ANNA> <!here>"),
    ("Hi <@U1ANNA>!", "Hi Anna!"),
    ("Hi <@U9GONE|gone>!", "Hi gone!"),
    ("<#C1HELP> <#C9GONE|gone> <#C1HELP|>", "#help-desk #gone #help-desk"),
    ("<!subteam^S1TEAM> <!subteam^S9GONE|@gone>", "@support @gone"),
    ("<!date^1765535460^{date_num}|12 December>", "12 December"),
    ("<!newer^thing|it says>", "it says"),
    ("<https://example.com/?a=1&amp;b=2>", "https://example.com/?a=1&b=2"),
    ("<https://example.com|our *page* &amp; more>", "our *page* & more (https://example.com)"),
    ("<http://example.com|example.com>", "example.com"),
    ("<mailto:tom@example.com|tom@example.com> <tel:+61400000000|+61 400 000 000>", "tom@example.com +61 400 000 000"),
    ("*bold* _italic_ ~struck~ `code`", "bold italic struck code"),
    ("*_~all~_* (*in brackets*), *end*.", "all (in brackets), end."),
    ("*<@U1ANNA>* and *two words*", "Anna and two words"),
    ("2*3*4 snake_case_name a * b * c * _ ~", "2*3*4 snake_case_name a * b * c * _ ~"),
    ("`*literal* &lt; :wave: _x_`", "*literal* < :wave: _x_"),
    ("```\n*literal*\n  `x` <https://example.com>\n```", "*literal*\n  `x` https://example.com"),
    ("&gt; quoted\n&gt;too\nnot", "> quoted\n> too\nnot"),
    ("before\n&gt;&gt;&gt; all\nthe rest", "before\n> all\n> the rest"),
    ("Hi :wave: great:+1::+1: :heart:", "Hi \U0001f44b great\U0001f44d\U0001f44d \u2764\ufe0f"),
    (":wave::skin-tone-3: :+1::skin-tone-6:", "\U0001f44b\U0001f3fc \U0001f44d\U0001f3ff"),
    (":flag-au: :us:", "\U0001f1e6\U0001f1fa \U0001f1fa\U0001f1f8"),
    ("Hi :partyparrot: at 10:30:45 and 1:100:2", "Hi :partyparrot: at 10:30:45 and 1:100:2"),
    (":woman-running: x", "\U0001f3c3\u200d\u2640\ufe0f x"),
    ("line \nline\u00a0\n", "line\nline\u00a0"),
]


@pytest.mark.parametrize(("source", "expected"), MRKDWN)
def test_text_without_blocks(source: str, expected: str) -> None:
    """Slack's escaped text reads as Slack shows it, markup before entities."""
    assert to_text({"text": source}, NAMES) == expected


def test_other_blocks_leave_the_text() -> None:
    """A message from another app has sections instead of rich text, so its `text` counts."""
    assert to_text({"text": "said", "blocks": [{"type": "section"}]}, NAMES) == "said"


def escaped(words: str) -> str:
    """Escapes typed text as Slack does."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


TOKENS = st.sampled_from(
    ["<@U1ANNA>", "<#C1HELP|x>", "<!subteam^S1TEAM>", "<https://example.com|label>", ":wave:", "*bold*", "`code`", "\n"]
)


@given(st.lists(st.one_of(TOKENS, st.text(alphabet="abc .,", max_size=8)), max_size=12))
def test_no_markup_reaches_a_phone_without_blocks(pieces: list[str]) -> None:
    """A text has no markup, also if the message has no rich text."""
    assert not MARKUP.search(to_text({"text": "Hi " + " ".join(pieces)}, NAMES))


@given(st.text(alphabet="ab&<>;#1ltgmp \n", max_size=40))
def test_entities_are_undone_once(words: str) -> None:
    """A typed entity stays an entity, and a typed mention mentions nobody, also without rich text."""
    source = "x" + re.sub(r"\n>+", "\n", words) + "x"
    assert to_text({"text": escaped(source)}, NAMES) == as_texted(source)


@given(st.text(alphabet="<>@#!|&;*_~`:aU1\n \x00\x01\x02", max_size=60))
def test_any_text_is_read_or_refused(source: str) -> None:
    """Any text is either read or rejected with a sentence."""
    with contextlib.suppress(CannotBeTexted):
        assert to_text({"text": source}, NAMES, us="U1").strip()


@pytest.mark.parametrize("piece", ["*", "_a_", "`", "<", "<@U1ANNA>", ":a:", ":", "```", "&gt;", "*_~"])
def test_hostile_length_is_read_at_once(piece: str) -> None:
    """A message of the greatest length that Slack allows is read at once."""
    started = time.process_time()
    to_text({"text": "x " + piece * (40_000 // len(piece))}, NAMES)
    assert time.process_time() - started < 2
