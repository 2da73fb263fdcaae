"""Pieces of Markdown as GitHub reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MADE = "<!-- Made from the code by docs/generate.py: change the code, then run `python docs/generate.py`. -->"


def page(title: str, *parts: str) -> str:
    """A page with its title, a word on where it comes from, and its parts one below another."""
    return "\n\n".join([f"# {title}", MADE, *(part.strip("\n") for part in parts)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a bar in a cell stays a bar."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |" for cells in lines)


def block(kind: str, text: str) -> str:
    """A block of code."""
    return f"```{kind}\n{text.strip()}\n```"


def code(said: str) -> str:
    """A piece of code in a sentence."""
    return f"`{said}`"


def prose(said: str) -> str:
    """Words that may hold what GitHub would take for HTML."""
    return said.replace("<", "&lt;")
