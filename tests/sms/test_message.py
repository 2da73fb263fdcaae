"""Statuses have a total order, a message shows its parts' status, and no `repr` shows a text or a number."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.address import E164
from sms.message import InboundSms, Media, OutboundSms, Receipt, Status, slowest

STATUSES = st.sampled_from(Status)
ENDED = {Status.EXPIRED, Status.FAILED, Status.DELIVERED}
BAD = {Status.EXPIRED, Status.FAILED}


def test_the_order_is_the_one_that_texts_go_through() -> None:
    """From queued to delivered; a late *delivered* beats a *failed*, which beats earlier statuses."""
    words = ["queued", "sending", "accepted", "sent", "buffered", "expired", "failed", "delivered"]
    assert [status.value for status in sorted(Status, reverse=True)] == words[::-1]
    assert [Status(word) for word in words] == list(Status)


@given(STATUSES, STATUSES, STATUSES)
def test_the_order_is_total(a: Status, b: Status, c: Status) -> None:
    """Exactly one of before, same and after holds; the order is transitive; all comparisons agree."""
    assert [a < b, a == b, a > b].count(True) == 1
    assert not (a < b < c) or a < c
    assert (a <= b) == (a < b or a == b) == (not a > b)
    assert (a >= b) == (b <= a)


@given(STATUSES, st.lists(STATUSES))
def test_a_status_that_takes_the_furthest_never_moves_back(start: Status, news: list[Status]) -> None:
    """`max` over receipts gives the same status in any order, with any repetition."""
    steps = list(itertools.accumulate(news, max, initial=start))
    assert steps == sorted(steps)
    assert steps[-1] == max(reversed([start, *news, *news]))


@pytest.mark.parametrize("other", [0, "sent", None])
def test_a_status_compares_with_statuses_only(other: object) -> None:
    """A comparison with a word or a rank is an error."""
    status: Any = Status.SENT
    with pytest.raises(TypeError):
        assert status < other
    assert status != other


@pytest.mark.parametrize("status", Status, ids=lambda status: status.value)
def test_which_statuses_are_final(status: Status) -> None:
    """Expired, failed and delivered are final."""
    assert status.is_final == (status in ENDED)


@given(st.lists(STATUSES, min_size=1))
def test_a_message_is_as_far_as_its_parts(parts: list[Status]) -> None:
    """Delivered only if all parts are, failed as soon as one is, in any order."""
    status = slowest(parts)
    assert status in parts
    assert (status is Status.DELIVERED) == (set(parts) == {Status.DELIVERED})
    assert (status in BAD) == bool(BAD & set(parts))
    assert status is slowest(parts[::-1])
    if not BAD & set(parts):
        assert all(status <= part for part in parts)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([Status.DELIVERED, Status.SENT], Status.SENT),
        ([Status.DELIVERED, Status.FAILED], Status.FAILED),
        ([Status.QUEUED, Status.EXPIRED], Status.EXPIRED),
        ([Status.EXPIRED, Status.FAILED, Status.QUEUED], Status.FAILED),
        ([Status.BUFFERED], Status.BUFFERED),
    ],
)
def test_known_messages_of_parts(parts: list[Status], expected: Status) -> None:
    """A delivered second part never hides a failed first one."""
    assert slowest(parts) is expected


def test_a_message_without_parts_has_no_status() -> None:
    """A message without parts is an error."""
    with pytest.raises(ValueError, match="empty"):
        slowest([])


NUMBER = E164("+61412345678")
SECRET = "the blue door"
LINK = "https://media.example/token"
WORDS = [
    InboundSms(NUMBER, NUMBER, SECRET, "id-1", media=(Media(LINK, "image/png", SECRET),)),
    OutboundSms("a1", NUMBER, None, SECRET, (Media(LINK, name=SECRET),), {"reference": SECRET}),
    Receipt("weird", None, description=f"no route to {NUMBER}", sender=NUMBER),
]


@pytest.mark.parametrize("words", WORDS, ids=lambda words: type(words).__name__)
def test_a_repr_shows_no_number_no_body_no_link(words: object) -> None:
    """A `repr` shows no number, no body and no link."""
    for hidden in (NUMBER.number, NUMBER.digits, SECRET, LINK):
        assert hidden not in repr(words)


@pytest.mark.parametrize("words", WORDS, ids=lambda words: type(words).__name__)
def test_the_words_are_values(words: Any) -> None:
    """Two with the same fields are equal, and none can be changed."""
    assert dataclasses.replace(words) == words
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(words, dataclasses.fields(words)[0].name, "another")


def test_two_texts_do_not_share_their_options() -> None:
    """Two texts never share their options."""
    assert OutboundSms("a", NUMBER, None, "x").options is not OutboundSms("b", NUMBER, None, "x").options
