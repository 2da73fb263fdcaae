"""Only the gate calls a provider's `send`."""

from __future__ import annotations

import ast
from pathlib import Path

import bot

SOURCES = sorted(Path(str(bot.__file__)).parent.glob("**/*.py"))
PROVIDERS = {"provider", "providers", "_provider", "_providers"}


def sends(tree: ast.Module) -> list[int]:
    """Returns the lines that call or pass on `send` of something with the name of a provider."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "send"]
    return [node.lineno for node in found if PROVIDERS & _names(node.value)]


def _names(node: ast.expr) -> set[str]:
    """Returns every name in the expression, attributes included."""
    inside = list(ast.walk(node))
    names = {one.id for one in inside if isinstance(one, ast.Name)}
    return names | {one.attr for one in inside if isinstance(one, ast.Attribute)}


def test_only_the_gate_sends() -> None:
    """In all of `bot/`, one line of one file calls a provider's `send`."""
    found = {path.name: sends(ast.parse(path.read_text(encoding="utf-8"))) for path in SOURCES}
    assert {name: len(lines) for name, lines in found.items() if lines} == {"gate.py": 1}


def test_the_search_finds_what_it_looks_for() -> None:
    """The search finds a provider's `send` in every form."""
    for line in ("provider.send(sms)", "self._providers[name].send(sms)", "do(self._providers['fone'].send)"):
        assert sends(ast.parse(line)) == [1]
    assert sends(ast.parse("plan.send(tx)")) == []
