"""Reads Markdown as far as these tests need it: code blocks, links, headings, inline code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_FENCED = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of code, without the indentation of its list."""

    kind: str
    text: str


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        """Its path from the root of the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def blocks(self) -> list[Block]:
        return [
            Block(found["kind"], re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE))
            for found in _FENCED.finditer(self.text)
        ]

    @cached_property
    def prose(self) -> str:
        """The text without the blocks of code."""
        return _FENCED.sub("", self.text)

    @cached_property
    def code(self) -> list[str]:
        """Inline code, with spaces in place of line ends."""
        return [" ".join(found.split()) for found in _CODE.findall(self.prose)]

    @cached_property
    def links(self) -> list[str]:
        return _LINK.findall(_CODE.sub("", self.prose))

    @cached_property
    def anchors(self) -> set[str]:
        """The anchors of the headings, as GitHub makes them."""
        plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(self.prose)]
        return {heading.replace(" ", "-") for heading in plain}

    def of_kind(self, *kinds: str) -> list[Block]:
        """Returns the blocks of these kinds."""
        return [block for block in self.blocks if block.kind in kinds]

    def below(self, heading: str) -> str:
        """Returns the text below a heading, up to the next one; empty if there is no such heading."""
        _, _, rest = self.text.partition(f"\n## {heading}\n")
        return rest.partition("\n## ")[0]


PAGES = [Page(path) for path in sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])]


def page(name: str) -> Page:
    """Returns the page with this path from the root."""
    return next(each for each in PAGES if each.name == name)
