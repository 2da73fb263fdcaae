"""The words that a person writes in a thread instead of a text: `!note`, `!close`, …, and what only looks like one.

Slash commands do not work in threads, hence words. Everything else in a thread is texted to a customer, so what looks
like a note and is not quite one is held and asked about: a needless question costs a click, a note that is texted costs
a customer.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field

WORDS = ("note", "close", "reopen", "assign", "via", "later", "help")
WORDS_HELP = (
    "In this thread: `!note …` keeps a message in the team, `!close` and `!reopen` the conversation, "
    "`!assign @somebody`, `!via <sender>` chooses where texts come from, `!later <when>` sends later, "
    "`!help` shows this."
)
NEAR_MISS_HELP = (
    "That looks like a note, so it was not texted. Begin it with `!note` to keep it as a note, or word it differently "
    "to text it."
)


@dataclass(frozen=True, slots=True)
class Note:
    """A message that stays in the team."""

    text: str = field(repr=False)  # without its `!note`


@dataclass(frozen=True, slots=True)
class Word:
    """A message that tells us to do something."""

    word: str  # close, reopen, assign, via, later or help
    argument: str = field(default="", repr=False)  # the rest of its line
    text: str = field(default="", repr=False)  # the lines below it: what is to be texted, if anything


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A message that may have been meant for the team: to be held, and asked about."""

    meant: str  # note, close, reopen, assign, via, later or help
    seen: str = field(repr=False)  # what looked like it, 24 characters at most


def instruction(text: str) -> Note | Word | NearMiss | None:
    """What a thread message tells us to do instead of texting it; None for one that is simply a text.

    Args:
        text: Slack's own `text` of the message (mentions in an argument then stay `<@U…>`, so that an assignee can be
            found), or what `to_text` made of it.
    """
    exact = _EXACT.match(text)
    if exact and exact[1].lower() == "note":
        return Note(text[exact.end() :].strip())
    if below := _BELOW.search(text):
        return NearMiss(below[1].lower(), below[0].strip()[:24])
    if exact:
        argument, _, rest = text[exact.end() :].partition("\n")
        return Word(exact[1].lower(), argument.strip(), rest.strip())
    return _near(text)


_ANY = "|".join(WORDS)
_SPACE = r"[^\S\n]*"
_MARK = "[!\uff01]"  # the second is what Chinese and Japanese keyboards write
_DASHES = "[-\u2013\u2014]+"
_STYLE = "[*_~`]*"  # the marks of bold, italic, struck and code in Slack's own `text`
_INVISIBLE = "\u200b-\u200f\u2060\ufeff"
_LEAD = rf"(?:[\s*_~`{_INVISIBLE}]|<@[^<>]*>)*+"  # may stand before the word and mean nothing, like our own mention
_EXACT = re.compile(
    rf"{_LEAD}{_MARK}{_SPACE}({_ANY})(?:(?<=note)(?![^\W_])|(?=[\s:;.,!*_~`]|$))"
    rf"{_STYLE}{_SPACE}(?:[:;.,!]|{_DASHES}(?=\s|$))?{_STYLE}{_SPACE}",
    re.IGNORECASE,
)
# A word on a later line: the lines above it are a text, so the whole cannot be understood without asking.
_BELOW = re.compile(rf"(?<=\n)[^\S\n]*{_STYLE}{_MARK}{_SPACE}({_ANY})(?![^\W_])", re.IGNORECASE)


# --- what looks like one ----------------------------------------------------------------------------------------------

# What people write for the words, understood after a `!` or a `/` only.
_MEANT = {
    **{word: word for word in WORDS},
    **dict.fromkeys(("n", "nb", "notes", "internal", "private", "memo", "comment", "team", "fyi"), "note"),
    **dict.fromkeys(("closed", "done", "resolve", "resolved", "finish"), "close"),
    **dict.fromkeys(("open", "unclose"), "reopen"),
    **dict.fromkeys(("take", "mine", "me", "unassign", "assigned"), "assign"),
    **dict.fromkeys(("from", "using", "sender"), "via"),
    **dict.fromkeys(("schedule", "snooze", "remind", "wait"), "later"),
    **dict.fromkeys(("sms", "commands", "h"), "help"),
}

_SIGNS = frozenset("!\uff01\u00a1/\\")
_ANY_SIGN = _SIGNS | frozenset(
    "#@?;|$%^+=-"
)  # next to `!` on some keyboard, or another program's way to write a command
_START = re.compile(
    r"(?P<before>(?:[0-9a-z]{1,4}[.)]\s+(?=[!/]))?(?:<@[^<>]*>|:[\w+'\-]+:|&(?:gt|lt|amp);|[\W_])*+)(?P<word>[^\W_]+(?:-[^\W_]+)?)",
    re.IGNORECASE,
)
_NOTE = r"n(?:ote|oet|toe|te|oote|otte|otee)s?|memo|comment"
_TEAM = r"internal|private|team|staff"
_NOTE_ENDS = rf"{_STYLE}(?:\s*(?:[:;=|\])}}>]|&gt;)|\s+{_DASHES}(?=[\s>]|$)|{_DASHES}(?=[\s>]|$))"
_LABEL = re.compile(
    rf"(?:(?:(?:{_TEAM})[\s-]+)?(?:{_NOTE})|internal(?:ly)?|private(?:ly)?|(?:{_TEAM})[\s-]+only){_NOTE_ENDS}"
    rf"|(?:{_TEAM})[\s-]+notes?\b|notes?\s+to\s+self\b|notes?{_STYLE}[^\S\n]*$",
    re.IGNORECASE | re.MULTILINE,
)


def _near(text: str) -> NearMiss | None:
    start = _START.match(text)
    if start is None:
        return None
    before, word = start["before"], start["word"].lower()
    meant = _after_a_sign(before, word) or _without_the_shift_key(before, word)
    if meant is None and _LABEL.match(text, start.start("word")):
        meant = "note"
    return NearMiss(meant, start[0].strip()[:24]) if meant else None


def _after_a_sign(before: str, word: str) -> str | None:
    sign, single = before[-1:], before[-2:-1] not in _SIGNS
    if word in {"note", "notes"} and (sign in _ANY_SIGN or any(one in before for one in "!\uff01/")):
        return "note"
    if sign not in _SIGNS:
        return None
    return _MEANT.get(word.partition("-")[0]) or (_misspelt(word.replace("-", "")) if single else None)


def _without_the_shift_key(before: str, word: str) -> str | None:
    """`1note`: the key of `!`, pressed alone."""
    return word[1:] if not before.strip() and word[:1] == "1" and word[1:] in WORDS else None


def _misspelt(word: str) -> str | None:
    for right in WORDS:
        if sorted(word) == sorted(right):
            return right
    return next(iter(difflib.get_close_matches(word, WORDS, n=1, cutoff=0.75)), None)
