"""The carriers' segment counts."""

from __future__ import annotations

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from sandbox.carriers.numbers import region, with_plus, without_plus
from sandbox.carriers.segments import count


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 67, 3),
    ],
)
def test_the_thresholds(text: str, segments: int) -> None:
    """160 or 70 characters alone, 153 or 67 joined; an extended character counts twice and is never split."""
    assert count(text) == segments


@given(st.text(st.sampled_from("aé€ж[]"), max_size=400))
def test_it_counts_as_another_implementation_does(text: str) -> None:
    """The library smsutil gives the same counts."""
    assert count(text) == max(1, len(smsutil.split(text).parts))


def test_numbers_gain_and_lose_their_plus() -> None:
    """Only numbers change: short codes, names and clients stay."""
    assert [with_plus(text) for text in ("447723443321", "12345", "Acme", "client:alice", "+61")] == [
        *("+447723443321", "12345", "Acme", "client:alice", "+61"),
    ]
    assert without_plus("+447723443321") == "447723443321"
    assert (region("+61488023555"), region("+15550000000"), region("+210999999")) == ("AU", "US", "")
