"""The status line below a reply: its text at each stage, and its questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.views import cards
from bot.slack.views.cards import Button, Rendered, SenderView, Stage, StatusLineView
from tests.bot.slack.slack_limits import AT, HOSTILE, LONG, TOKENS, TOLD, TOLD_MOMENT, TOLD_SECONDS, check, labels, walk

SENDER = SenderView("Fone Dynamics", "+61488888888")


def line(view: StatusLineView, *buttons: Button) -> Rendered:
    """Returns a status line, checked."""
    post = cards.status_line(view, buttons, "line:1")
    check(post)
    return post


LATER = AT + 7_000_000

LINES = [
    (StatusLineView(Stage.QUEUED, SENDER), "queued · +61 488 888 888 via Fone Dynamics"),
    (StatusLineView(Stage.QUEUED, sentence="Waiting for its turn."), "queued · Waiting for its turn."),
    (
        StatusLineView(Stage.HELD, at=AT, sentence="It is night there."),
        f"held until {TOLD_MOMENT} · It is night there.",
    ),
    (StatusLineView(Stage.HELD, sentence="No lease is free."), "held · No lease is free."),
    (StatusLineView(Stage.SCHEDULED, at=AT), f"goes out {TOLD_MOMENT}"),
    (StatusLineView(Stage.CANCELLED), "cancelled, not texted"),
    (StatusLineView(Stage.SENDING), "sending"),
    (StatusLineView(Stage.ACCEPTED, at=AT), f"✓ accepted {TOLD}"),
    (StatusLineView(Stage.SENT, sent_at=AT, at=AT, segments=2), f"✓ sent {TOLD} · 2 segments"),
    (StatusLineView(Stage.BUFFERED, sent_at=AT), f"✓ sent {TOLD} · waiting for the phone"),
    (
        StatusLineView(Stage.DELIVERED, SENDER, sent_at=AT, at=AT, segments=2),
        f"✓ sent {TOLD} · ✓✓ delivered {TOLD_SECONDS} · 2 segments · +61 488 888 888 via Fone Dynamics",
    ),
    (
        StatusLineView(Stage.DELIVERED, sent_at=AT, at=AT, delivered_means="handed to the carrier"),
        f"✓ sent {TOLD} · ✓ handed to the carrier {TOLD_SECONDS}",
    ),
    (StatusLineView(Stage.DELIVERED, at=AT), f"✓✓ delivered {TOLD_SECONDS}"),
    (
        StatusLineView(Stage.SCHEDULED_THERE, SENDER, sent_at=AT, at=AT),
        f"scheduled at Fone Dynamics until {TOLD_MOMENT} · +61 488 888 888 via Fone Dynamics",
    ),
    (StatusLineView(Stage.SENT, at=AT, no_receipt=True), f"✓ sent {TOLD} · no receipt will come"),
    (
        StatusLineView(Stage.DELIVERED, at=AT, unverified=True),
        f"✓✓ delivered {TOLD_SECONDS} · unverified: the receipt came without our secret",
    ),
    (StatusLineView(Stage.NO_RECEIPT, sent_at=AT, segments=1), f"✓ sent {TOLD} · no receipt came · 1 segment"),
    (
        StatusLineView(Stage.SENT, at=AT, parts=3, delivered_parts=2, attempt=2),
        f"✓ sent {TOLD} · 2 of 3 parts delivered · attempt 2",
    ),
    (
        StatusLineView(Stage.SENT, SENDER, at=AT, word="ODD <X>"),
        f"✓ sent {TOLD} · Fone Dynamics says: ODD &lt;X&gt; · +61 488",
    ),
    (StatusLineView(Stage.SENT, at=AT, word="ODD"), f"✓ sent {TOLD} · the provider says: ODD"),
    (
        StatusLineView(Stage.SENT, SenderView("IO", "+61488888888", leased=True), at=AT),
        f"✓ sent {TOLD} · leased +61 488 888 888 via IO",
    ),
    (
        StatusLineView(Stage.SENDING, SenderView("IO", leased=True)),
        "sending · a number that we lease with the next text via IO",
    ),
]


@pytest.mark.parametrize(("view", "expected"), LINES)
def test_line(view: StatusLineView, expected: str) -> None:
    """The line shows the status of a text in one row of small letters."""
    post = line(view)
    (said,) = labels(post)
    assert said.startswith(expected)
    assert post.text == said
    assert post.blocks[0]["block_id"] == "k:line:1"


DECISIONS = [
    (StatusLineView(Stage.FAILED, sent_at=AT, at=LATER), "This wasn't delivered.", f"✓ sent {TOLD} · ✗ failed"),
    (StatusLineView(Stage.FAILED, sentence="The number is <wrong>."), "The number is &lt;wrong&gt;.", "✗ failed"),
    (StatusLineView(Stage.EXPIRED, sent_at=AT), "The phone couldn't be reached", f"✓ sent {TOLD} · ✗ expired"),
    (StatusLineView(Stage.REFUSED, sentence="No credit is left."), "No credit is left.", "✗ refused"),
    (StatusLineView(Stage.ASKED, sentence="Text 5 segments?"), "Text 5 segments?", "not texted"),
    (
        StatusLineView(Stage.UNKNOWN, at=AT),
        "*This may not have gone out.* The provider",
        f"unknown since {TOLD}",
    ),
]


@pytest.mark.parametrize(("view", "sentence", "progress"), DECISIONS)
def test_line_that_asks(view: StatusLineView, sentence: str, progress: str) -> None:
    """If a person has to decide, a sentence is above the line and buttons are below it."""
    post = line(view, Button("retry", "Retry", "attempt:1", "primary"), Button("give_up", "Give up"))
    assert [block["type"] for block in post.blocks] == ["section", "context", "actions"]
    assert labels(post)[0].startswith(sentence)
    assert labels(post)[1].startswith(progress)
    assert post.text.startswith(sentence)


def test_unknown_asks() -> None:
    """The line of an unknown text ends with a question."""
    assert labels(line(StatusLineView(Stage.UNKNOWN)))[0].endswith("Did it arrive?")


def test_every_stage_has_words() -> None:
    """Every stage has its words, and each status of a message is a stage."""
    for stage in Stage:
        line(StatusLineView(stage))
        line(StatusLineView(stage, SENDER, AT, AT, "Why.", 2, 2, 2, 1, "handed to the carrier", 1, "ODD"))


@given(st.sampled_from(Stage), LONG, HOSTILE, HOSTILE, HOSTILE)
def test_line_is_always_valid(stage: Stage, sentence: str, word: str, provider: str, address: str) -> None:
    """Whatever a provider says, Slack accepts the line, and it mentions nobody."""
    post = line(StatusLineView(stage, SenderView(provider, address), AT, AT, sentence, word=word))
    assert not any(TOKENS.search(one["text"]) for one in walk(post.blocks) if one.get("type") == "mrkdwn")
