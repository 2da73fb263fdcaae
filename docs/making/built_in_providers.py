"""The providers in this repository. Providers from other packages document themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

import providers

if TYPE_CHECKING:
    from providers.provider import Features, Provider


def built_in() -> list[type[Provider]]:
    """Returns the classes of the built-in providers, in the order of their names."""
    kinds = [providers.load(name) for name in providers.names()]
    return [kind for kind in kinds if kind.__module__.partition(".")[0] == providers.__name__]


def features() -> dict[str, Features]:
    """Returns the features of each provider by its title, and those with a setting on that changes them."""
    found: dict[str, Features] = {}
    for kind in built_in():
        found[kind.title] = kind.features
        for switch in _switches(kind):
            turned_on = _with(kind, switch)
            if turned_on != kind.features:
                found[f"{kind.title} with `{switch}`"] = turned_on
    return found


def _switches(kind: type[Provider]) -> list[str]:
    return [name for name, field in kind.Settings.model_fields.items() if field.default is False]


def _with(kind: type[Provider], switch: str) -> Features:
    """Returns the features with this setting on. A new instance does no I/O, so it needs no other settings."""
    return kind(kind.Settings.model_construct(None, **{switch: True}), httpx.AsyncClient()).features
