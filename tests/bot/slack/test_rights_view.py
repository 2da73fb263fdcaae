"""The questions and answers for admins about a person's data fit into Slack, whatever there is."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.views import rights as rights_view
from bot.slack.views.cards import private
from storage.maintenance.contact_erasure import Extent
from tests.bot.slack.slack_limits import check, labels

PROOF: dict[str, Any] = {
    "number": "0" * 64,
    "rows": {"messages": 1, "contacts": 1},
    "slack": {"posts": 2, "files": 0, "left": []},
    "opted_out": False,
    "file_written_anew": True,
}


@pytest.mark.parametrize(
    ("extent", "says"),
    [
        (Extent(1, 1, 1), "1 text, 1 file and 1 post of ours"),
        (Extent(0, 0, 0), "0 texts, 0 files and 0 posts of ours"),
        (Extent(12_345, 2, 3_000), "12,345 texts, 2 files and 3,000 posts of ours"),
    ],
)
def test_the_question_says_how_much(extent: Extent, says: str) -> None:
    """The question has the right singular or plural, and a contact's name can't ping anybody."""
    asked = rights_view.question("<!here>", extent, 7)
    check(asked)
    assert says in asked.text
    assert "&lt;!here&gt;" in asked.text


def test_the_end_says_what_is_left() -> None:
    """The report links the threads with messages that remain, but no more than a person reads."""
    assert "Still in Slack" not in rights_view.erased(PROOF, "https://x.slack.com/")
    left = [{"channel": "C1", "thread": f"17.{each}", "messages": 1, "why": "w"} for each in range(40)]
    left[1] = {"channel": "C1", "thread": "17.1", "why": "Slack says channel_not_found"}
    many = {**PROOF, "slack": {**PROOF["slack"], "left": left}, "opted_out": True, "file_written_anew": False}
    post = private(rights_view.erased(many, "https://x.slack.com/"))
    check(post)
    (said,) = labels(post)
    assert "<https://x.slack.com/archives/C1/p170|this thread> (1 message)" in said
    assert "(Slack says channel_not_found)" in said
    assert "and 30 more." in said
    assert "They opted out" in said
    assert "ask the operator" in said


def test_links_are_links() -> None:
    """The answer has both links and how long they work."""
    post = rights_view.links("+61 400 000 001", 15, "https://a.example/files/1", "https://a.example/files/2")
    check(post)
    assert "<https://a.example/files/1|a page> to read, <https://a.example/files/2|JSON>" in post.text
    assert "15 minutes" in post.text
