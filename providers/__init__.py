"""SMS providers: the built-in ones, and those from other packages.

A package adds a provider with an entry point in the group `threadline.providers`. The entry point's name is the
provider's name, and its object is a class that implements `providers.provider.Provider`.
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
    """Returns the name of every available provider, sorted."""
    return sorted({*_BUILT_IN, *(point.name for point in entry_points(group="threadline.providers"))})


def knows(name: str) -> bool:
    """Returns True if a provider has this name. Looks at other packages only if it is not a built-in one."""
    return name in _BUILT_IN or name in names()


def load(name: str) -> type[Provider]:
    """Returns a provider's class. Another package cannot replace a built-in provider.

    Raises:
        KeyError: no provider has this name.
    """
    if name in _BUILT_IN:
        module, _, attribute = _BUILT_IN[name].partition(":")
        return getattr(import_module(module), attribute)  # type: ignore[no-any-return]  # the table names a class
    for point in entry_points(group="threadline.providers"):
        if point.name == name:
            return point.load()  # type: ignore[no-any-return]  # the contract suite checks it against the protocol
    raise KeyError(name)
