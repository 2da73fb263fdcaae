"""Reads the fixture files that `tests/contract/__init__.py` describes."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class HttpMessage:
    """A request or a response, read from a fixture or received over the wire."""

    first_line: str  # "POST /path?query" or "200"
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def method(self) -> str:
        return self.first_line.partition(" ")[0]

    @property
    def target(self) -> str:
        return self.first_line.partition(" ")[2]

    @property
    def status(self) -> int:
        return int(self.first_line)

    def header(self, name: str) -> str:
        """The value of a header, "" if there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(frozen=True)
class Fixture:
    """One file: its sections in order, after the words that say where it comes from."""

    path: Path
    source: str
    sections: tuple[tuple[str, str], ...]

    def http(self, name: str) -> list[HttpMessage]:
        """Every section of that name as HTTP."""
        return [_http(text) for key, text in self.sections if key == name]

    def toml(self, name: str) -> dict[str, Any]:
        """The section of that name as TOML; empty if there is none."""
        return next((tomllib.loads(text) for key, text in self.sections if key == name), {})


def read(path: Path) -> Fixture:
    """The fixture in a file."""
    source, *rest = f"\n{path.read_text()}".split("\n=== ")
    sections = (section.partition("\n") for section in rest)
    return Fixture(path, source.strip(), tuple((name.strip(), text) for name, _, text in sections))


def _http(text: str) -> HttpMessage:
    head, _, body = text.partition("\n\n")
    first, *lines = head.strip().splitlines()
    headers = (line.partition(": ") for line in lines)
    return HttpMessage(first, tuple((name, value) for name, _, value in headers), body.strip("\n").encode())
