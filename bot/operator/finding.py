"""What `threadline doctor` says of one thing that it looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    ok: bool
    what: str  # a sentence
    cure: str = ""  # a sentence; empty if nothing is to be done
