"""The Home tab stays within Slack's limits, however much it shows."""

from __future__ import annotations

import json

from bot.slack.views.home import MOST_INBOXES, MOST_LINES, AccountView, HomeRow, InboxView, home, nothing
from storage.engine.clock import HOUR, MINUTE

AT = 1_800_000_000_000_000
WORST = HomeRow(
    "<!channel> & 名前" * 30, "https://example.slack.com/archives/C0123456789/p1800000000000000", AT, "&" * 500
)


def test_the_fullest_tab_is_within_the_limits() -> None:
    """The fullest tab has at most 100 blocks, 250 kB and 3,000 characters per section, and shows the providers."""
    lines = [WORST] * (MOST_LINES + 1)
    inboxes = [InboxView(f"inbox {n}", lines, lines, lines, 9, 9, 9, 9) for n in range(MOST_INBOXES + 5)]
    made = home(inboxes, [AccountView("fone (Fone Dynamics)", AT, AT + 1, 3, AT)] * 10, AT)
    assert len(made["blocks"]) <= 100
    assert len(json.dumps(made).encode()) < 250_000
    assert all(len(block["text"]["text"]) <= 3000 for block in made["blocks"] if block["type"] == "section")
    said = json.dumps(made)
    assert "Providers" in said
    assert "and 5 more inboxes" in said
    assert "\\u2026 and more" in said
    assert "<!channel>" not in said


def test_every_link_is_whole() -> None:
    """No row is cut inside its link or its time."""
    made = home([InboxView("support", [WORST] * 15)], [], AT)
    texts = [block["text"]["text"] for block in made["blocks"] if block["type"] == "section"]
    assert sum(text.count("<https://") for text in texts) == 15
    assert all(text.count("<") == text.count(">") for text in texts)


def test_an_empty_inbox_says_so() -> None:
    """An inbox without waiting contacts says so, and lists nothing else."""
    said = json.dumps(home([InboxView("support")], [], AT))
    assert "Nobody is waiting" in said
    assert "Failed" not in said


def test_who_may_see_nothing_sees_one_sentence() -> None:
    """A person who may see no inbox gets one sentence and no button."""
    assert [block["type"] for block in nothing("Not for you.")["blocks"]] == ["section"]


def test_an_account_that_is_left_alone_says_until_when() -> None:
    """Each pause has its own time: one for sending, one for polling."""
    told = str(home([], [AccountView("fone (Fone Dynamics)", AT, None, 0, AT + MINUTE, AT + HOUR)], AT))
    assert "no texts sent until" in told
    assert "not checked for texts and receipts until" in told
    assert ":warning:" in told
    assert "until" not in str(home([], [AccountView("fone (Fone Dynamics)", AT, None, 0)], AT))
