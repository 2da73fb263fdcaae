"""The table "Where is …?" of docs/how-it-works.md names functions that exist."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import ROOT, Page, page

_ROW = re.compile(r"^\| (Where|What) .*\|$", re.MULTILINE)
_NAME = re.compile(r"`(\w+)`")


def _rows(of: Page) -> list[str]:
    return [found[0] for found in _ROW.finditer(of.text)]


@pytest.mark.parametrize("row", _rows(page("docs/how-it-works.md")), ids=lambda row: row.split("|")[1].strip())
def test_the_files_have_what_the_row_names(row: str) -> None:
    """Each row links a file, and each name in its answer is in one of the linked files."""
    answer = row.split("|")[2]
    paths = [ROOT / "docs" / link for link in re.findall(r"\]\(([^)]+)\)", answer)]
    assert paths
    code = "\n".join(path.read_text(encoding="utf-8") for path in paths if path.is_file())
    assert not [name for name in _NAME.findall(answer) if not re.search(rf"\b{name}\b", code)]
