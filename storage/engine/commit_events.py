"""What a transaction has to tell once it is committed: for the log and for what is counted, never for the story.

Ids, names from the settings, and words of ours: no number, no text and no token. Times are microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TakenIn:
    """Something is in the intake that was not there before."""

    intake: int
    source: str  # an account's name, "slack" or "command line"
    kind: str


@dataclass(frozen=True, slots=True)
class Handled:
    """The bridge has done with a row of the intake what was to be done."""

    intake: int
    kind: str


@dataclass(frozen=True, slots=True)
class AdminActed:
    """An admin had a contact erased, or was given all that is kept about them."""

    what: str  # "erase" or "export"
    who: str  # a Slack user's id
    number: str  # its keyed hash


@dataclass(frozen=True, slots=True)
class Received:
    """A contact's text has its message."""

    intake: int | None
    message: int
    account: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A contact's text stands in Slack."""

    intake: int | None
    message: int
    waited: int | None  # since it was taken in; None: nobody knows when that was


@dataclass(frozen=True, slots=True)
class Tried:
    """A request to a provider is about to be made."""

    intake: int | None
    message: int
    attempt: int
    account: str
    sender: str


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt ended *accepted*, *not sent*, *refused* or *unknown*, or a receipt brought its end."""

    intake: int | None
    message: int
    attempt: int
    account: str
    end: str
    waited: int | None  # from when the text was taken in, or was to go out, to the provider's answer; None: it is none


@dataclass(frozen=True, slots=True)
class Stopped:
    """The gate does not let a text out."""

    intake: int | None
    message: int
    code: str


@dataclass(frozen=True, slots=True)
class Said:
    """A provider said something about an attempt."""

    intake: int | None  # that of the text, where it is known
    account: str
    status: str | None  # None: a word that we do not know


@dataclass(frozen=True, slots=True)
class Postponed:
    """A job is to be done later, or once more."""

    job: int
    kind: str
    tries: int
    waited: int  # that it has to wait
    why: str  # a code or some words of ours


News = TakenIn | Handled | AdminActed | Received | Shown | Tried | Ended | Stopped | Said | Postponed
