"""Keywords are heard however they are typed, and free text that asks to stop is told from ordinary talk."""

from __future__ import annotations

import time

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
    """In capitals, in small letters, and as a phone that capitalises sentences has it."""
    assert heard(word) is heard(word.lower()) is heard(word.capitalize()) is keyword


@given(st.sampled_from(sorted(KEYWORDS)), AROUND, AROUND, st.integers(1, 4))
def test_a_word_is_heard_through_what_is_around_it(word: str, before: str, after: str, gap: int) -> None:
    """White space, punctuation, quotes, emoji and invisible characters change nothing, nor does a wider gap."""
    text = before + word.replace(" ", " " * gap).swapcase() + after
    assert heard(text) is heard(text, opted_out=True) is KEYWORDS[word]


@given(st.sampled_from(sorted(KEYWORDS)), st.text(alphabet="abcxyzé1 ", min_size=1).filter(str.strip))
def test_a_word_among_others_is_not_heard(word: str, more: str) -> None:
    """Only a whole body is a keyword; the rest is for a person to judge."""
    if "".join((word + more).lower().split()) not in {w.lower().replace(" ", "") for w in KEYWORDS}:
        assert heard(f"{word} {more}") is None


@pytest.mark.parametrize(
    "text", ["", " ", "...", "👍", "\u200b", "yes", "no", "stopp", "stops", "ended", "stop stop", "停"]
)
def test_other_texts_are_not_heard(text: str) -> None:
    """Nothing near a keyword is one, and an empty body is none."""
    assert heard(text) is None


@pytest.mark.parametrize("text", ["YES", "yes", " Yes! ", "“yes”"])
def test_yes_starts_again_only_who_had_stopped(text: str) -> None:
    """Somebody who opted out asks for texts again; anybody else answers a question."""
    assert heard(text, opted_out=True) is Keyword.START
    assert heard(text) is None


@pytest.mark.parametrize("text", ["yes please", "yesterday", "no", "y"])
def test_other_answers_start_nothing(text: str) -> None:
    """Only the bare word does, even from somebody who opted out."""
    assert heard(text, opted_out=True) is None


def test_wide_letters_are_letters() -> None:
    """An East Asian keyboard's wide letters are the same words."""
    assert heard("\uff33\uff34\uff2f\uff30") is Keyword.STOP


ASKING = """
Stop. Thank you
Stop, thanks
STOP!!! 🛑
Stop please
please stop
Pls stop
PLEASE STOP!!
Can you please stop
Stop it
ok stop now
STOP STOP STOP
stoooop
I said stop
STOP ALL please
Wrong number. Stop.
Hi, I don't live there anymore. Please stop.
No thanks, stop
please stop texting me
Please stop texting me, you have the wrong number
Stop txting me
Stop messaging me!
stop msging this number
Stop contacting me
Stop calling and texting me.
Will you stop spamming me
Why won't you stop texting me?
when will you stop texting me
quit texting me
quit sending me messages
Stop sending me these
stop sending me texts
Stop sending messages to this number
Please stop sending.
stop the texts
Stop these messages please
STOP TXT
Stop all messages
stop with the messages
How do I stop these messages?
How do I stop getting your alerts
I want to stop receiving texts
unsubscribe me
Unsubscribe please
unsuscribe
unsubcribe
Please un-subscribe me from this list
UNSUB
How do I unsubscribe?
I want to unsubscribe
I'd like to be unsubscribed
opt me out
I would like to opt out
Opt-out of these messages
opt out please
opting out
Take me off your list
take me off this list please
Please take my number off your list
Get me off this list
Remove me
remove me from your list
Please remove me from your contacts
remove my number
Remove my number from your database
delete my number
please delete my details
Delete this number.
I want to be removed from your mailing list
lose my number
put me on your do not call list
don't text me again
Don\u2019t text me
dont text me anymore
Do not text this number
do not contact me again
never text me again
Please do not message me any more
don't call or text me
don't ever call me again
I told you not to text me
don't send me any more messages
do not send me texts
no more texts
No more messages please
Thanks but no more marketing
I don't want these messages
I don't want any more texts
i do not wish to receive your messages
I no longer wish to receive texts from you
I don't want to be contacted
don't want to hear from you
not interested in your messages
Not interested, stop
I told you to stop
I've asked you to stop twice
I want this to stop
make it stop
I already replied STOP
I have texted "stop" three times
cancel these alerts
cancel all messages
turn off the notifications
please discontinue
I revoke my consent
I withdraw my consent to be contacted
Cease and desist.
I never signed up for this
I didn't sign up for these texts
I did not consent to these messages
I'm reporting you for spam
I will block this number
leave me alone
Leave me alone!!!
go away
fuck off
f*** off
""".strip().splitlines()

ORDINARY = """
I'll be at the bus stop
I'm at the bus stop, text me when you are close
Which stop do I get off at?
It's the next stop
The bus stop text alerts are great
can you stop by tomorrow?
stop by at 5
I will stop by the office and pick it up
Could you stop at the shop on the way
Can we stop in on Friday?
The train doesn't stop there
non stop service
Is it a non-stop flight?
I've had non-stop messages from the bank
one stop shop
Full stop.
No full stop needed
the end of the week
At the end of the day it's fine
I'll be free by the end of March
cancel my appointment
Can I cancel my order?
I need to cancel tomorrow's booking
Please cancel the delivery
Could you cancel and refund me?
My subscription ends in May
quit worrying, it's fine
I quit my job last week
help me please
Can you help?
What's your info line?
start at 9?
When does it start
yes please
Yes, that works
no thanks
No
ok
Thank you!
don't stop texting me, I love these
Please don't stop sending me updates
Why did you stop texting me?
Did you stop sending reminders?
I can't stop laughing
It won't stop beeping
The alarm does not stop
How do I stop the alarm?
The water won't stop running, please send someone
I'll stop texting you now haha
My son won't stop texting during dinner
the rain stopped
My phone stopped receiving calls
I stopped getting the newsletter, can you fix it?
Please stop the delivery
please stop my order
Can you stop payment on the cheque?
I sent stop payment instructions to the bank
Stop sign on the left, then right
I don't want to unsubscribe
I didn't unsubscribe, why no texts?
I unsubscribed by mistake, please add me back
Did I opt out of something?
Can I opt out of the extended warranty?
Please remove my name from the booking
remove me from the waiting list
Take me off the waitlist please
Remove my old number and add this one
Can you take me to the airport
Come get me
delete my last order
Don't call me, text me instead
Please don't call before 9
Please don't text me before 9am
Don't text me while I'm driving
If you don't text me I will assume it's on
Why don't you text me the address
You don't text me anymore :(
He doesn't text me
don't worry about it
Don't send the parcel yet
Don't send any more tiles, we have enough
I don't want to miss your messages
I don't want the blue one
If you don't want it, no problem
I never got your message
I never asked for the red one
I have no more messages from you since Monday
No more milk please
Not interested in the upgrade
Leave it at the door
Leave the keys alone please
I asked the driver to stop at the corner
I want it to stop leaking
We go away on Friday
I always get lost there
My wife is on the list for Friday
Someone is blocking your driveway
Is this spam?
I need a new number
Can you text me the details
Please message me again tomorrow
Turn off the heating please
Turn off the alarm
End of story
The weekend
""".strip().splitlines()


@pytest.mark.parametrize("text", ASKING)
def test_a_wish_to_stop_is_noticed(text: str) -> None:
    """Each of these is put before a person, in any case and with any apostrophe."""
    assert likely_stop(text)
    assert likely_stop(text.upper())
    assert likely_stop(f"  {text.lower()}\n")
    assert likely_stop(text.replace("'", "\u2019"))


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_talk_is_left_alone(text: str) -> None:
    """None of these bothers anybody with a question."""
    assert not likely_stop(text)
    assert not likely_stop(text.upper())
    assert not likely_stop(text.replace("'", "\u2019"))


@pytest.mark.parametrize("word", STOP_WORDS)
def test_a_stop_word_is_a_wish_to_stop(word: str) -> None:
    """What is heard as STOP is also likely to be one."""
    assert likely_stop(word)


@pytest.mark.parametrize("word", [*START_WORDS, *HELP_WORDS])
def test_the_other_words_are_not(word: str) -> None:
    """Asking to begin, or for help, is no wish to stop."""
    assert not likely_stop(word)


@pytest.mark.parametrize("text", ASKING[:20])
def test_a_wish_is_noticed_after_other_talk(text: str) -> None:
    """A wish at the end of a longer text counts as one."""
    assert likely_stop(f"Hello there, I got your letter on Monday. {text}")


@given(st.text(max_size=300))
def test_any_text_can_be_judged(text: str) -> None:
    """No text brings an error, and what is STOP as a whole is a wish to stop."""
    assert likely_stop(text) or heard(text) is not Keyword.STOP


@pytest.mark.parametrize(
    "piece", ["stop ", "please ", "all the ", "not to ", "don't ", "a", " ", ".", "'", "text me ", "no more the "]
)
def test_a_hostile_text_is_judged_in_good_time(piece: str) -> None:
    """A text as long as a webhook's body, built to mislead a matcher, takes well under a second of work."""
    began = time.process_time()
    likely_stop(piece * (20_000 // len(piece)))
    heard(piece * (20_000 // len(piece)))
    assert time.process_time() - began < 2
