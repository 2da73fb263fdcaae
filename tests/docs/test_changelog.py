"""CHANGELOG.md has the form of Keep a Changelog 1.1.0."""

from __future__ import annotations

import re
import tomllib
from datetime import date

from tests.docs.pages import ROOT, page

KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
_VERSION = re.compile(r"\[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d{2}-\d{2})( \[YANKED\])?")
_CHANGELOG = page("CHANGELOG.md")


def _sections() -> dict[str, str]:
    """Returns the text below each heading of the second level."""
    _, *parts = re.split(r"^## ", _CHANGELOG.text, flags=re.MULTILINE)
    return {head: body for head, _, body in (part.partition("\n") for part in parts)}


def test_it_says_what_it_is() -> None:
    """The changelog has its title, and names its format and its kind of version numbers."""
    assert _CHANGELOG.text.startswith("# Changelog\n")
    assert "https://keepachangelog.com/en/1.1.0/" in _CHANGELOG.links
    assert any(link.startswith("https://semver.org/") for link in _CHANGELOG.links)


def test_unreleased_comes_first() -> None:
    """The unreleased changes are at the top, once."""
    assert next(iter(_sections())) == "[Unreleased]"


def test_releases_have_a_version_and_a_date() -> None:
    """The newest release is first; the package has its version or the next one."""
    found = [_VERSION.fullmatch(head) for head in list(_sections())[1:]]
    assert all(found)
    released = [(date.fromisoformat(each[4]), tuple(map(int, each.groups()[:3]))) for each in found if each]
    assert released == sorted(released, reverse=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert not released or released[0][1] <= tuple(map(int, project["version"].split(".")))


def test_changes_are_grouped_by_kind() -> None:
    """Each section groups its changes under the six kinds, each at most once, and each with a list."""
    for head, body in _sections().items():
        first, *groups = re.split(r"^### ", body, flags=re.MULTILINE)
        assert not first.strip(), head
        kinds = [group.partition("\n")[0] for group in groups]
        assert set(kinds) <= KINDS
        assert len(kinds) == len(set(kinds))
        assert all(re.search(r"^- \S", group, re.MULTILINE) for group in groups), head
