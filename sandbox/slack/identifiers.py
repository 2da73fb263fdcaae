"""Ids and message timestamps in Slack's form."""

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
    """Returns an id such as "C0A1B2C3D4"; the prefix tells its type."""
    return prefix + "0" + "".join(secrets.choice(_LETTERS) for _ in range(_ID_LENGTH - 1))


def new_key(length: int = 24) -> str:
    """Returns a random secret of letters and digits."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


def short_key() -> str:
    """Returns a generated `block_id` or `action_id`, as Slack does: five characters."""
    return new_key(5)


def to_ts(microseconds: int) -> str:
    """Returns a timestamp such as "1763766000.000100"."""
    seconds, rest = divmod(microseconds, MICROSECONDS)
    return f"{seconds}.{rest:06d}"


def is_ts(value: str) -> bool:
    """Returns True if this has the form of a message timestamp."""
    return bool(_TS.fullmatch(value))


def is_bound(value: str) -> bool:
    """Returns True if this can be `oldest` or `latest`: a timestamp or plain seconds."""
    return bool(_BOUND.fullmatch(value))


def order(ts: str) -> Decimal:
    """Returns a sort key for timestamps; as strings they would sort wrong once the seconds get another digit."""
    return Decimal(ts)


class Timestamps:
    """Issues timestamps that are unique within a channel and rise."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> str:
        """Returns the current time, or just after the last timestamp."""
        self._last = max(self._last + 1, time.time_ns() // 1000)
        return to_ts(self._last)
