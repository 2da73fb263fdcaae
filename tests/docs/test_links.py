"""The links and names on a page lead to something that exists."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from providers import errors, provider
from sms import message
from tests.docs.pages import DOCS, PAGES, ROOT, Page
from tests.docs.pages import page as page_named

if TYPE_CHECKING:
    from pathlib import Path

_PATH = re.compile(r"(?:bot|docs|providers|sandbox|sms|storage|tests)/[\w./-]*")
_NAME = re.compile(r"(?:bot|providers|sandbox|sms|storage)(?:\.\w+)+")
_ATTRIBUTE = re.compile(r"([A-Z][a-z]\w+)\.(\w+)")
_TO_BE_MADE = "carrierpigeon"  # the path of each file that the reader of add-a-provider.md creates contains this name


def test_links_lead_somewhere(page: Page) -> None:
    """A link to a file leads to a file of the repository and to one of its headings; others are complete URLs."""
    assert not [link for link in page.links if not _leads_somewhere(page, link)]


def test_files_that_are_named_are_there(page: Page) -> None:
    """A path of ours in a sentence exists as a file or a folder."""
    paths = [code for code in page.code if _PATH.fullmatch(code) and _TO_BE_MADE not in code]
    assert not [path for path in paths if not (ROOT / path).exists()]


def test_names_that_are_mentioned_exist(page: Page) -> None:
    """A dotted name of ours in a sentence can be imported."""
    names = [code for code in page.code if _NAME.fullmatch(code) and not (ROOT / code).exists()]
    assert not [name for name in names if not _can_be_imported(name)]


def test_attributes_that_are_mentioned_exist(page: Page) -> None:
    """A name like `Features.limits` in a sentence is an attribute of a class of the contract."""
    mentioned = [found.groups() for code in page.code if (found := _ATTRIBUTE.fullmatch(code))]
    assert not [f"{kind}.{name}" for kind, name in mentioned if not _has(kind, name)]


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.md")), ids=lambda path: path.name)
def test_every_page_is_in_the_index(path: Path) -> None:
    """docs/README.md links each page under docs/."""
    index = page_named("docs/README.md")
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in index.links}
    assert path in linked or path == index.path


def _leads_somewhere(page: Page, link: str) -> bool:
    if "://" in link:
        return urlsplit(link).scheme in {"https", "http"} and bool(urlsplit(link).netloc)
    name, _, anchor = link.partition("#")
    target = (page.path.parent / name).resolve() if name else page.path
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or any(anchor in each.anchors for each in PAGES if each.path == target)


def _can_be_imported(name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    try:
        import_module(name)
    except ModuleNotFoundError:
        return bool(module) and hasattr(import_module(module), attribute)
    return True


def _has(kind: str, name: str) -> bool:
    found = next((vars(module)[kind] for module in (provider, errors, message) if kind in vars(module)), None)
    known = {spec.name for spec in fields(found)} if is_dataclass(found) else set()
    return name in known or hasattr(found, name)
