"""Events that a transaction publishes once it is committed, for logs and metrics. Nothing in Slack depends on them.

They hold ids, names from the settings and fixed words: never a phone number, a text or a token. Times are microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TakenIn:
    """An intake row was stored that was not there before."""

    intake: int
    source: str  # an account's name, "slack" or "command line"
    kind: str


@dataclass(frozen=True, slots=True)
class Handled:
    """An intake row was handled."""

    intake: int
    kind: str


@dataclass(frozen=True, slots=True)
class AdminActed:
    """An admin erased a contact, or exported everything that is stored about one."""

    what: str  # "erase" or "export"
    who: str  # a Slack user's id
    number: str  # the number's keyed hash


@dataclass(frozen=True, slots=True)
class Received:
    """A contact's text was stored as a message."""

    intake: int | None
    message: int
    account: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A contact's text was posted in Slack."""

    intake: int | None
    message: int
    waited: int | None  # since it was stored in the intake; None if that time is unknown


@dataclass(frozen=True, slots=True)
class Tried:
    """A request to a provider is about to be sent."""

    intake: int | None
    message: int
    attempt: int
    account: str
    sender: str


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt ended as *accepted*, *not sent*, *refused* or *unknown*, or a receipt gave its final status."""

    intake: int | None
    message: int
    attempt: int
    account: str
    end: str
    waited: int | None  # from intake, or from its send time, to the provider's answer; None if there was none


@dataclass(frozen=True, slots=True)
class Stopped:
    """The gate stopped a text."""

    intake: int | None
    message: int
    code: str


@dataclass(frozen=True, slots=True)
class Said:
    """A provider sent a receipt for an attempt."""

    intake: int | None  # of the text, if known
    account: str
    status: str | None  # None: a status word that we do not know


@dataclass(frozen=True, slots=True)
class Postponed:
    """A job was postponed or will be retried."""

    job: int
    kind: str
    tries: int
    waited: int  # how long it has to wait
    why: str  # a code or a few fixed words


News = TakenIn | Handled | AdminActed | Received | Shown | Tried | Ended | Stopped | Said | Postponed
