"""The operator's page lists every alert that can occur, with its fix."""

from __future__ import annotations

import re

from tests.docs.causes import causes
from tests.docs.pages import page as page_named

_PAGE = page_named("docs/operations.md")
_ROW = re.compile(r"^\| `([^`]+)` \| (.+) \| (.+) \|$", re.MULTILINE)


def _table() -> dict[str, tuple[str, str]]:
    _, _, rest = _PAGE.below("Alerts in Slack").partition("| cause |")
    return {cause: (meaning, cure) for cause, meaning, cure in _ROW.findall(rest)}


def test_the_causes_are_found() -> None:
    """The search finds alerts about texts, Slack, its channels and connections; an empty one would match any page."""
    assert {"refused", "unknown", "dead", "slack token", "channel", "socket strangers", "no receipt"} <= causes()


def test_every_alert_has_its_row() -> None:
    """The page has the causes that the code can raise, and no others."""
    assert set(_table()) == causes()


def test_every_row_says_what_it_means_and_what_to_do() -> None:
    """Each row has words or a link to a runbook of the page."""
    for cause, (meaning, cure) in _table().items():
        assert len(meaning.split()) > 3, cause
        assert len(cure.split()) >= 1, cause


def test_runbooks_are_found() -> None:
    """The table, another runbook or a rule links to each runbook."""
    rules = (_PAGE.path.parents[1] / "deploy/alerts.yml").read_text("utf-8")
    led_to = {link.partition("#")[2] for link in _PAGE.links} | set(re.findall(r"operations\.md#([\w-]+)", rules))
    _, _, runbooks = _PAGE.text.partition("\n## Runbooks\n")
    headings = re.findall(r"^### (.+)$", runbooks, re.MULTILINE)
    assert len(headings) > 12
    assert not [heading for heading in headings if heading.lower().replace(" ", "-") not in led_to]
