"""One nursery for all tests of a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.nursery import Nursery

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Forks the bots."""
    nursery = Nursery("tests.proof.storm.child")
    yield nursery
    nursery.close()
