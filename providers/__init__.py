"""The companies we can send through: the built-in ones, and those that other packages bring.

A package brings one by an entry point in the group `threadline.providers` whose name is the provider's and whose object
is a class that fulfils `providers.provider.Provider`.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from providers.provider import Provider

_BUILT_IN = {
    "fonedynamics": "providers.fonedynamics:FoneDynamics",
    "iophone": "providers.iophone:IOPhone",
    "iovox": "providers.iovox:Iovox",
    "restcomm": "providers.restcomm:Restcomm",
}


def names() -> list[str]:
    """Every provider that settings may name, sorted."""
    return sorted({*_BUILT_IN, *(point.name for point in entry_points(group="threadline.providers"))})


def knows(name: str) -> bool:
    """Whether settings may name this provider; other packages are only looked through where it is none of ours."""
    return name in _BUILT_IN or name in names()


def load(name: str) -> type[Provider]:
    """The class of a provider. A built-in name cannot be taken by another package.

    Raises:
        KeyError: if there is none of that name.
    """
    if name in _BUILT_IN:
        module, _, attribute = _BUILT_IN[name].partition(":")
        return getattr(import_module(module), attribute)  # type: ignore[no-any-return]  # the table above says which
    for point in entry_points(group="threadline.providers"):
        if point.name == name:
            return point.load()  # type: ignore[no-any-return]  # the contract suite holds it to the protocol
    raise KeyError(name)
