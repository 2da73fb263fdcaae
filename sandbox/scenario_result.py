"""The result of the scenario, and the readers of the posts and numbers that it counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class ScenarioResult:
    """The result of a run."""

    figures: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)  # failed expectations, a sentence each


def tells_the_end(line: str) -> bool:
    """Returns True if a status line shows a final status; IO Phone only reports the handover to the carrier."""
    return any(words in line for words in ("✓✓", "handed to the carrier", "✗"))


def plus(number: str) -> str:
    """Returns a number with its plus, as phones have it; IOVOX and Restcomm may omit it."""
    return number if number.startswith("+") else f"+{number}"


def literal(post: dict[str, Any]) -> str:
    """Returns the literal text that a post shows."""
    sections = [
        element for block in post.get("blocks", ()) if block["type"] == "rich_text" for element in block["elements"]
    ]
    return "".join(piece.get("text", "") for section in sections for piece in section["elements"])
