"""`docs/manifest.md`: the Slack app manifest in both modes, and the reason for each scope and event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bot.slack.views import manifest
from making.markdown import block, code, page, table

if TYPE_CHECKING:
    from collections.abc import Iterable

_PUBLIC_URL = "https://sms.example.com"

_INTRO = f"""\
This page has the output of `threadline manifest` and of `threadline manifest --http {_PUBLIC_URL}`. Paste one of
them at [api.slack.com/apps](https://api.slack.com/apps) under *Create New App*, *From a manifest*. Each scope comes
with the calls, events and commands that need it, from `bot/slack/views/manifest.py`."""

_OPTIONAL = """\
Without the optional scope a text says *a group* in place of a user group's name, and the settings `members` and
`admins` can't name a user group."""


def page_text() -> str:
    """Returns the whole page."""
    scopes = [*_rows(manifest.SCOPES.items(), "needed"), *_rows(manifest.OPTIONAL_SCOPES.items(), "optional")]
    events = [[code(event), code(listener)] for event, listener in manifest.EVENTS.items()]
    return page(
        "The Slack app manifest",
        _INTRO,
        "## Scopes",
        table(["scope", "", "for"], scopes),
        _OPTIONAL,
        "## Events",
        table(["event", "listener"], events),
        "## In socket mode",
        _json(None),
        "## In http mode",
        _json(_PUBLIC_URL),
    )


def _rows(scopes: Iterable[tuple[str, Iterable[str]]], kind: str) -> list[list[str]]:
    return [[code(scope), kind, ", ".join(map(code, why))] for scope, why in scopes]


def _json(public_url: str | None) -> str:
    return block("json", json.dumps(manifest.manifest(public_url), indent=2))
