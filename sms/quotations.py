"""Words in a contact's text that are not their own: tapbacks, quoted texts, and the footers of marketing."""

from __future__ import annotations

import re

_REACTION = (
    r"(?:liked|loved|disliked|laughed at|emphasi[sz]ed|questioned|reacted (?:with )?\S+(?: \S+)? to"
    r"|removed an? [\w ]+ from|[^\w\s\"'\u201c\u00ab]+\s*(?:to|for|à|a|zu|för|til)"
    r"|a aimé|a adoré|le gustó|me gusta|gefällt|adorou|ha messo mi piace a)"
)
_QUOTED = r"[\"\u201c\u201d\u201e\u00ab'\u2018](?P<quoted>.*)[\"\u201c\u201d\u00bb'\u2019]"
_TAPBACK = re.compile(
    rf"\s*[\u200a-\u200f\ufeff]*{_REACTION}\s*{_QUOTED}[\s.\u200a-\u200f\ufeff]*", re.IGNORECASE | re.DOTALL
)

_STOP = r"[\"'\u201c\u2018*]?(?:stop(?: ?all)?|unsub(?:scribe)?|end|quit|cancel|opt ?out)[\"'\u201d\u2019*]?"
_SAY = (
    r"(?:(?:or |and |please |just |simply )*(?:reply|text|txt|send|sms|type|respond|answer|rply)"
    r"(?: with| us| back)?:? +)"
)
_LEAVE = (
    r"(?:to|2|4|for) ?(?:opt[ -]?out|unsub(?:scribe)?|end|stop|cancel|quit|leave|remove|not receive|no more|\d{4,8})"
    r"(?: (?:from )?(?:all |these |our |further |future )*"
    r"(?:texts?|messages?|msgs?|sms|alerts?|offers|marketing|at any ?time))?"
)
_FOOTER = re.compile(
    rf"(?P<start>^|[.!?:;,)|/\-\u2013\u2014\n\"'\u201c(] *|\b(?=reply|text|txt|send|rply))"
    rf"(?:{_SAY}?{_STOP} ?{_LEAVE}(?: {_LEAVE})?"
    rf"|{_LEAVE}[:,]? +{_SAY}{_STOP}"
    rf"|(?:opt[ -]?out|unsub(?:scribe)?): ?(?:{_SAY}?{_STOP}(?: {_LEAVE})?|https?://\S+|\w[\w-]*\.\w\S*)"
    r"|stop(?: ?sms)? (?:au|an|al) \d{4,8})"
    r"(?=$|[\s.!?,;:)\"'\u201d\u2019\u00bb|/-])",
    re.IGNORECASE,
)
_BETWEEN_QUOTES = re.compile(r"\u201c[^\u201c\u201d]*\u201d|\u00ab[^\u00ab\u00bb]*\u00bb|\"[^\"]*\"", re.DOTALL)
_OWN_WORDS = re.compile(
    r"\b(?:i|i'm|im|i've|ive|me|my|mine|pls|plz|please|wrong|sorry|stop|who|not?|never|don'?t|unsubscribe|remove"
    r"|quit)\b",
    re.IGNORECASE,
)
_QUOTE_MARK = re.compile(r"^[^\S\n]*(?:>|&gt;).*$\n?", re.MULTILINE)


def is_tapback(text: str) -> bool:
    """Returns True if the whole text is a reaction to a text, like `Loved “See you at nine”`."""
    return _TAPBACK.fullmatch(text) is not None


def own_words(text: str) -> str:
    """Returns the text without quoted footers, and without a footer below a text that is no plea of the contact's.

    "20% off! STOP to unsubscribe" is a forwarded advertisement, so its footer goes. "Wrong number. STOP to unsubscribe"
    speaks for the contact, and a footer alone repeats our own instruction, so both stay.
    """
    unquoted = _QUOTE_MARK.sub("", text)
    unquoted = _BETWEEN_QUOTES.sub(lambda found: " " if _FOOTER.search(found[0]) else found[0], unquoted)
    rest = _FOOTER.sub(lambda found: found["start"], unquoted)
    if not re.search(r"\w", rest):
        return text
    return unquoted if rest == unquoted or _OWN_WORDS.search(rest) else rest


def without_footers(text: str) -> str:
    """Returns one of our texts without the words that offer an opt-out."""
    return _FOOTER.sub(" ", text)
