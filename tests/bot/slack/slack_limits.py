"""Slack's limits for posts, and helpers to read posts and to make hostile ones.

https://docs.slack.dev/reference/block-kit/blocks. The checks are strict: they also reject what we never post.
"""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from bot.slack.views.cards import ContactView, Rendered

if TYPE_CHECKING:
    from collections.abc import Iterator

AT = 1765535460_500000  # 2025-12-12 10:31:00.5 UTC
TOLD = "<!date^1765535460^{time}|10:31 UTC>"
TOLD_SECONDS = "<!date^1765535460^{time_secs}|10:31:00 UTC>"
TOLD_DAY = "<!date^1765535460^{date_short}|12 Dec 2025>"
TOLD_MOMENT = "<!date^1765535460^{date_short_pretty} at {time}|12 Dec 2025 at 10:31 UTC>"
ZALGO = "a" + "\u0301" * 5_000  # one grapheme, longer than any limit
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"  # one grapheme, 11 UTF-16 units

MRKDWN = re.compile(r"(?:[^<>&]|&(?:amp|lt|gt);|<[^<>&|]+(?:&amp;[^<>&|]*)*(?:\|(?:[^<>&|]|&(?:amp|lt|gt);)*)?>)*")


def size(text: str) -> int:
    """Returns the length in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def check(post: Rendered) -> None:
    """Checks that Slack would accept this post in `chat.postMessage` and `chat.update`."""
    assert 0 < size(post.text) <= 4_000
    assert MRKDWN.fullmatch(post.text)
    assert 0 < len(post.blocks) <= 50
    ids = [block["block_id"] for block in post.blocks if "block_id" in block]
    assert len(ids) == len(set(ids))
    assert all(0 < len(one) <= 255 for one in ids)
    for block in post.blocks:
        CHECKS[block["type"]]({name: value for name, value in block.items() if name != "block_id"})
    json.dumps(post.blocks).encode()


def check_text(text: dict[str, Any], limit: int, kinds: tuple[str, ...]) -> None:
    """Checks a text object."""
    assert text["type"] in kinds
    assert 0 < size(text["text"]) <= limit
    assert text["text"].strip()
    if text["type"] == "mrkdwn":
        assert set(text) == {"type", "text", "verbatim"}
        assert MRKDWN.fullmatch(text["text"])
    else:
        assert set(text) == {"type", "text", "emoji"}


def check_header(block: dict[str, Any]) -> None:
    """Checks a header block."""
    assert set(block) == {"type", "text"}
    check_text(block["text"], 150, ("plain_text",))


def check_section(block: dict[str, Any]) -> None:
    """Checks a section block without an accessory."""
    assert set(block) == {"type", "text"}
    check_text(block["text"], 3_000, ("mrkdwn",))


def check_context(block: dict[str, Any]) -> None:
    """Checks a context block."""
    assert set(block) == {"type", "elements"}
    assert 0 < len(block["elements"]) <= 10
    for element in block["elements"]:
        check_text(element, 2_000, ("mrkdwn", "plain_text"))


def check_rich_text(block: dict[str, Any]) -> None:
    """Checks that a rich text block is literal: only sections of text elements without a style."""
    assert set(block) == {"type", "elements"}
    for section in block["elements"]:
        assert set(section) == {"type", "elements"}
        assert section["type"] == "rich_text_section"
        for element in section["elements"]:
            assert set(element) == {"type", "text"}
            assert element["type"] == "text"
            assert 0 < size(element["text"]) <= 3_000


def check_actions(block: dict[str, Any]) -> None:
    """Checks an actions block that has only buttons."""
    assert set(block) == {"type", "elements"}
    assert 0 < len(block["elements"]) <= 25
    actions = [button["action_id"] for button in block["elements"]]
    assert len(actions) == len(set(actions))
    for button in block["elements"]:
        check_button(button)


def check_button(button: dict[str, Any]) -> None:
    """Checks a button and its confirmation dialog."""
    assert set(button) <= {"type", "action_id", "text", "value", "style", "confirm"}
    assert button["type"] == "button"
    assert 0 < len(button["action_id"]) <= 255
    assert len(button.get("value", "")) <= 2_000
    assert button.get("style", "primary") in {"primary", "danger"}
    check_text(button["text"], 75, ("plain_text",))
    for name, limit in {"title": 100, "text": 300, "confirm": 30, "deny": 30}.items() if "confirm" in button else ():
        check_text(button["confirm"][name], limit, ("plain_text",))


CHECKS = {
    "header": check_header,
    "section": check_section,
    "context": check_context,
    "rich_text": check_rich_text,
    "actions": check_actions,
}


# --- reading posts ----------------------------------------------------------------------------------------------------


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Yields every object in the blocks."""
    if isinstance(value, dict):
        yield value
        yield from chain.from_iterable(walk(one) for one in value.values())
    elif isinstance(value, list):
        yield from chain.from_iterable(walk(one) for one in value)


def bodies(posts: list[Rendered]) -> str:
    """Returns the literal text of the posts, joined."""
    return "".join(one["text"] for one in walk([post.blocks for post in posts]) if one.get("type") == "text")


def labels(*posts: Rendered) -> list[str]:
    """Returns our own texts and the literal one-line texts of the posts, in order."""
    kinds = {"mrkdwn", "plain_text"}
    return [one["text"] for one in walk([post.blocks for post in posts]) if one.get("type") in kinds]


def only(posts: list[Rendered]) -> Rendered:
    """Returns the only post, checked."""
    (post,) = posts
    check(post)
    return post


# --- hostile texts ----------------------------------------------------------------------------------------------------

HOSTILE = st.one_of(
    st.text(max_size=50),
    st.text(alphabet="<>&|*_~`:@!#\n \x00\u202e\u0301a😀", max_size=50),
    st.sampled_from(["<!channel>", "<@U1>", "&lt;", "<https://x|y>", ":wave:", "```", "&amp;amp;", "\ud83d", FAMILY]),
)
TIMES = st.one_of(
    st.just(1), st.integers(1, 300)
)  # how often a text is repeated; applied late, so that a failure reads
LONG = st.builds(lambda piece, times: piece * times, HOSTILE, st.integers(1, 60))
CONTACTS = st.builds(
    ContactView,
    name=st.one_of(st.none(), HOSTILE, LONG),
    address=st.one_of(st.sampled_from(["+61400000000", "12345", "Acme", "client:alice"]), HOSTILE),
    region=st.one_of(st.none(), st.sampled_from(["AU", "001", "ZZ"]), st.text(max_size=3)),
    opted_out=st.booleans(),
    notes=st.one_of(st.just(""), HOSTILE, LONG),
)
TOKENS = re.compile(r"<(?!!date\^1765535460\^)[^<>]*>")
