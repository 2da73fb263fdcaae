"""Find, as in https://www.fonedynamics.com/docs/rest-api/find-sms, with its parameters in the query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.carriers.fonedynamics.errors import INVALID, MISSING, bad

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.carriers.fonedynamics.message import Message

_CHOICES = {
    "Status": ("Processing", "Submitted", "Delivered", "Failed", "Received"),
    "Direction": ("Transmit", "Receive"),
}
_NUMBERS = ("Date_From", "Date_To", "Results_Count", "Results_Skip")
_REQUIRED = ("Date_From", "Date_To")
_COUNT = 200


def find(messages: Iterable[Message], query: Mapping[str, str], unknown: str, *, newest_first: bool) -> list[Message]:
    """Returns the messages that match a query, created in [Date_From, Date_To).

    Args:
        messages: all messages, oldest first.
        query: as received.
        unknown: "refuse" or "ignore" undocumented parameters.
        newest_first: the order of the result.

    Raises:
        Answered: a parameter is missing or wrong.
    """
    numbers = _numbers(query)
    _check_words(query, unknown)
    found = [
        message
        for message in messages
        if numbers["Date_From"] <= message.created < numbers["Date_To"]
        and query.get("Status") in (None, message.status)
        and query.get("Direction") in (None, message.direction)
    ]
    if newest_first:
        found.reverse()
    skip = numbers.get("Results_Skip", 0)
    return found[skip : skip + numbers.get("Results_Count", _COUNT)]


def _numbers(query: Mapping[str, str]) -> dict[str, int]:
    missing = [name for name in _REQUIRED if not query.get(name)]
    if missing:
        raise bad(MISSING, "The request lacks parameters that are required.", *missing)
    wrong = [name for name in _NUMBERS if name in query and not query[name].isdecimal()]
    if wrong:
        raise bad(INVALID, "The request has parameters of the wrong type.", *wrong)
    return {name: int(query[name]) for name in _NUMBERS if name in query}


def _check_words(query: Mapping[str, str], unknown: str) -> None:
    wrong = [name for name, words in _CHOICES.items() if name in query and query[name] not in words]
    if wrong:
        raise bad(INVALID, "The request has a word that is not allowed.", *wrong)
    strangers = sorted(set(query) - set(_CHOICES) - set(_NUMBERS))
    if strangers and unknown == "refuse":
        raise bad(INVALID, "The request has parameters that do not exist.", *strangers)
