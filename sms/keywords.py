"""Keywords by which a contact opts out, opts in or asks for help, and free text that probably means an opt-out.

`heard` finds keywords to act on at once; `likely_stop` finds texts to ask a person about. The keywords are those of
carriers and Twilio, with the FCC's "revoke" and "opt out" (47 CFR 64.1200(a)(10)), and each country's own
(`sms/languages.py`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache
from itertools import chain

import regex

from sms import languages, quotations


class Keyword(Enum):
    """The request of a text that consists of a keyword only."""

    STOP = "stop"  # no more texts, from any of our senders
    START = "start"  # texts again, after a STOP
    HELP = "help"  # who are you, and how do I opt out


@dataclass(frozen=True, slots=True)
class MoreWords:
    """The words of one inbox, besides those of carriers and of the contact's country."""

    stop: tuple[str, ...] = ()
    start: tuple[str, ...] = ()


NO_MORE_WORDS = MoreWords()

_WORDS = {
    "stop": Keyword.STOP,
    "stop all": Keyword.STOP,  # from every sender, which our STOP means too
    "unsubscribe": Keyword.STOP,
    "cancel": Keyword.STOP,
    "end": Keyword.STOP,
    "quit": Keyword.STOP,
    "revoke": Keyword.STOP,  # the consent
    "opt out": Keyword.STOP,
    "start": Keyword.START,
    "unstop": Keyword.START,
    "opt in": Keyword.START,
    "help": Keyword.HELP,
    "info": Keyword.HELP,
}
_AGREED = "yes"  # START for someone who opted out; otherwise an ordinary answer
_MOST_OTHER_WORDS = 3  # beside a line "END": "Jane Smith" is a signature, "the appointment at nine please" is not


def heard(
    text: str, *, opted_out: bool = False, region: str | None = None, more: MoreWords = NO_MORE_WORDS
) -> Keyword | None:
    """Returns the keyword that the whole text is, or None; a STOP may also be one whole line of it.

    Only letters count. Case, width, accents, white space, punctuation, quotes and emoji are ignored, so "Opt-out",
    "OPTOUT" and "« stop all! »" are keywords too. Signatures of phones ("Sent from my iPhone") are no part of the text.
    A line "cancel" or "end" among more than three other words is left to `likely_stop`.

    Args:
        text: the body as received.
        opted_out: True if the contact is opted out now; "yes" then means START.
        region: the country of the contact's number, ISO 3166-1 alpha-2, whose words count too.
        more: the words of the inbox.
    """
    if quotations.is_tapback(text):
        return None
    known, said = _keywords(region, more), _without_signature(text)
    for whole in dict.fromkeys((_letters(text), _letters(said))):
        if opted_out and whole == _AGREED:
            return Keyword.START
        if whole in known:
            return known[whole]
    return Keyword.STOP if _has_line(said, known) else None


def is_unsure(text: str) -> bool:
    """Returns True if the STOP keyword in a text is an ordinary answer to a question too, like "cancel" or "end"."""
    lines = [_letters(line) for line in (text, *text.splitlines())]
    return not any(line in _SURE for line in lines) and any(line in _UNSURE for line in lines)


def answers(text: str, question: str) -> bool:
    """Returns True if a text that is one word may answer our text: it asks something, or offers that word.

    Args:
        text: the contact's.
        question: our text before it. Its footer ("Reply STOP to opt out") offers nothing.
    """
    asked = _LINKS.sub(" ", quotations.without_footers(question))
    words = {_letters(word) for word in re.findall(r"[^\W_]+", asked)}
    return bool(_QUESTION_MARK.search(asked)) or any(_letters(line) in words for line in text.splitlines())


def _letters(text: str) -> str:
    """Returns the letters and digits in lower case, without accents."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(filter(str.isalnum, plain))


_BY_LETTERS = {_letters(word): keyword for word, keyword in _WORDS.items()}
_FOREIGN = frozenset(map(_letters, chain.from_iterable(languages.STOP_WORDS.values())))
_UNSURE = frozenset(map(_letters, ("cancel", "end", "quit", "revoke", *languages.UNSURE)))
_SURE = frozenset(map(_letters, ("stop", "stop all", "unsubscribe", "opt out"))) | (_FOREIGN - _UNSURE)
_QUESTION_MARK = re.compile("[?\uff1f\u061f\u037e]")
_LINKS = re.compile(r"https?://\S+")
_SIGNATURE = re.compile(
    r"(?:sent|get|gesendet|von meinem|envoy[ée]|enviado|inviato|verzonden|skickat|отправлено|sendt)\b.{0,60}"
    r"\b(?:from|with|by|using|for|via|von|gesendet|depuis|de|desde|do|da|vanaf|från|fra|\u0441)\b.{0,40}|--+|__+",
    re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def _keywords(region: str | None, more: MoreWords) -> dict[str, Keyword]:
    """Returns the keywords of a country and an inbox by their letters; the English ones keep their meaning."""
    country = region or ""
    found = dict.fromkeys(map(_letters, languages.HELP_WORDS.get(country, ())), Keyword.HELP)
    found |= dict.fromkeys(map(_letters, (*languages.START_WORDS.get(country, ()), *more.start)), Keyword.START)
    found |= dict.fromkeys(map(_letters, (*languages.STOP_WORDS.get(country, ()), *more.stop)), Keyword.STOP)
    return found | _BY_LETTERS


def _without_signature(text: str) -> str:
    """Returns the text down to the signature of a phone or a mail program."""
    lines = text.splitlines()
    end = next((n for n, line in enumerate(lines) if n and _SIGNATURE.fullmatch(line.strip())), len(lines))
    return "\n".join(lines[:end])


def _has_line(said: str, known: dict[str, Keyword]) -> bool:
    """True if a line that is not quoted is a STOP keyword alone."""
    lines = [line for line in said.splitlines() if not line.lstrip().startswith(">")]
    others = [line for line in lines if known.get(_letters(line)) is not Keyword.STOP]
    words = sum(len(line.split()) for line in others)
    found = {_letters(line) for line in lines} & {word for word, kind in known.items() if kind is Keyword.STOP}
    return any(word not in _UNSURE or words <= _MOST_OTHER_WORDS for word in found)


def likely_stop(text: str, *, more: MoreWords = NO_MORE_WORDS) -> bool:
    """Returns True if a text probably asks us to stop texting, in any words.

    It errs on the side of asking: a false positive costs a person one look, a false negative ignores an opt-out. Do not
    suppress a contact because of it alone. A tapback and a forwarded advertisement ask nothing, whatever they quote.
    """
    if quotations.is_tapback(text):
        return False
    if heard(text, more=more) is Keyword.STOP or _has_sign_only(text) or _has_any_line(text):
        return True
    own = quotations.own_words(text) if len(text) <= _LONGEST else text
    if _is_loud(own) or _WRONG_PERSON.search(_spoken(own)):
        return True
    return any(map(_asks, dict.fromkeys((_spoken(own), _spoken(own).translate(_LOOKALIKES)))))


def _asks(spoken: str) -> bool:
    return (
        _POLITELY.fullmatch(spoken) is not None
        or any(_BARE.fullmatch(clause.strip()) for clause in _CLAUSE.split(spoken))
        or any(request.search(spoken) for request in _requests())
    )


def _has_sign_only(text: str) -> bool:
    """True if the text is a stop sign with at most a polite word."""
    return any(sign in text for sign in _SIGNS) and not _letters(_COURTESY.sub(" ", _spoken(text)))


def _has_any_line(text: str) -> bool:
    """True if a line is a STOP keyword of any country, perhaps with a polite word."""
    lines = text.splitlines() if len(text) <= _LONGEST else []
    said = [_spoken(line) for line in lines if line.strip()]
    known = _FOREIGN | _ENGLISH_STOPS
    return any(_letters(_COURTESY.sub(" ", line)) in known or _BARE.fullmatch(line) for line in said)


def _is_loud(text: str) -> bool:
    """True if STOP stands out in capitals, and not as the name of a place ("the bus STOP")."""
    return any(map(str.islower, text)) and _LOUD.search(" ".join(text.split())) is not None


_LONGEST = 2_000  # characters; nobody writes a keyword in a longer text
_ENGLISH_STOPS = frozenset(word for word, keyword in _BY_LETTERS.items() if keyword is Keyword.STOP)
_SIGNS = "\u26d4\U0001f6d1\U0001f6ab\U0001f4f5\U0001f515"
_COURTESY = re.compile(rf"\b(?:please|pls|plz|thanks|thank you|thx|now|{languages.POLITE})\b")
_LOUD = re.compile(
    r"(?<!\b[Bb]us )(?<!\b[Tt]ram )(?<!\b[Tt]rain )(?<!\b[Tt]axi )(?<!-)\bSTOP\b(?! (?:sign|light|by)\b)"
)
_LOOKALIKES = str.maketrans("05$\u0430\u0435\u043e\u0440\u0441\u0442\u0443\u0445\u0455", "ossaeopctyxs")
_POLITELY = re.compile(
    r"(?:(?:please|pls|plz|kindly|just|hi|hello|ok|okay|no|thanks)[ ,]+)*(?:quit|end|cancel|revoke)"
    r"(?:[ ,]+(?:please|pls|plz|now|thanks|thank you|all|me))*[ .!]*"
)
_WRONG_PERSON = re.compile(
    r"\b(?:wrong|incorrect) (?:number|person|no|phone|guy|contact)\b.{0,80}\b(?:stop|quit|remove|end|cancel)\b"
    r"|\b(?:stop|quit|remove|end|cancel)\b.{0,80}\b(?:wrong|incorrect) (?:number|person|no|phone|guy|contact)\b"
)


def prepare() -> None:
    """Compiles the patterns of `likely_stop`, which takes 0.1 seconds, so that the first text need not wait."""
    _requests()


def _spoken(text: str) -> str:
    """Returns the text in lower case with straight apostrophes and single spaces, without emoji and invisible ones."""
    straight = unicodedata.normalize("NFKC", text).casefold().translate(_STRAIGHT)
    seen = "".join(character if unicodedata.category(character)[0] in "LNPZ" else " " for character in straight)
    return " ".join(seen.split())


_STRAIGHT = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc`\u00b4", "'"))
_CLAUSE = re.compile(r"[^\w' -]+| -+ |\b(?:and|but|or|so)\b(?= (?:please |pls |just )?(?:sto+p|un|opt))")

# --- a clause that says nothing else ----------------------------------------------------------------------------------

_UNSUBSCRIBE = "(?:un ?-?sub?s?c?rib?e|unsub)"  # as people spell it
_OPT_OUT = "opt(?:ing)?[ -]?(?:me |us )?out"
_BEFORE = (
    "(?:please|pls|plz|kindly|just|ok|okay|hi|hello|hey|no|yes|yeah|sorry|thanks|again|now|sir|madam|guys|fucking|reply"
    "|te?xt|txt|send|type|say"
    "|(?:can|could|will|would|won't) (?:you|u)|(?:you|u)(?: must| need to)?|i said|i say|(?:told|asked) you to|want to"
    "|how to|how (?:do|can) i|i (?:want|need|would like)(?: you)? to|i'?d like(?: you)? to)"
)
_AFTER = (
    "(?:please|pls|plz|now|thanks|thank ?you|thx|ty|cheers|it|this|that|these|those|all|everything|me|immediately"
    "|at once|asap|already|right (?:now|away)|for good|forever|mate|sir|guys|ffs|sto+p+)"
)
_NO_NAME = (
    "(?:by|at|in|on|off|over|there|here|for|sign|light|watch|and|or|if|to|the|a|my|your|motion"
    "|work|loss|gap|lol|haha|messing|joking|worrying|being)"
)
_BARE = re.compile(
    rf"(?:{_BEFORE} )*"
    rf"(?:sto+p+(?: ?all)?|stpo|sotp|sto|{_UNSUBSCRIBE}|{_OPT_OUT}|cease(?: and desist)?|desist|discontinue|remove"
    "|no more|go away|get lost|(?:piss|bugger) off)"
    rf"(?: (?:{_AFTER}|{languages.POLITE}))*"
    # "stop john", signed on its line; "stop2end"
    rf"|stop (?!{_NO_NAME}\b)\w+|stop ?2 ?(?:end|stop|quit|unsub)"
)

# --- parts of a longer request ----------------------------------------------------------------------------------------

_WHOSE = (
    "(?:(?:all|any|more|further|future|of|the|these|those|this|that|your|ur|you|my|me|us|such|so|many|with|from|getting"
    "|receiving|sending|stupid|annoying|unsolicited|unwanted|spam|spammy|marketing|promo|promotional|automated|text|sms"
    "|fucking|damn|bloody) )*"
)
_TEXTS = (
    rf"{_WHOSE}(?:te?xts?|messages?|massages|msgs?|sms|smses|spam|promos?|promotions?|adverts?|ads|advertising"
    r"|notifications?|alerts?|reminders|newsletters?|offers|marketing(?! \w)|communications?|crap|rubbish|junk)\b"
)
_WRITE = "(?:te?xt|message|msg|contact|sms|spam|bother|harass|pester|hassle|disturb|solicit)"
_WRITING = (
    "(?:te?xt|te?xti?n?g|messag(?:e|ing)|msging|contact(?:ing)?|call(?:ing)?|ringing|phoning|smsing|spam(?:m?ing)?"
    r"|bother(?:ing)?|harr?ass?(?:ing)?|pestering|hassling|annoying|bugging|disturbing|soliciting|marketing)\b"
)
_ME = (
    "(?:me|us|my (?:name|number|(?:phone|mobile|cell)(?: number)?|details|info|information|contact(?: details)?|data)"
    "|this (?:number|phone|mobile|cell)|the number)"
)
_LISTS = (
    "(?:(?:your|ur|the|this|that|these|all|any|every|mailing|contacts?|call|calling|text|texting|sms|marketing|phone"
    "|distribution|email|message|messaging|customer|client|spam|promo|promotional) )*"
    r"(?:lists?|data ?base|db|system|records|contacts|texts?|messages?|group|chat|thread|campaign|files|everything"
    r"|this|here)\b"
)
_TEXTING = "(?:texting|messaging|contacting|calling|spamming|sending)"
_NOT = r"\b(?:do ?n'?t|do not|never|no longer|not)(?: to| ever)*"
_SWITCH_OFF = (
    r"(?:cancel|(?:turn|switch) off|discontinue|disable|deactivate|halt|terminate|enough (?:of|with)"
    r"|end(?! (?:the|of)\b))"
)
_REMOVE = "(?:remove|delete|erase|scrub)"
_CALL = "(?:call|ring|phone)"
_WANT = "(?:want|wish|need|like)"
_TO_GET = "(?:to (?:get|receive|be getting|be receiving|have|see|hear))"
_TOLD_YOU = "(?:told|tell(?:ing)?|ask(?:ed|ing)?|begg?(?:ed|ing)?|warned) (?:you|u)(?: \\w+)?"
_ANSWERED = "(?:sent|send|texted|replied|replying|typed|wrote|responded|answered|i said)"
_SIGN_UP = "(?:sign(?:ed)? up|subscribed?|opt(?:ed)? in|consent(?:ed)?|agreed?|authori[sz]ed?)"
_NEVER = r"\b(?:never|did ?n'?t|did not|have ?n'?t|do ?n'?t|do not)(?: \w+)?"
_WHEN = "(?:before|after|until|till|unless|at|while|when|during|on|in|tomorrow|today|tonight|yet|if|as|because|via|by)"
_AGAIN = "(?:again|any ?more|ever)"
_END = (
    r"(?=$|[^\w' ]| (?:please|pls|plz|now|thanks|thank you|immediately|at once|asap|already|any ?more|again|ever|once"
    r"|twice|\w+ times|and|or|but|completely|permanently)\b)"
)

# --- words in front that turn a request into something else -----------------------------------------------------------

_NOT_DENIED = r"(?<!(?:n't|\bnot|\bnever|\bcannot|\bcant|\bdont|\bdidnt) (?:(?:want|wish|mean|need|like|trying) to )?)"
_NOT_ASKED = r"(?<!\b(?:did|why do) (?:you|i|we|they|he|she|it) )"
_NOT_PROMISED = (
    r"(?<!\b(?:i|we|he|she|they)(?:'ll|'d| will| would| should| must| need to| have to| better| can| had to)? )"
)
_NOT_A_PLACE = r"(?<!\b(?:bus|tram|train|truck|next|last|first|full|pit|rest|non|short|one)[ -])"
_NOT_OTHERS = r"(?<!\b(?:you|u|they|he|she|i|we|who|if|does|did|has|have|is|was|will)(?: just| still)? )"
_NOT_THEIRS = r"(?<!\b(?:you|he|she|they) )"
_STOP = rf"{_NOT_DENIED}{_NOT_ASKED}{_NOT_A_PLACE}\b(?:sto+p+|quit|cease|refrain from)(?: with)?"

# --- requests, each with examples -------------------------------------------------------------------------------------

_STOP_IT = (
    # "please stop texting me", "quit calling"
    rf"{_NOT_PROMISED}{_STOP} (?:all |the |your |these |those |fucking )*{_WRITING}",
    # "stop these messages", "how do I stop getting your alerts"
    rf"{_STOP} {_TEXTS}",
    # "stop sending me stuff", "stop sending."
    # "END TEXTING ME", "cancel calling us"
    rf"\b(?:end|cancel|halt|discontinue) (?:all |the |your )?{_TEXTING}\b",
    rf"{_STOP} (?:sending|send)(?: (?:me|us|to (?:me|us|my|this))\b|{_END})",
    # "cancel these alerts", "turn off the notifications"
    rf"\b{_SWITCH_OFF} {_TEXTS}",
    # "Stop I'm not interested", "stop this service"
    r"(?:^|[^\w' ] ?)(?:please )?sto+p (?:i|i'm|im|i've|we|don't|dont|not interested|wrong number|sorry|or)\b",
    r"\b(?:please|pls|plz) (?:just )?(?:sto+p|remove)(?=$|[^\w' ])",
    rf"{_STOP} (?:this|the|your) (?:sms |text |texting |messaging )?service\b",
)
_LET_ME_OUT = (
    # "unsubscribe me"; "I want to opt out", but not out of the insurance
    rf"{_NOT_DENIED}{_NOT_ASKED}\b{_UNSUBSCRIBE}\b",
    r"\b(?:be|get|me|us) unsubscribed\b",
    rf"{_NOT_DENIED}{_NOT_ASKED}\b{_OPT_OUT}\b(?! of\b(?! (?:{_TEXTS}|{_LISTS})))",
    # "take me off your list", "remove my number", "lose my number"
    rf"\b(?:take|get|drop|strike|{_REMOVE}) {_ME}(?: \w+)? (?:off|from|out of|of) (?:of )?{_LISTS}",
    rf"\b{_REMOVE} {_ME}{_END}",
    rf"\btake (?:me|us) off{_END}",
    r"\bget off (?:of )?(?:your|ur|this|the) (?:\w+ )?list\b",
    # "I've already unsubscribed", "I opted out last week, why do I still get these"
    r"\balready (?:unsubscribed|opted out)\b|\b(?:unsubscribed|opted out)\b.{0,40}\bstill (?:get|getting|receiv)",
    rf"\b(?:be|get) (?:removed|taken off|deleted)(?:{_END}| (?:from |of )?{_LISTS})",
    r"\blose (?:my|this) number\b",
    r"\bdo[ -]not[ -](?:contact|call|text|disturb)[ -](?:list|register)\b",
)
_DO_NOT_WRITE = (
    # "don't text me again"; not "don't text me before nine" or "don't call me, text me"
    rf"{_NOT_OTHERS}{_NOT} {_WRITE} (?:me|us|this (?:number|phone)|my \w+|here|{_AGAIN})\b(?! {_WHEN}\b)",
    rf"{_NOT_OTHERS}{_NOT} contact{_END}",
    # "don't text back"
    rf"{_NOT_OTHERS}{_NOT} (?:{_WRITE}|write)(?: back)?(?=$|[^\w' ])",
    rf"{_NOT_OTHERS}{_NOT} {_CALL}(?: or {_WRITE})?(?: me| us| this number)?(?: or {_WRITE}\b| {_AGAIN}\b)",
    rf"{_NOT_OTHERS}{_NOT} send (?:me |us )?(?:{_TEXTS}|(?:any ?more|again|any ?thing){_END})",
    # "I told you not to text me", "asked you to stop", "make it stop", "I already replied STOP"
    rf"\b{_TOLD_YOU} not to (?:{_WRITE}|{_CALL})\b",
    rf"\b{_TOLD_YOU} to (?:please )?stop(?:{_END}| {_WRITING})",
    rf"\b(?:want|need|like) (?:you|u|this|it|these|those|{_TEXTS})(?: \w+)? to stop(?:{_END}| {_WRITING})",
    rf"\b(?:make|get) (?:it|this|these|them|{_TEXTS})(?: to)? stop{_END}",
    rf"\b{_ANSWERED}(?: with| you| back| to)* [^\w ]*stop{_END}",
)
_NO_MORE = (
    # "no more texts", "I don't want your messages", "don't want to hear from you", "not interested in your offers"
    rf"(?:^|[^\w' ] ?|\b(?:please|and|ok|but|so) )no(?: ?more {_TEXTS}| {_TEXTS} (?:please|pls|thanks))",
    rf"{_NOT_THEIRS}{_NOT} {_WANT}(?: {_TO_GET}| any ?more)* (?:{_TEXTS}|(?:from|contact with) you\b)",
    rf"{_NOT_THEIRS}{_NOT} {_WANT} any ?more of (?:this|these){_END}",
    rf"\b(?:prefer|rather) not(?: to)? (?:get|receive) {_TEXTS}",
    rf"{_NOT_THEIRS}{_NOT} {_WANT} to (?:be|get) (?:contacted|texted|messaged|called|bothered|subscribed)\b",
    rf"{_NOT_THEIRS}{_NOT} {_WANT} to be (?:on|in|part of) {_LISTS}",
    rf"\bnot interested in (?:receiving |getting )?{_TEXTS}",
)
_NO_CONSENT = (
    # "I withdraw my consent", "I never signed up for this", "I didn't ask for these texts"
    r"\b(?:revoke|withdraw|rescind) (?:my |all |any |the |our )*(?:consent|permission|authori[sz]ation)\b",
    rf"{_NEVER} (?:{_SIGN_UP}|ask(?:ed)?|request(?:ed)?)(?: for| to)?(?: get| receive)? {_TEXTS}",
    rf"{_NEVER} {_SIGN_UP} (?:for|to) (?:this|these|that|it){_END}",
    # "I'm reporting you for spam", "I will block you", "leave me alone"
    r"\breport(?:ing|ed)? (?:you|u|this|this number)(?: \w+){0,3} (?:spam|spammers?|harassment|acma|fcc|ftc)\b",
    r"\b(?:this|that|these|it|you|u)(?:'s| is| are|'re) (?:all |just |pure |only )?spam(?:ming)?\b",
    r"\bblock(?:ing)? (?:you|u|this number|your number)\b(?! in\b)",
    r"\bleave (?:me|us) (?:the \w+ )?alone\b",
    r"\bcease and desist\b",
    r"\bf[u*]?[c*]?[k*]? off\b",
)


@cache
def _requests() -> list[regex.Pattern[str]]:
    """Compiles each pattern by itself: `regex` takes eight times as long to search for all of them as one pattern."""
    return [regex.compile(request) for request in (*_STOP_IT, *_LET_ME_OUT, *_DO_NOT_WRITE, *_NO_MORE, *_NO_CONSENT)]
