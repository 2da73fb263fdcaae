"""The registry of providers, and how options reach one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

import providers
from providers.errors import Unsupported
from providers.fonedynamics import FoneDynamics, FoneDynamicsOptions
from providers.provider import read_options
from sms.address import E164
from sms.message import OutboundSms

if TYPE_CHECKING:
    from pathlib import Path

_ENTRY_POINTS = "[threadline.providers]\nfonedynamics = impostor:Impostor\nelsewhere = elsewhere:Elsewhere\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installs another package for one test: metadata with entry points, and a module."""
    metadata = tmp_path / "elsewhere-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(_ENTRY_POINTS)
    (tmp_path / "elsewhere.py").write_text("class Elsewhere: ...\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "elsewhere", raising=False)


def test_built_in_providers_load() -> None:
    """Every built-in name loads a class with that name."""
    assert "fonedynamics" in providers.names()
    assert all(providers.load(name).name == name for name in providers.names())


@pytest.mark.usefixtures("package")
def test_a_provider_of_another_package() -> None:
    """An entry point adds a provider, but cannot replace a built-in one."""
    assert "elsewhere" in providers.names()
    assert providers.load("elsewhere").__module__ == "elsewhere"
    assert providers.load("fonedynamics") is FoneDynamics
    assert providers.names().count("fonedynamics") == 1


@pytest.mark.usefixtures("package")
def test_a_provider_that_does_not_exist() -> None:
    """An unknown name is a KeyError."""
    with pytest.raises(KeyError):
        providers.load("nobody")


@pytest.mark.parametrize(
    "options", [{"colour": "red"}, {"webhook_method": "PUT"}, {"forward_to_email": "Bob's secret"}]
)
def test_options_that_cannot_be_used(options: dict[str, str]) -> None:
    """An unknown option or value is Unsupported; the error names it without repeating the value."""
    sms = OutboundSms("attempt-1", E164("+61488023555"), None, "You win again, gravity!", options=options)
    with pytest.raises(Unsupported) as caught:
        read_options(FoneDynamicsOptions, sms)
    ((name, value),) = options.items()
    assert name in caught.value.sentence
    assert value not in caught.value.sentence
