"""Segment counts against an independent implementation, packing, splitting, and replacements for GSM-7."""

# ruff: noqa: RUF001  # the tests need typographic characters that look like others

from __future__ import annotations

import itertools
import sys
import time
import unicodedata

import pytest
import regex
import smsutil
from hypothesis import example, given
from hypothesis import strategies as st
from smsutil.codecs import GSM_BASIC_CHARSET, GSM_EXT_CHARSET

from sms.segments import Encoding, Forced, Segments, measure, numbered, plain, split

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"  # one grapheme, 11 UTF-16 units
ZALGO = "a" + "\u0301" * 100  # one grapheme, longer than a segment
GSM7 = st.text(alphabet=(GSM_BASIC_CHARSET + GSM_EXT_CHARSET).replace("\x1b", ""), max_size=700)
ANYTHING = st.text(
    alphabet=st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("aZ é€^{\r\n \t\u00a0’…😀\u200d\ufe0f\u0301\U0001f468\U0001f1e6\U0001f1fa\u1100\u1161ह\u094d"),
    ),
    max_size=400,
)


def lone_graphemes(text: str) -> bool:
    """Returns True if each code point is its own grapheme, so that only code points can be split."""
    return len(regex.findall(r"\X", text)) == len(text)


def utf16_units(text: str) -> int:
    """Counts UTF-16 code units with the codec."""
    return len(text.encode("utf-16-le")) // 2


def units_of(text: str) -> int:
    """Returns the units that `measure` counts."""
    return measure(text).units


@given(GSM7.filter(bool))
@example("a" * 160)
@example("a" * 161)
@example("a" * 152 + "€" + "a" * 10)
@example("{" * 80)
@example("{" * 81)
def test_gsm7_costs_what_smsutil_says(text: str) -> None:
    """Count and septets agree with smsutil, except that it splits CR from LF, so the texts have no such pair."""
    text = text.replace("\r\n", "\n")
    theirs = smsutil.split(text)
    ours = measure(text)
    assert (ours.encoding, ours.forced_by) == (Encoding.GSM7, None)
    assert (ours.count, ours.units) == (len(theirs.parts), theirs.total_bytes)


@given(ANYTHING.filter(lone_graphemes), st.sampled_from("ыç😀\x1b"))
@example("ы" * 70, "ы")
@example("ы" * 65, "😀")
@example("ы" * 66 + "😀" + "ы" * 10, "ы")
def test_ucs2_costs_what_smsutil_says(text: str, foreign: str) -> None:
    """Count and code units agree with smsutil where each code point is a grapheme; it packs code points.

    It accepts a bare escape as a GSM-7 character; 23.038 reserves it for the extension table, so we use UCS-2.
    """
    theirs = smsutil.unicode_split(foreign + text)
    ours = measure(foreign + text)
    if not lone_graphemes(foreign + text):
        return
    assert ours.encoding is Encoding.UCS2
    assert (ours.count, ours.units) == (len(theirs.parts), theirs.total_bytes // 2)


@given(ANYTHING)
@example(ZALGO)
@example("x" * 60 + FAMILY + "ы")
def test_a_count_is_between_its_bounds(text: str) -> None:
    """A text never has fewer segments than its units need, and less than a segment is left unless it is empty."""
    cost = measure(text)
    alone, joined = (160, 153) if cost.encoding is Encoding.GSM7 else (70, 67)
    room = alone if cost.count < 2 else joined
    assert max(cost.count, 1) * room - cost.left >= cost.units
    assert 0 <= cost.left < room + (cost.count == 0)
    assert (cost.count == 0) == (text == "")
    assert (cost.count == 1) == (0 < cost.units <= alone)


@given(ANYTHING)
def test_one_more_character_never_costs_less(text: str) -> None:
    """A longer text never has fewer segments."""
    counts = [measure(text[:end]).count for end in range(0, len(text), 7)]
    assert counts == sorted(counts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments(Encoding.GSM7, 0, 0, 160)),
        ("Hello", Segments(Encoding.GSM7, 1, 5, 155)),
        ("^{}\\[]~|€\f", Segments(Encoding.GSM7, 1, 20, 140)),
        ("a" * 160, Segments(Encoding.GSM7, 1, 160, 0)),
        ("a" * 161, Segments(Encoding.GSM7, 2, 161, 145)),
        ("a" * 152 + "€" + "b" * 100, Segments(Encoding.GSM7, 2, 254, 51)),
        ("a" * 306, Segments(Encoding.GSM7, 2, 306, 0)),
        ("a" * 307, Segments(Encoding.GSM7, 3, 307, 152)),
        ("a" * 152 + "\r\n" + "b" * 10, Segments(Encoding.GSM7, 2, 164, 141)),
    ],
)
def test_known_costs_in_gsm7(text: str, expected: Segments) -> None:
    """Thresholds, the extension table, and an escape pair that moves to the next segment as a whole."""
    assert measure(text) == expected


@pytest.mark.parametrize(
    ("text", "count", "units", "left"),
    [
        ("ы" * 70, 1, 70, 0),
        ("ы" * 71, 2, 71, 63),
        ("ы" * 66 + "😀" + "ы" * 10, 2, 78, 55),  # the surrogate pair moves as a whole
        ("ы" * 60 + FAMILY + "ы", 2, 72, 55),  # the family of eleven units moves as a whole
        ("ы" * 66 + "e\u0301" + "ы" * 10, 2, 78, 55),
        (ZALGO, 2, 101, 33),  # longer than a segment: cut between code points
        ("ы" * 10 + ZALGO, 2, 111, 23),
        ("\U0001f1e6\U0001f1fa" * 17, 1, 68, 2),
        ("\U0001f1e6\U0001f1fa" * 34, 3, 136, 59),  # 16 flags to a segment, none is split
    ],
)
def test_known_costs_in_ucs2(text: str, count: int, units: int, left: int) -> None:
    """Thresholds count UTF-16 units, and a grapheme stays in one segment."""
    cost = measure(text)
    assert (cost.encoding, cost.count, cost.units, cost.left) == (Encoding.UCS2, count, units, left)


def test_every_character_has_the_width_that_the_standard_gives_it() -> None:
    """The default alphabet takes one septet, the extension table two, and everything else is UCS-2.

    Checks the whole basic plane, and a sample of the others.
    """
    for code in itertools.chain(range(0x10000), range(0x10000, sys.maxunicode + 1, 0xFFF)):
        character = chr(code)
        cost = measure(character)
        if character in GSM_EXT_CHARSET:
            assert (cost.encoding, cost.units) == (Encoding.GSM7, 2)
        elif character in GSM_BASIC_CHARSET and character != "\x1b":
            assert (cost.encoding, cost.units) == (Encoding.GSM7, 1)
        else:
            assert (cost.encoding, cost.units) == (Encoding.UCS2, 1 + (code > 0xFFFF))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It’s", Forced(2, "’", "'")),
        ("“Hi”", Forced(0, "“", '"')),
        ("10–12", Forced(2, "–", "-")),
        ("wait…", Forced(4, "…", "...")),
        ("• one", Forced(0, "•", "-")),
        ("a\u00a0b", Forced(1, "\u00a0", " ")),
        ("a\u202fb", Forced(1, "\u202f", " ")),
        ("a\tb", Forced(1, "\t", " ")),
        ("call \u202a0400", Forced(5, "\u202a", "")),
        ("cafe\u0301", Forced(3, "e\u0301", "é")),  # only the accent is foreign; the composed letter is GSM-7
        ("20 \u212b", Forced(3, "\u212b", "Å")),
        ("hi 😀", Forced(3, "😀", None)),
        (f"we {FAMILY}", Forced(3, FAMILY, None)),
        ("façade", Forced(2, "ç", None)),
        ("привет’", Forced(0, "п", None)),
    ],
)
def test_the_forcing_character_is_named(text: str, expected: Forced) -> None:
    """The first grapheme outside GSM-7 is named, with its position and replacement, if any."""
    assert measure(text).forced_by == expected


@given(ANYTHING)
def test_what_is_named_stands_where_it_is_said_to(text: str) -> None:
    """Everything before the position is GSM-7, the named character is not, and its replacement is."""
    forced = measure(text).forced_by
    if forced is None:
        assert measure(text).encoding is Encoding.GSM7
        return
    assert text.startswith(forced.character, forced.position)
    assert measure(text[: forced.position]).encoding is Encoding.GSM7
    assert measure(forced.character).encoding is Encoding.UCS2
    assert forced.replacement is None or measure(forced.replacement).encoding is Encoding.GSM7


def test_a_repr_shows_nothing_of_the_text() -> None:
    """A logged measurement shows no text."""
    assert "’" not in repr(measure("It’s"))


def test_plain_makes_gsm7_of_a_typeset_text() -> None:
    """Typographic characters are replaced, and a reader loses nothing."""
    text = "“It’s • here” – 10\u202f000\u00a0km… cafe\u0301 \ufb01n\u00adished\u200b\u2028«ok» ‹a›"
    assert plain(text) == '"It\'s - here" - 10 000 km... café finished\n"ok" \'a\''
    assert measure(plain(text)).encoding is Encoding.GSM7


@given(GSM7)
def test_plain_leaves_gsm7_alone(text: str) -> None:
    """A GSM-7 text stays as it is."""
    assert plain(text) == text


@given(ANYTHING)
def test_plain_twice_is_plain_once(text: str) -> None:
    """`plain` does not change its own result."""
    assert plain(plain(text)) == plain(text)


@given(ANYTHING)
def test_plain_touches_nothing_but_what_it_knows(text: str) -> None:
    """Characters without a plain form stay in order; graphemes are composed as in NFC."""
    known = [character for character in text if plain(character) == unicodedata.normalize("NFC", character)]
    if len(known) == len(text):
        assert plain(text) == unicodedata.normalize("NFC", text)


def test_plain_keeps_what_holds_an_emoji_or_a_word_together() -> None:
    """Joiners carry meaning (families, Persian), so they stay."""
    assert plain(FAMILY) == FAMILY
    assert plain("می\u200cخواهم") == "می\u200cخواهم"


def test_each_replacement_is_gsm7() -> None:
    """Over all of Unicode, a replacement is GSM-7 or the composed character."""
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if plain(character) != unicodedata.normalize("NFC", character):
            assert measure(plain(character)).encoding is Encoding.GSM7


LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "units": st.integers(2, 400),
        "characters": st.integers(2, 400),
        "segments": st.integers(1, 4),
    },
).filter(bool)


def rejoins(parts: list[str], text: str) -> bool:
    """Returns True if the parts are the text, except for white space between them."""
    place = 0
    for part in parts:
        while not text.startswith(part, place):
            if place >= len(text) or not text[place].isspace():
                return False
            place += 1
        place += len(part)
    return text[place:].strip() == ""


@given(ANYTHING, LIMITS)
@example("a" * 159 + "\r\n" + "b", {"segments": 1})
@example(ZALGO, {"segments": 1})
@example(ZALGO + FAMILY, {"units": 2})
@example("{" * 90 + "ы", {"units": 160})
@example(" " * 500 + "a", {"segments": 1})
@example("a" * 200, {"units": 100, "characters": 90, "segments": 1})
def test_every_part_keeps_every_limit_and_nothing_is_lost(text: str, limits: dict[str, int]) -> None:
    """No part is empty or over a limit; only white space at a cut is lost."""
    parts = split(text, **limits)
    assert all(parts)
    for part in parts:
        cost = measure(part)
        assert cost.units <= limits.get("units", cost.units)
        assert cost.count <= limits.get("segments", cost.count)
        assert utf16_units(part) <= limits.get("characters", utf16_units(part))
    assert rejoins(parts, text)


@given(ANYTHING, LIMITS)
@example("{" * 90 + "ы", {"units": 160})  # cheaper as a whole in UCS-2 than its GSM-7 beginning
@example("", {"units": 2})
def test_a_text_within_the_limits_is_one_part(text: str, limits: dict[str, int]) -> None:
    """A text within the limits is returned unchanged, with white space at its ends."""
    cost = measure(text)
    within = (
        cost.units <= limits.get("units", cost.units)
        and cost.count <= limits.get("segments", cost.count)
        and utf16_units(text) <= limits.get("characters", utf16_units(text))
    )
    assert (split(text, **limits) == [text]) == (within and text != "")


@given(st.lists(st.text(alphabet="abcdeы", min_size=1, max_size=30), max_size=80), st.integers(1, 3))
def test_words_that_fit_are_never_cut(words: list[str], segments: int) -> None:
    """If each word fits, parts consist of whole words."""
    parts = split(" ".join(words), segments=segments)
    assert [word for part in parts for word in part.split(" ")] == words
    for part, following in itertools.pairwise(parts):  # and no part has room for one more word
        assert measure(f"{part} {following.split(' ')[0]}").count > segments


@given(st.lists(st.sampled_from([FAMILY, "\U0001f1e6\U0001f1fa", "e\u0301", "\r\n", "x", "ы", "👍🏽"]), max_size=150))
def test_graphemes_that_fit_are_never_cut(graphemes: list[str]) -> None:
    """Without white space, cuts are between graphemes."""
    text = "".join(graphemes)
    parts = split(text, segments=1)
    assert [g for part in parts for g in regex.findall(r"\X", part) if not g.isspace()] == [
        g for g in regex.findall(r"\X", text) if not g.isspace()
    ]


@given(ANYTHING | GSM7, st.sampled_from([40, 70, 160]), st.sampled_from([None, 1, 2]))
@example("word " * 400, 40, 1)
def test_numbered_parts_keep_the_limits_and_the_text(text: str, characters: int, segments: int | None) -> None:
    """The numbers are in order and count; the parts are the text without white space at the cuts."""
    parts = numbered(text, characters=characters, segments=segments)
    if len(parts) < 2:
        assert "".join(parts) == text
        return
    for number, part in enumerate(parts, 1):
        assert part.startswith(f"({number}/{len(parts)}) ")
        assert utf16_units(part) <= characters
        assert segments is None or measure(part).count <= segments
    bare = [part.split(") ", 1)[1] for part in parts]
    assert all(bare)
    assert [c for part in bare for c in part if not c.isspace()] == [c for c in text if not c.isspace()]


@pytest.mark.parametrize(
    ("text", "limits", "parts"),
    [
        ("one two three", {"characters": 8}, ["one two", "three"]),
        ("one two three", {"characters": 7}, ["one two", "three"]),
        ("one  \n two", {"characters": 4}, ["one", "two"]),
        ("  one two  ", {"characters": 6}, ["  one", "two  "]),
        ("abcdefgh", {"characters": 3}, ["abc", "def", "gh"]),
        ("ab\u00a0cd ef", {"characters": 5}, ["ab\u00a0cd", "ef"]),
        ("a\u00a0bcdefg", {"characters": 4}, ["a\u00a0bc", "defg"]),  # a no-break space allows no cut
        ("€€€", {"units": 4}, ["€€", "€"]),
        ("😀😀😀", {"units": 4}, ["😀😀", "😀"]),
        ("😀😀😀", {"characters": 5}, ["😀😀", "😀"]),
        ("a \u0301b", {"characters": 3}, ["a \u0301", "b"]),  # a space with an accent is a letter
        (FAMILY, {"characters": 5}, ["👨\u200d👩", "\u200d👧\u200d", "👦"]),
        ("     ", {"characters": 3}, ["   "]),
        ("word      ", {"characters": 4}, ["word"]),
        ("a" * 161, {"segments": 1}, ["a" * 160, "a"]),
        ("a" * 320, {"segments": 2}, ["a" * 306, "a" * 14]),
        ("ы" * 141, {"segments": 2}, ["ы" * 134, "ы" * 7]),
        ("a" * 159 + " " + "ы" * 70, {"segments": 1}, ["a" * 159, "ы" * 70]),
    ],
)
def test_known_cuts(text: str, limits: dict[str, int], parts: list[str]) -> None:
    """The position of each cut, and what is dropped there."""
    assert split(text, **limits) == parts


@pytest.mark.parametrize("limits", [{}, {"units": 1}, {"characters": 1}, {"characters": 0}, {"segments": 0}])
def test_a_limit_that_cannot_be_kept_is_refused(limits: dict[str, int]) -> None:
    """No limit, or one below the widest character, is an error."""
    with pytest.raises(ValueError, match="limit"):
        split("text", **limits)


def test_a_very_long_text_is_cut_in_good_time() -> None:
    """Slack's longest message is cut within seconds even if it is all emoji: no step scans the whole text."""
    text = "😀 word " * 4_999 + "😀 word"
    began = time.process_time()
    parts = split(text, segments=1)
    assert time.process_time() - began < 5
    assert " ".join(parts) == text
