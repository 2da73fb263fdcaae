"""Properties are tested with the same examples each time; `HYPOTHESIS_PROFILE=search` looks further."""

from __future__ import annotations

import gc
import os

from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_collection_finish() -> None:
    """Lets the garbage collector pass over what was imported and collected: it is there to the end."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
