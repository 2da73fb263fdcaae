"""Finds every cause of an alert that the code can raise, by reading the code."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

Raiser = tuple[str | None, str]  # the module that can call it (None: any) and its name


@dataclass(frozen=True)
class Module:
    """One file of the bot."""

    name: str
    tree: ast.Module

    @cached_property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """All functions of the module; a nested function comes after its parent."""
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    def assigned(self, function: ast.AST, name: str) -> ast.expr | None:
        """Returns the value of a name within the function, else within the module."""
        for node in (*ast.walk(function), *self.tree.body):
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
                return node.value
        return None


@cache
def causes() -> frozenset[str]:
    """The first word of each."""
    modules = [Module(path.stem, ast.parse(path.read_text("utf-8"))) for path in sorted((ROOT / "bot").rglob("*.py"))]
    raisers: dict[Raiser, int] = {(None, "alerts.raise_one"): 1}  # the position of the cause among the arguments
    found: set[str] = set()
    while True:
        known = len(raisers)
        for module in modules:
            for function in module.functions:
                for cause in _raised(module, function, raisers):
                    found |= _words(module, function, cause, raisers)
        if len(raisers) == known:
            return frozenset(found)


def _raised(
    module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef, raisers: dict[Raiser, int]
) -> Iterator[ast.expr]:
    """Yields the causes that a function passes to a function that raises alerts."""
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        for (where, name), place in list(raisers.items()):
            is_it = called == name if "." in name else called.rpartition(".")[2] == name
            if is_it and where in {None, module.name} and len(node.args) > place:
                yield node.args[place]


def _words(
    module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef, cause: ast.expr, raisers: dict[Raiser, int]
) -> set[str]:
    """Returns the first word of a cause. If the cause is a parameter, its function counts as one that raises alerts."""
    if isinstance(cause, ast.JoinedStr):
        return {str(ast.literal_eval(cause.values[0])).partition(":")[0]}
    if isinstance(cause, ast.Constant):
        return {str(cause.value).partition(":")[0]}
    if isinstance(cause, ast.Call):
        made = next(each for each in module.functions if each.name == ast.unparse(cause.func))
        given = next(node.value for node in ast.walk(made) if isinstance(node, ast.Return) and node.value)
        return _words(module, made, given, raisers)
    assert isinstance(cause, ast.Name), ast.unparse(cause)
    if (value := module.assigned(function, cause.id)) is not None:
        return _words(module, function, value, raisers)
    names = [argument.arg for argument in function.args.args if argument.arg != "self"]
    private = module.name if function.name.startswith("_") else None
    raisers[private, function.name] = names.index(cause.id)
    return set()
