"""Identifiers and message timestamps, as Slack shapes them."""

from __future__ import annotations

import re
import secrets
import string
import time
from decimal import Decimal

_LETTERS = string.ascii_uppercase + string.digits
_ID_LENGTH = 10
_TS = re.compile(r"\d{1,12}\.\d{6}")
_BOUND = re.compile(r"\d{1,12}(\.\d{1,6})?")
MICROSECONDS = 1_000_000


def new_id(prefix: str) -> str:
    """An id such as "C0A1B2C3D4": the prefix says what it names."""
    return prefix + "0" + "".join(secrets.choice(_LETTERS) for _ in range(_ID_LENGTH - 1))


def new_key(length: int = 24) -> str:
    """A word that cannot be guessed, of letters and digits."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


def short_key() -> str:
    """What Slack puts where a `block_id` or `action_id` was left out: five characters."""
    return new_key(5)


def to_ts(microseconds: int) -> str:
    """A timestamp such as "1763766000.000100"."""
    seconds, rest = divmod(microseconds, MICROSECONDS)
    return f"{seconds}.{rest:06d}"


def is_ts(value: str) -> bool:
    """Whether this has the form of a message timestamp."""
    return bool(_TS.fullmatch(value))


def is_bound(value: str) -> bool:
    """Whether this can stand as `oldest` or `latest`: a timestamp or plain seconds."""
    return bool(_BOUND.fullmatch(value))


def order(ts: str) -> Decimal:
    """By this, timestamps sort as times; as strings they would not, once the seconds get another digit."""
    return Decimal(ts)


class Stamps:
    """Gives out timestamps that are unique within one channel and only grow."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> str:
        """The time now, or just after the last one given."""
        self._last = max(self._last + 1, time.time_ns() // 1000)
        return to_ts(self._last)
