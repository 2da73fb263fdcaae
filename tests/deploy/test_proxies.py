"""The reverse proxies forward what must be public, and nothing else."""

from __future__ import annotations

import re

import pytest

from bot.http.server import BODY_LIMIT
from tests.docs.pages import ROOT

PRIVATE = {"/healthz", "/readyz", "/metrics"}
_ROUTE = re.compile(r'"(/[a-z]+(?:/[a-z{}]+)*)"')


def routes() -> set[str]:
    """Returns every path that the bot answers, with an example for each variable part."""
    sources = [ROOT / "bot/http/server.py", ROOT / "bot/http/sms_webhooks.py", ROOT / "bot/http/file_routes.py"]
    found = {path for source in sources for path in _ROUTE.findall(source.read_text("utf-8"))}
    return {re.sub(r"\{\w+\}", "Ab-1", path) for path in found}


def nginx(path: str) -> bool:
    """True if nginx forwards the path: an exact location wins, then the longest prefix."""
    text = (ROOT / "deploy/nginx.conf").read_text("utf-8")
    found = re.findall(r"location (= )?(\S+) \{\s*(?:#.*\n\s*)*(\w+)", text)
    exact = [does for equals, place, does in found if equals and place == path]
    longest = max((place for equals, place, _ in found if not equals and path.startswith(place)), key=len)
    (prefix,) = [does for equals, place, does in found if not equals and place == longest]
    return "proxy_pass" in (exact or [prefix])[:1]


def caddy(path: str) -> bool:
    """True if Caddy forwards the path: one of its matchers has it."""
    text = (ROOT / "deploy/Caddyfile").read_text("utf-8")
    named = dict(re.findall(r"^\s*(@\w+) path (.+)$", text, re.MULTILINE))
    passed = [named[name] for name in re.findall(r"handle (@\w+) \{\s*reverse_proxy", text)]
    places = [place for each in passed for place in each.split()]
    return any(path.startswith(place[:-1]) if place.endswith("*") else path == place for place in places)


def test_the_routes_are_found() -> None:
    """The search finds routes, because a search that finds none would accept any proxy."""
    assert routes() >= PRIVATE | {"/slack/events", "/sms/Ab-1/Ab-1", "/files/Ab-1"}


@pytest.mark.parametrize("passes", [nginx, caddy])
@pytest.mark.parametrize("path", sorted(routes()))
def test_what_is_public_passes(passes: object, path: str) -> None:
    """Providers, customers and Slack reach the bot; the operator's paths are hidden from outside."""
    assert callable(passes)
    assert passes(path) == (path not in PRIVATE)


@pytest.mark.parametrize("passes", [nginx, caddy])
@pytest.mark.parametrize("path", ["/", "/metrics/", "/smsx", "/slack/other", "/.env"])
def test_what_nobody_answers_does_not_pass(passes: object, path: str) -> None:
    """The proxy answers unknown paths itself."""
    assert callable(passes)
    assert not passes(path)


def test_they_take_what_the_bot_takes() -> None:
    """The proxies accept the same body size as the bot."""
    assert "client_max_body_size 1m;" in (ROOT / "deploy/nginx.conf").read_text("utf-8")
    assert "max_size 1MiB" in (ROOT / "deploy/Caddyfile").read_text("utf-8")
    assert BODY_LIMIT == 1 << 20


def test_no_path_is_logged() -> None:
    """No proxy logs paths, because they have tokens in them."""
    assert "access_log off;" in (ROOT / "deploy/nginx.conf").read_text("utf-8")
    assert not re.search(r"^\s*log\b", (ROOT / "deploy/Caddyfile").read_text("utf-8"), re.MULTILINE)
