"""Keywords are recognised in any spelling, and free text that asks to stop is distinguished from ordinary talk."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms import languages
from sms.keywords import Keyword, MoreWords, answers, heard, is_unsure, likely_stop

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
    "piece",
    [
        "stop ",
        "please ",
        "all the ",
        "not to ",
        "don't ",
        "a",
        " ",
        "\n",
        "reply ",
        "wrong number ",
        ".",
        "'",
        "text me ",
        "no more the ",
    ],
)
def test_a_hostile_text_is_judged_in_good_time(piece: str) -> None:
    """A text as long as a webhook's body, built to slow the matcher down, takes well under a second."""
    began = time.process_time()
    likely_stop(piece * (20_000 // len(piece)))
    heard(piece * (20_000 // len(piece)))
    assert time.process_time() - began < 2


SIGNATURES = ["Sent from my iPhone", "John", "John Smith", "Unit 4", "-- ", "Gesendet von meinem iPhone", "\u200e", ""]


@given(
    st.sampled_from(sorted(STOP_WORDS)), AROUND, st.sampled_from(SIGNATURES), st.sampled_from(["\n", "\r\n", "\n\n"])
)
def test_a_stop_above_a_signature_is_heard(word: str, around: str, signature: str, end: str) -> None:
    """STOP beside a line end: a line of its own is an opt-out, with a signature below it or a name."""
    assert heard(f"{word.swapcase()}{around.replace(chr(10), '')}{end}{signature}") is Keyword.STOP


@pytest.mark.parametrize(
    "text", ["STOP\n\nSent from my iPhone", "STOP\nJohn Smith", "Wrong number\nSTOP", "stop\r\nUnit 4"]
)
def test_a_line_that_is_stop_opts_out(text: str) -> None:
    """STOP beside a line end (the kind K3 of the audit)."""
    assert heard(text) is Keyword.STOP


@pytest.mark.parametrize(
    "text",
    [
        *("Wrong number stop", "Stop you have the wrong number", "Don't text back", "please quit", "END TEXTING ME"),
        *(
            "Text STOP",
            "ST0P",
            "STOP2END",
            "stop John",
            "STOP John",
            "\U0001f6d1",
            "\u26d4",
            "\u26d4\ufe0f",
            "\U0001f6ab !!",
        ),
        *(
            "ARRET",
            "BAJA",
            "ALTO",
            "STOPP",
            "Abmelden!",
            "\u0421\u0422\u041e\u041f",
            "STOP svp",
            "stop bitte",
            "baja por favor",
        ),
        *("Cancel\nmy appointment for tomorrow please", "Wrong number. STOP to unsubscribe", "STOP to unsubscribe"),
        *("I replied STOP to unsubscribe and you still text me", "Reply STOP to opt out", "Remove me\nJohn"),
    ],
)
def test_an_opt_out_without_a_keyword_is_asked_about(text: str) -> None:
    """Requests that nothing noticed, without punctuation and in other languages (the kinds K3, K10, K11)."""
    assert heard(text) is None
    assert likely_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Loved \u201cSale today. Reply STOP to opt out\u201d",
            'Liked "Sale! Reply STOP to opt out"',
            "20% off! STOP to unsubscribe",
        ),
        *(
            "\U0001f44d to \u201cSale. Reply STOP to opt out\u201d",
            "Soldes! STOP au 36111",
            "Sale\nTo opt out reply STOP",
        ),
        *("Laughed at \u201cReply\nSTOP\nto end\u201d", "Big sale. Txt STOP to 12345 to opt out. https://shop.example"),
    ],
)
def test_a_quoted_footer_is_no_wish(text: str) -> None:
    """Tapbacks and forwarded marketing (the kind K12): no opt-out and no question."""
    assert heard(text) is None
    assert not likely_stop(text)


@pytest.mark.parametrize(("region", "words"), sorted(languages.STOP_WORDS.items()))
def test_the_words_of_a_country_opt_out_there(region: str, words: tuple[str, ...]) -> None:
    """Words of other languages: an opt-out for a number of that country, in any case; a question for any other."""
    for word in words:
        assert heard(word.upper(), region=region) is heard(f" {word}.\nJohn", region=region) is Keyword.STOP
        assert likely_stop(word)


def test_accents_do_not_count() -> None:
    """ARRET with and without its accent, also in two code points."""
    assert heard("ARR\u00caT", region="CA") is heard("arre\u0302t", region="FR") is heard("ARRET", region="BE")
    assert heard("ARRET", region="FR") is Keyword.STOP


def test_start_words_of_a_country() -> None:
    """ALTA from Spain is a START."""
    assert heard("Alta", region="ES", opted_out=True) is Keyword.START


def test_an_inbox_has_words_of_its_own() -> None:
    """The setting extends the words; it never takes one away."""
    more = MoreWords(("no gracias",), ("otra vez",))
    assert heard("No, gracias!", more=more) is heard("STOP", more=more) is Keyword.STOP
    assert heard("Otra vez", more=more) is Keyword.START
    assert heard("No, gracias!") is None


def test_an_answer_is_told_from_an_opt_out() -> None:
    """Only words with another meaning may be answers, and only to a text that asks or offers them."""
    assert is_unsure("Cancel")
    assert is_unsure("END\nJane")
    assert not any(map(is_unsure, ["STOP", "unsubscribe", "STOP\ncancel", "arret"]))
    assert answers("Cancel", "Confirm or cancel?")
    assert answers("END", "Write GO or END to choose.")
    assert not answers("Cancel", "See you at nine. https://x.example/?a=1 Reply CANCEL to opt out")
