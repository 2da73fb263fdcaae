"""Names of emoji become emoji by Slack's own table."""

from __future__ import annotations

import json

import pytest

from bot.text.inline_text import CUSTOM, EMOJI_NAMES, emoji_by_name, with_emoji

TABLE: dict[str, str] = json.loads(EMOJI_NAMES.read_text(encoding="utf-8"))


def test_every_name_of_slack_is_known() -> None:
    """All 1,964 names become the characters of Slack's table (the kind K7 of the audit)."""
    assert len(TABLE) == 1964
    for name, codes in TABLE.items():
        assert emoji_by_name(name) == "".join(chr(int(code, 16)) for code in codes.split("-"))


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("On our way :wave:", "On our way \U0001f44b"),
        (":+1::skin-tone-3: ok:tada:", "\U0001f44d\U0001f3fc ok\U0001f389"),
        (
            ":male-farmer: :satellite: :knife_fork_plate:",
            "\U0001f468\u200d\U0001f33e \U0001f6f0\ufe0f \U0001f37d\ufe0f",
        ),
        (":our_logo: 10:30:45 a:b:c", ":our_logo: 10:30:45 a:b:c"),
        ("https://x.example/a:wave:b", "https://x.example/a:wave:b"),
        ("", ""),
    ],
)
def test_names_in_typed_words(typed: str, text: str) -> None:
    """Names of the workspace's own emoji, times, short letters and addresses stay as they are."""
    assert with_emoji(typed) == text


def test_a_custom_name_keeps_its_mark() -> None:
    """The reader of a message must know which names no phone can show."""
    assert emoji_by_name("our_logo") == f"{CUSTOM}our_logo{CUSTOM}"
