"""Builders for GitHub's Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MADE = "<!-- Generated from the code: change the code, then run `python docs/generate.py`. -->"


def page(title: str, *parts: str) -> str:
    """Returns a page with its title, a comment that it is generated, and its parts."""
    return "\n\n".join([f"# {title}", MADE, *(part.strip("\n") for part in parts)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a table. Escapes bars in cells."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |" for cells in lines)


def block(kind: str, text: str) -> str:
    """Returns a block of code."""
    return f"```{kind}\n{text.strip()}\n```"


def code(text: str) -> str:
    """Returns inline code."""
    return f"`{text}`"


def prose(text: str) -> str:
    """Returns a text in which GitHub sees no HTML."""
    return text.replace("<", "&lt;")
