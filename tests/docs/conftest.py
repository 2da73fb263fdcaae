from __future__ import annotations

from typing import TYPE_CHECKING

from tests.docs.pages import PAGES

if TYPE_CHECKING:
    import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs each test that asks for a page once for every page."""
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", PAGES, ids=[page.name for page in PAGES])
