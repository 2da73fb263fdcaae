"""Templates: what they may contain, and how they are filled in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.templates import LONGEST, VARIABLES, CannotFill, check, fill, values

KNOWN = values("Élodie  Martin", "+61 488 023 555", "anna")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Hi {first_name}, it is {agent}.", "Hi Élodie, it is anna."),
        ("{name}: {number}", "Élodie Martin: +61 488 023 555"),
        ("{ first_name }{first_name}", "ÉlodieÉlodie"),
        ("No variables, 50% off & {} {1} { {", "No variables, 50% off & {} {1} { {"),
        ("A line\nand {agent}", "A line\nand anna"),
    ],
)
def test_fill(text: str, filled: str) -> None:
    """Each variable is replaced anywhere in the text; other braces stay."""
    assert fill(text, KNOWN) == filled


@pytest.mark.parametrize("name", [None, "", "   "])
def test_an_empty_value_fills_nothing(name: str | None) -> None:
    """A template for a contact without a name is rejected with the variable that is missing."""
    with pytest.raises(CannotFill, match=r"We don't know `\{first_name\}` \(the first word of the contact's name\)"):
        fill("Hi {first_name}", values(name, "+1", "anna"))
    assert fill("Hi {agent}", values(name, "+1", "anna")) == "Hi anna"


@pytest.mark.parametrize("text", ["{nmae}", "Hi {Name}", "{first_name} {firstname}", "{élodie}"])
def test_an_unknown_variable_is_refused(text: str) -> None:
    """An unknown variable is rejected when storing and when filling in, with a list of the variables."""
    with pytest.raises(CannotFill, match="There is no variable"):
        check("ready", text)
    with pytest.raises(CannotFill, match=r"`\{agent\}`"):
        fill(text, KNOWN)


@pytest.mark.parametrize("name", ["", "1st", "Ready", "two words", "-", "a" * 41, "naïve"])
def test_a_name_that_cannot_be_typed_is_refused(name: str) -> None:
    """A name must be something that one can type after `#` in a command."""
    with pytest.raises(CannotFill, match="lowercase letters"):
        check(name, "Hello")


@pytest.mark.parametrize(
    ("text", "said"), [("", "Write the text"), (" \n", "Write the text"), ("a" * (LONGEST + 1), "at most 1,500")]
)
def test_a_text_that_cannot_be_kept_is_refused(text: str, said: str) -> None:
    """An empty or too long text is rejected."""
    with pytest.raises(CannotFill, match=said):
        check("ready", text)


@given(st.text())
def test_a_value_is_never_read_as_a_variable(value: str) -> None:
    """A value appears as it is, once, whatever the contact is called."""
    known = dict.fromkeys(VARIABLES, f"{{agent}}{value}")
    assert fill("<{name}>", known) == f"<{{agent}}{value}>"


@given(st.text())
def test_any_text_is_filled_or_refused(text: str) -> None:
    """A text that passes the check can be filled in; any other is rejected."""
    try:
        check("ready", text)
    except CannotFill:
        return
    fill(text, KNOWN)
