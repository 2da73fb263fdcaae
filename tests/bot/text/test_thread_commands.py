"""Commands in a thread, near misses of them, and ordinary texts."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.decode import NearMiss, Note, Word, instruction

NOTES = [
    ("!note call him back", "call him back"),
    ("!note", ""),
    ("!Note call him back", "call him back"),
    ("!NOTE - call him back", "call him back"),
    ("! Note: call him back", "call him back"),
    ("!note:call him back", "call him back"),
    ("!  note\tcall him back", "call him back"),
    ("   !note call him back  ", "call him back"),
    ("\n!note call him back", "call him back"),
    ("!note\ncall him\nback", "call him\nback"),
    ("!note, call him back", "call him back"),
    ("!note \u2013 call him back", "call him back"),
    ("\uff01note call him back", "call him back"),
    ("\u200b!note call him back", "call him back"),
    ("*!note* call him back", "call him back"),
    ("*!note:* call him back", "call him back"),
    ("`!note` call him back", "call him back"),
    ("<@U0BRIDGE> !note call him back", "call him back"),
    ("!note <!here> call him back", "<!here> call him back"),
    ("!note -5 degrees", "-5 degrees"),
    ("!note one\n!close two", "one\n!close two"),
]

WORDS = [
    ("!close", "close", "", ""),
    ("!Close.", "close", "", ""),
    ("!close!", "close", "", ""),
    ("! close", "close", "", ""),
    ("  !CLOSE  ", "close", "", ""),
    ("!close he is happy", "close", "he is happy", ""),
    ("!reopen", "reopen", "", ""),
    ("!assign <@U1>", "assign", "<@U1>", ""),
    ("!assign: @anna", "assign", "@anna", ""),
    ("!via +61400000000", "via", "+61400000000", ""),
    ("!via Acme\nHello Tom\nAnna here", "via", "Acme", "Hello Tom\nAnna here"),
    ("!via\nHello", "via", "", "Hello"),
    ("!later 10:30", "later", "10:30", ""),
    ("!later tomorrow 9:00\nGood morning", "later", "tomorrow 9:00", "Good morning"),
    ("!help", "help", "", ""),
    ("*!help*", "help", "", ""),
    ("<@U0BRIDGE> !close", "close", "", ""),
]

NEAR = [
    ("/note call him", "note"),
    ("/Note: call him", "note"),
    ("\\note call him", "note"),
    ("#note call him", "note"),
    ("@note call him", "note"),
    ("?note call him", "note"),
    ("-note call him", "note"),
    ("1note call him", "note"),
    ("!!note call him", "note"),
    ("!!! note call him", "note"),
    ("/ note call him", "note"),
    ("!notes call him", "note"),
    ("!noted", "note"),
    ("!nte call him", "note"),
    ("!ntoe call him", "note"),
    ("!noet call him", "note"),
    ("!not call him", "note"),
    ("!note2 call him", "note"),
    ("!internal call him", "note"),
    ("!private call him", "note"),
    ("!nb call him", "note"),
    ("note: call him", "note"),
    ("Note: call him", "note"),
    ("NOTE : call him", "note"),
    ("Note - call him", "note"),
    ("note- call him", "note"),
    ("note \u2014 call him", "note"),
    ("note -> call him", "note"),
    ("note= call him", "note"),
    ("notes: call him", "note"),
    ("ntoe: call him", "note"),
    ("nte: call him", "note"),
    ("note", "note"),
    ("Note\ncall him", "note"),
    ("private: call him", "note"),
    ("Private - call him", "note"),
    ("internal: call him", "note"),
    ("internally: call him", "note"),
    ("Internal note: call him", "note"),
    ("internal note for Anna, call him", "note"),
    ("team note call him", "note"),
    ("team only: call him", "note"),
    ("note to self call him", "note"),
    ("memo: call him", "note"),
    ("comment: call him", "note"),
    ("(note) call him", "note"),
    ("[note] call him", "note"),
    ("[internal] call him", "note"),
    ("{private} call him", "note"),
    ("<note> call him", "note"),
    ("&lt;note&gt; call him", "note"),
    ("*note:* call him", "note"),
    ("*Note*: call him", "note"),
    ("_internal_ - call him", "note"),
    (":memo: note: call him", "note"),
    ("\U0001f4dd Note: call him", "note"),
    ("- !note call him", "note"),
    ("> !note call him", "note"),
    ("&gt; !note call him", "note"),
    ("\u2022 !note call him", "note"),
    ("1. !note call him", "note"),
    ("a. !note call him", "note"),
    ("Hello Tom\n!note he is angry", "note"),
    ("Hello Tom\n\n  ! note he is angry", "note"),
    ("!via Acme\n!note he is angry", "note"),
    ("/close", "close"),
    ("!clsoe", "close"),
    ("!cloes", "close"),
    ("!close-up", "close"),
    ("!closed", "close"),
    ("1close", "close"),
    ("!done", "close"),
    ("Thanks, bye\n!close", "close"),
    ("/reopen", "reopen"),
    ("!reopne", "reopen"),
    ("!re-open", "reopen"),
    ("!open", "reopen"),
    ("/assign @anna", "assign"),
    ("!asign @anna", "assign"),
    ("!assgin @anna", "assign"),
    ("/via Acme", "via"),
    ("!vai Acme", "via"),
    ("!from Acme", "via"),
    ("/later 10:00", "later"),
    ("!latre 10:00", "later"),
    ("!remind 10:00", "later"),
    ("/help", "help"),
    ("!hlep", "help"),
    ("!help-desk", "help"),
    ("/sms find Tom", "help"),
    # behind a group, a channel, a link, a date, a person or words (the kind K2 of the audit)
    ("<!subteam^S0BILL0001|@billing> !note angry", "note"),
    ("<#C1|support> !note angry", "note"),
    ("<https://x.example|shop> !note angry", "note"),
    ("<!date^1^{date}|today> !note angry", "note"),
    ("<!subteam^S1> /note angry", "note"),
    ("<!subteam^S1> note: angry", "note"),
    ("12/05 note: angry", "note"),
    ("cc @ben !note", "note"),
    ("cc @ben he lies", "note"),
    ("FYI !note angry", "note"),
    ("FYI note: he lies", "note"),
    ("Hello\n<@U1> !note angry", "note"),
    ("Thanks!note he lies", "note"),
    ("a!note", "note"),
    ("Thanks, that was all !close", "close"),
    # unknown words behind a sign
    ("!todo call her", "note"),
    ("!escalate she is furious", "note"),
    ("!optout", "note"),
    ("!stop", "note"),
    (":eyes: !todo call her", "note"),
    ("FYI !todo call her", "note"),
    ("/giphy cat", "note"),
    ("!great", "note"),
    ("! great", "note"),
    ("!Hola Tom", "note"),
    # labels
    ("NB he lies", "note"),
    ("N.B. he lies", "note"),
    ("note to bob: he lies", "note"),
    ("note for <@U1> he lies", "note"),
    ("TODO: call her", "note"),
    # a template's name
    ("#greet", "template"),
]

TEXTS = [
    "Hello! Note that we close at 5",
    "Thanks!! see you",
    "Bonjour ! On arrive",
    "Hola !amigo",
    "Go to example.com/help now",
    "We are open 9/5",
    "either/or",
    "Re your order: it is ready",
    "FYI we open at 9",
    "10:30 works",
    "Your number is #5",
    "Hello #greet",
    "/usr/bin/x",
    "Wow! Help is here",
    "The team notes that we open at 9",
    "",
    " ",
    "!",
    "!!!",
    "!!! great",
    "\u00a1Hola Tom!",
    "!= is not equal",
    "!1",
    "!?",
    "\u2757 Your table is ready",
    "Great!",
    "Note that we open at 9",
    "Note we open at 9",
    "Please note: we open at 9",
    "Noted, thanks",
    "Noted: thanks",
    "note-taking is free",
    "Notebook: 5 pieces",
    "notes about it are here",
    "Not sure yet",
    "Nope: closed",
    "Hello, note: we open at 9",
    "Private rooms are free",
    "private-sector prices",
    "Internal parts are made of steel",
    "Team Anna: 5, team Tom: 3",
    "Close the door, please",
    "Close",
    "Help is on the way",
    "help!",
    "- Later today we call you",
    "Later: we call you",
    "Via Roma 5",
    "via: Roma",
    "Assign it to me",
    "1. Close the door",
    "10:30 works!",
    "5/close to it",
    "https://example.com/note",
    "/ is a slash",
    "...and note that",
    "Hi\nthis is a note",
    "Hi\nnote that we open at 9",
    "Wow\n!!! great",
    "\U0001f600",
    ":wave:",
    "<https://example.com|note>",
]


@pytest.mark.parametrize(("text", "note"), NOTES)
def test_note(text: str, note: str) -> None:
    """Every way to write `!note` keeps the whole message in the team, and its text is found."""
    found = instruction(text)
    assert isinstance(found, Note)
    assert found.text == note


@pytest.mark.parametrize(("text", "word", "argument", "rest"), WORDS)
def test_word(text: str, word: str, argument: str, rest: str) -> None:
    """A command is found with the rest of its line and, separately, the lines below it."""
    assert instruction(text) == Word(word, argument, rest)


@pytest.mark.parametrize(("text", "meant"), NEAR)
def test_near_miss(text: str, meant: str) -> None:
    """A message that may be for the team is held, with the command that it probably is."""
    found = instruction(text)
    assert isinstance(found, NearMiss)
    assert found.likely == meant
    assert 0 < len(found.excerpt) <= 24
    assert found.excerpt in text


@pytest.mark.parametrize("text", TEXTS)
def test_ordinary_text(text: str) -> None:
    """An ordinary text is not held, whatever it starts with."""
    assert instruction(text) is None


@given(
    st.sampled_from(["!", "! ", " !", "*!", "\uff01"]),
    st.sampled_from(["note", "Note", "NOTE", "nOtE"]),
    st.sampled_from([" ", ":", ": ", " - ", "\n", ", ", "."]),
    st.text(),
)
def test_no_note_is_ever_a_text(mark: str, word: str, separator: str, body: str) -> None:
    """A message that starts with `!note` is a note, or at least a near miss."""
    assert isinstance(instruction(mark + word + separator + body), Note | NearMiss)


@given(
    st.text(alphabet=st.characters(exclude_characters="\n\r")),
    st.sampled_from(["note", "close", "reopen", "assign", "via", "later", "help"]),
    st.text(),
)
def test_a_command_anywhere_in_the_first_line_is_never_texted_unasked(before: str, word: str, after: str) -> None:
    """A text with `!` and a command in it is a note, a command or a near miss, whatever is around it."""
    assert instruction(f"{before}!{word} {after}") is not None


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    """No text raises an error."""
    assert isinstance(instruction(text), Note | Word | NearMiss | None)


@given(st.text(alphabet="!/ note<@>:*_&gt;-\n1.", max_size=60))
def test_text_made_of_marks_has_an_answer(text: str) -> None:
    """No text made of the special characters raises an error."""
    assert isinstance(instruction(text), Note | Word | NearMiss | None)


@pytest.mark.parametrize(
    "piece", ["<@!>", "!", "*", " ", ":a:", "&gt;", "!note", "\n!", "\n", "note ", "-", "internal-"]
)
def test_hostile_length_is_read_at_once(piece: str) -> None:
    """The time to read a text grows only linearly with its length."""
    started = time.process_time()
    instruction(piece * 10_000)
    instruction(piece * 10_000 + "\u0301")
    assert time.process_time() - started < 2


def test_repr_tells_no_body() -> None:
    """No repr shows the text that a person wrote."""
    for text in ("!note secret", "!via secret\nsecret", "/note secret"):
        assert "secret" not in repr(instruction(text))
