"""Commands that people write in a thread: `!note`, `!close`, …, and near misses of them.

Slash commands do not work in threads, so these start with an exclamation mark. Every other message in a thread is
texted to a customer. So we hold a message that looks like a note but is not quite one, and ask about it: a needless
question costs a click, a texted note costs a customer. We ask about

- a sign and a command (`!note`, `/close`) anywhere behind a mention, an emoji, a space or the like;
- any word behind a `!` or `/` that opens the message, also below mentions, links, dates, `cc` and `FYI`;
- a label (`note:`, `NB`, `note to bob`, `internal -`) in the same places, and `cc @ben`;
- a template's name alone (`#greet`).

A word in the middle of a sentence is no label: "Hello, note: we open at 9" is a text. So is "Hello! Note that we close
at 5", because its sign belongs to the word before it.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field

WORDS = ("note", "close", "reopen", "assign", "via", "later", "help")
WORDS_HELP = (
    "In this thread: `!note …` keeps a message in the team, `!close` closes the conversation, `!reopen` opens it "
    "again, `!assign @somebody` assigns it, `!via <sender>` sends the text on the next lines from that sender, "
    "`!later <when>` sends it at that time, and `!help` shows this."
)


@dataclass(frozen=True, slots=True)
class Note:
    """A message that stays in the team."""

    text: str = field(repr=False)  # without `!note`


@dataclass(frozen=True, slots=True)
class Word:
    """A command."""

    word: str  # close, reopen, assign, via, later or help
    argument: str = field(default="", repr=False)  # the rest of its line
    text: str = field(default="", repr=False)  # the lines below it: the text to send, if any


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A message that may be a note or a command. We hold it and ask its author."""

    likely: str  # what it probably is: note, close, reopen, assign, via, later, help, or "template"
    excerpt: str = field(repr=False)  # the part that looks like the command, at most 24 characters


def instruction(text: str) -> Note | Word | NearMiss | None:
    """Returns the note, command or near miss in a thread message, or None for an ordinary text.

    Args:
        text: Slack's own `text` of the message, in which mentions stay `<@U…>` so that we can find an assignee; or the
            result of `to_text`.
    """
    exact = _EXACT.match(text)
    if exact and exact[1].lower() == "note":
        return Note(text[exact.end() :].strip())
    if below := _inside(text[exact.end() :] if exact else text):
        return below
    if exact:
        argument, _, rest = text[exact.end() :].partition("\n")
        return Word(exact[1].lower(), argument.strip(), rest.strip())
    return _near(text)


_ANY = "|".join(WORDS)
_SPACE = r"[^\S\n]*"
_MARK = "[!\uff01]"  # the second comes from Chinese and Japanese keyboards
_DASHES = "[-\u2013\u2014]+"
_STYLE = "[*_~`]*"  # the marks of bold, italic, struck and code in Slack's own `text`
_INVISIBLE = "\u200b-\u200f\u2060\ufeff"
_LEAD = rf"(?:[\s*_~`{_INVISIBLE}]|<@[^<>]*>)*+"  # ignored before a command, like a mention of the bot
_EXACT = re.compile(
    rf"{_LEAD}{_MARK}{_SPACE}({_ANY})(?:(?<=note)(?![^\W_])|(?=[\s:;.,!*_~`]|$))"
    rf"{_STYLE}{_SPACE}(?:[:;.,!]|{_DASHES}(?=\s|$))?{_STYLE}{_SPACE}",
    re.IGNORECASE,
)
# A command inside a message: the words above or before it are a text, so we have to ask.
_BELOW = re.compile(rf"(?<=\n)[^\S\n]*{_STYLE}{_MARK}{_SPACE}({_ANY})(?![^\W_])", re.IGNORECASE)
_INSIDE = re.compile(
    rf"{_MARK}{_STYLE}({_ANY})(?![^\W_])|(?:(?<=[\s>)*_~`\]])|(?<=:))[/\\]({_ANY})(?![^\W_/.])"
    r"|(?<=\s)! (note)(?![^\W_])|\b(?:internal|private) (notes?)\b|\b(note)s? to self\b",
    re.IGNORECASE,
)


# --- near misses ------------------------------------------------------------------------------------------------------

# Other words that people write for the commands. We read them only after a `!` or a `/`.
_SYNONYMS = {
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
_ANY_SIGN = _SIGNS | frozenset("#@?;|$%^+=-")  # near `!` on some keyboard, or the start of commands in other programs
_ASIDE = r"(?:(?:cc|fyi|btw|ps|re|fao|attn|hey|ok|also|and)\b(?!-)[:,]?|@(?!notes?\b)[\w.\-]+|[\d.:/\-]{0,20}\d[.:,]?(?=\s)|https?://\S+)"
_START = re.compile(
    r"(?P<before>(?:[0-9a-z]{1,4}[.)]\s+(?=[!/]))?"
    rf"(?:<(?:[@#!]|https?:|mailto:|tel:)[^<>]*>|:[\w+'\-]+:|&(?:gt|lt|amp);|(?<![^\W_]){_ASIDE}|[\W_])*+)"
    r"(?P<word>[^\W_]+(?:-[^\W_]+)?)",
    re.IGNORECASE,
)
_OPENS = re.compile(r"(?:^|[\s>:*_~`])[!\uff01]{1,2}[*_~`]*$|(?:^|\s)[!\uff01][^\S\n]$|^[^\S\n]*/$")
_NO_COMMAND = re.compile(r"\S*[/.]\w")  # /usr/bin
_COPY = re.compile(r"[\W_]*cc:?\s+(?:<[@!][^<>]*>|@\w)", re.IGNORECASE)
_TEMPLATE = re.compile(r"\s*(#[a-z][a-z0-9_-]{0,39})\s*", re.IGNORECASE)
_NOTE = r"n(?:ote|oet|toe|te|oote|otte|otee)s?|memo|comment"
_TEAM = r"internal|private|team|staff"
_NOTE_ENDS = rf"{_STYLE}(?:\s*(?:[:;=|\])}}>]|&gt;)|\s+{_DASHES}(?=[\s>]|$)|{_DASHES}(?=[\s>]|$))"
_LABEL = re.compile(
    rf"(?:(?:(?:{_TEAM})[\s-]+)?(?:{_NOTE})|internal(?:ly)?|private(?:ly)?|(?:{_TEAM})[\s-]+only){_NOTE_ENDS}"
    rf"|(?:{_TEAM})[\s-]+notes?\b|notes?\s+(?:to|for)\b|notes?{_STYLE}[^\S\n]*$|n\.?b\b\.?(?![-\w])|to-?do\s*:",
    re.IGNORECASE | re.MULTILINE,
)


def _inside(text: str) -> NearMiss | None:
    """Returns the near miss of a command that is anywhere in a message."""
    found = _INSIDE.search(text) or _BELOW.search(text)
    if found is None:
        return None
    word = next(filter(None, found.groups())).lower()
    return NearMiss("note" if word == "notes" else word, found[0].strip()[:24])


def _near(text: str) -> NearMiss | None:
    if template := _TEMPLATE.fullmatch(text):
        return _after_hash(template[1])
    if copy := _COPY.match(text):
        return NearMiss("note", copy[0].strip()[:24])
    start = _START.match(text)
    if start is None:
        return None
    before, word = start["before"], start["word"].lower()
    likely = _after_sign(before, word) or _without_shift(before, word) or _unknown(text, start)
    if likely is None and _LABEL.match(text, start.start("word")):
        likely = "note"
    return NearMiss(likely, start[0].strip()[:24]) if likely else None


def _after_hash(name: str) -> NearMiss:
    likely = "note" if name.lower() in {"#note", "#notes"} else "template"
    return NearMiss(likely, name[:24])


def _unknown(text: str, start: re.Match[str]) -> str | None:
    """Reads any word behind a sign that opens the message: only the team writes like that."""
    opened = _OPENS.search(start["before"])
    is_path = start["before"].endswith("/") and _NO_COMMAND.match(text, start.start("word"))
    return None if opened is None or is_path or start["word"][0].isdigit() else "note"


def _after_sign(before: str, word: str) -> str | None:
    sign, single = before[-1:], before[-2:-1] not in _SIGNS
    if word in {"note", "notes"} and (sign in _ANY_SIGN or any(one in before for one in "!\uff01/")):
        return "note"
    if sign not in _SIGNS:
        return None
    return _SYNONYMS.get(word.partition("-")[0]) or (_misspelt(word.replace("-", "")) if single else None)


def _without_shift(before: str, word: str) -> str | None:
    """Reads `1note`: the person pressed the key of `!` without shift."""
    return word[1:] if not before.strip() and word[:1] == "1" and word[1:] in WORDS else None


def _misspelt(word: str) -> str | None:
    for right in WORDS:
        if sorted(word) == sorted(right):
            return right
    return next(iter(difflib.get_close_matches(word, WORDS, n=1, cutoff=0.75)), None)
