"""Each provider of threadline has its page, and the page matches the provider's declarations."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

import providers
from tests.docs.pages import DOCS, Page, page

NAMES = [name for name in providers.names() if providers.load(name).__module__.startswith("providers.")]


@pytest.mark.parametrize("name", NAMES)
def test_it_has_its_page(name: str) -> None:
    """The page has its name, its title, its setup and its unproved parts; the index links it."""
    if not _page(name).path.exists():
        pytest.fail(
            f"Add docs/providers/{name}.md: step 16 of docs/add-a-provider.md says what is on it.", pytrace=False
        )
    mine = _page(name)
    assert mine.text.startswith(f"# {providers.load(name).title}\n"), "the first line is # and the class's title"
    assert mine.below("Set it up"), "add a heading *Set it up* with text below it"
    assert mine.below("Unproved"), "add a heading *Unproved* with text below it"
    assert f"providers/{name}.md" in page("docs/README.md").links, "link the page from docs/README.md"


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_is_unproved(name: str) -> None:
    """The page lists exactly the marks of the feature table, for every form of an account."""
    title = providers.load(name).title
    head, *rows = [_cells(line) for line in page("docs/features.md").text.splitlines() if line.startswith("|")]
    (marked,) = (row for row in rows if row[0] == "`unproved`" and len(row) == len(head))
    columns = [cell for column, cell in zip(head, marked, strict=True) if column.partition(" with ")[0] == title]
    declared = {found for cell in columns for found in re.findall(r"`(\w+)`", cell)}
    listed = _named(_list(name, "Unproved")) - _switches(name)
    assert listed == declared, f"below *Unproved*, add {declared - listed} and take away {listed - declared}"


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_can_do(name: str) -> None:
    """The page lists exactly the declared features, each once and with words."""
    features = providers.load(name).features
    can = {field.name for field in fields(features) if getattr(features, field.name) is True}
    lines = _list(name, "What it can do")
    listed = _named(lines)
    assert listed == can, f"below *What it can do*, add {can - listed} and take away {listed - can}"
    short = [line for line in lines if len(line.partition(":")[2].split()) <= 3]
    assert not short, "explain each in four words or more, after the colon"


@pytest.mark.parametrize("name", NAMES)
def test_it_says_its_limits(name: str) -> None:
    """The page gives the declared length and the declared numbers."""
    features, said = providers.load(name).features, _page(name).below("Limits")
    declared = [limit.count for limit in features.limits] + ([features.max_text] if features.max_text else [])
    missed = [number for number in declared if not re.search(rf"\b{number}\b", said)]
    assert not missed, f"below *Limits*, write these numbers in digits: {missed}"


def _list(name: str, heading: str) -> list[str]:
    return [line for line in _page(name).below(heading).splitlines() if line.startswith("- ")]


def _named(lines: list[str]) -> set[str]:
    """The names in backquotes that are before the colon."""
    return {found for line in lines for found in re.findall(r"`(\w+)`", line.partition(":")[0])}


def _page(name: str) -> Page:
    return Page(DOCS / "providers" / f"{name}.md")


def _switches(name: str) -> set[str]:
    return set(providers.load(name).Settings.model_fields)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
