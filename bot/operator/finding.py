"""The result of one check of `threadline doctor`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    check: str
    ok: bool
    what: str  # what we found, in a sentence
    cure: str = ""  # how to fix it, in a sentence; empty if nothing is wrong
