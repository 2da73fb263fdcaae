"""Keywords by which a contact opts out, opts in or asks for help, and free text that probably means an opt-out.

`heard` finds keywords to act on at once; `likely_stop` finds texts to ask a person about. The keywords are those of
carriers and Twilio, with the FCC's "revoke" and "opt out" (47 CFR 64.1200(a)(10)). They are English, like the
carriers'.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from functools import cache

import regex


class Keyword(Enum):
    """The request of a text that consists of a keyword only."""

    STOP = "stop"  # no more texts, from any of our senders
    START = "start"  # texts again, after a STOP
    HELP = "help"  # who are you, and how do I opt out


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


def heard(text: str, *, opted_out: bool = False) -> Keyword | None:
    """Returns the keyword that the whole text is, or None.

    Only letters count. Case, width, white space, punctuation, quotes and emoji are ignored, so "Opt-out", "OPTOUT" and
    "« stop all! »" are keywords too.

    Args:
        text: the body as received.
        opted_out: True if the contact is opted out now; "yes" then means START.
    """
    letters = _letters(text)
    if opted_out and letters == _AGREED:
        return Keyword.START
    return _BY_LETTERS.get(letters)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


_BY_LETTERS = {_letters(word): keyword for word, keyword in _WORDS.items()}


def likely_stop(text: str) -> bool:
    """Returns True if a text probably asks us to stop texting, in any words.

    It errs on the side of asking: a false positive costs a person one look, a false negative ignores an opt-out. Do not
    suppress a contact because of it alone.
    """
    if heard(text) is Keyword.STOP:
        return True
    spoken = _spoken(text)
    return any(_BARE.fullmatch(clause.strip()) for clause in _CLAUSE.split(spoken)) or any(
        request.search(spoken) for request in _requests()
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
    "|(?:can|could|will|would|won't) (?:you|u)|(?:you|u)(?: must| need to)?|i said|i say|(?:told|asked) you to|want to"
    "|how to|how (?:do|can) i|i (?:want|need|would like)(?: you)? to|i'?d like(?: you)? to)"
)
_AFTER = (
    "(?:please|pls|plz|now|thanks|thank ?you|thx|ty|cheers|it|this|that|these|those|all|everything|me|immediately"
    "|at once|asap|already|right (?:now|away)|for good|forever|mate|sir|guys|ffs|sto+p+)"
)
_BARE = re.compile(
    rf"(?:{_BEFORE} )*"
    rf"(?:sto+p+(?: ?all)?|stpo|sotp|sto|{_UNSUBSCRIBE}|{_OPT_OUT}|cease(?: and desist)?|desist|discontinue|remove"
    "|no more|go away|get lost|(?:piss|bugger) off)"
    rf"(?: {_AFTER})*"
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
