"""An export as a page that a person can read and print: no script, no requests, everything escaped. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import regex
from lxml import html
from lxml.html import builder as h

from bot.slack.views.blocks import literal
from bot.slack.views.cards import spaced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STYLE = """
body { font: 16px/1.5 sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1d1c1d; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .2rem 1rem .2rem 0; vertical-align: top; }
.said { white-space: pre-wrap; margin: .2rem 0; } .small { color: #545454; font-size: .85rem; margin: 0; }
li { list-style: none; margin: 1rem 0; padding-left: 1rem; border-left: .25rem solid #b4b4b4; }
li.out { border-color: #1264a3; } ol { padding: 0; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"  # in the page, so that it applies to a saved copy too
_NOT_IN_HTML = regex.compile(r"[\p{Cc}\p{Cs}\uFFFE\uFFFF--\n]", flags=regex.V1)


def page(found: Mapping[str, Any]) -> bytes:
    """Returns the page with the data that `bot.privacy.export.collect` found, in UTF-8."""
    contact = found["contact"]
    title = f"Everything that the bot keeps about {spaced(contact['address'])}"
    body = [h.H1(_clean(title)), _small(f"Made {found['made']}. Times are UTC.")]
    body += [h.H2("Contact"), _table([(name.replace("_", " "), value) for name, value in contact.items()])]
    body += _section("Opted out and in", found["opt_outs"])
    body += _section("Leased numbers", found["leases"])
    for each in found["conversations"]:
        body += [h.H2(_clean(f"Conversation in {each['inbox']}, since {each['opened']}")), _thread(each["messages"])]
    policy = h.META({"http-equiv": "Content-Security-Policy", "content": _POLICY})
    head = h.HEAD(h.META(charset="utf-8"), policy, h.TITLE(_clean(title)), h.STYLE(_STYLE))
    whole = h.HTML(head, h.BODY(*body), lang="en")
    made: bytes = html.tostring(whole, doctype="<!DOCTYPE html>", encoding="utf-8", pretty_print=False)
    return made


def _section(title: str, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    if not rows:
        return []
    tables = [_table([(name.replace("_", " "), value) for name, value in row.items()]) for row in rows]
    return [h.H2(title), *tables]


def _thread(messages: Sequence[Mapping[str, Any]]) -> Any:
    return h.OL(*(_message(each) for each in messages))


def _message(one: Mapping[str, Any]) -> Any:
    who = "The contact" if one["direction"] == "in" else (one["author"] or "Automatic")
    ended = f" · {one['state'] or one['status']}" if one["direction"] == "out" else ""
    parts = [_small(f"{one['at']} · {who}{ended}"), h.P(h.CLASS("said"), _clean(one["text"] or ""))]
    parts += [_small(f"File: {file['name'] or 'without a name'} ({file['type']})") for file in one["files"]]
    if one["sentence"]:
        parts.append(_small(one["sentence"]))
    for tried in one["attempts"]:
        ways = f"try {tried['try']}, from {tried['from'] or 'a leased number'} ({tried['account']}): {tried['status']}"
        parts.append(_small(ways))
        parts += [_small(f"receipt {each['at']}: {each['word']}") for each in tried["receipts"]]
    return h.LI(h.CLASS(one["direction"]), *parts)


def _table(rows: Sequence[tuple[str, Any]]) -> Any:
    said = [(name, value) for name, value in rows if value not in {None, ""}]
    return h.TABLE(*(h.TR(h.TH(_clean(name)), h.TD(h.CLASS("said"), _clean(str(value)))) for name, value in said))


def _small(text: str) -> Any:
    return h.P(h.CLASS("small"), _clean(text))


def _clean(text: str) -> str:
    """Removes the characters that a page can't contain."""
    return _NOT_IN_HTML.sub("", literal(text))
