"""Keywords are recognised in any spelling, and free text that asks to stop is distinguished from ordinary talk."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.keywords import Keyword, heard, likely_stop

STOP_WORDS = [
    "STOP",
    "STOPALL",
    "STOP ALL",
    "UNSUBSCRIBE",
    "CANCEL",
    "END",
    "QUIT",
    "REVOKE",
    "OPT OUT",
    "OPTOUT",
    "OPT-OUT",
]
START_WORDS = ["START", "UNSTOP", "OPT IN", "OPTIN", "OPT-IN"]
HELP_WORDS = ["HELP", "INFO"]
KEYWORDS = (
    dict.fromkeys(STOP_WORDS, Keyword.STOP)
    | dict.fromkeys(START_WORDS, Keyword.START)
    | dict.fromkeys(HELP_WORDS, Keyword.HELP)
)
AROUND = st.text(alphabet=" \t\r\n.,;:!?¡¿'\"`´()[]{}<>*_-–—…“”‘’«»„\u00a0\u200b\u200e\ufe0f👍🛑", max_size=6)  # noqa: RUF001  # quotes and dashes


@pytest.mark.parametrize(("word", "keyword"), KEYWORDS.items())
def test_each_word_is_heard(word: str, keyword: Keyword) -> None:
    """In capitals, in small letters, and capitalised as by a phone."""
    assert heard(word) is heard(word.lower()) is heard(word.capitalize()) is keyword


@given(st.sampled_from(sorted(KEYWORDS)), AROUND, AROUND, st.integers(1, 4))
def test_a_word_is_heard_through_what_is_around_it(word: str, before: str, after: str, gap: int) -> None:
    """White space, punctuation, quotes, emoji and invisible characters are ignored, and so is a wider gap."""
    text = before + word.replace(" ", " " * gap).swapcase() + after
    assert heard(text) is heard(text, opted_out=True) is KEYWORDS[word]


@given(st.sampled_from(sorted(KEYWORDS)), st.text(alphabet="abcxyzé1 ", min_size=1).filter(str.strip))
def test_a_word_among_others_is_not_heard(word: str, more: str) -> None:
    """Only a whole body is a keyword; a person judges the rest."""
    if "".join((word + more).lower().split()) not in {w.lower().replace(" ", "") for w in KEYWORDS}:
        assert heard(f"{word} {more}") is None


@pytest.mark.parametrize(
    "text", ["", " ", "...", "👍", "\u200b", "yes", "no", "stopp", "stops", "ended", "stop stop", "停"]
)
def test_other_texts_are_not_heard(text: str) -> None:
    """A similar text is not a keyword, and neither is an empty body."""
    assert heard(text) is None


@pytest.mark.parametrize("text", ["YES", "yes", " Yes! ", "“yes”"])
def test_yes_starts_again_only_who_had_stopped(text: str) -> None:
    """A "yes" from an opted-out contact means START; from others it is an ordinary answer."""
    assert heard(text, opted_out=True) is Keyword.START
    assert heard(text) is None


@pytest.mark.parametrize("text", ["yes please", "yesterday", "no", "y"])
def test_other_answers_start_nothing(text: str) -> None:
    """Only the bare word counts, even from an opted-out contact."""
    assert heard(text, opted_out=True) is None


def test_wide_letters_are_letters() -> None:
    """An East Asian keyboard's wide letters give the same keywords."""
    assert heard("\uff33\uff34\uff2f\uff30") is Keyword.STOP


ASKING = (Path(__file__).parent / "asking.txt").read_text(encoding="utf-8").splitlines()
ORDINARY = (Path(__file__).parent / "ordinary.txt").read_text(encoding="utf-8").splitlines()


def test_a_wish_to_stop_is_noticed() -> None:
    """Each of these is put before a person, in any case and with any apostrophe."""
    forms = [
        form for text in ASKING for form in (text, text.upper(), f"  {text.lower()}\n", text.replace("'", "\u2019"))
    ]
    assert [form for form in forms if not likely_stop(form)] == []


def test_ordinary_talk_is_left_alone() -> None:
    """None of these bothers anybody with a question."""
    written = [(text, text.upper(), text.replace("'", "\u2019")) for text in ORDINARY]
    forms = itertools.chain.from_iterable(written)
    assert [form for form in forms if likely_stop(form)] == []


@pytest.mark.parametrize("word", STOP_WORDS)
def test_a_stop_word_is_a_wish_to_stop(word: str) -> None:
    """A STOP keyword is also a likely stop."""
    assert likely_stop(word)


@pytest.mark.parametrize("word", [*START_WORDS, *HELP_WORDS])
def test_the_other_words_are_not(word: str) -> None:
    """START and HELP are not likely stops."""
    assert not likely_stop(word)


@pytest.mark.parametrize("text", ASKING[:20])
def test_a_wish_is_noticed_after_other_talk(text: str) -> None:
    """A request at the end of a longer text is found."""
    assert likely_stop(f"Hello there, I got your letter on Monday. {text}")


@given(st.text(max_size=300))
def test_any_text_can_be_judged(text: str) -> None:
    """No text raises an error, and a STOP keyword is always a likely stop."""
    assert likely_stop(text) or heard(text) is not Keyword.STOP


@pytest.mark.parametrize(
    "piece", ["stop ", "please ", "all the ", "not to ", "don't ", "a", " ", ".", "'", "text me ", "no more the "]
)
def test_a_hostile_text_is_judged_in_good_time(piece: str) -> None:
    """A text as long as a webhook's body, built to slow the matcher down, takes well under a second."""
    began = time.process_time()
    likely_stop(piece * (20_000 // len(piece)))
    heard(piece * (20_000 // len(piece)))
    assert time.process_time() - began < 2
