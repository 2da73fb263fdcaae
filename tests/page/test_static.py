"""The page's static files."""

from __future__ import annotations

import json
import re

import pytest

from sandbox.page import emoji_names
from sandbox.page.server import STATIC

MODULES = sorted(STATIC.glob("*.js"))
UNSAFE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setHTMLUnsafe|DOMParser|srcdoc"
)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_nothing_is_ever_put_in_as_markup(module: object) -> None:
    """No module can turn text into elements, so a contact's text stays text."""
    source = (STATIC / str(module)).read_text(encoding="utf-8")
    assert not UNSAFE.search(source)
    assert "https://" not in re.sub(r"//[^\n]*|/\*.*?\*/", "", re.sub(r"/\^.*", "", source), flags=re.DOTALL)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_modules_import_each_other_only(module: object) -> None:
    """Every import names an existing module and one of its exports."""
    source = (STATIC / str(module)).read_text(encoding="utf-8")
    for names, place in re.findall(r'^import (.+) from "(.+)";$', source, re.MULTILINE):
        imported = (STATIC / place).read_text(encoding="utf-8")
        for name in re.findall(r"\w+", names) if names.startswith("{") else []:
            assert re.search(rf"^export (?:async )?(?:function|const|let) {name}\b", imported, re.MULTILINE)


def test_every_module_is_asked_for_at_once() -> None:
    """The page preloads all its modules, so that the browser need not find them one by one."""
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'<link rel="modulepreload" href="static/(.+)">', page)
    assert named == [module.name for module in MODULES if module.name != "main.js"]


def test_no_file_of_the_page_is_too_long() -> None:
    """The limit for a file's length holds for the page too."""
    assert all(len(file.read_text(encoding="utf-8").splitlines()) <= 400 for file in STATIC.iterdir())


def test_emoji_have_the_names_that_slack_gives_them() -> None:
    """Common names and every country's flag are included, and nothing that is not an emoji."""
    table = json.loads(emoji_names.table())
    known = {"wave": "👋", "+1": "👍", "white_check_mark": "✅", "no_entry": "⛔", "flag-au": "🇦🇺", "flag-gb": "🇬🇧"}
    assert {name: table[name] for name in known} == known
    assert sum(name.startswith("flag-") for name in table) > 250
    assert all(":" not in name and characters for name, characters in table.items())
